package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// SubS8 is abi.AddS8 with a difference.
func SubS8(a *abi.AddS8) {
	const left = 20
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		p := fixed.MBQM((int32(x[i])-a.ZA)<<left, a.MA, a.ShiftA)
		q := fixed.MBQM((int32(b[i*a.BStep])-a.ZB)<<left, a.MB, a.ShiftB)
		if a.Reverse != 0 {
			p, q = q, p
		}
		v := fixed.MBQM(p-q, a.MY, a.ShiftY) + a.ZY
		y[i] = int8(min(max(v, a.Lo), a.Hi))
	}
}

// PReluS8 is documented at abi.PReluS8.
func PReluS8(a *abi.PReluS8) {
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		v := int32(x[i]) - a.ZA
		if v >= 0 {
			v = fixed.MBQM(v, a.M, a.Shift)
		} else {
			v = fixed.MBQM(v*(int32(b[i*a.BStep])-a.ZB), a.MNeg, a.ShiftNeg)
		}
		y[i] = int8(min(max(v+a.ZY, -128), 127))
	}
}

func binaryF32(a *abi.BinaryF32, f func(x, b float32) float32) {
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		v := f(x[i], b[i*a.BStep])
		if a.Clamp != 0 {
			v = fixed.ClampF32(v, a.Lo, a.Hi)
		}
		y[i] = v
	}
}

// SubF32 is abi.BinaryF32 with a difference.
func SubF32(a *abi.BinaryF32) {
	binaryF32(a, func(x, b float32) float32 {
		if a.Reverse != 0 {
			return b - x
		}
		return x - b
	})
}

// DivF32 is abi.BinaryF32 with a quotient.
func DivF32(a *abi.BinaryF32) {
	binaryF32(a, func(x, b float32) float32 {
		if a.Reverse != 0 {
			return b / x
		}
		return x / b
	})
}

// PReluF32 is abi.BinaryF32 with fixed.LeakyReluF32.
func PReluF32(a *abi.BinaryF32) { binaryF32(a, fixed.LeakyReluF32) }

func unaryF32(a *abi.UnaryF32, f func(float32) float32) {
	x, y := at(a.X, 0, a.N), at(a.Y, 0, a.N)
	for i, v := range x {
		y[i] = f(v)
	}
}

// LogisticF32, TanhF32, GeluF32, HardSigmoidF32, HardSwishF32 and LeakyReluF32 are abi.UnaryF32 with package fixed's functions.
func LogisticF32(a *abi.UnaryF32)  { unaryF32(a, fixed.LogisticF32) }
func TanhF32(a *abi.UnaryF32)      { unaryF32(a, fixed.TanhF32) }
func GeluF32(a *abi.UnaryF32)      { unaryF32(a, fixed.GeluF32) }
func HardSwishF32(a *abi.UnaryF32) { unaryF32(a, fixed.HardSwishF32) }
func HardSigmoidF32(a *abi.UnaryF32) {
	unaryF32(a, func(x float32) float32 { return fixed.HardSigmoidF32(x, a.Alpha, a.Beta) })
}
func LeakyReluF32(a *abi.UnaryF32) {
	unaryF32(a, func(x float32) float32 { return fixed.LeakyReluF32(x, a.Alpha) })
}
