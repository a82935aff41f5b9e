package finetune

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// extent is the least and the largest number of a value.
type extent struct{ lo, hi float32 }

// Result returns the network with the trained weights. Values of the tail get quantization by what they hold over the given
// samples, weights and biases by their own values, as the quantizer does; a float32 network just gets the weights.
func (t *Tuner) Result(s *Samples, some []int) (*graph.Graph, error) {
	if err := t.finite(); err != nil {
		return nil, err
	}
	ranges, err := t.ranges(s, some)
	if err != nil {
		return nil, err
	}
	g := t.cut.model.Clone()
	index := map[*graph.Node]int{}
	for i, n := range t.cut.model.Nodes {
		index[n] = i
	}
	pinned := t.pinned()
	for _, n := range t.cut.tail {
		m := g.Nodes[index[n]]
		if len(m.Out) == 0 || m.Out[0].DType != tensor.Int8 {
			continue
		}
		switch kind := n.Op.Quant.Kind; {
		case pinned[n.Out[0]] || kind == op.FixedOutput:
		case kind == op.SameRange:
			m.Out[0].Quant = m.In[0].Quant
		case kind == op.OwnRange:
			if r, ok := ranges[n.Out[0]]; ok {
				m.Out[0].Quant = tensor.AsymmetricQuant(r.lo, r.hi)
			}
		}
	}
	for _, n := range t.cut.tail {
		m := g.Nodes[index[n]]
		switch {
		case op.Recurrent(n.Op):
			t.writeRecurrent(n, m, ranges, pinned)
		case learns[n.Op].beside:
			t.writeBeside(n, m)
		default:
			t.write(n, m)
		}
	}
	return g, g.Validate()
}

// pinned returns values that keep their quantization: those whose codes an operator passes on together with others'.
func (t *Tuner) pinned() map[*graph.Value]bool {
	p := map[*graph.Value]bool{}
	for i := len(t.cut.tail) - 1; i >= 0; i-- {
		n := t.cut.tail[i]
		if n.Op.Quant.Kind == op.TiedRange {
			p[n.Out[0]] = true
		}
		for v, state := range statesOf(n) { // it shares its codes with the layer's output
			if state.Const == nil {
				p[v], p[state] = true, true
			}
		}
		if n.Op.Quant.Kind == op.TiedRange || n.Op.Quant.Kind == op.SameRange && p[n.Out[0]] {
			for _, v := range n.In {
				p[v] = true
			}
		}
	}
	return p
}

// write puts the parameters of node n of the model into m, its copy, whose quantization is final.
func (t *Tuner) write(n, m *graph.Node) {
	w, b := t.param(n, n.Op.Quant.Weight), t.param(n, n.Op.Quant.Bias)
	if w == nil {
		return
	}
	var bias []float32
	if b != nil {
		bias = b.real()
	}
	old := n.In[w.input]
	scales := old.Quant.Scale
	switch {
	case old.DType == tensor.Float32:
		m.In[w.input] = graph.NewConst(old.Name, tensor.FromF32(old.Shape, w.real()))
	case w.train && w.coded:
		q := tensor.New(old.Type)
		copy(q.Data.I8(), w.quantized())
		m.In[w.input] = graph.NewConst(old.Name, q)
	case w.train:
		x := w.real()
		scales = tensor.LayerScales(x, bias, old.Shape.Dim[0], m.In[0].Quant.Scale[0])
		q := tensor.New(tensor.Type{DType: tensor.Int8, Shape: old.Shape, Quant: tensor.Quant{Scale: scales, Zero: make([]int32, len(scales))}})
		tensor.SymmetricCodes(q.Data.I8(), x, scales)
		m.In[w.input] = graph.NewConst(old.Name, q)
	}
	if b == nil {
		return
	}
	v := n.In[b.input]
	if v.DType == tensor.Float32 {
		m.In[b.input] = graph.NewConst(v.Name, tensor.FromF32(v.Shape, bias))
		return
	}
	q := tensor.New(tensor.Type{DType: tensor.Int32, Shape: v.Shape})
	tensor.BiasCodes(q.Data.I32(), bias, m.In[0].Quant.Scale[0], scales)
	m.In[b.input] = graph.NewConst(v.Name, q)
}

// ranges runs the tail over samples and returns the extents of its values, by the model's values.
func (t *Tuner) ranges(s *Samples, some []int) (map[*graph.Value]extent, error) {
	found := map[*value]extent{}
	t.tail.e.observe = func(v *value, data []float32) {
		e := found[v]
		for _, x := range data {
			e.lo, e.hi = min(e.lo, x), max(e.hi, x)
		}
		found[v] = e
	}
	defer func() { t.tail.e.observe = nil }()
	for len(some) > 0 {
		part := some[:min(t.micro, len(some))]
		some = some[len(part):]
		if err := t.load(s, part); err != nil {
			return nil, err
		}
		t.tail.forward(len(part))
	}
	byModel := map[*graph.Value]extent{}
	for v, x := range t.tail.of {
		if e, ok := found[x]; ok {
			byModel[v] = e
		}
	}
	return byModel, nil
}
