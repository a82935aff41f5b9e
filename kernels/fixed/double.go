package fixed

import "math"

// The functions below make tables and take logarithms in float64. Each product is converted before it is added, so
// that no compiler fuses the two.

// horner is c[0]·x^(n−1) + … + c[n−1].
func horner(x float64, c []float64) float64 {
	p := c[0]
	for _, v := range c[1:] {
		p = float64(p*x) + v
	}
	return p
}

// Taylor coefficients, highest power first, in x²: past |x| = π/4 the first one left out is below 2^-58.
var (
	sinTaylor = []float64{
		1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1,
	}
	cosTaylor = []float64{
		1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -1.0 / 2, 1,
	}
)

// SinCosTurn returns the sine and cosine of k/n turns, 2πk/n, within 2^-52 absolute. It is exact at quarters of a turn
// and keeps all symmetries: octants are told apart in integers. n must be in [1, 2^40].
func SinCosTurn(k, n int64) (sin, cos float64) {
	k %= n
	if k < 0 {
		k += n
	}
	// 8k/n = octant + rest/n. Odd octants are measured from their far end.
	octant, rest := 8*k/n, 8*k%n
	if octant&1 == 1 {
		rest = n - rest
	}
	x := float64(float64(rest)/float64(n)) * (math.Pi / 4)
	z := float64(x * x)
	s, c := float64(x*horner(z, sinTaylor)), horner(z, cosTaylor)
	if rest == n {
		s, c = math.Sqrt2/2, math.Sqrt2/2 // the polynomials differ in the last place
	}
	if (octant+1)&2 != 0 {
		s, c = c, s
	}
	if octant >= 4 {
		s = -s
	}
	if octant >= 2 && octant < 6 {
		c = -c
	}
	return s, c
}

const (
	ln2High = 0x1.62e42feep-1 // 32 bits, so that its product with an exponent is exact
	ln2Low  = 0x1.a39ef35793c76p-33
)

// logSeries are 1/(2i+1), highest first: ln((1+s)/(1−s)) = 2s·Σ s^2i/(2i+1).
var logSeries = []float64{
	1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3,
}

// LogF64 is ln x, at most 2 ULP off. x = 0 gives −Inf, x < 0 and NaN give NaN, +Inf gives +Inf.
func LogF64(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	m, e := math.Frexp(x) // [½, 1)
	if m < math.Sqrt2/2 {
		m, e = m+m, e-1
	}
	// s = f/(2+f), so ln(1+f) = 2s + s·r = f − s·(f − r): the last form loses little.
	f := m - 1
	s := f / (2 + f)
	z := float64(s * s)
	r := float64(float64(2*z) * horner(z, logSeries))
	n := float64(e)
	return float64(n*ln2High) + (f - (float64(s*(f-r)) - float64(n*ln2Low)))
}

// expTaylor are 1/i!, highest first.
var expTaylor = []float64{
	1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
	1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}

// ExpF64 is e^x for |x| ≤ 700, at most 2 ULP off; other x are limited to that, NaN gives NaN.
func ExpF64(x float64) float64 {
	if x != x {
		return x
	}
	x = min(max(x, -700), 700)
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	r := (x - float64(n*ln2High)) - float64(n*ln2Low)
	return math.Ldexp(horner(r, expTaylor), int(n))
}
