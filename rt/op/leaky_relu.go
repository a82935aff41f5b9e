package op

import (
	"fmt"

	"edgerun/kernels/fixed"
)

// LeakyRelu is y = x for x ≥ 0 and alpha·x otherwise, by default with alpha 0.01.
//
// float32: fixed.LeakyReluF32. int8: TFLite's LEAKY_RELU.
var LeakyRelu = register(Def{
	Code: 23, Name: "LeakyRelu", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0}, Infer: inferSame,
	Attrs: []AttrSpec{{Name: "alpha", Kind: Float}},
	Prepare: func(p *Prepare) (Step, error) {
		alpha := p.Attrs.Float("alpha", 0.01)
		return prepareUnary(p, p.Kernels.LeakyReluF32, alpha, 0, func(n *Node) (*[256]int8, error) { return leakyReluTable(n, alpha) })
	},
	Quant: Quantization{Kind: OwnRange},
})

func leakyReluTable(n *Node, alpha float32) (*[256]int8, error) {
	sx, sy, zx, zy, err := unaryS8(n)
	if err != nil {
		return nil, err
	}
	if alpha-alpha != 0 {
		return nil, fmt.Errorf("alpha is %g: %w", alpha, ErrUnsupported)
	}
	m, e := fixed.Quantize(float64(sx / sy))
	slope := float64(float32(sx*alpha) / sy)
	mNeg, eNeg := fixed.Quantize(max(slope, -slope))
	if e > 20 || eNeg > 20 { // v has 9 bits and a sign, so a left shift does not wrap
		return nil, scaleError(sx, sy)
	}
	return codeTable(zx, func(v int32) int32 {
		switch {
		case v >= 0:
			return fixed.MBQM(v, m, e) + zy
		case slope < 0:
			return zy - fixed.MBQM(v, mNeg, eNeg)
		}
		return fixed.MBQM(v, mNeg, eNeg) + zy
	}), nil
}

func scaleError(sx, sy float32) error {
	return fmt.Errorf("output scale %g is too small for input scale %g: %w", sy, sx, ErrUnsupported)
}
