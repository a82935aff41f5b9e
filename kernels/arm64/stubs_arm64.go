package arm64

import "edgerun/kernels/abi"

// The names by which go_asm.h gives the assembly the offsets of the fields.
type (
	gemmS8       = abi.GemmS8
	gemmF32      = abi.GemmF32
	gemvS8       = abi.GemvS8
	lstmUnitS8   = abi.LSTMUnitS8
	gruUnitS8    = abi.GRUUnitS8
	dwConvS8     = abi.DWConvS8
	dwConvF32    = abi.DWConvF32
	addS8        = abi.AddS8
	mulS8        = abi.MulS8
	binaryF32    = abi.BinaryF32
	clampF32     = abi.ClampF32
	lutS8        = abi.LutS8
	poolS8       = abi.PoolS8
	poolF32      = abi.PoolF32
	quantizeS8   = abi.QuantizeS8
	dequantizeS8 = abi.DequantizeS8
	transpose    = abi.Transpose
	unaryF32     = abi.UnaryF32
	pReluS8      = abi.PReluS8
	normF32      = abi.NormF32
	sumsS8       = abi.SumsS8
	normS8       = abi.NormS8
	attentionS8  = abi.AttentionS8
	softmaxF32   = abi.SoftmaxF32
	rowF32       = abi.RowF32
	dotS8        = abi.DotS8
	mixS8        = abi.MixS8
)

//go:noescape
func Gemm4x4c8S8NEON(a *abi.GemmS8)

//go:noescape
func Gemm4x16c4S8DotProd(a *abi.GemmS8)

//go:noescape
func Gemm8x8F32NEON(a *abi.GemmF32)

//go:noescape
func DWConv8cS8NEON(a *abi.DWConvS8)

//go:noescape
func DWConv8cS8DotProd(a *abi.DWConvS8)

//go:noescape
func DWConv8cF32NEON(a *abi.DWConvF32)

//go:noescape
func AddS8NEON(a *abi.AddS8)

//go:noescape
func MulS8NEON(a *abi.MulS8)

//go:noescape
func LutS8NEON(a *abi.LutS8)

//go:noescape
func MaxPoolS8NEON(a *abi.PoolS8)

//go:noescape
func AvgPoolS8NEON(a *abi.PoolS8)

//go:noescape
func QuantizeS8NEON(a *abi.QuantizeS8)

//go:noescape
func DequantizeS8NEON(a *abi.DequantizeS8)

//go:noescape
func AddF32NEON(a *abi.BinaryF32)

//go:noescape
func MulF32NEON(a *abi.BinaryF32)

//go:noescape
func ClampF32NEON(a *abi.ClampF32)

//go:noescape
func MaxPoolF32NEON(a *abi.PoolF32)

//go:noescape
func AvgPoolF32NEON(a *abi.PoolF32)

// Transpose8x3NEON and Transpose32x3NEON take three columns only.
//
//go:noescape
func Transpose8x3NEON(a *abi.Transpose)

//go:noescape
func Transpose32x3NEON(a *abi.Transpose)

//go:noescape
func SubS8NEON(a *abi.AddS8)

//go:noescape
func PReluS8NEON(a *abi.PReluS8)

//go:noescape
func SubF32NEON(a *abi.BinaryF32)

//go:noescape
func DivF32NEON(a *abi.BinaryF32)

//go:noescape
func PReluF32NEON(a *abi.BinaryF32)

//go:noescape
func LogisticF32NEON(a *abi.UnaryF32)

//go:noescape
func TanhF32NEON(a *abi.UnaryF32)

//go:noescape
func HardSigmoidF32NEON(a *abi.UnaryF32)

//go:noescape
func HardSwishF32NEON(a *abi.UnaryF32)

//go:noescape
func LeakyReluF32NEON(a *abi.UnaryF32)

//go:noescape
func Gemv1x32c2S8NEON(a *abi.GemvS8)

//go:noescape
func Gemv1x32c4S8DotProd(a *abi.GemvS8)

//go:noescape
func NormF32NEON(a *abi.NormF32)

//go:noescape
func SumsS8NEON(a *abi.SumsS8)

//go:noescape
func NormS8NEON(a *abi.NormS8)

//go:noescape
func GeluF32NEON(a *abi.UnaryF32)

//go:noescape
func AttentionS8NEON(a *abi.AttentionS8)

//go:noescape
func DotF32NEON(a *abi.RowF32)

//go:noescape
func MixF32NEON(a *abi.RowF32)

//go:noescape
func DotS8NEON(a *abi.DotS8)

//go:noescape
func MixS8NEON(a *abi.MixS8)

//go:noescape
func SoftmaxF32NEON(a *abi.SoftmaxF32)
