package arm64

import (
	"unsafe"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// SoftmaxS8NEON looks codes up: a row's result is a function of one int8, so its arithmetic is done for the 256
// differences to the row's greatest element, whatever the row's length.
func SoftmaxS8NEON(a *abi.SoftmaxS8) {
	var codes [512]int8 // the code of the difference d is at 255+d; LutS8 reads it as that of x = d+top at x+128
	lut := abi.LutS8{N: a.N}
	for row := range a.Rows {
		lut.X, lut.Y = (*int8)(unsafe.Add(unsafe.Pointer(a.X), row*a.N)), (*int8)(unsafe.Add(unsafe.Pointer(a.Y), row*a.N))
		top, sum := softmaxSumNEON(lut.X, a.N, a.Exp)
		r, n := fixed.Reciprocal(sum, 12)
		shift := n + 31 - 8
		if shift > 31 {
			r, shift = 0, 31 // every code is −128
		}
		softmaxCodesNEON(a.Exp, r, int32(-shift), &codes)
		lut.Table = (*[256]int8)(codes[127-int(top):])
		LutS8NEON(&lut)
	}
}

// softmaxSumNEON is a row's greatest element and the sum, modulo 2^32, of RDPOT(exp, 12) of the differences to it.
//
//go:noescape
func softmaxSumNEON(x *int8, n int, exp *[256]int32) (top, sum int32)

// softmaxCodesNEON stores RDPOT(SRDHM(r, exp), −nshift) − 128, saturating; r is not negative, nshift is in [−31, 0].
//
//go:noescape
func softmaxCodesNEON(exp *[256]int32, r, nshift int32, codes *[512]int8)
