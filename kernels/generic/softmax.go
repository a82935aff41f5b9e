package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// SoftmaxS8 is documented at abi.SoftmaxS8. Where 512 or more near-equal elements would shift by more than 31 bits
// (the reference aborts), every element is −128.
func SoftmaxS8(a *abi.SoftmaxS8) {
	for row := range a.Rows {
		x, y := at(a.X, row*a.N, a.N), at(a.Y, row*a.N, a.N)
		top := int32(-128)
		for _, v := range x {
			top = max(top, int32(v))
		}
		sum := int32(0)
		for _, v := range x {
			sum += fixed.RDPOT(a.Exp[int32(v)-top+255], 12)
		}
		r, n := fixed.Reciprocal(sum, 12)
		shift := n + 31 - 8
		for i, v := range x {
			d := int32(v) - top
			if d < a.DMin || shift > 31 {
				y[i] = -128
				continue
			}
			q := fixed.RDPOT(fixed.SRDHM(r, a.Exp[d+255]), uint(shift)) - 128
			y[i] = int8(min(max(q, -128), 127))
		}
	}
}

// SoftmaxF32 is documented at abi.SoftmaxF32. A row that holds a NaN is all NaN.
func SoftmaxF32(a *abi.SoftmaxF32) {
	for row := range a.Rows {
		x, y := at(a.X, row*a.N, a.N), at(a.Y, row*a.N, a.N)
		top := x[0]
		for _, v := range x[1:] {
			top = fixed.MaxF32(top, v)
		}
		if a.Log == 0 {
			for i, v := range x {
				y[i] = fixed.ExpF32(v - top)
			}
			sum := fixed.Sum16(y)
			for i := range y {
				y[i] /= sum
			}
			continue
		}
		sum := fixed.Sum16Exp(x, top)
		log := fixed.LogF32(sum)
		for i, v := range x {
			y[i] = (v - top) - log
		}
	}
}
