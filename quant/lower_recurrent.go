package quant

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Inputs of recurrent layers: see package op.
const (
	recurrentW = 1 + iota
	recurrentR
	recurrentBias
	recurrentExtra
	recurrentH0
	recurrentC0
	recurrentHidden
)

// recurrent lowers a recurrent layer. The hidden state has the output's codes, and a cell those of int16 with a power of
// two for a scale: that of its range, twice as wide where the calibration set did not reach.
func (l *lowering) recurrent(n *graph.Node) error {
	err := op.RecurrentInt8(n.Op, n.Attrs)
	if err != nil || len(n.In) > recurrentHidden && n.In[recurrentHidden] != nil {
		return l.island(n)
	}
	q, ok := l.ranges[n.Out[0]]
	if !ok {
		return notCalibrated(n.Out[0])
	}
	in := make([]*graph.Value, len(n.In))
	if in[0], err = l.code(n.In[0]); err != nil {
		return err
	}
	if in[recurrentW], err = l.weights(n, n.In[recurrentW]); err != nil {
		return err
	}
	given := func(i int) *graph.Value {
		if i < len(n.In) {
			return n.In[i]
		}
		return nil
	}
	if b := given(recurrentBias); b != nil {
		in[recurrentBias] = l.bias(b, in[0].Quant.Scale[0], in[recurrentW].Quant.Scale)
	}
	extra := given(recurrentExtra)
	w, units := n.In[recurrentR].Const.Data.F32(), n.In[recurrentR].Shape.Dim[1]
	var scales []float32
	if extra != nil && n.Op == op.GRULayer {
		scales = op.RecurrentScales(w, units, extra.Const.Data.F32(), q.Scale[0])
		in[recurrentExtra] = l.bias(extra, q.Scale[0], scales[2*units:])
	} else {
		scales = op.RecurrentScales(w, units, nil, 0)
	}
	t := tensor.New(tensor.Type{DType: tensor.Int8, Shape: n.In[recurrentR].Shape, Quant: tensor.Quant{Scale: scales, Zero: make([]int32, len(scales))}})
	tensor.SymmetricCodes(t.Data.I8(), w, scales)
	in[recurrentR] = graph.NewConst(n.In[recurrentR].Name, t)
	if h0 := given(recurrentH0); h0 != nil {
		if in[recurrentH0], err = l.codeAs(h0, q); err != nil {
			return err
		}
	}
	var cell tensor.Quant
	if n.Op == op.LSTMLayer {
		c, ok := l.ranges[n.Out[1]]
		if !ok {
			return notCalibrated(n.Out[1])
		}
		cell = op.CellQuant(-float32(c.Scale[0]*float32(c.Zero[0]+128)), float32(c.Scale[0]*float32(127-c.Zero[0])))
		if c0 := given(recurrentC0); c0 != nil {
			if in[recurrentC0], err = l.wide(c0, cell); err != nil {
				return err
			}
		}
		if extra != nil {
			if in[recurrentExtra], err = l.wide(extra, op.PeepholeQuant(extra.Const.Data.F32())); err != nil {
				return err
			}
		}
	}
	m, err := l.out.Add(n.Op, n.Name, n.Attrs, in...)
	if err != nil {
		return err
	}
	for i, v := range m.Out {
		v.Name = n.Out[i].Name
	}
	m.Out[0].Quant = q
	if n.Op == op.LSTMLayer {
		m.Out[1].Quant = cell
	}
	if ok, err := l.accept(n, m); !ok {
		return err
	}
	l.codes[n.Out[0]] = m.Out[0]
	if n.Op == op.LSTMLayer {
		l.wides[n.Out[1]] = m.Out[1]
	}
	return nil
}

// wide returns v in int16.
func (l *lowering) wide(v *graph.Value, q tensor.Quant) (*graph.Value, error) {
	if v.Const != nil {
		return graph.NewConst(v.Name, op.Codes16(v.Shape, v.Const.Data.F32(), q)), nil
	}
	if w := l.wides[v]; w != nil && w.Quant.Equal(q) {
		return w, nil
	}
	r, err := l.real(v)
	if err != nil {
		return nil, err
	}
	n, err := l.out.Add(op.Quantize, v.Name+"/quantize16", op.Attrs{op.IntAttr("to", int(tensor.Int16))}, r)
	if err != nil {
		return nil, err
	}
	n.Out[0].Quant = q
	return n.Out[0], nil
}
