package finetune

import (
	"fmt"
	"math"
	"slices"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// faint is the norm of what tells a new class from the mean of the old, as a part of their mean norm.
const faint = 0.1

// withClasses returns a copy of g with more classes: the last layer with weights gets as many output channels more. Their
// weights and biases are the mean of the old, and a little at random so that new classes differ: such a class gives every
// sample the mean of the old outputs, and so wins none. Where weights are codes, their scale is the mean of the old too.
func withClasses(g *graph.Graph, classes int, seed uint64) (*graph.Graph, error) {
	g = g.Clone()
	can := Trainable(g)
	if len(can) == 0 {
		return nil, fmt.Errorf("finetune: no layer for new classes: %w", ErrLayers)
	}
	head := can[len(can)-1]
	if head.Op != op.FullyConnected && (head.Op != op.Conv2D || head.Attrs.Int("groups", 1) != 1) {
		return nil, fmt.Errorf("finetune: node %q (%s) cannot get new classes: %w", head.Name, head.Op.Name, ErrLayers)
	}
	w := head.In[head.Op.Quant.Weight]
	old := w.Shape.Dim[0]
	before := g.Outputs[0].Shape.Elements()
	if b := head.Op.Quant.Bias; b < len(head.In) && head.In[b] != nil {
		head.In[b] = moreBiases(head.In[b], biasScales(head, b), classes)
	}
	r := fixed.Random(seed)
	head.In[head.Op.Quant.Weight] = moreRows(w, classes, &r)
	at := slices.Index(g.Nodes, head)
	for _, n := range g.Nodes[at:] {
		if n.Op == op.Reshape {
			reshape(n, old, old+classes)
		}
		if err := n.Infer(); err != nil {
			return nil, fmt.Errorf("finetune: with %d new classes: %w", classes, err)
		}
	}
	if after := g.Outputs[0].Shape.Elements(); after*old != before*(old+classes) {
		return nil, fmt.Errorf("finetune: new classes of node %q (%s) do not reach the output: %w", head.Name, head.Op.Name, ErrLayers)
	}
	return g, nil
}

// reshape lets a node that gives the classes a dimension of their own give it the new size.
func reshape(n *graph.Node, old, now int) {
	for i, a := range n.Attrs {
		if a.Name != "shape" {
			continue
		}
		if k := slices.Index(a.I, old); k >= 0 && slices.Index(a.I[k+1:], old) < 0 {
			a.I = slices.Clone(a.I)
			a.I[k] = now
			n.Attrs[i] = a
		}
	}
}

// moreRows appends output channels to weights.
func moreRows(v *graph.Value, classes int, r *fixed.Random) *graph.Value {
	shape := v.Shape
	old, size := shape.Dim[0], shape.Elements()/shape.Dim[0]
	shape.Dim[0] += classes
	x := reals(v.Const, nil)
	norm, mean := float32(0), make([]float32, size)
	for c := range old {
		row := x[c*size : (c+1)*size]
		norm += fixed.SqrtF32(fixed.SumSquares16(row))
		for i, v := range row {
			mean[i] += v / float32(old)
		}
	}
	width := faint * float64(norm/float32(old)) * math.Sqrt(3/float64(size)) // of a uniform distribution of that norm
	for i := range classes * size {
		x = append(x, mean[i%size]+float32((float64(r.Float64())-0.5)*2*width))
	}
	if v.DType == tensor.Float32 {
		return graph.NewConst(v.Name, tensor.FromF32(shape, x))
	}
	q := slices.Clone(v.Quant.Scale)
	scale := make([]float32, old+classes)
	for c := range old {
		scale[c] = q[min(c, len(q)-1)]
		scale[old] += scale[c] / float32(old)
	}
	for c := old + 1; c < len(scale); c++ {
		scale[c] = scale[old]
	}
	t := tensor.New(tensor.Type{DType: tensor.Int8, Shape: shape, Quant: tensor.Quant{Scale: scale, Zero: make([]int32, old+classes)}})
	copy(t.Data.I8(), v.Const.Data.I8())
	tensor.SymmetricCodes(t.Data.I8()[old*size:], x[old*size:], scale[old:])
	if len(q) == 1 {
		t.Quant.Scale, t.Quant.Zero = q, slices.Clone(v.Quant.Zero)
	} else {
		copy(t.Quant.Zero, v.Quant.Zero)
	}
	return graph.NewConst(v.Name, t)
}

// moreBiases appends the mean of biases, whose codes stand for units.
func moreBiases(v *graph.Value, units []float32, classes int) *graph.Value {
	x := reals(v.Const, units)
	mean := float32(0)
	for _, b := range x {
		mean += b / float32(len(x))
	}
	shape := v.Shape
	shape.Dim[shape.Rank-1] += classes
	if v.DType == tensor.Float32 {
		for range classes {
			x = append(x, mean)
		}
		return graph.NewConst(v.Name, tensor.FromF32(shape, x))
	}
	q := slices.Clone(v.Const.Data.I32())
	unit := float32(0)
	for _, u := range units {
		unit += u / float32(len(units))
	}
	code := make([]int32, 1)
	tensor.BiasCodes(code, []float32{mean}, unit, []float32{1})
	for range classes {
		q = append(q, code[0])
	}
	return graph.NewConst(v.Name, tensor.FromI32(shape, q))
}
