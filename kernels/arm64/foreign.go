//go:build !arm64

package arm64

import "edgerun/kernels/abi"

// The code of the classes, which other machines lack: there a class says how weights are packed and what they take, so
// that memory can be told beforehand.
var (
	Gemm4x4c8S8NEON     func(*abi.GemmS8)
	Gemm4x16c4S8DotProd func(*abi.GemmS8)
	Gemm8x8F32NEON      func(*abi.GemmF32)
	Gemv1x32c2S8NEON    func(*abi.GemvS8)
	Gemv1x32c4S8DotProd func(*abi.GemvS8)
	DWConv8cS8NEON      func(*abi.DWConvS8)
	DWConv8cS8DotProd   func(*abi.DWConvS8)
	DWConv8cF32NEON     func(*abi.DWConvF32)
)
