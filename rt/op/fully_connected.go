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
// scale per channel it is not. Weights may have a zero point. int16 with int8 weights: int64 accumulators, or int32 ones where the bias is int32.
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
		mult, shift := layerMultipliers(sx, w.Quant.Scale, sy, o)
		lo, hi := clampS8(p.Attrs, sy, zy)
		parts := weightParts(w)
		s.groups = []groupGemm{newGemmS8(p.Kernels, &gemmS8Params{w: stack(parts, o), bias: bias, mult: mult, shift: shift,
			taps: len(parts), k: k, zx: zx, zy: zy, lo: lo, hi: hi, buildRows: repeatTaps(rows, 1, len(parts)), inSlot: x.Slot, outSlot: y.Slot})}
	case tensor.Int16:
		g, err := fullyConnectedS16(p, rows)
		if err != nil {
			return nil, err
		}
		s.groups = []groupGemm{g}
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
	s.split()
	return s, nil
}

// layerMultipliers is channelMultipliers, but a product with one weight scale for all channels is rounded to float32.
func layerMultipliers(sx float32, w []float32, so float32, channels int) (mult, shift []int32) {
	mult, shift = channelMultipliers(sx, w, so, channels)
	if len(w) == 1 {
		m, e := fixed.Quantize(float64(sx*w[0]) / float64(so))
		for c := range channels {
			mult[c], shift[c] = m, e
		}
	}
	return mult, shift
}

func fullyConnectedS16(p *Prepare, rows func(mr int) indirection) (*gemmS16, error) {
	x, w, y := &p.In[0], &p.In[1], &p.Out[0]
	sx, zx, err := codesOf("input", &x.Type, tensor.Int16)
	if err != nil {
		return nil, err
	}
	sy, zy, err := codesOf("output", &y.Type, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if err := symmetricS8(w); err != nil {
		return nil, err
	}
	g := &gemmS16Params{gemmS8Params: gemmS8Params{w: w.Const.Data.I8(), taps: 1, k: w.Shape.Dim[1], zx: zx, zy: zy, buildRows: rows,
		inSlot: x.Slot, outSlot: y.Slot}}
	if g.bias, g.narrow, err = biasS16(optional(p.Node, 2), w.Shape.Dim[0]); err != nil {
		return nil, err
	}
	g.mult, g.shift = layerMultipliers(sx, w.Quant.Scale, sy, w.Shape.Dim[0])
	g.lo, g.hi = clampCodes(p.Attrs, tensor.Int16, sy, zy)
	return newGemmS16(p.Kernels, g)
}
