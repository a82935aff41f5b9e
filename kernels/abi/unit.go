package abi

// UnitNR is what the length of a recurrent layer's vectors is rounded up to: a kernel of this file reads and writes so many
// elements, of which those past N have no meaning.
const UnitNR = 32

// LSTMUnitS8 is what a step of an LSTM does with the sums of its gates, in units of 2^−12, four vectors N apart in the order
// i, o, f, c. With gate(s) = min(max(saturate16(X + R), Lo), Hi) of a vector s,
//
//	i, f, o = fixed.Logistic16(3·gate)    g = fixed.Tanh16(3·gate of c)
//	C = min(max(saturate16(saturate16(MBQM(f·C, 2^30, −14)) + saturate16(MBQM(i·g, AddM, −AddE))), −CellMax), CellMax)
//	t = C·TanhM, divided by 2^TanhE, halves upwards, limited to ±TanhMax
//	Y = min(max(MBQM(fixed.Tanh16(t)·o, OutM, −OutE) + Zero, −128), 127)
//
// Source: TFLite Micro lstm_eval.h.
type LSTMUnitS8 struct {
	X, R       *int16 // [4][N], UnitNR elements readable behind
	C          *int16
	Y          *int8
	N          int
	Lo, Hi     int32 // within int16
	CellMax    int32 // [0, 2^15]
	AddM, AddE int32 // AddE and OutE in [0, 31]
	OutM, OutE int32
	TanhM      int32 // [0, 3·2^14]
	TanhE      int32 // [0, 30]; 0 if TanhM > 3
	TanhMax    int32
	Zero       int32
}

// GRUUnitS8 is what a step of a GRU does with the sums of its gates, in units of 2^−12. With gate(a, b) =
// min(max(saturate16(a + b), Lo), Hi), the first half
//
//	r = fixed.Logistic16(3·gate(X[N+i], R[N+i]))
//	Candidate = r·Candidate + 2^14 >> 15                      with Linear
//	Y = code(r·H + 2^14 >> 15)                                else
//
// and the second, where code(v) = min(max(MBQM(v, OutM, Left − Right) + Zero, −128), 127),
//
//	z = fixed.Logistic16(3·gate(X[i], R[i]))
//	g = fixed.Tanh16(3·gate(X[2N+i], Candidate[i])) + 2^(Exp−1) >> Exp             (no rounding with Exp 0)
//	H = saturate16((2^15 − z)·g + z·H + 2^14 >> 15)           Y = code(H)
type GRUUnitS8 struct {
	X, R        *int16 // [3][N], R [2][N]; UnitNR elements readable behind
	Candidate   *int16
	H           *int16
	Y           *int8
	N           int
	Linear      int
	Lo, Hi      int32 // within int16
	Exp         int32 // [0, 15]
	OutM        int32
	Left, Right int32 // one of them 0; Left ≤ 15, Right ≤ 31
	Zero        int32
}
