package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// AttentionS8 is documented at abi.AttentionS8.
func AttentionS8(a *abi.AttentionS8) {
	x := at(a.X, 0, a.N)
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	half := int64(1) << (a.Right - 1)
	a.Sum = 0
	for i, v := range x {
		e := a.Exp[min(((int64(top)-int64(v))*a.M+half)>>a.Right, 4095)]
		x[i] = float32(e)
		a.Sum += int(e)
	}
}

// DotF32 and MixF32 are documented at abi.RowF32.
func DotF32(a *abi.RowF32) {
	x, y := at(a.X, 0, a.K), at(a.Y, 0, a.N)
	for n := range y {
		y[n] = 0
		for k, w := range at(a.W, n*a.Step, a.K) {
			y[n] = fixed.FMA32(x[k], w, y[n])
		}
	}
}

func MixF32(a *abi.RowF32) {
	x, y := at(a.X, 0, a.K), at(a.Y, 0, a.N)
	clear(y)
	for k, v := range x {
		for n, w := range at(a.W, k*a.Step, a.N) {
			y[n] = fixed.FMA32(v, w, y[n])
		}
	}
}

// DotS8 is documented at abi.DotS8.
func DotS8(a *abi.DotS8) {
	x, y := at(a.X, 0, a.K), at(a.Y, 0, a.N)
	for n := range y {
		sum := int32(0)
		for k, w := range at(a.W, n*a.Step, a.K) {
			sum += int32(x[k]) * (int32(w) - a.Zero)
		}
		y[n] = float32(sum)
	}
}

// MixS8 is documented at abi.MixS8.
func MixS8(a *abi.MixS8) {
	x, y := at(a.X, 0, a.K), at(a.Y, 0, a.N)
	for n := range y {
		y[n] = -a.Less
	}
	for k, v := range x {
		for n, w := range at(a.W, k*a.Step, a.N) {
			y[n] += int32(v) * int32(w)
		}
	}
}
