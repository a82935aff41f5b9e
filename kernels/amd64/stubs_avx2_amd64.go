package amd64

import "edgerun/kernels/abi"

//go:noescape
func Gemm4x16C2S8AVX2(a *abi.GemmS8)

//go:noescape
func Gemm6x16F32AVX2(a *abi.GemmF32)

//go:noescape
func AddS8AVX2(a *abi.AddS8)

//go:noescape
func MulS8AVX2(a *abi.MulS8)

//go:noescape
func LutS8AVX2(a *abi.LutS8)

//go:noescape
func QuantizeS8AVX2(a *abi.QuantizeS8)

//go:noescape
func DequantizeS8AVX2(a *abi.DequantizeS8)

//go:noescape
func MaxPoolS8AVX2(a *abi.PoolS8)

//go:noescape
func AvgPoolS8AVX2(a *abi.PoolS8)

//go:noescape
func AddF32AVX2(a *abi.BinaryF32)

//go:noescape
func MulF32AVX2(a *abi.BinaryF32)

//go:noescape
func ClampF32AVX2(a *abi.ClampF32)

//go:noescape
func MaxPoolF32AVX2(a *abi.PoolF32)

//go:noescape
func AvgPoolF32AVX2(a *abi.PoolF32)

//go:noescape
func SoftmaxF32AVX2(a *abi.SoftmaxF32)

//go:noescape
func DWConv16CS8AVX2(a *abi.DWConvS8)

//go:noescape
func DWConv16CF32AVX2(a *abi.DWConvF32)

//go:noescape
func SubS8AVX2(a *abi.AddS8)

//go:noescape
func PReluS8AVX2(a *abi.PReluS8)

//go:noescape
func SubF32AVX2(a *abi.BinaryF32)

//go:noescape
func DivF32AVX2(a *abi.BinaryF32)

//go:noescape
func PReluF32AVX2(a *abi.BinaryF32)

//go:noescape
func LogisticF32AVX2(a *abi.UnaryF32)

//go:noescape
func TanhF32AVX2(a *abi.UnaryF32)

//go:noescape
func HardSigmoidF32AVX2(a *abi.UnaryF32)

//go:noescape
func HardSwishF32AVX2(a *abi.UnaryF32)

//go:noescape
func LeakyReluF32AVX2(a *abi.UnaryF32)

//go:noescape
func NormF32AVX2(a *abi.NormF32)

//go:noescape
func SumsS8AVX2(a *abi.SumsS8)

//go:noescape
func NormS8AVX2(a *abi.NormS8)

//go:noescape
func GeluF32AVX2(a *abi.UnaryF32)

//go:noescape
func AttentionS8AVX2(a *abi.AttentionS8)

//go:noescape
func DotF32FMA(a *abi.RowF32)

//go:noescape
func MixF32AVX2(a *abi.RowF32)

//go:noescape
func DotS8AVX2(a *abi.DotS8)

//go:noescape
func MixS8AVX2(a *abi.MixS8)
