// Package abi holds the argument structs that portable Go and assembly kernels share.
//
// A kernel is a func(*T) over one of these structs. The structs live in the session's workers, never on a stack:
// the address of a local passed through a func value would escape and allocate. Kernels check nothing: an
// operator's Prepare has proved every extent, and the arena guarantees Slack readable bytes behind every buffer.
//
// Assembly reads the fields through the offsets that the Go tool writes to go_asm.h from a local alias, for
// example `type gemmS8 = abi.GemmS8`.
package abi

// Slack is the number of bytes behind any tensor, packed panel or row of zeros that a kernel may read (never write).
// What it reads there is multiplied by a zero weight or not stored.
const Slack = 64

// GemmS8 is one call of an int8 matrix product or convolution:
//
//	acc[m,n] = bias'[n] + Σ_t Σ_k x(m,t)[k]·w[n,t,k]                   (int32, exact)
//	y[m,n]   = clamp(MultiplyByQuantizedMultiplier(acc, mult[n], shift[n]) + ZeroPoint, Lo, Hi)
//
// for m in [0,Rows) and n in [0,Cols). Row m reads, for tap t, K bytes at X+Shift+Off[m/MR][t][m%MR], or at Zero
// where that offset is negative (a padded tap). bias' already holds −zeroPoint(x)·Σw and whatever correction the
// kernel's own form of the product needs: the class's Pack writes it.
type GemmS8 struct {
	X     *int8  // activations
	Zero  *int8  // K (rounded up to KR) + Slack bytes, each the zero point of x
	Off   *int32 // [ceil(Rows/MR)][Taps][MR] byte offsets; rows past the end repeat the last valid row
	W     *byte  // packed panels, PanelBytes apart, as the class's Pack wrote them
	Y     *int8  // y[0,0]
	Shift int    // bytes added to every non-negative offset; may be negative
	// PanelBytes is the distance between the panels of NR outputs.
	PanelBytes int
	YStride    int // bytes between two rows of y
	Rows       int // ≥ 1
	Cols       int // ≥ 1; the last panel may be partial
	Taps       int // ≥ 1
	K          int // bytes of one tap, rounded up to KR
	ZeroPoint  int32
	Lo, Hi     int32 // clamp, within [-128,127]
}

// GemmF32 is one call of a float32 matrix product or convolution:
//
//	acc[m,n] = bias[n]; for t, for k ascending: acc = fma(x(m,t)[k], w[n,t,k], acc)
//	y[m,n]   = Clamp ? min(max(acc, Lo), Hi) : acc
//
// with one rounding per fused multiply-add. A padded tap (negative offset) reads Zero: it takes part as fma(+0,w,acc).
// The clamp is fixed.ClampF32: a NaN gives Lo, and −0 against a Lo of 0 gives +0.
type GemmF32 struct {
	X          *float32
	Zero       *float32 // K + Slack/4 zeros
	Off        *int32   // [ceil(Rows/MR)][Taps][MR] element offsets
	W          *float32 // panels: [NR bias][Taps][K][NR]
	Y          *float32
	Shift      int // elements added to every non-negative offset
	PanelBytes int
	YStride    int // elements between two rows of y
	Rows       int
	Cols       int
	Taps       int
	K          int // elements of one tap, not rounded
	Clamp      int // 0: none
	Lo, Hi     float32
}

// AddS8 is y = clamp(rescale(a1 + a2) + ZY, Lo, Hi) with a_i = MBQM_LE1((x_i − z_i)·2^20, m_i, shift_i) and
// rescale = MBQM_LE1(·, MY, ShiftY): TFLite's int8 ADD. All shifts are ≤ 0. BStep is 1, or 0 to repeat one b.
//
// Its SUB rescales a1 − a2, or a2 − a1 where Reverse is set: what repeats is always b.
type AddS8 struct {
	A, B, Y                *int8
	N                      int // elements
	BStep                  int
	Reverse                int // Sub: b − a; Add ignores it
	ZA, ZB, ZY             int32
	MA, MB, MY             int32
	ShiftA, ShiftB, ShiftY int32
	Lo, Hi                 int32
}

