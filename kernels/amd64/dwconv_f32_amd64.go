package amd64

import "edgerun/kernels/abi"

// DWConvF32AVX512 is the float32 depthwise convolution for AVX-512.
var DWConvF32AVX512 = abi.DWConvF32Class{Name: "avx512", NR: 32, Run: DWConv32F32AVX512}
