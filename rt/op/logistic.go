package op

import (
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

var (
	logisticOutput = Quantization{Kind: FixedOutput, Scale: 1.0 / 256, Zero: -128}
	tanhOutput     = Quantization{Kind: FixedOutput, Scale: 1.0 / 128, Zero: 0}
)

// Logistic is y = 1/(1+e^−x), also called sigmoid.
//
// float32: fixed.LogisticF32. int8: TFLite Micro's LOGISTIC, in fixed point; the output has scale 1/256 and zero
// point −128. int16: TFLite's LOGISTIC, an interpolated table; zero points are 0 and the output's scale is taken as 2^−15.
var Logistic = register(Def{
	Code: 19, Name: "Logistic", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0}, Infer: inferSame,
	Prepare: func(p *Prepare) (Step, error) {
		if p.In[0].DType == tensor.Int16 {
			return prepareSigmoid16(p, 0, fixed.Logistic16)
		}
		return prepareUnary(p, p.Kernels.LogisticF32, 0, 0, func(n *Node) (*[256]int8, error) {
			return sigmoidTable(n, logisticOutput, func(a int32) int32 { return fixed.RDPOT(fixed.LogisticQ(a, 4), 23) - 128 })
		})
	},
	Quant: logisticOutput,
})

// Tanh is y = tanh x.
//
// float32: fixed.TanhF32. int8: TFLite Micro's TANH, in fixed point; the output has scale 1/128 and zero point 0. int16: as
// Logistic.
var Tanh = register(Def{
	Code: 20, Name: "Tanh", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0}, Infer: inferSame,
	Prepare: func(p *Prepare) (Step, error) {
		if p.In[0].DType == tensor.Int16 {
			return prepareSigmoid16(p, 1, fixed.Tanh16)
		}
		return prepareUnary(p, p.Kernels.TanhF32, 0, 0, func(n *Node) (*[256]int8, error) {
			return sigmoidTable(n, tanhOutput, func(a int32) int32 { return fixed.RDPOT(fixed.TanhQ(a, 4), 24) })
		})
	},
	Quant: tanhOutput,
})

// sigmoidTable brings x − zx to Q4.27 and applies f there; what is past 4 integer bits is an extreme code.
func sigmoidTable(n *Node, out Quantization, f func(a int32) int32) (*[256]int8, error) {
	sx, zx, err := fixedS8(n, out)
	if err != nil {
		return nil, err
	}
	m, ls := fixed.Quantize(float64(float64(sx) * (1 << 27)))
	radius := int32(math.MaxInt32) // a scale below 2^−28 cannot leave the range
	if ls >= 0 {
		radius = fixed.InputRadius(4, ls)
	}
	return codeTable(zx, func(v int32) int32 {
		switch {
		case v <= -radius:
			return -128
		case v >= radius:
			return 127
		}
		return f(fixed.MBQM(v, m, ls))
	}), nil
}
