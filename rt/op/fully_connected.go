package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// FullyConnected is y[…,o] = clamp(bias[o] + Σ_k x[…,k]·w[o,k]).
//
// x: [...,K], w: constant [O,K], bias: constant [O] or absent; y: [...,O].
// int8: TFLite's FULLY_CONNECTED. With one weight scale the product of scales is rounded to float32 first, with one
// scale per channel it is not.
var FullyConnected = register(Def{
	Code: 3, Name: "FullyConnected", MinIn: 2, MaxIn: 3, Outs: 1, Attrs: clampAttrs,
	Infer: func(n *Node) error {
		x, w := &n.In[0], &n.In[1]
		if w.Shape.Rank != 2 || x.Shape.Rank < 1 || w.Shape.Elements() == 0 || x.Shape.Dim[x.Shape.Rank-1] != w.Shape.Dim[1] {
			return fmt.Errorf("input %v and weights %v, want [...,K] and [O,K]", x.Shape, w.Shape)
		}
		if b := optional(n, 2); b != nil && b.Shape.Elements() != w.Shape.Dim[0] {
			return fmt.Errorf("bias has shape %v, want [%d]", b.Shape, w.Shape.Dim[0])
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, x.Shape
		n.Out[0].Shape.Dim[x.Shape.Rank-1] = w.Shape.Dim[0]
		return nil
	},
	Prepare: prepareFullyConnected,
	Quant:   Quantization{Kind: OwnRange, Weight: 1, Bias: 2},
	MACs:    func(n *Node) int { return n.Out[0].Shape.Elements() * n.In[1].Shape.Dim[1] },
})

func prepareFullyConnected(p *Prepare) (Step, error) {
	x, w, y := &p.In[0], &p.In[1], &p.Out[0]
	if w.Const == nil {
		return nil, fmt.Errorf("weights are not constant: %w", ErrUnsupported)
	}
	o, k := w.Shape.Dim[0], w.Shape.Dim[1]
	rows := func(mr int) indirection { return linear(max(1, x.Shape.Elements()/k), k, mr) }
	s := &gemmStep{x: x.Slot, picture: k, yStride: o, rows: true}
	switch x.DType {
	case tensor.Float32:
		bias, err := biasF32(optional(p.Node, 2), o)
		if err != nil {
			return nil, err
		}
		s.groups = []groupGemm{newGemmF32(p.Kernels, w.Const.Data.F32(), bias, 1, k, p.Attrs, rows, x.Slot, y.Slot)}
	case tensor.Int8:
		sx, zx, err := perTensor("input", &x.Type)
		if err != nil {
			return nil, err
		}
		sy, zy, err := perTensor("output", &y.Type)
		if err != nil {
			return nil, err
		}
		if err := weightsS8(w); err != nil {
			return nil, err
		}
		bias, err := biasS8(optional(p.Node, 2), o)
		if err != nil {
			return nil, err
		}
		mult, shift := channelMultipliers(sx, w.Quant.Scale, sy, o)
		if len(w.Quant.Scale) == 1 {
			m, e := fixed.Quantize(float64(sx*w.Quant.Scale[0]) / float64(sy))
			for c := range o {
				mult[c], shift[c] = m, e
			}
		}
		lo, hi := clampS8(p.Attrs, sy, zy)
		s.groups = []groupGemm{newGemmS8(p.Kernels, &gemmS8Params{w: w.Const.Data.I8(), bias: bias, mult: mult, shift: shift,
			taps: 1, k: k, zx: zx, zy: zy, lo: lo, hi: hi, buildRows: rows, inSlot: x.Slot, outSlot: y.Slot})}
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
	s.split()
	return s, nil
}
