package fixed

import "math"

// FMA32 is a·b+c with one rounding, to the bit what a fused multiply-add instruction returns (NaN as any NaN).
//
// The product of two float32 is exact in float64. The float64 sum rounds once more; rounding it again to float32 can
// only go wrong where it is exactly half-way between two float32, and each such point has its low 28 bits clear.
// There the sum is redone with the error made odd ("round to odd"), after which the second rounding is safe.
func FMA32(a, b, c float32) float32 {
	product := float64(float64(a) * float64(b))
	s := product + float64(c)
	if math.Float64bits(s)<<36 != 0 {
		return float32(s)
	}
	return fmaToOdd(product, float64(c), s)
}

func fmaToOdd(p, c, s float64) float32 {
	if math.IsInf(s, 0) || math.IsNaN(s) {
		return float32(s)
	}
	// TwoSum: s + err is exactly p + c.
	t := s - p
	err := (p - (s - t)) + (c - t)
	bits := math.Float64bits(s)
	if err != 0 && bits&1 == 0 {
		if (err > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return float32(s)
}

// ClampF32 limits x to [lo, hi]. NaN and −0 against a lo of 0 give +0, more generally a NaN gives lo: the form that
// is one instruction each way on x86 (MAXPS with lo as second source) and Arm (FMAXNM).
func ClampF32(x, lo, hi float32) float32 {
	if !(x > lo) {
		x = lo
	}
	if x > hi {
		x = hi
	}
	return x
}

// MaxF32 is the larger of a and b; NaN wins, and +0 is larger than −0.
func MaxF32(a, b float32) float32 { return max(a, b) }

// CanonicalF32 replaces any NaN by 0x7fc00000, for bytes that leave the runtime.
func CanonicalF32(x []float32) {
	for i, v := range x {
		if v != v {
			x[i] = math.Float32frombits(0x7fc00000)
		}
	}
}

// Round32 rounds to the nearest integer, halves away from zero, as C's roundf.
func Round32(x float32) float32 {
	if math.Float32bits(x)&0x7fffffff >= 0x4b000000 { // |x| ≥ 2^23: integers, Inf and NaN
		return x
	}
	t := float32(int32(x))
	switch d := x - t; {
	case d >= 0.5:
		t++
	case d <= -0.5:
		t--
	}
	return t
}

// QuantizeF32 is the int8 code of x: round(x/scale) + zeroPoint, halves away from zero, limited to [−128, 127].
// NaN gives the zero point. Source: TFLite AffineQuantize, with saturation where that is undefined.
func QuantizeF32(x, scale float32, zeroPoint int32) int8 {
	q := Round32(x / scale)
	if q != q {
		q = 0
	}
	// ±512 is past every code for every zero point, and exact.
	v := int32(ClampF32(q, -512, 512)) + zeroPoint
	return int8(min(max(v, -128), 127))
}

// Sum16 adds x in the fixed tree of all innermost reductions: 16 partial sums, partial i over x[i], x[i+16], … in
// ascending order from +0, then pairs at distance 8, 4, 2, 1.
func Sum16(x []float32) float32 {
	var p [16]float32
	for i, v := range x {
		p[i&15] += v
	}
	return Reduce16(&p)
}

// Reduce16 is the end of Sum16: the sum of sixteen partial sums, which it overwrites.
func Reduce16(p *[16]float32) float32 {
	for step := 8; step > 0; step /= 2 {
		for i := range step {
			p[i] += p[i+step]
		}
	}
	return p[0]
}

const (
	shifter = 12582912 // 1.5·2^23: adding it rounds to an integer
	log2e   = 1.44269504
)

var (
	ln2Hi = math.Float32frombits(0x3f317218)
	ln2Lo = math.Float32frombits(0x3102e308)

	expPoly = [7]float32{
		math.Float32frombits(0x3ab511e3), math.Float32frombits(0x3c091d10), math.Float32frombits(0x3d2aac7a),
		math.Float32frombits(0x3e2aaa49), math.Float32frombits(0x3efffffe), 1, 1,
	}
)

// ExpF32 is e^x, at most 0.9 ULP off over all float32, subnormal results included. x is limited to [−104, 89]: below
// gives +0, above gives +Inf; NaN gives NaN.
//
// x = n·ln2 + r with ln2 in two parts, a polynomial of degree 6 by Horner's rule, then two exact scalings of which
// only the last can round.
func ExpF32(x float32) float32 {
	if x != x {
		return math.Float32frombits(0x7fc00000)
	}
	x = ClampF32(x, -104, 89)
	t := FMA32(x, log2e, shifter)
	n := t - shifter
	r := FMA32(n, -ln2Hi, x)
	r = FMA32(n, ln2Lo, r)
	p := expPoly[0]
	for _, c := range expPoly[1:] {
		p = FMA32(p, r, c)
	}
	k := int32(math.Float32bits(t)) - int32(math.Float32bits(shifter))
	return float32(p*pow2(k>>1)) * pow2(k-k>>1)
}

// pow2 is 2^k for k in [−126, 127].
func pow2(k int32) float32 { return math.Float32frombits(uint32(k+127) << 23) }

// logPoly approximates (ln(1+f) − f + f²/2)/f³ on [√½−1, √2−1]; coefficients of a minimax fit, highest power first.
var logPoly = [9]float32{
	7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
	-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
}

// LogF32 is ln x, at most 0.83 ULP off over all float32, subnormal ones included. x = 0 gives −Inf, x < 0 and NaN give
// NaN, +Inf gives +Inf.
//
// Source of the polynomial: the Cephes library's logf (Moshier).
func LogF32(x float32) float32 {
	switch {
	case x != x || x < 0:
		return math.Float32frombits(0x7fc00000)
	case x == 0:
		return math.Float32frombits(0xff800000)
	case x > math.MaxFloat32:
		return x
	}
	e := int32(0)
	if x < math.Float32frombits(0x00800000) {
		x *= 1 << 24
		e = -24
	}
	b := math.Float32bits(x)
	e += int32(b>>23) - 126
	m := math.Float32frombits(b&0x007fffff | 0x3f000000) // [½, 1)
	if m < 0.707106781 {
		e--
		m = m + m
	}
	f := m - 1
	z := float32(f * f)
	p := logPoly[0]
	for _, c := range logPoly[1:] {
		p = FMA32(p, f, c)
	}
	n := float32(e)
	y := float32(float32(p*f) * z)
	y = FMA32(n, -2.12194440e-4, y)
	y = FMA32(-0.5, z, y)
	return FMA32(n, 0.693359375, f+y)
}

// Sum16Exp is Sum16 over ExpF32(x − top).
func Sum16Exp(x []float32, top float32) float32 {
	var p [16]float32
	for i, v := range x {
		p[i&15] += ExpF32(v - top)
	}
	return Reduce16(&p)
}
