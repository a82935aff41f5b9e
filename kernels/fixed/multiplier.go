// Package fixed is the one definition of edgerun's arithmetic: the fixed-point multiplier of the int8 operators, the
// integer exponential, logarithm and reciprocal, and the float32 functions in a defined order of operations.
//
// Every kernel of every instruction set returns the bytes that these functions return. Nothing here uses math's
// transcendental functions or leaves a product and a sum for the compiler to fuse: each product is rounded by an
// explicit conversion, each fused multiply-add is spelled FMA32. The integer part follows the reference kernels of
// TensorFlow Lite Micro (gemmlowp's fixed-point functions); raw values are two's complement and Qa.b has a integer
// and b fractional bits.
package fixed

import (
	"math"
	"math/bits"
)

// SRDHM is the saturating rounding doubling high multiply: (a·b + 2^30) >> 31, halves toward +∞;
// a = b = −2^31 gives 2^31−1. It is NEON's SQRDMULH. Source: gemmlowp fixedpoint.h.
func SRDHM(a, b int32) int32 {
	if a == math.MinInt32 && b == math.MinInt32 {
		return math.MaxInt32
	}
	return int32((int64(a)*int64(b) + 1<<30) >> 31)
}

// RDPOT divides by 2^e, 0 ≤ e ≤ 31, to the nearest, halves away from zero. Source: gemmlowp fixedpoint.h.
func RDPOT(x int32, e uint) int32 {
	mask := int32(uint32(1)<<e - 1)
	remainder := x & mask
	threshold := int32(uint32(mask) >> 1)
	if x < 0 {
		threshold++
	}
	y := x >> e
	if remainder > threshold {
		y++
	}
	return y
}

// MBQM multiplies by the quantized multiplier m·2^(s−31): a left shift that may wrap, SRDHM, then RDPOT.
// The two roundings have different rules for halves; this is not one rounding.
// m is 0 or in [2^30, 2^31−1] (negative only for LeakyRelu), s in [−31, 31].
// Source: TFLite MultiplyByQuantizedMultiplier, the double-rounding form.
func MBQM(x, m, s int32) int32 {
	if s > 0 {
		return SRDHM(x<<uint(s), m)
	}
	return RDPOT(SRDHM(x, m), uint(-s))
}

// Quantize returns the mantissa m and exponent s with d ≈ m·2^(s−31): m = 0 or |m| in [2^30, 2^31−1]; d below
// 2^−32 in magnitude gives (0, 0). Source: TFLite QuantizeMultiplier.
func Quantize(d float64) (m, s int32) {
	if d == 0 {
		return 0, 0
	}
	frac, exp := math.Frexp(d)
	q := int64(math.Round(float64(frac * (1 << 31))))
	if q == 1<<31 {
		q, exp = 1<<30, exp+1
	}
	if q == -1<<31 {
		q, exp = -1<<30, exp+1
	}
	if exp < -31 {
		return 0, 0
	}
	return int32(q), int32(exp)
}

// SaturateLeft is x·2^n limited to int32, n in [0, 31].
func SaturateLeft(x int32, n uint) int32 {
	v := int64(x) << n
	return int32(min(max(v, math.MinInt32), math.MaxInt32))
}

// halfSum is (a+b)/2, halves away from zero.
func halfSum(a, b int32) int32 {
	s := int64(a) + int64(b)
	if s >= 0 {
		return int32((s + 1) / 2)
	}
	return int32((s - 1) / 2)
}

// leadingZeros counts them in the 32 bits of x.
func leadingZeros(x int32) int { return bits.LeadingZeros32(uint32(x)) }

// expFactor holds e^(−2^E) in Q0.31 for E = −2 … 4.
var expFactor = [7]int32{1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242}

