package op

import (
	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// Worker is what one goroutine of a session's pool owns: the argument structs of the kernels, so that no call
// allocates, and scratch memory.
type Worker struct {
	Scratch tensor.Buffer

	GemmS8       abi.GemmS8
	GemmF32      abi.GemmF32
	GemvS8       abi.GemvS8
	LSTMUnitS8   abi.LSTMUnitS8
	GRUUnitS8    abi.GRUUnitS8
	GemmS16      abi.GemmS16
	DWConvS16    abi.DWConvS16
	DWConvS8     abi.DWConvS8
	DWConvF32    abi.DWConvF32
	AddS8        abi.AddS8
	MulS8        abi.MulS8
	LutS8        abi.LutS8
	BinaryF32    abi.BinaryF32
	UnaryF32     abi.UnaryF32
	PReluS8      abi.PReluS8
	ClampF32     abi.ClampF32
	PoolS8       abi.PoolS8
	PoolF32      abi.PoolF32
	SoftmaxS8    abi.SoftmaxS8
	SoftmaxF32   abi.SoftmaxF32
	QuantizeS8   abi.QuantizeS8
	DequantizeS8 abi.DequantizeS8
	Transpose    abi.Transpose
	NormF32      abi.NormF32
	SumsS8       abi.SumsS8
	NormS8       abi.NormS8
	AttentionS8  abi.AttentionS8
	RowF32       abi.RowF32
	DotS8        abi.DotS8
	MixS8        abi.MixS8
}
