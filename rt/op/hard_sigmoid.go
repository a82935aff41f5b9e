package op

import (
	"math"

	"edgerun/kernels/fixed"
)

// HardSigmoid is y = min(max(alpha·x + beta, 0), 1), by default with ONNX's alpha 0.2 and beta 0.5.
//
// float32: fixed.HardSigmoidF32. int8: that function of sx·(x − zx), a float32 product, then fixed.QuantizeF32 to the
// output's scale 1/256 and zero point −128; TFLite has no such operator.
var HardSigmoid = register(Def{
	Code: 22, Name: "HardSigmoid", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0}, Infer: inferSame,
	Attrs: []AttrSpec{{Name: "alpha", Kind: Float}, {Name: "beta", Kind: Float}},
	Prepare: func(p *Prepare) (Step, error) {
		alpha, beta := p.Attrs.Float("alpha", 0.2), p.Attrs.Float("beta", 0.5)
		return prepareUnary(p, p.Kernels.HardSigmoidF32, alpha, beta, func(n *Node) (*[256]int8, error) {
			sx, zx, err := fixedS8(n, hardSigmoidOutput)
			return codeTable(zx, func(v int32) int32 {
				y := fixed.HardSigmoidF32(float32(sx*float32(v)), alpha, beta)
				return int32(fixed.QuantizeF32(y, hardSigmoidOutput.Scale, hardSigmoidOutput.Zero))
			}), err
		})
	},
	Quant: hardSigmoidOutput,
})

var hardSigmoidOutput = Quantization{Kind: FixedOutput, Scale: 1.0 / 256, Zero: -128}

// HardSwish is y = x · min(max(x+3, 0), 6)/6.
//
// float32: fixed.HardSwishF32. int8: TFLite's HARD_SWISH.
var HardSwish = register(Def{
	Code: 21, Name: "HardSwish", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0}, Infer: inferSame,
	Prepare: func(p *Prepare) (Step, error) {
		return prepareUnary(p, p.Kernels.HardSwishF32, 0, 0, hardSwishTable)
	},
	Quant: Quantization{Kind: OwnRange},
})

// hardSwishTable computes in 16 bits: x in units of 1/128 of its scale, x/3 as a fraction of 1. Source: TFLite HardSwish.
func hardSwishTable(n *Node) (*[256]int8, error) {
	sx, sy, zx, zy, err := unaryS8(n)
	if err != nil {
		return nil, err
	}
	fine := float32((1.0 / 128) * sx)
	m, toOutput := fixed.Quantize(float64(fine / sy))
	k, toThird := fixed.Quantize(float64(fine / float32(3.0/32768)))
	if toOutput > 0 {
		return nil, scaleError(sx, sy)
	}
	m16, k16 := high16(m), high16(k)
	saturate := func(v int64) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }
	return codeTable(zx, func(v int32) int32 {
		x := int16(v * 128)
		onOutput := fixed.SRDHM16(x, m16)
		r := x
		if toThird > 0 {
			r = saturate(int64(r) << uint(min(toThird-1, 31)))
		}
		r = fixed.SRDHM16(r, k16)
		if toThird > 0 {
			r = saturate(int64(r) << 1)
		}
		if toThird < 0 {
			r = int16(fixed.RDPOT(int32(r), uint(-toThird)))
		}
		half := int16((int32(r) + 1<<15) >> 1) // (x/3 + 1)/2 in Q0.15
		product := int64(half) * int64(onOutput) / (1 << 15)
		y := fixed.RDPOT(int32(saturate(product)), uint(-toOutput))
		return int32(int16(y + zy))
	}), nil
}

// high16 rounds a Q31 mantissa to Q15.
func high16(m int32) int16 {
	if m >= math.MaxInt32-1<<15 {
		return math.MaxInt16
	}
	return int16((m + 1<<15) >> 16)
}
