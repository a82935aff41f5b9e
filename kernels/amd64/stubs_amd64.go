package amd64

import "edgerun/kernels/abi"

// The names by which go_asm.h gives the assembly the offsets of the fields.
type (
	gemmS8       = abi.GemmS8
	gemmF32      = abi.GemmF32
	dwConvS8     = abi.DWConvS8
	dwConvF32    = abi.DWConvF32
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
	transpose    = abi.Transpose

	unaryF32 = abi.UnaryF32
	pReluS8  = abi.PReluS8
	normF32  = abi.NormF32
	sumsS8   = abi.SumsS8
	normS8   = abi.NormS8

	attentionS8 = abi.AttentionS8
	rowF32      = abi.RowF32
	dotS8       = abi.DotS8
	mixS8       = abi.MixS8
)

//go:noescape
func Gemm8x32C4S8VNNI(a *abi.GemmS8)

//go:noescape
func Gemm8x32F32AVX512(a *abi.GemmF32)

//go:noescape
func DWConv64C4S8VNNI(a *abi.DWConvS8)

//go:noescape
func DWConv32F32AVX512(a *abi.DWConvF32)

//go:noescape
func AddS8AVX512(a *abi.AddS8)

//go:noescape
func MulS8AVX512(a *abi.MulS8)

//go:noescape
func LutS8VBMI(a *abi.LutS8)

//go:noescape
func QuantizeS8AVX512(a *abi.QuantizeS8)

//go:noescape
func DequantizeS8AVX512(a *abi.DequantizeS8)

//go:noescape
func MaxPoolS8AVX512(a *abi.PoolS8)

//go:noescape
func AvgPoolS8AVX512(a *abi.PoolS8)

//go:noescape
func AddF32AVX512(a *abi.BinaryF32)

//go:noescape
func MulF32AVX512(a *abi.BinaryF32)

//go:noescape
func ClampF32AVX512(a *abi.ClampF32)

//go:noescape
func MaxPoolF32AVX512(a *abi.PoolF32)

//go:noescape
func AvgPoolF32AVX512(a *abi.PoolF32)

//go:noescape
func SoftmaxF32AVX512(a *abi.SoftmaxF32)

// Transpose8x3VBMI and Transpose32x3AVX512 take three columns only.
//
//go:noescape
func Transpose8x3VBMI(a *abi.Transpose)

//go:noescape
func Transpose32x3AVX512(a *abi.Transpose)

//go:noescape
func SubS8AVX512(a *abi.AddS8)

//go:noescape
func PReluS8AVX512(a *abi.PReluS8)

//go:noescape
func SubF32AVX512(a *abi.BinaryF32)

//go:noescape
func DivF32AVX512(a *abi.BinaryF32)

//go:noescape
func PReluF32AVX512(a *abi.BinaryF32)

//go:noescape
func LogisticF32AVX512(a *abi.UnaryF32)

//go:noescape
func TanhF32AVX512(a *abi.UnaryF32)

//go:noescape
func HardSigmoidF32AVX512(a *abi.UnaryF32)

//go:noescape
func HardSwishF32AVX512(a *abi.UnaryF32)

//go:noescape
func LeakyReluF32AVX512(a *abi.UnaryF32)

//go:noescape
func NormF32AVX512(a *abi.NormF32)

//go:noescape
func SumsS8VNNI(a *abi.SumsS8)

//go:noescape
func NormS8AVX512(a *abi.NormS8)

//go:noescape
func GeluF32AVX512(a *abi.UnaryF32)

//go:noescape
func AttentionS8AVX512(a *abi.AttentionS8)
