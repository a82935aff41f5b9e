package kernels

import (
	"golang.org/x/sys/cpu"

	"edgerun/kernels/abi"
	"edgerun/kernels/amd64"
	"edgerun/kernels/generic"
)

func machineSets() []*Set {
	c := &cpu.X86
	if !(c.HasAVX2 && c.HasFMA && c.HasBMI2) {
		return nil
	}
	avx2 := Generic()
	avx2.Name, avx2.Feature = "avx2", "AVX2, FMA, BMI2: Haswell, Zen 1 and later"
	avx2.GemmS8, avx2.GemmF32 = amd64.GemmS8AVX2, amd64.GemmF32AVX2
	avx2.GemvS8 = amd64.GemvS8AVX2
	avx2.LSTMUnitS8, avx2.GRUResetS8, avx2.GRUUnitS8 = amd64.LSTMUnitS8AVX2, amd64.GRUResetS8AVX2, amd64.GRUUnitS8AVX2
	avx2.DWConvS8, avx2.DWConvF32 = amd64.DWConvS8AVX2, amd64.DWConvF32AVX2
	avx2.AddS8, avx2.MulS8, avx2.LutS8 = amd64.AddS8AVX2, amd64.MulS8AVX2, amd64.LutS8AVX2
	avx2.MaxPoolS8, avx2.AvgPoolS8 = amd64.MaxPoolS8AVX2, amd64.AvgPoolS8AVX2
	avx2.QuantizeS8, avx2.DequantizeS8 = amd64.QuantizeS8AVX2, amd64.DequantizeS8AVX2
	avx2.AddF32, avx2.MulF32, avx2.ClampF32 = amd64.AddF32AVX2, amd64.MulF32AVX2, amd64.ClampF32AVX2
	avx2.MaxPoolF32, avx2.AvgPoolF32, avx2.SoftmaxF32 = amd64.MaxPoolF32AVX2, amd64.AvgPoolF32AVX2, amd64.SoftmaxF32AVX2
	avx2.SubS8, avx2.PReluS8 = amd64.SubS8AVX2, amd64.PReluS8AVX2
	avx2.SubF32, avx2.DivF32, avx2.PReluF32 = amd64.SubF32AVX2, amd64.DivF32AVX2, amd64.PReluF32AVX2
	avx2.LogisticF32, avx2.TanhF32, avx2.GeluF32 = amd64.LogisticF32AVX2, amd64.TanhF32AVX2, amd64.GeluF32AVX2
	avx2.HardSigmoidF32, avx2.HardSwishF32, avx2.LeakyReluF32 = amd64.HardSigmoidF32AVX2, amd64.HardSwishF32AVX2, amd64.LeakyReluF32AVX2
	avx2.NormF32, avx2.SumsS8, avx2.NormS8 = amd64.NormF32AVX2, amd64.SumsS8AVX2, amd64.NormS8AVX2
	avx2.AttentionS8, avx2.DotF32, avx2.MixF32, avx2.DotS8, avx2.MixS8 = amd64.AttentionS8AVX2, amd64.DotF32FMA, amd64.MixF32AVX2, amd64.DotS8AVX2, amd64.MixS8AVX2
	avx2.SGDF32, avx2.AdamF32, avx2.SumSquaresF32 = amd64.SGDF32AVX2, amd64.AdamF32AVX2, amd64.SumSquaresF32AVX2
	avx2.MatMulF32, avx2.MulAddF32 = amd64.MatMulF32AVX2, amd64.MulAddF32AVX2
	avx2.ClampMaskF32, avx2.MaskF32 = amd64.ClampMaskF32AVX2, amd64.MaskF32AVX2
	if !(c.HasAVX512F && c.HasAVX512BW && c.HasAVX512VL && c.HasAVX512DQ && c.HasAVX512VNNI && c.HasAVX512VBMI) {
		return []*Set{avx2}
	}
	vnni := Generic()
	vnni.Name, vnni.Feature = "vnni", "AVX512F, BW, VL, DQ, VNNI, VBMI: Ice Lake, Zen 4 and later"
	vnni.GemmS8, vnni.GemmF32 = amd64.GemmS8VNNI, amd64.GemmF32AVX512
	vnni.GemvS8 = amd64.GemvS8VNNI
	vnni.LSTMUnitS8, vnni.GRUResetS8, vnni.GRUUnitS8 = amd64.LSTMUnitS8AVX512, amd64.GRUResetS8AVX512, amd64.GRUUnitS8AVX512
	vnni.DWConvS8, vnni.DWConvF32 = amd64.DWConvS8VNNI, amd64.DWConvF32AVX512
	vnni.SoftmaxS8 = amd64.SoftmaxS8VBMI
	vnni.AddS8, vnni.MulS8, vnni.LutS8 = amd64.AddS8AVX512, amd64.MulS8AVX512, amd64.LutS8VBMI
	vnni.MaxPoolS8, vnni.AvgPoolS8 = amd64.MaxPoolS8AVX512, amd64.AvgPoolS8AVX512
	vnni.QuantizeS8, vnni.DequantizeS8 = amd64.QuantizeS8AVX512, amd64.DequantizeS8AVX512
	vnni.AddF32, vnni.MulF32, vnni.ClampF32 = amd64.AddF32AVX512, amd64.MulF32AVX512, amd64.ClampF32AVX512
	vnni.MaxPoolF32, vnni.AvgPoolF32, vnni.SoftmaxF32 = amd64.MaxPoolF32AVX512, amd64.AvgPoolF32AVX512, amd64.SoftmaxF32AVX512
	vnni.Transpose8 = transposes([5]func(*abi.Transpose){3: amd64.Transpose8x3VBMI}, generic.Transpose8)
	vnni.Transpose32 = transposes([5]func(*abi.Transpose){3: amd64.Transpose32x3AVX512}, generic.Transpose32)
	vnni.SubS8, vnni.PReluS8 = amd64.SubS8AVX512, amd64.PReluS8AVX512
	vnni.SubF32, vnni.DivF32, vnni.PReluF32 = amd64.SubF32AVX512, amd64.DivF32AVX512, amd64.PReluF32AVX512
	vnni.LogisticF32, vnni.TanhF32, vnni.GeluF32 = amd64.LogisticF32AVX512, amd64.TanhF32AVX512, amd64.GeluF32AVX512
	vnni.HardSigmoidF32, vnni.HardSwishF32, vnni.LeakyReluF32 = amd64.HardSigmoidF32AVX512, amd64.HardSwishF32AVX512, amd64.LeakyReluF32AVX512
	vnni.NormF32, vnni.SumsS8, vnni.NormS8 = amd64.NormF32AVX512, amd64.SumsS8VNNI, amd64.NormS8AVX512
	vnni.AttentionS8, vnni.DotF32, vnni.MixF32, vnni.DotS8, vnni.MixS8 = amd64.AttentionS8AVX512, amd64.DotF32FMA, amd64.MixF32AVX2, amd64.DotS8AVX2, amd64.MixS8AVX2
	vnni.SGDF32, vnni.AdamF32, vnni.SumSquaresF32 = amd64.SGDF32AVX512, amd64.AdamF32AVX512, amd64.SumSquaresF32AVX512
	vnni.MatMulF32, vnni.MulAddF32 = amd64.MatMulF32AVX512, amd64.MulAddF32AVX512
	vnni.ClampMaskF32, vnni.MaskF32 = amd64.ClampMaskF32AVX512, amd64.MaskF32AVX512
	return []*Set{avx2, vnni}
}
