package generic

import (
	"encoding/binary"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// DWConvS8 works on single channels; its panel is GemmS8's with a tap for each weight.
var DWConvS8 = abi.DWConvS8Class{
	Name: "generic", NR: 1, Weight128: true, Run: dwConvS8,
	Panel: func(kh, kw int) int { return panelS8(kh*kw, 1) },
	Pack: func(dst []byte, p *abi.DWConvS8Panel) {
		packS8(dst, &abi.GemmS8Panel{W: p.W, Bias: p.Bias, Mult: p.Mult, Shift: p.Shift, Taps: p.KH * p.KW, K: 1})
	},
}

func dwConvS8(a *abi.DWConvS8) {
	for c := range a.C {
		panel := at(a.W, c*a.PanelBytes, a.PanelBytes)
		bias := int32(binary.LittleEndian.Uint32(panel))
		mult := int32(binary.LittleEndian.Uint32(panel[4:]))
		shift := int32(binary.LittleEndian.Uint32(panel[8:]))
		w := panel[headS8:]
		for r := range a.Rows {
			for p := range a.Cols {
				acc := bias
				for kh := range a.KH {
					for kw := range a.KW {
						x := at(a.X, r*a.XNext+p*a.XStep+kh*a.XRow+kw*a.XTap+c, 1)[0]
						acc += int32(x) * int32(int8(w[kh*a.KW+kw]))
					}
				}
				y := fixed.MBQM(acc, mult, shift) + a.ZeroPoint
				at(a.Y, r*a.YNext+p*a.YStep+c, 1)[0] = int8(min(max(y, a.Lo), a.Hi))
			}
		}
	}
}

// DWConvF32 works on single channels.
var DWConvF32 = abi.DWConvF32Class{Name: "generic", NR: 1, Run: dwConvF32}

func dwConvF32(a *abi.DWConvF32) {
	for c := range a.C {
		w := at(a.W, c*(a.PanelBytes/4), 1+a.KH*a.KW)
		for r := range a.Rows {
			for p := range a.Cols {
				acc := w[0]
				for kh := range a.KH {
					for kw := range a.KW {
						x := at(a.X, r*a.XNext+p*a.XStep+kh*a.XRow+kw*a.XTap+c, 1)[0]
						acc = fixed.FMA32(x, w[1+kh*a.KW+kw], acc)
					}
				}
				if a.Clamp != 0 {
					acc = fixed.ClampF32(acc, a.Lo, a.Hi)
				}
				at(a.Y, r*a.YNext+p*a.YStep+c, 1)[0] = acc
			}
		}
	}
}
