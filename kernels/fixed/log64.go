package fixed

import "math"

// LogF64 is ln x for positive finite x, at most 2 ULP off; others give what math.Log gives. For decisions on the host:
// math.Log is assembly on some machines and differs in the last bit.
//
// x = m·2^n with m in [√½, √2), and ln m = 2·atanh(s) with s = (m−1)/(m+1), |s| < 0.1716: the series' next term is below
// 2^−57 of the sum.
func LogF64(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log(x)
	}
	m, n := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		n--
	}
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	p := 0.0
	for k := 21; k >= 3; k -= 2 {
		p = float64(p*z) + 1/float64(k)
	}
	log := float64(2*s) + float64(float64(2*s)*float64(p*z))
	const ln2Hi, ln2Lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10 // n·ln2Hi is exact
	return float64(float64(n)*ln2Hi) + (log + float64(float64(n)*ln2Lo))
}
