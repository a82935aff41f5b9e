package generic

import (
	"unsafe"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// GemvS8 is the portable form.
var GemvS8 = abi.GemvS8Class{Name: "generic", KR: 1, Run: gemvS8}

func gemvS8(a *abi.GemvS8) {
	const nr = abi.GemvNR
	size := nr * (16 + a.K)
	w := unsafe.Slice(a.W, a.Panels*size)
	for p := range a.Panels {
		panel := w[p*size:]
		c := (*[4][nr]int32)(unsafe.Pointer(&panel[0]))
		for m := range a.Rows {
			acc := c[0]
			for k, v := range at(a.X, m*a.XStride, a.K) {
				row := (*[nr]int8)(unsafe.Pointer(&panel[16*nr+k*nr]))
				for n := range acc {
					acc[n] += int32(v) * int32(row[n])
				}
			}
			y := at(a.Y, m*a.YStride+p*nr, nr)
			for n, v := range acc {
				y[n] = fixed.Saturate16(fixed.MBQM(v, c[1][n], c[2][n]-c[3][n]))
			}
		}
	}
}