// MulS8 is y = clamp(MBQM((a−ZA)·(b−ZB), M, Shift) + ZY, Lo, Hi): TFLite's int8 MUL.
type MulS8 struct {
	A, B, Y    *int8
	N          int
	BStep      int
	ZA, ZB, ZY int32
	M, Shift   int32
	Lo, Hi     int32
}

// BinaryF32 is y = a∘b for an elementwise ∘, one IEEE rounding, then, where Clamp is set, fixed.ClampF32. Sub and Div
// are b∘a where Reverse is set: what repeats is always b. PRelu is fixed.LeakyReluF32(a, b), never reversed. Y may be A, or B
// where BStep is 1.
type BinaryF32 struct {
	A, B, Y *float32
	N       int
	BStep   int
	Reverse int // Sub, Div; Add and Mul ignore it
	Clamp   int
	Lo, Hi  float32
}

// ClampF32 is y = fixed.ClampF32(x, Lo, Hi). Y may be X.
type ClampF32 struct {
	X, Y   *float32
	N      int
	Lo, Hi float32
}

// LutS8 is y[i] = Table[x[i]+128]: any int8 function of one int8 argument. Y may be X.
type LutS8 struct {
	X, Y  *int8
	N     int
	Table *[256]int8
}

// PoolS8 reduces, for each of Rows output pixels, Taps runs of C channels at X+Shift+Off[row][tap].
//
// Max: y = clamp(max over taps of x, Lo, Hi); a padded tap repeats a valid one.
// Average: a = Σ x, n = Count[row]; y = clamp(a>0 ? (a+n/2)/n : (a−n/2)/n, Lo, Hi), truncating; a padded tap has a
// negative offset and adds nothing.
type PoolS8 struct {
	X       *int8
	Y       *int8
	Off     *int32 // [Rows][Taps] byte offsets
	Count   *int32 // [Rows] taps inside the picture; average only
	Acc     *int32 // C accumulators of scratch; average only
	Shift   int
	YStride int // bytes between output pixels
	Rows    int
	Taps    int
	C       int
	Lo, Hi  int32
}

// PoolF32 is PoolS8 over float32. Max propagates NaN. Average: taps are added in ascending order to +0, then divided
// by float32(Count). Clamp as in GemmF32.
type PoolF32 struct {
	X       *float32
	Y       *float32
	Off     *int32 // [Rows][Taps] element offsets
	Count   *int32
	Shift   int
	YStride int // elements
	Rows    int
	Taps    int
	C       int
	Clamp   int
	Lo, Hi  float32
}

// SoftmaxS8 is TFLite's int8 SOFTMAX of Rows rows of N codes: Exp[d+255] is EXPQ of the difference d = x − max in
// [−255,0] (Q0.31), or 0 where d is below the cut (such elements give −128).
type SoftmaxS8 struct {
	X, Y *int8
	Rows int
	N    int
	Exp  *[256]int32
	DMin int32 // differences below it give −128
}

// SoftmaxF32 is Y = exp(x−max)/Σexp over Rows rows of N, or x−max−log Σexp where Log is set; exp, log and the order
// of the sum are those of package fixed. Y may be X.
type SoftmaxF32 struct {
	X, Y *float32
	Rows int
	N    int
	Log  int
}

// QuantizeS8 is y = clamp(round(x/Scale) + ZeroPoint, −128, 127): float32 division, halves away from zero,
// saturating; NaN gives the zero point.
type QuantizeS8 struct {
	X         *float32
	Y         *int8
	N         int
	Scale     float32
	ZeroPoint int32
}

// DequantizeS8 is y = Scale·(x − ZeroPoint): one float32 rounding.
type DequantizeS8 struct {
	X         *int8
	Y         *float32
	N         int
	Scale     float32
	ZeroPoint int32
}

// Transpose is y[r·Cols + c] = x[c·XStride + r] for r in [0,Rows) and c in [0,Cols), in elements of one size.
type Transpose struct {
	X, Y       *byte
	Rows, Cols int
	XStride    int // elements
}
