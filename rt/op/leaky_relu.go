package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// LeakyRelu is y = x for x ≥ 0 and alpha·x otherwise, by default with alpha 0.01.
//
// float32: fixed.LeakyReluF32. int8 and int16: TFLite's LEAKY_RELU.
var LeakyRelu = register(Def{
	Code: 23, Name: "LeakyRelu", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0}, Infer: inferSame,
	Attrs: []AttrSpec{{Name: "alpha", Kind: Float}},
	Prepare: func(p *Prepare) (Step, error) {
		alpha := p.Attrs.Float("alpha", 0.01)
		return prepareCodes(p, p.Kernels.LeakyReluF32, alpha, func(n *Node) (int32, func(v int32) int32, error) {
			return leakyReluCodes(n, alpha)
		})
	},
	Quant: Quantization{Kind: OwnRange},
})

// leakyReluCodes returns the input's zero point and the function of x − zx.
func leakyReluCodes(n *Node, alpha float32) (int32, func(v int32) int32, error) {
	sx, sy, zx, zy, err := unaryCodes(n, n.In[0].DType)
	if err != nil {
		return 0, nil, err
	}
	if alpha-alpha != 0 {
		return 0, nil, fmt.Errorf("alpha is %g: %w", alpha, ErrUnsupported)
	}
	m, e := fixed.Quantize(float64(sx / sy))
	slope := float64(float32(sx*alpha) / sy)
	mNeg, eNeg := fixed.Quantize(max(slope, -slope))
	if most := map[tensor.DType]int32{tensor.Int8: 20, tensor.Int16: 14}[n.In[0].DType]; e > most || eNeg > most {
		return 0, nil, scaleError(sx, sy) // a left shift of v, of 9 or 16 bits and a sign, would wrap
	}
	return zx, func(v int32) int32 {
		switch {
		case v >= 0:
			return fixed.MBQM(v, m, e) + zy
		case slope < 0:
			return zy - fixed.MBQM(v, mNeg, eNeg)
		}
		return fixed.MBQM(v, mNeg, eNeg) + zy
	}, nil
}

func scaleError(sx, sy float32) error {
	return fmt.Errorf("output scale %g is too small for input scale %g: %w", sy, sx, ErrUnsupported)
}
