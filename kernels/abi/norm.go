package abi

// NormF32 is op.LayerNorm of float32 rows: with mean = fixed.Sum16(x)/N, or 0 where Center is 0, and d = x − mean,
//
//	y = (d·(1/√(fixed.SumSquares16(d)/N + Epsilon)))·scale + bias
//
// each step rounded, but the root and its reciprocal in float64. Y may be X; a row of y holds d before it holds y.
type NormF32 struct {
	X, Y        *float32 // [Rows][N] + Slack
	Scale, Bias *float32 // [N] + Slack
	N, Rows     int
	Center      int
	Epsilon     float32
}

// SumsS8 sums codes and their squares.
type SumsS8 struct {
	X            *int8 // N + Slack
	N            int   // at most MaxSumsS8
	Sum, Squares int32 // results
}

// MaxSumsS8 codes have a sum of squares below 2^31, and are summed in a few microseconds.
const MaxSumsS8 = 1 << 16

// NormS8 is fixed.NormAt and fixed.AffineAt of a row of codes:
//
//	z = ((Size·x − Less)·Inv + half) >> ShiftZ
//	y = clamp(((z·m + b) >> ShiftY) + Zero, −128, 127)
//
// |Size·x|, |Less| and |Size·x − Less| are below 2^31, 0 < Inv < 2^31, 0 < ShiftZ < 63, |z| < 2^31, |z·m| < 2^55 and
// |b| < 2^61, 0 < ShiftY < 63. Y may be X.
type NormS8 struct {
	X, Y           *int8  // N, X + Slack
	M              *int32 // N + Slack
	B              *int64 // N + Slack
	N              int
	ShiftZ, ShiftY int
	Size, Less     int32
	Inv, Zero      int32
}
