package finetune

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// param returns the parameter in input i of a node of the model, nil where it has none.
func (t *Tuner) param(n *graph.Node, i int) *param {
	for _, p := range t.tail.params {
		if p.node == n && p.input == i {
			return p
		}
	}
	return nil
}

// real returns the parameter's values in the model's order.
func (p *param) real() []float32 {
	x := make([]float32, p.size())
	p.store(x)
	return x
}

// writeBeside writes the parameters of a norm, which are float32 beside codes too, or of PRelu.
func (t *Tuner) writeBeside(n, m *graph.Node) {
	for i, v := range n.In {
		p := t.param(n, i)
		if p == nil || !p.train {
			continue
		}
		x := p.real()
		if v.DType == tensor.Float32 {
			m.In[i] = graph.NewConst(v.Name, tensor.FromF32(v.Shape, x))
			continue
		}
		e := extent{}
		for _, f := range x {
			e.lo, e.hi = min(e.lo, f), max(e.hi, f)
		}
		m.In[i] = graph.NewConst(v.Name, tensor.AsymmetricCodes(v.Shape, x, tensor.AsymmetricQuant(e.lo, e.hi)))
	}
}

// statesOf returns the states that a recurrent layer starts from, by the output that shares their codes.
func statesOf(n *graph.Node) map[*graph.Value]*graph.Value {
	if !op.Recurrent(n.Op) {
		return nil
	}
	s := map[*graph.Value]*graph.Value{}
	for k, i := range []int{op.RecurrentH0, op.RecurrentC0} {
		if i < len(n.In) && n.In[i] != nil && k < len(n.Out) {
			s[n.Out[k]] = n.In[i]
		}
	}
	return s
}

// writeRecurrent writes the parameters of a recurrent layer, its cell's quantization, and the states that are constants.
func (t *Tuner) writeRecurrent(n, m *graph.Node, ranges map[*graph.Value]extent, pinned map[*graph.Value]bool) {
	if n.In[op.RecurrentWeights].DType == tensor.Float32 {
		for i, v := range n.In {
			if p := t.param(n, i); p != nil {
				m.In[i] = graph.NewConst(v.Name, tensor.FromF32(v.Shape, p.real()))
			}
		}
		return
	}
	t.write(n, m) // W and the bias are those of any layer
	if len(n.Out) > 1 && !pinned[n.Out[1]] {
		if r, ok := ranges[n.Out[1]]; ok {
			m.Out[1].Quant = op.CellQuant(r.lo, r.hi)
		}
	}
	for v, state := range statesOf(n) {
		k := 0
		if v != n.Out[0] {
			k = 1
		}
		if state.Const != nil {
			x, q := reals(state.Const, nil), m.Out[k].Quant
			c := tensor.AsymmetricCodes(state.Shape, x, q)
			if k == 1 {
				c = op.Codes16(state.Shape, x, q)
			}
			m.In[op.RecurrentH0+k] = graph.NewConst(state.Name, c)
		}
	}
	old, units := n.In[op.RecurrentRecurrent], n.In[op.RecurrentRecurrent].Shape.Dim[1]
	hidden := m.Out[0].Quant.Scale[0]
	var extra []float32
	p := t.param(n, op.RecurrentExtra)
	if p != nil {
		extra = p.real()
	}
	scales := old.Quant.Scale
	if r := t.param(n, op.RecurrentRecurrent); r.train {
		var candidate []float32
		if n.Op == op.GRULayer {
			candidate = extra
		}
		x := r.real()
		scales = op.RecurrentScales(x, units, candidate, hidden)
		q := tensor.New(tensor.Type{DType: tensor.Int8, Shape: old.Shape, Quant: tensor.Quant{Scale: scales, Zero: make([]int32, len(scales))}})
		tensor.SymmetricCodes(q.Data.I8(), x, scales)
		m.In[op.RecurrentRecurrent] = graph.NewConst(old.Name, q)
	}
	if p == nil {
		return
	}
	v := n.In[op.RecurrentExtra]
	switch {
	case n.Op == op.GRULayer:
		q := tensor.New(tensor.Type{DType: tensor.Int32, Shape: v.Shape})
		tensor.BiasCodes(q.Data.I32(), extra, hidden, scales[2*units:])
		m.In[op.RecurrentExtra] = graph.NewConst(v.Name, q)
	case p.train:
		m.In[op.RecurrentExtra] = graph.NewConst(v.Name, op.Codes16(v.Shape, extra, op.PeepholeQuant(extra)))
	}
}
