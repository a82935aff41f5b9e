package op

import "edgerun/rt/tensor"

// SignalDelay gives back a stream's samples of length samples before, zeros at first.
//
// x: int16 [..., n], state: variable int16 [rows, length]; y: as x.
// Source: TFLite Micro signal/micro/kernels/delay.cc.
var SignalDelay = register(Def{
	Code: 66, Name: "SignalDelay", MinIn: 2, MaxIn: 2, Outs: 1, Updates: []int{1},
	Attrs: required("length"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16); err != nil {
			return err
		}
		outer, _, err := rows(&n.In[0].Shape)
		if err != nil {
			return err
		}
		length, err := bounded(n, "length", 0, tensor.MaxDim)
		if err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, n.In[0].Shape
		return stateOf("state", &n.In[1], outer, length, tensor.Int16)
	},
	Prepare: func(p *Prepare) (Step, error) {
		length := p.Attrs.Int("length", 0)
		x, state, y := p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			shape := &f.Shape[x]
			n := shape.Dim[shape.Rank-1]
			for i := range shape.Elements() / n {
				in, out := f.Buf[x].I16()[i*n:][:n], f.Buf[y].I16()[i*n:][:n]
				kept := f.Buf[state].I16()[i*length:][:length]
				copy(out[copy(out, kept):], in)
				slide(kept, in)
			}
		}}, nil
	},
})
