package amd64

import (
	"unsafe"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// SoftmaxS8VBMI looks codes up: a row's result is a function of one int8, so its arithmetic is done for the 256
// differences to the row's greatest element, whatever the row's length. So is that of the terms of the sum, once a call.
func SoftmaxS8VBMI(a *abi.SoftmaxS8) {
	var (
		terms [768]byte
		// The code of the difference d is at 255+d; LutS8 reads it as that of x = d+top at x+128.
		codes [512]int8
	)
	softmaxTermsAVX512(a.Exp, &terms)
	lut := abi.LutS8{N: a.N}
	for row := range a.Rows {
		lut.X, lut.Y = (*int8)(unsafe.Add(unsafe.Pointer(a.X), row*a.N)), (*int8)(unsafe.Add(unsafe.Pointer(a.Y), row*a.N))
		top, sum := softmaxSumVBMI(lut.X, a.N, &terms)
		r, n := fixed.Reciprocal(sum, 12)
		shift := n + 31 - 8
		if shift > 31 {
			r, shift = 0, 31 // every code is −128
		}
		softmaxCodesAVX512(a.Exp, r, uint32(shift), &codes)
		lut.Table = (*[256]int8)(codes[127-int(top):])
		LutS8VBMI(&lut)
	}
}

// softmaxTermsAVX512 stores the first three bytes of RDPOT(exp, 12), which has 20 bits, in a table of its own each.
//
//go:noescape
func softmaxTermsAVX512(exp *[256]int32, terms *[768]byte)

// softmaxSumVBMI is a row's greatest element and the sum, modulo 2^32, of the terms of the differences to it.
//
//go:noescape
func softmaxSumVBMI(x *int8, n int, terms *[768]byte) (top, sum int32)

// softmaxCodesAVX512 stores RDPOT(SRDHM(r, exp), shift) − 128, saturating; shift is in [0, 31].
//
//go:noescape
func softmaxCodesAVX512(exp *[256]int32, r int32, shift uint32, codes *[512]int8)
