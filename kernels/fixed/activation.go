package fixed

import "math"

// LogisticF32 is 1/(1+e^−x), at most 2.5 ULP off over all float32; NaN gives NaN.
//
// With e = ExpF32(−|x|), which cannot overflow, it is e/(1+e) for x < 0 and 1/(1+e) otherwise.
func LogisticF32(x float32) float32 {
	e := ExpF32(-abs32(x))
	n := float32(1)
	if x < 0 {
		n = e
	}
	return n / (1 + e)
}

// tanhPoly approximates (tanh x − x)/x³ in powers of x² on [0, 0.625], highest power first.
var tanhPoly = [5]float32{-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1}

// TanhF32 is tanh x, at most 1.4 ULP off over all float32; it is odd, −0 gives −0 and NaN gives NaN.
//
// |x| < 0.625 goes through an odd polynomial, the others are 1 − 2/(e^2|x| + 1); x's sign comes last. Source of the polynomial: the Cephes
// library's tanhf (Moshier).
func TanhF32(x float32) float32 {
	a := abs32(x)
	t := 1 - 2/(ExpF32(a+a)+1)
	if a < 0.625 {
		z := float32(a * a)
		p := tanhPoly[0]
		for _, c := range tanhPoly[1:] {
			p = FMA32(p, z, c)
		}
		t = FMA32(float32(p*z), a, a)
	}
	return math.Float32frombits(math.Float32bits(t) | math.Float32bits(x)&(1<<31))
}

// geluPoly approximates e^(t²/2)·Φ(−t)/w in powers of w = 3/(t+3) for t in [0, 14.7], highest power first, within 2^-24.
// A weighted least-squares fit, reweighted until its error was even.
var geluPoly = [9]float32{
	-0.022315321, 0.12747501, -0.26703992, 0.21428627, -0.050283615,
	0.11866481, 0.112720326, 0.13353543, 0.13295704,
}

// GeluF32 is x·Φ(x) with the normal distribution's Φ(x) = (1 + erf(x/√2))/2, at most 6.5 ULP off over all float32 but −0,
// which gives +0, and below −14.4, where it is −0; NaN gives NaN.
//
// With t = min(|x|, 14.4), e^(−t²/2) of the square's rounded value and of what was rounded off, and Φ(−t) as a product
// of it, the result is max(x, 0) − t·Φ(−t), rounded once.
func GeluF32(x float32) float32 {
	t, positive := abs32(x), float32(0)
	if t > 14.4 {
		t = 14.4
	}
	if x > 0 {
		positive = x
	}
	w := 3 / (t + 3)
	p := geluPoly[0]
	for _, c := range geluPoly[1:] {
		p = FMA32(p, w, c)
	}
	p = float32(t * float32(p*w))
	half := float32(t * -0.5)
	square := float32(half * t)
	e := ExpF32(square)
	e = FMA32(e, FMA32(half, t, -square), e)
	return FMA32(-p, e, positive)
}

// HardSigmoidF32 is min(max(alpha·x + beta, 0), 1): the product and the sum are rounded one after the other, the limits
// are ClampF32's, so NaN gives 0.
func HardSigmoidF32(x, alpha, beta float32) float32 {
	return ClampF32(float32(x*alpha)+beta, 0, 1)
}

// HardSwishF32 is x · min(max(x+3, 0), 6)/6, at most 2.5 ULP off where |x| > 2^−100: in this order the sum is exact
// where it is small, and the factor is exactly 1 from x = 3 on. The sixth is a product with float32(1/6).
func HardSwishF32(x float32) float32 {
	return float32(x * float32(ClampF32(x+3, 0, 6)*(1.0/6)))
}

// LeakyReluF32 is x, or alpha·x where x < 0. NaN stays NaN.
func LeakyReluF32(x, alpha float32) float32 {
	if x < 0 {
		return float32(x * alpha)
	}
	return x
}

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// LogisticQ is 1/(1+e^−a) in Q0.31 for a with ib integer bits. Source: gemmlowp logistic.
func LogisticQ(a int32, ib uint) int32 {
	if a == 0 {
		return 1 << 30
	}
	p := inverse1p(ExpQ(-absQ(a), ib))
	if a < 0 {
		return math.MaxInt32 - p
	}
	return p
}

// TanhQ is tanh a in Q0.31 for a with ib integer bits. Source: gemmlowp tanh.
func TanhQ(a int32, ib uint) int32 {
	if a == 0 {
		return 0
	}
	// (1−e)/(1+e) with e = e^−2|a|: the same raw value with one more integer bit.
	t := SaturateLeft(newtonHalf(ExpQ(-absQ(a), ib+1))-1<<29, 2)
	if a < 0 {
		return -t
	}
	return t
}

// absQ is |a|, with −2^31 kept one unit short so that its negative exists.
func absQ(a int32) int32 {
	if a < 0 {
		return -max(a, -math.MaxInt32)
	}
	return a
}

// SRDHM16 is SRDHM of 16-bit values: (a·b + 2^14) >> 15; a = b = −2^15 gives 2^15−1. Source: gemmlowp fixedpoint.h.
func SRDHM16(a, b int16) int16 {
	if a == math.MinInt16 && b == math.MinInt16 {
		return math.MaxInt16
	}
	return int16((int32(a)*int32(b) + 1<<14) >> 15)
}
