package amd64

import (
	"encoding/binary"

	"edgerun/kernels/abi"
)

// GemmS8VNNI is the int8 matrix product for AVX-512 VNNI. Weights may be −128: the instruction adds four products of
// at most 255·128 in int32, and what the flipped top bits of x add is taken out of the bias modulo 2^32.
var GemmS8VNNI = abi.GemmS8Class{
	Name: "vnni", MR: 8, NR: nrS8, KR: krS8, Weight128: true,
	Panel: func(taps, k int) int { return headS8 + nrS8*taps*k },
	Pack:  packS8,
	Run:   Gemm8x32C4S8VNNI,
}

// A panel is a head and [taps][k/4][32][4] weights. The head has 32 biases and then, for each half of 16 outputs, six
// vectors of 64 bytes: see halfS8's constants.
//
// They are what RESCALE of rescale_amd64.h, where the method is proved, takes.
const (
	nrS8   = 32
	krS8   = 4
	halfS8 = 6 * 64
	headS8 = 4*nrS8 + 2*halfS8

	// Within a half: 2m of the even outputs as uint64, of the odd ones, c of the even ones, of the odd ones; sign and e as int32.
	mulEven, mulOdd, addEven, addOdd, signS8, expS8 = 0, 64, 128, 192, 256, 320
)

func packS8(dst []byte, p *abi.GemmS8Panel) {
	clear(dst)
	for n := range nrS8 { // outputs past the last one do not keep the panel from the form for ReLU
		binary.LittleEndian.PutUint32(dst[4*nrS8+n/16*halfS8+signS8+n%16*4:], 31)
	}
	groups := (p.K + krS8 - 1) / krS8
	for n, bias := range p.Bias {
		sum := int32(0)
		for t := range p.Taps {
			for k, w := range p.W[(n*p.Taps+t)*p.K:][:p.K] {
				sum += int32(w)
				dst[headS8+((t*groups+k/krS8)*nrS8+n)*krS8+k%krS8] = byte(w)
			}
		}
		// The instruction multiplies unsigned by signed: the kernel flips the top bit of x, which adds 128 to it.
		binary.LittleEndian.PutUint32(dst[4*n:], uint32(bias-128*sum)+1<<31)

		rescaleS8(dst[4*nrS8+n/16*halfS8:], n%16, p.Mult[n], p.Shift[n])
	}
}

// rescaleS8 writes the constants of one of the 16 lanes that share six vectors.
func rescaleS8(half []byte, lane int, mult, shift int32) {
	m, e := uint64(uint32(mult)), uint(-shift)
	c, sign := uint64(1<<31)-m<<32, uint32(32)
	if e > 0 {
		c, sign = c+1<<(e+31)-1<<32, 31
	}
	pair, odd := lane/2*8, lane%2*(mulOdd-mulEven)
	binary.LittleEndian.PutUint64(half[mulEven+odd+pair:], 2*m)
	binary.LittleEndian.PutUint64(half[addEven+odd+pair:], c)
	binary.LittleEndian.PutUint32(half[signS8+lane*4:], sign)
	binary.LittleEndian.PutUint32(half[expS8+lane*4:], uint32(e))
}
