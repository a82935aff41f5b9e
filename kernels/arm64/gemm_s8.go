package arm64

import (
	"encoding/binary"
	"math"

	"edgerun/kernels/abi"
)

// GemmS8NEON is the int8 matrix product for any arm64. Its weights must lie in [−127, 127], for it adds two
// products in int16.
var GemmS8NEON = abi.GemmS8Class{
	Name: "neon", MR: 4, NR: 4, KR: 16,
	Panel: func(taps, k int) int { return panelS8(4, taps, k) },
	Pack:  func(dst []byte, p *abi.GemmS8Panel) { packS8(dst, p, 4, 16) },
	Run:   Gemm4x4c16S8NEON,
}

// GemmS8DotProd is the int8 matrix product for arm64 with the dot product extension, which adds four products in int32:
// weights may be −128.
var GemmS8DotProd = abi.GemmS8Class{
	Name: "dotprod", MR: 4, NR: 16, KR: 4, Weight128: true,
	Panel: func(taps, k int) int { return panelS8(16, taps, k) },
	Pack:  func(dst []byte, p *abi.GemmS8Panel) { packS8(dst, p, 16, 4) },
	Run:   Gemm4x16c4S8DotProd,
}

// panelS8 is the size of a panel: bias, mult, −exponent and threshold (see RESCALE4 in neon_arm64.h), nr
// int32 each, then [taps][k/kr][nr][kr] weights.
func panelS8(nr, taps, k int) int { return 16*nr + nr*taps*k }

func packS8(dst []byte, p *abi.GemmS8Panel, nr, kr int) {
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
	groups := (p.K + kr - 1) / kr
	weights := dst[16*nr:]
	for n := range p.Bias {
		for t := range p.Taps {
			for k, w := range p.W[(n*p.Taps+t)*p.K:][:p.K] {
				weights[((t*groups+k/kr)*nr+n)*kr+k%kr] = byte(w)
			}
		}
	}
}
