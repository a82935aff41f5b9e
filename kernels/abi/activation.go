package abi

// UnaryF32 is y = f(x) for the functions of package fixed: Logistic, Tanh, Gelu and HardSwish, HardSigmoid with Alpha and Beta,
// LeakyRelu with Alpha. Y may be X.
type UnaryF32 struct {
	X, Y        *float32
	N           int
	Alpha, Beta float32
}

// PReluS8 is TFLite's int8 PRELU with x in A and the slopes in B. For v = a − ZA:
//
//	y = clamp((v ≥ 0 ? MBQM(v, M, Shift) : MBQM(v·(b−ZB), MNeg, ShiftNeg)) + ZY, −128, 127)
//
// Sums wrap in 32 bits. BStep is 1, or 0 to repeat one b. Y may be A.
type PReluS8 struct {
	A, B, Y        *int8
	N              int
	BStep          int
	ZA, ZB, ZY     int32
	M, Shift       int32
	MNeg, ShiftNeg int32
}
