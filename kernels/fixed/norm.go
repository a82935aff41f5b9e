package fixed

import (
	"errors"
	"math"
	"math/bits"
)

// NormS8 normalizes rows of int8 codes by integer statistics. With q = code − zero, over a row of n:
//
//	sum = Σq (0 where the mean stays), W = n·Σq² − sum² + round(n²·epsilon/scale²), at least 1
//	z   = (n·q − sum)/√W in Q12, rounded half up
//
// (n·q − sum)/√W is (x − mean)/√(variance + epsilon) for x = scale·q. |z| ≤ √n, up to the rounding. 1/√W is a mantissa of 31 bits: W·4^k in
// [2^60, 2^62), its root rounded down, 2^61 by that rounded down; so z is off by at most 2^−12.
type NormS8 struct {
	n       int64
	zero    int32
	epsilon int64
	center  bool
}

// MaxNorm is the longest row of NormS8: n²·255² and n·255·2^31 stay in 63 bits.
const MaxNorm = 1 << 22

const zBits = 12

// NewNormS8 returns the normalization of rows of n codes. The term of epsilon is at most 2^61.
func NewNormS8(n int, scale float32, zero int32, epsilon float32, center bool) NormS8 {
	e := float64(epsilon) / float64(scale) / float64(scale) * float64(n) * float64(n)
	return NormS8{n: int64(n), zero: zero, epsilon: int64(math.Round(min(e, 1<<61))), center: center}
}

// Row returns what NormAt needs of a row, of the sum of its codes and that of their squares.
func (s *NormS8) Row(codes, squares int64) (less, inv int32, shift uint) {
	zero := int64(s.zero)
	sum := codes - s.n*zero
	squares += s.n*zero*zero - 2*zero*codes
	if !s.center {
		sum = 0
	}
	w := uint64(max(1, s.n*squares-sum*sum+s.epsilon))
	k := (bits.LeadingZeros64(w) - 2) &^ 1 // even; negative never: w < 2^62
	reciprocal := (1 << 61) / int64(isqrt(w<<uint(k)))
	shift = uint(61 - k/2 - zBits)
	if reciprocal == 1<<31 { // half of it, and a shift less, give the same z
		reciprocal, shift = 1<<30, shift-1
	}
	return int32(s.n*zero + sum), int32(reciprocal), shift
}

// NormAt is z of a code v by what Row returned, for rows of n codes: n·v − less is n·q − sum.
func NormAt(v int8, n, less, inv int32, shift uint) int64 {
	// n·|v|, |less| and their difference are below 2^31.
	return (int64(n*int32(v)-less)*int64(inv) + 1<<(shift-1)) >> shift
}

// isqrt is ⌊√x⌋ for x < 2^62. The root in float64 is off by at most one.
func isqrt(x uint64) uint64 {
	r := uint64(math.Sqrt(float64(x)))
	for r*r > x {
		r--
	}
	for (r+1)*(r+1) <= x {
		r++
	}
	return r
}

// Affine is a scale and an offset for each channel that end in int8 codes: for z in Q12,
//
//	y = clamp(((z·M[i] + B[i]) >> Shift) + Zero, −128, 127)
//
// M[i] is scale[i]/s and B[i] bias[i]/s in units of 2^−e and 2^−(e+12), rounded, B[i] with half a unit of y; e is the
// largest at which all |M| < 2^24 and all |B| < 2^60, between 0 and 30. s is the scale of y.
type Affine struct {
	M     []int32
	B     []int64
	Shift uint
	Zero  int32
}

// slack is abi.Slack, bytes that kernels may read behind M and B.
const slack = 64

// NewAffine reports scales that are too large for the output's.
func NewAffine(scale, bias []float32, s float32, zero int32) (*Affine, error) {
	top, topBias := 0.0, 0.0
	for i := range scale {
		top = max(top, math.Abs(float64(scale[i])/float64(s)))
		topBias = max(topBias, math.Abs(float64(bias[i])/float64(s)))
	}
	e := 30
	for e >= 0 && !(math.Ldexp(top, e) < 1<<24-1 && math.Ldexp(topBias, e+zBits) < 1<<60) {
		e--
	}
	if e < 0 {
		return nil, errors.New("scale or bias is too large for the output's scale")
	}
	a := &Affine{M: make([]int32, len(scale), len(scale)+slack/4), B: make([]int64, len(scale), len(scale)+slack/8), Shift: uint(e + zBits), Zero: zero}
	for i := range scale {
		a.M[i] = int32(math.Round(math.Ldexp(float64(scale[i])/float64(s), e)))
		a.B[i] = int64(math.Round(math.Ldexp(float64(bias[i])/float64(s), e+zBits))) + 1<<(a.Shift-1)
	}
	return a, nil
}

// AffineAt is y of one z, of its channel's M and B.
func AffineAt(z int64, m int32, b int64, shift uint, zero int32) int8 {
	return int8(min(max((z*int64(m)+b)>>shift+int64(zero), -128), 127))
}

// WhitenF32 writes x less its mean, x itself without center, to y, which may be x, and returns 1/√(mean y² + epsilon), what
// brings y's variance to 1. Sums are Sum16 and SumSquares16; the root and its reciprocal are float64's.
func WhitenF32(y, x []float32, epsilon float32, center bool) (inv float32) {
	mean := float32(0)
	if center {
		mean = Sum16(x) / float32(len(x))
	}
	for i, v := range x {
		y[i] = v - mean
	}
	return RsqrtF32(SumSquares16(y)/float32(len(x)) + epsilon)
}
