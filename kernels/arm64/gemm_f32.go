package arm64

import "edgerun/kernels/abi"

// GemmF32NEON is the float32 matrix product for any arm64.
var GemmF32NEON = abi.GemmF32Class{Name: "neon", MR: 8, NR: 8, Run: Gemm8x8F32NEON}
