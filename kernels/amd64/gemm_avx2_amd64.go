package amd64

import (
	"encoding/binary"

	"edgerun/kernels/abi"
)

// GemmS8AVX2 is the int8 matrix product for AVX2. It sums products of int16 in int32, so that weights may be −128.
var GemmS8AVX2 = abi.GemmS8Class{
	Name: "avx2", MR: 4, NR: nrAVX2, KR: krAVX2, Weight128: true,
	Panel: func(taps, k int) int { return headAVX2 + nrAVX2*taps*k },
	Pack:  packAVX2,
	Run:   Gemm4x16C2S8AVX2,
}

// GemmF32AVX2 is the float32 matrix product for AVX2 with FMA.
var GemmF32AVX2 = abi.GemmF32Class{Name: "avx2", MR: 6, NR: 16, Run: Gemm6x16F32AVX2}

// An AVX2 panel is a head and [taps][k/2][16][2] weights. The head has 16 biases and the six vectors of one of the VNNI
// panel's halves, of which each register takes 32 bytes.
const (
	nrAVX2   = 16
	krAVX2   = 2
	headAVX2 = 4*nrAVX2 + halfS8
)

func packAVX2(dst []byte, p *abi.GemmS8Panel) {
	clear(dst)
	weights := dst[headAVX2:]
	groups := (p.K + krAVX2 - 1) / krAVX2
	for n, bias := range p.Bias {
		headOfAVX2(dst, n, bias, p.Mult[n], p.Shift[n])
		for t := range p.Taps {
			for k, w := range p.W[(n*p.Taps+t)*p.K:][:p.K] {
				weights[((t*groups+k/krAVX2)*nrAVX2+n)*krAVX2+k%krAVX2] = byte(w)
			}
		}
	}
}

// headOfAVX2 writes what a head holds of output n.
func headOfAVX2(dst []byte, n int, bias, mult, shift int32) {
	binary.LittleEndian.PutUint32(dst[4*n:], uint32(bias)+1<<31)
	rescaleS8(dst[4*nrAVX2:], n, mult, shift)
}
