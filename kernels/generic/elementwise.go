package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// AddS8 is documented at abi.AddS8.
func AddS8(a *abi.AddS8) {
	const left = 20
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		p := fixed.MBQM((int32(x[i])-a.ZA)<<left, a.MA, a.ShiftA)
		q := fixed.MBQM((int32(b[i*a.BStep])-a.ZB)<<left, a.MB, a.ShiftB)
		v := fixed.MBQM(p+q, a.MY, a.ShiftY) + a.ZY
		y[i] = int8(min(max(v, a.Lo), a.Hi))
	}
}

// MulS8 is documented at abi.MulS8.
func MulS8(a *abi.MulS8) {
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		p := (int32(x[i]) - a.ZA) * (int32(b[i*a.BStep]) - a.ZB)
		v := fixed.MBQM(p, a.M, a.Shift) + a.ZY
		y[i] = int8(min(max(v, a.Lo), a.Hi))
	}
}

// LutS8 is documented at abi.LutS8.
func LutS8(a *abi.LutS8) {
	x, y := at(a.X, 0, a.N), at(a.Y, 0, a.N)
	for i, v := range x {
		y[i] = a.Table[int(v)+128]
	}
}

// AddF32 is abi.BinaryF32 with a sum.
func AddF32(a *abi.BinaryF32) {
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		v := x[i] + b[i*a.BStep]
		if a.Clamp != 0 {
			v = fixed.ClampF32(v, a.Lo, a.Hi)
		}
		y[i] = v
	}
}

// MulF32 is abi.BinaryF32 with a product.
func MulF32(a *abi.BinaryF32) {
	x, b, y := at(a.A, 0, a.N), at(a.B, 0, 1+(a.N-1)*a.BStep), at(a.Y, 0, a.N)
	for i := range y {
		v := float32(x[i] * b[i*a.BStep])
		if a.Clamp != 0 {
			v = fixed.ClampF32(v, a.Lo, a.Hi)
		}
		y[i] = v
	}
}

// ClampF32 is documented at abi.ClampF32.
func ClampF32(a *abi.ClampF32) {
	x, y := at(a.X, 0, a.N), at(a.Y, 0, a.N)
	for i, v := range x {
		y[i] = fixed.ClampF32(v, a.Lo, a.Hi)
	}
}

// QuantizeS8 is documented at abi.QuantizeS8.
func QuantizeS8(a *abi.QuantizeS8) {
	x, y := at(a.X, 0, a.N), at(a.Y, 0, a.N)
	for i, v := range x {
		y[i] = fixed.QuantizeF32(v, a.Scale, a.ZeroPoint)
	}
}

// DequantizeS8 is documented at abi.DequantizeS8.
func DequantizeS8(a *abi.DequantizeS8) {
	x, y := at(a.X, 0, a.N), at(a.Y, 0, a.N)
	for i, v := range x {
		y[i] = a.Scale * float32(int32(v)-a.ZeroPoint)
	}
}
