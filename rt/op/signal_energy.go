package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// SignalEnergy is re² + im² of the bins from startIndex up to endIndex, and 0 of others.
//
// x: int16 [2n], real and imaginary parts in turn; y: uint32 [n]. Source: TFLite Micro signal/src/energy.cc.
var SignalEnergy = register(Def{
	Code: 71, Name: "SignalEnergy", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: required("startIndex", "endIndex"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16); err != nil {
			return err
		}
		if err := oneDimension(n, 0); err != nil {
			return err
		}
		bins := n.In[0].Shape.Dim[0] / 2
		if n.In[0].Shape.Dim[0]%2 != 0 {
			return fmt.Errorf("%d parts of bins, want an even number", n.In[0].Shape.Dim[0])
		}
		end, err := bounded(n, "endIndex", 0, bins)
		if err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.UInt32, tensor.MakeShape(bins)
		_, err = bounded(n, "startIndex", 0, end)
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		start, end := p.Attrs.Int("startIndex", 0), p.Attrs.Int("endIndex", 0)
		x, y := p.In[0].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			in, out := f.Buf[x].I16(), tensor.View[uint32](f.Buf[y])[:f.Shape[y].Elements()]
			clear(out[:start])
			for i := start; i < end; i++ {
				re, im := int32(in[2*i]), int32(in[2*i+1])
				out[i] = uint32(re*re) + uint32(im*im)
			}
			clear(out[end:])
		}}, nil
	},
})
