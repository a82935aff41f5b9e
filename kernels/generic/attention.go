package generic

import "edgerun/kernels/abi"

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
