package amd64

import (
	"encoding/binary"

	"edgerun/kernels/abi"
)

// DWConvS8AVX2 is the int8 depthwise convolution for AVX2. It sums products of int16 in int32, so that weights may be −128.
var DWConvS8AVX2 = abi.DWConvS8Class{
	Name: "avx2", NR: nrAVX2, Weight128: true,
	Panel: func(kh, kw int) int { return headAVX2 + (kh+1)/2*kw*64 },
	Pack:  packDWConvAVX2,
	Run:   DWConv16CS8AVX2,
}

// DWConvF32AVX2 is the float32 depthwise convolution for AVX2 with FMA.
var DWConvF32AVX2 = abi.DWConvF32Class{Name: "avx2", NR: 16, Run: DWConv16CF32AVX2}

// packDWConvAVX2 writes the head of GemmS8's panel and int16 weights [⌈kh/2⌉][kw][16][2], the last two of them those of
// rows 2i and 2i+1 of the filter, or 0 where there is no such row.
func packDWConvAVX2(dst []byte, p *abi.DWConvS8Panel) {
	clear(dst)
	for n, bias := range p.Bias {
		headOfAVX2(dst, n, bias, p.Mult[n], p.Shift[n])
		for i, w := range p.W[n*p.KH*p.KW:][:p.KH*p.KW] {
			kh, kw := i/p.KW, i%p.KW
			at := headAVX2 + 2*(((kh/2*p.KW+kw)*nrAVX2+n)*2+kh%2)
			binary.LittleEndian.PutUint16(dst[at:], uint16(int16(w)))
		}
	}
}
