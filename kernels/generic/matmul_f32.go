package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// MatMulF32 walks the columns innermost, as vectors do.
func MatMulF32(a *abi.MatMulF32) {
	for i := range a.M {
		c := at(a.C, i*a.LDC, a.N)
		for k := range a.K {
			x := at(a.A, i*a.AI+k*a.AK, 1)[0]
			for j, w := range at(a.B, k*a.LDB, a.N) {
				c[j] = fixed.FMA32(x, w, c[j])
			}
		}
	}
}
