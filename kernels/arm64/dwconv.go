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

// packDWConvS8 writes the panel that DWConv8cS8NEON describes.
func packDWConvS8(dst []byte, p *abi.DWConvS8Panel) {
	clear(dst)
	taps := p.KH * p.KW
	for n := range p.Bias {
		binary.LittleEndian.PutUint32(dst[4*n:], uint32(p.Bias[n]))
		binary.LittleEndian.PutUint32(dst[32+4*n:], uint32(p.Mult[n]))
		binary.LittleEndian.PutUint32(dst[64+4*n:], uint32(p.Shift[n]))
		if p.Shift[n] == 0 {
			threshold := int32(math.MinInt32)
			binary.LittleEndian.PutUint32(dst[96+4*n:], uint32(threshold))
		}
		for t, w := range p.W[n*taps:][:taps] {
			dst[128+8*t+n] = byte(w)
		}
	}
}

// DWConvF32NEON is the float32 depthwise convolution for any arm64.
var DWConvF32NEON = abi.DWConvF32Class{Name: "neon", NR: 8, Run: DWConv8cF32NEON}
