package arm64

import (
	"encoding/binary"
	"math"

	"edgerun/kernels/abi"
)

// GemmS8NEON is the int8 matrix product for any arm64. Its weights must lie in [−127, 127], for it adds two
// products in int16.
var GemmS8NEON = abi.GemmS8Class{
	Name: "neon", MR: 4, NR: 4, KR: 8,
	Panel: func(taps, k int) int { return panelS8(4, taps, k) },
	Pack:  func(dst []byte, p *abi.GemmS8Panel) { packS8(dst, p, 4, 16, 8) },
	Run:   Gemm4x4c8S8NEON,
}

// GemmS8DotProd is the int8 matrix product for arm64 with the dot product extension, which adds four products in int32:
// weights may be −128.
var GemmS8DotProd = abi.GemmS8Class{
	Name: "dotprod", MR: 4, NR: 16, KR: 4, Weight128: true,
	Panel: func(taps, k int) int { return panelS8(16, taps, k) },
	Pack:  func(dst []byte, p *abi.GemmS8Panel) { packS8(dst, p, 16, 4, 4) },
	Run:   Gemm4x16c4S8DotProd,
}

// panelS8 is the size of a panel: bias, mult, −exponent and threshold (see RESCALE4 in neon_arm64.h), nr
// int32 each, then the weights of each tap: [k/block][nr][block], and what is left of k as [nr][k%block].
func panelS8(nr, taps, k int) int { return 16*nr + nr*taps*k }

// packS8 rounds k up to kr, which divides block.
func packS8(dst []byte, p *abi.GemmS8Panel, nr, block, kr int) {
	clear(dst)
	for n := range p.Bias {
		head := func(row int, v int32) { binary.LittleEndian.PutUint32(dst[4*(row*nr+n):], uint32(v)) }
		head(0, p.Bias[n])
		head(1, p.Mult[n])
		head(2, p.Shift[n])
		if p.Shift[n] == 0 {
			head(3, math.MinInt32)
		}
	}
	rounded := (p.K + kr - 1) / kr * kr
	weights := dst[16*nr:]
	for n := range p.Bias {
		for t := range p.Taps {
			for k, w := range p.W[(n*p.Taps+t)*p.K:][:p.K] {
				first := k / block * block
				size := min(block, rounded-first)
				weights[(t*rounded+first)*nr+n*size+k-first] = byte(w)
			}
		}
	}
}
