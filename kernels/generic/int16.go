package generic

import (
	"encoding/binary"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// GemmS16 works on single outputs; its panel is [bias int64][mult int32][shift int32][taps][k].
var GemmS16 = abi.GemmS16Class{Name: "generic", MR: 1, NR: 1, KR: 1, Panel: panelS16, Pack: packS16, Run: gemmS16}

const headS16 = 16

func panelS16(taps, k int) int { return (headS16 + taps*k + 7) &^ 7 }

func packS16(dst []byte, p *abi.GemmS16Panel) {
	clear(dst)
	binary.LittleEndian.PutUint64(dst, uint64(p.Bias[0]))
	binary.LittleEndian.PutUint32(dst[8:], uint32(p.Mult[0]))
	binary.LittleEndian.PutUint32(dst[12:], uint32(p.Shift[0]))
	for i, w := range p.W[:p.Taps*p.K] {
		dst[headS16+i] = byte(w)
	}
}

func gemmS16(a *abi.GemmS16) {
	for n := range a.Cols {
		panel := at(a.W, n*a.PanelBytes, a.PanelBytes)
		bias := int64(binary.LittleEndian.Uint64(panel))
		mult := int32(binary.LittleEndian.Uint32(panel[8:]))
		shift := int32(binary.LittleEndian.Uint32(panel[12:]))
		for m := range a.Rows {
			acc := bias
			for t, off := range at(a.Off, m*a.Taps, a.Taps) {
				x := at(a.Zero, 0, a.K)
				if off >= 0 {
					x = at(a.X, a.Shift+int(off), a.K)
				}
				w := panel[headS16+t*a.K:][:len(x)]
				for k, v := range x {
					acc += int64(v) * int64(int8(w[k]))
				}
			}
			at(a.Y, m*a.YStride, a.Cols)[n] = rescale16(acc, mult, shift, a.Narrow, a.ZeroPoint, a.Lo, a.Hi)
		}
	}
}

func rescale16(acc int64, mult, shift int32, narrow int, zero, lo, hi int32) int16 {
	var v int32
	if narrow != 0 {
		v = fixed.MBQM(int32(acc), mult, shift)
	} else {
		v = fixed.MBQM64(acc, mult, shift)
	}
	return int16(min(max(int64(v)+int64(zero), int64(lo)), int64(hi)))
}

// DWConvS16 is documented at abi.DWConvS16.
func DWConvS16(a *abi.DWConvS16) {
	acc, bias := at(a.Acc, 0, a.C), at(a.Bias, 0, a.C)
	mult, exp := at(a.Mult, 0, a.C), at(a.Exp, 0, a.C)
	for row := range a.Rows {
		copy(acc, bias)
		for t, off := range at(a.Off, row*a.Taps, a.Taps) {
			if off < 0 {
				continue
			}
			w := at(a.W, t*a.C, a.C)
			for c, v := range at(a.X, a.Shift+int(off), a.C) {
				acc[c] += int64(v) * int64(w[c])
			}
		}
		y := at(a.Y, row*a.YStride, a.C)
		for c, v := range acc {
			y[c] = rescale16(v, mult[c], exp[c], a.Narrow, a.ZeroPoint, a.Lo, a.Hi)
		}
	}
}
