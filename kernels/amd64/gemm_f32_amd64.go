package amd64

import "edgerun/kernels/abi"

// GemmF32AVX512 is the float32 matrix product for AVX-512.
var GemmF32AVX512 = abi.GemmF32Class{Name: "avx512", MR: 8, NR: 32, Run: Gemm8x32F32AVX512}
