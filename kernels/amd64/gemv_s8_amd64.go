package amd64

import "edgerun/kernels/abi"

type gemvS8 = abi.GemvS8

//go:noescape
func Gemv1x32C4S8VNNI(a *abi.GemvS8)

//go:noescape
func Gemv1x32C2S8AVX2(a *abi.GemvS8)

// GemvS8VNNI flips the top bits of x, which makes it unsigned and 128 larger.
var GemvS8VNNI = abi.GemvS8Class{Name: "vnni", KR: 4, Offset: 128, Run: Gemv1x32C4S8VNNI}

var GemvS8AVX2 = abi.GemvS8Class{Name: "avx2", KR: 2, Run: Gemv1x32C2S8AVX2}
