package pass

import (
	"fmt"
	"slices"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Inputs of recurrent layers: see package op.
const (
	recurrentR      = 2
	recurrentH0     = 5
	recurrentC0     = 6
	recurrentHidden = 7
)

// recurrent puts the state of a recurrent layer into variables.
func (s *streaming) recurrent(n *graph.Node, in []flow) error {
	f := in[0]
	batchFirst := n.Attrs.Int("batchFirst", 0) != 0
	for _, other := range in[1:] {
		if other.streams() {
			return fmt.Errorf("a first state that comes frame by frame: %w", op.ErrUnsupported)
		}
	}
	if f.axis != btoi(batchFirst) {
		w, err := s.collect(f, n)
		if err != nil {
			return err
		}
		in[0] = flow{v: w}
		return s.same(n, in, nil)
	}
	given := func(i int) *graph.Value {
		if i < len(n.In) {
			return n.In[i]
		}
		return nil
	}
	h0, c0 := given(recurrentH0), given(recurrentC0)
	switch {
	case n.Attrs.Int("reverse", 0) != 0:
		return fmt.Errorf("reads the sequence from its end, as one half of a bidirectional layer does: %w", op.ErrUnsupported)
	case given(recurrentHidden) != nil:
		return fmt.Errorf("keeps a state of its own already: %w", op.ErrUnsupported)
	case h0 != nil && h0.Const == nil || c0 != nil && c0.Const == nil:
		return fmt.Errorf("starts from a state that is computed: %w", op.ErrUnsupported)
	}
	if err := f.plain(); err != nil {
		return err
	}
	early, err := s.garbage(f)
	if err != nil {
		return err
	}
	if early%f.step != 0 {
		return fmt.Errorf("its sequence begins after %d frames, in the middle of a step of %d: %w", early, f.step, op.ErrUnsupported)
	}
	rows := tensor.MakeShape(n.In[0].Shape.Dim[btoi(!batchFirst)], n.In[recurrentR].Shape.Dim[1])
	var states []*graph.Value
	for i := range n.Out {
		typ, start := n.Out[i].Type, []*graph.Value{h0, c0}[i]
		typ.Shape = rows
		if n.Op == op.GRULayer && typ.DType == tensor.Int8 {
			typ.DType, typ.Quant = tensor.Int16, tensor.PerTensor(op.GRUState(typ.Quant), 0)
		}
		t := tensor.New(typ)
		switch {
		case start == nil:
			zeros(t)
		case start.DType == typ.DType:
			copy(t.Data.Bytes(), start.Const.Data.Bytes())
		default: // as a GRULayer takes its codes
			q := n.Out[0].Quant
			m, e := fixed.Quantize(float64(q.Scale[0]) / float64(typ.Quant.Scale[0]))
			for k, c := range start.Const.Data.I8()[:rows.Elements()] {
				t.Data.I16()[k] = fixed.Saturate16(fixed.MBQM(int32(c)-q.Zero[0], m, e))
			}
		}
		states = append(states, graph.NewVariable(n.Name+[]string{"/hidden", "/cell"}[i], t))
	}
	in = slices.Grow(in, 9)[:min(len(in), recurrentH0)]
	for len(in) < recurrentHidden {
		in = append(in, flow{})
	}
	for _, v := range states {
		in = append(in, flow{v: v})
	}
	f.v = nil
	if err := s.same(n, in, &f); err != nil {
		return err
	}
	s.Turned = append(s.Turned, layerText(n))
	if early == 0 {
		return nil
	}
	c, err := s.before(tensor.MakeShape(1), early/f.step)
	if err != nil {
		return err
	}
	for _, v := range states {
		now, err := s.emit(op.Read, v.Name+"/read", nil, v, v)
		if err != nil {
			return err
		}
		if now, err = s.emit(op.Select, v.Name+"/hold", nil, v, c, graph.NewConst(v.Name+"/start", v.Var), now); err != nil {
			return err
		}
		if _, err := s.out.Add(op.Assign, v.Name+"/assign", nil, v, now); err != nil {
			return err
		}
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