// ExpQ is e^a in Q0.31 for a ≤ 0 with ib integer bits (value a/2^(31−ib)). Zero gives 2^31−1, one unit below 1.
// Source: gemmlowp exp_on_negative_values.
func ExpQ(a int32, ib uint) int32 {
	if a == 0 {
		return math.MaxInt32
	}
	fb := 31 - int(ib)
	quarter := int32(1) << uint(fb-2)
	r := a&(quarter-1) - quarter
	x := SaturateLeft(r, ib) + 1<<28
	x2 := SRDHM(x, x)
	x3 := SRDHM(x2, x)
	x4 := SRDHM(x2, x2)
	u := RDPOT(SRDHM(RDPOT(x4, 2)+x3, 715827883)+x2, 1)
	e := int32(1895147668) + SRDHM(1895147668, x+u)
	remainder := r - a
	for i, factor := range expFactor {
		exponent := i - 2
		if int(ib) <= exponent {
			break
		}
		if remainder&(int32(1)<<uint(fb+exponent)) != 0 {
			e = SRDHM(e, factor)
		}
	}
	if ib > 5 && int64(a) < -(int64(1)<<(36-ib)) {
		return 0
	}
	return e
}

// newtonHalf is 2/(1+a) in Q2.29 for a in Q0.31, 0 ≤ a < 1: three Newton steps. Source: gemmlowp, the common part of
// one_over_one_plus_x_for_x_in_0_1 and one_minus_x_over_one_plus_x_for_x_in_0_1.
func newtonHalf(a int32) int32 {
	half := halfSum(a, math.MaxInt32)
	x := int32(1515870810) + SRDHM(half, -1010580540)
	for range 3 {
		x += SaturateLeft(SRDHM(x, 1<<29-SRDHM(half, x)), 2)
	}
	return x
}

// inverse1p is 1/(1+a) in Q0.31 for a in Q0.31, 0 ≤ a < 1.
func inverse1p(a int32) int32 { return SaturateLeft(newtonHalf(a), 1) }

// Reciprocal returns r and n with 1/(x/2^d') ≈ r·2^−(n)…: for a positive x with d integer bits in a 32-bit
// word, 1/x = r·2^(−31−n) with n = d − clz(x). Source: gemmlowp GetReciprocal.
func Reciprocal(x int32, d int) (r int32, n int) {
	h := leadingZeros(x)
	return inverse1p(int32(uint32(x)<<uint(h) - 1<<31)), d - h
}

// LogQ is ln x in Q5.26 for x in Q12.19, x ≥ 1 (raw). Source: gemmlowp-style log_x_for_x_greater_than_or_equal_to_1
// of TFLite's LOG_SOFTMAX.
func LogQ(x int32) int32 {
	unit := func(k int) int32 { // k in Q6.25, saturating
		v := int64(k) << 25
		return int32(min(max(v, math.MinInt32), math.MaxInt32))
	}
	saturate := func(v int64) int32 { return int32(min(max(v, math.MinInt32), math.MaxInt32)) }
	quarter := RDPOT(536870912, 6)
	n := leadingZeros(x)
	ra := SaturateLeft(SRDHM(SaturateLeft(x, uint(n-1)), 1518500250), 1)
	pa := saturate(int64(unit(12-n)) + int64(quarter))
	zb := SRDHM(x, 1518500250)
	hb := leadingZeros(zb) - 1
	rb := SaturateLeft(x, uint(hb))
	pb := saturate(int64(unit(12-hb)) - int64(quarter))
	r, p := min(ra, rb), max(pa, pb)

	h := halfSum(r, 1805811301)
	q := 2 * (r - 1805811301)
	c := SRDHM(q, q)
	num := SRDHM(q, r) + SRDHM(SRDHM(q, c), 117049297)
	den := SRDHM(h, 1057819769+q+SRDHM(127690142, c)) + SRDHM(638450708, q)
	return SaturateLeft(SRDHM(p, 1488522236)+SRDHM(RDPOT(num, 6), inverse1p(den)), 1)
}

// InputRadius is the largest difference in codes that stays inside ib integer bits after a left shift by ls:
// floor((2^ib − 1)·2^(31−ib) / 2^ls). Source: TFLite CalculateInputRadius.
func InputRadius(ib uint, ls int32) int32 {
	return int32(math.Floor(math.Ldexp(float64(int64(1)<<ib-1)*math.Ldexp(1, 31-int(ib)), -int(ls))))
}
