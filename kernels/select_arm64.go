package kernels

import (
	"golang.org/x/sys/cpu"

	"edgerun/kernels/abi"
	"edgerun/kernels/arm64"
	"edgerun/kernels/generic"
)

func machineSets() []*Set {
	neon := Generic()
	shapeNEON(neon)
	neon.LSTMUnitS8, neon.GRUResetS8, neon.GRUUnitS8 = arm64.LSTMUnitS8NEON, arm64.GRUResetS8NEON, arm64.GRUUnitS8NEON
	neon.AddS8, neon.MulS8, neon.LutS8 = arm64.AddS8NEON, arm64.MulS8NEON, arm64.LutS8NEON
	neon.MaxPoolS8, neon.AvgPoolS8 = arm64.MaxPoolS8NEON, arm64.AvgPoolS8NEON
	neon.SoftmaxS8 = arm64.SoftmaxS8NEON
	neon.QuantizeS8, neon.DequantizeS8 = arm64.QuantizeS8NEON, arm64.DequantizeS8NEON
	neon.AddF32, neon.MulF32, neon.ClampF32 = arm64.AddF32NEON, arm64.MulF32NEON, arm64.ClampF32NEON
	neon.MaxPoolF32, neon.AvgPoolF32 = arm64.MaxPoolF32NEON, arm64.AvgPoolF32NEON
	neon.SoftmaxF32 = func(a *abi.SoftmaxF32) {
		if a.Log != 0 { // outputs of a classifier: a row
			generic.SoftmaxF32(a)
			return
		}
		arm64.SoftmaxF32NEON(a)
	}
	neon.Transpose8 = transposes([5]func(*abi.Transpose){3: arm64.Transpose8x3NEON}, generic.Transpose8)
	neon.Transpose32 = transposes([5]func(*abi.Transpose){3: arm64.Transpose32x3NEON}, generic.Transpose32)
	neon.SubS8, neon.PReluS8 = arm64.SubS8NEON, arm64.PReluS8NEON
	neon.SubF32, neon.DivF32, neon.PReluF32 = arm64.SubF32NEON, arm64.DivF32NEON, arm64.PReluF32NEON
	neon.LogisticF32, neon.TanhF32, neon.GeluF32 = arm64.LogisticF32NEON, arm64.TanhF32NEON, arm64.GeluF32NEON
	neon.HardSigmoidF32, neon.HardSwishF32, neon.LeakyReluF32 = arm64.HardSigmoidF32NEON, arm64.HardSwishF32NEON, arm64.LeakyReluF32NEON
	neon.NormF32, neon.SumsS8, neon.NormS8 = arm64.NormF32NEON, arm64.SumsS8NEON, arm64.NormS8NEON
	neon.AttentionS8, neon.DotF32, neon.MixF32, neon.DotS8, neon.MixS8 = arm64.AttentionS8NEON, arm64.DotF32NEON, arm64.MixF32NEON, arm64.DotS8NEON, arm64.MixS8NEON
	neon.SGDF32, neon.AdamF32, neon.SumSquaresF32 = arm64.SGDF32NEON, arm64.AdamF32NEON, arm64.SumSquaresF32NEON
	neon.MatMulF32, neon.MulAddF32 = arm64.MatMulF32NEON, arm64.MulAddF32NEON
	neon.ClampMaskF32, neon.MaskF32 = arm64.ClampMaskF32NEON, arm64.MaskF32NEON
	if !cpu.ARM64.HasASIMDDP {
		return []*Set{neon}
	}
	dotprod := *neon
	shapeDotProd(&dotprod)
	return []*Set{neon, &dotprod}
}
