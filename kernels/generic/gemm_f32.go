package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// GemmF32 keeps four outputs in flight so that the portable fused multiply-add is bearable.
var GemmF32 = abi.GemmF32Class{Name: "generic", MR: 1, NR: 4, Run: gemmF32}

func gemmF32(a *abi.GemmF32) {
	const nr = 4
	for n0 := 0; n0 < a.Cols; n0 += nr {
		panel := at(a.W, n0/nr*(a.PanelBytes/4), a.PanelBytes/4)
		for m := range a.Rows {
			offsets := at(a.Off, m*a.Taps, a.Taps)
			acc := [nr]float32(panel[:nr])
			w := panel[nr:]
			for _, off := range offsets {
				x := at(a.Zero, 0, a.K)
				if off >= 0 {
					x = at(a.X, a.Shift+int(off), a.K)
				}
				for _, v := range x {
					acc[0] = fixed.FMA32(v, w[0], acc[0])
					acc[1] = fixed.FMA32(v, w[1], acc[1])
					acc[2] = fixed.FMA32(v, w[2], acc[2])
					acc[3] = fixed.FMA32(v, w[3], acc[3])
					w = w[nr:]
				}
			}
			if a.Clamp != 0 {
				for i, v := range acc {
					acc[i] = fixed.ClampF32(v, a.Lo, a.Hi)
				}
			}
			copy(at(a.Y, m*a.YStride+n0, min(nr, a.Cols-n0)), acc[:])
		}
	}
}
