package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// NormF32 is documented at abi.NormF32.
func NormF32(a *abi.NormF32) {
	scale, bias := at(a.Scale, 0, a.N), at(a.Bias, 0, a.N)
	for row := range a.Rows {
		x, y := at(a.X, row*a.N, a.N), at(a.Y, row*a.N, a.N)
		inv := fixed.WhitenF32(y, x, a.Epsilon, a.Center != 0)
		for i, d := range y {
			y[i] = float32(float32(d*inv)*scale[i]) + bias[i]
		}
	}
}

// SumsS8 is documented at abi.SumsS8.
func SumsS8(a *abi.SumsS8) {
	a.Sum, a.Squares = 0, 0
	for _, v := range at(a.X, 0, a.N) {
		a.Sum += int32(v)
		a.Squares += int32(v) * int32(v)
	}
}

// NormS8 is documented at abi.NormS8.
func NormS8(a *abi.NormS8) {
	x, y, m, b := at(a.X, 0, a.N), at(a.Y, 0, a.N), at(a.M, 0, a.N), at(a.B, 0, a.N)
	for i, v := range x {
		z := fixed.NormAt(v, a.Size, a.Less, a.Inv, uint(a.ShiftZ))
		y[i] = fixed.AffineAt(z, m[i], b[i], uint(a.ShiftY), a.Zero)
	}
}
