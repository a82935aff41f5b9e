package amd64

import "edgerun/kernels/abi"

// The names by which go_asm.h gives the assembly the offsets of the fields.
type (
	gemmS8       = abi.GemmS8
	gemmF32      = abi.GemmF32
	addS8        = abi.AddS8
	mulS8        = abi.MulS8
	binaryF32    = abi.BinaryF32
	clampF32     = abi.ClampF32
	lutS8        = abi.LutS8
	poolS8       = abi.PoolS8
	poolF32      = abi.PoolF32
	softmaxF32   = abi.SoftmaxF32
	quantizeS8   = abi.QuantizeS8
	dequantizeS8 = abi.DequantizeS8
)

//go:noescape
func Gemm8x32C4S8VNNI(a *abi.GemmS8)

//go:noescape
func Gemm8x32F32AVX512(a *abi.GemmF32)
