package abi

// GemmS16 is one call of a matrix product or convolution of int16 activations and int8 weights:
//
//	acc[m,n] = bias'[n] + Σ_t Σ_k x(m,t)[k]·w[n,t,k]                   (int64)
//	y[m,n]   = clamp(rescale(acc) + ZeroPoint, Lo, Hi)
//
// for m in [0,Rows) and n in [0,Cols). Rows are found as in GemmS8, in elements; a padded tap adds nothing to a bias' of
// zero point 0. rescale is fixed.MBQM64 or, where Narrow is set, fixed.MBQM of the lowest 32 bits: that is a sum in int32
// that may wrap.
type GemmS16 struct {
	X          *int16
	Zero       *int16 // K (rounded up to KR) + Slack/2 elements, each the zero point of x
	Off        *int32 // [ceil(Rows/MR)][Taps][MR] element offsets
	W          *byte  // packed panels, PanelBytes apart, as the class's Pack wrote them
	Y          *int16
	Shift      int // elements added to every non-negative offset
	PanelBytes int
	YStride    int // elements between two rows of y
	Rows       int
	Cols       int
	Taps       int
	K          int // elements of one tap, rounded up to KR
	Narrow     int
	ZeroPoint  int32
	Lo, Hi     int32
}

// GemmS16Class is GemmS8Class for int16 activations.
type GemmS16Class struct {
	Name       string
	MR, NR, KR int
	Panel      func(taps, k int) int
	Pack       func(dst []byte, p *GemmS16Panel)
	Run        func(*GemmS16)
}

// GemmS16Panel is what Pack needs of up to NR output channels. Unless Narrow will be set, |acc| < 2^47 for every
// reachable acc and shifts lie within [−31, 7].
type GemmS16Panel struct {
	W     []int8  // [n][Taps][K]
	Bias  []int64 // [n], already − zeroPoint(x)·Σw
	Mult  []int32 // [n] Q31 mantissa, 0 or [2^30, 2^31−1]
	Shift []int32 // [n]
	Taps  int
	K     int
}

// DWConvS16 is one call of a depthwise convolution of int16 activations and int8 weights: for each of Rows output
// pixels, Taps runs of C channels at X+Shift+Off[row][tap]; a padded tap has a negative offset and adds nothing.
//
//	acc[c] = Bias[c] + Σ_t x[t,c]·W[t,c]
//	y[c]   = clamp(rescale(acc[c]) + ZeroPoint, Lo, Hi)
//
// with rescale, and its bounds, as in GemmS16.
type DWConvS16 struct {
	X         *int16
	W         *int8 // [Taps][C]
	Bias      *int64
	Mult      *int32
	Exp       *int32 // exponents of the multipliers
	Off       *int32
	Acc       *int64 // C accumulators of scratch
	Y         *int16
	Shift     int
	YStride   int // elements between output pixels
	Rows      int
	Taps      int
	C         int
	Narrow    int
	ZeroPoint int32
	Lo, Hi    int32
}
