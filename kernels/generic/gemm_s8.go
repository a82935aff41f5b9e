package generic

import (
	"encoding/binary"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// GemmS8 works on single outputs; its panel is [bias int32][mult int32][shift int32][taps][k].
var GemmS8 = abi.GemmS8Class{Name: "generic", MR: 1, NR: 1, KR: 1, Weight128: true, Panel: panelS8, Pack: packS8, Run: gemmS8}

const headS8 = 12

func panelS8(taps, k int) int { return (headS8 + taps*k + 3) &^ 3 }

func packS8(dst []byte, p *abi.GemmS8Panel) {
	clear(dst)
	binary.LittleEndian.PutUint32(dst, uint32(p.Bias[0]))
	binary.LittleEndian.PutUint32(dst[4:], uint32(p.Mult[0]))
	binary.LittleEndian.PutUint32(dst[8:], uint32(p.Shift[0]))
	for i, w := range p.W[:p.Taps*p.K] {
		dst[headS8+i] = byte(w)
	}
}

func gemmS8(a *abi.GemmS8) {
	for n := range a.Cols {
		panel := at(a.W, n*a.PanelBytes, a.PanelBytes)
		bias := int32(binary.LittleEndian.Uint32(panel))
		mult := int32(binary.LittleEndian.Uint32(panel[4:]))
		shift := int32(binary.LittleEndian.Uint32(panel[8:]))
		for m := range a.Rows {
			offsets := at(a.Off, m*a.Taps, a.Taps)
			acc := bias
			for t, off := range offsets {
				x := at(a.Zero, 0, a.K)
				if off >= 0 {
					x = at(a.X, a.Shift+int(off), a.K)
				}
				w := panel[headS8+t*a.K:][:len(x)]
				for k, v := range x {
					acc += int32(v) * int32(int8(w[k]))
				}
			}
			y := fixed.MBQM(acc, mult, shift) + a.ZeroPoint
			at(a.Y, m*a.YStride, a.Cols)[n] = int8(min(max(y, a.Lo), a.Hi))
		}
	}
}
