package arm64

import (
	"encoding/binary"
	"math"

	"edgerun/kernels/abi"
)

// DWConvS8NEON is the int8 depthwise convolution for any arm64. Its weights must lie in [−127, 127].
var DWConvS8NEON = abi.DWConvS8Class{
	Name: "neon", NR: 8,
	Panel: func(kh, kw int) int { return 16*8 + 8*kh*kw },
	Pack:  packDWConvS8,
	Run:   DWConv8cS8NEON,
}

// DWConvS8DotProd is the int8 depthwise convolution for arm64 with the dot product extension. Its weights must lie in
// [−127, 127]: only 3x3 filters have code of their own.
var DWConvS8DotProd = abi.DWConvS8Class{
	Name: "dotprod", NR: 8,
	Panel: func(kh, kw int) int {
		if kh == 3 && kw == 3 {
			return 16*8 + 4*8*kw
		}
		return DWConvS8NEON.Panel(kh, kw)
	},
	Pack: func(dst []byte, p *abi.DWConvS8Panel) {
		if p.KH != 3 || p.KW != 3 {
			packDWConvS8(dst, p)
			return
		}
		weights := packDWConvS8Head(dst, p)
		for n := range p.Bias {
			for t, w := range p.W[n*9:][:9] {
				weights[4*(8*(t%3)+n)+t/3] = byte(w)
			}
		}
	},
	Run: DWConv8cS8DotProd,
}

// packDWConvS8 writes the panel that DWConv8cS8NEON describes.
func packDWConvS8(dst []byte, p *abi.DWConvS8Panel) {
	weights, taps := packDWConvS8Head(dst, p), p.KH*p.KW
	for n := range p.Bias {
		for t, w := range p.W[n*taps:][:taps] {
			weights[8*t+n] = byte(w)
		}
	}
}

// packDWConvS8Head clears the panel, writes what precedes its weights, and returns the rest.
func packDWConvS8Head(dst []byte, p *abi.DWConvS8Panel) []byte {
	clear(dst)
	for n := range p.Bias {
		head := func(row int, v int32) { binary.LittleEndian.PutUint32(dst[4*(row*8+n):], uint32(v)) }
		head(0, p.Bias[n])
		head(1, p.Mult[n])
		head(2, p.Shift[n])
		if p.Shift[n] == 0 {
			head(3, math.MinInt32)
		}
	}
	return dst[16*8:]
}

// DWConvF32NEON is the float32 depthwise convolution for any arm64.
var DWConvF32NEON = abi.DWConvF32Class{Name: "neon", NR: 8, Run: DWConv8cF32NEON}
