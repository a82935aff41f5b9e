package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// SignalFilterBank sums energies in overlapping bands: each energy counts in its channel by weight and in the next one by
// unweight.
//
// x: uint32 [n]; weights and unweights: int16 [m]; frequency starts, weight starts and widths: constant int16 [C+1], where
// a channel's energies and weights begin and how many they are; y: uint64 [C]. The first channel only leads to the second
// one. Sums wrap. Source: TFLite Micro signal/src/filter_bank.cc.
var SignalFilterBank = register(Def{
	Code: 72, Name: "SignalFilterBank", MinIn: 6, MaxIn: 6, Outs: 1,
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.UInt32, tensor.Int16, tensor.Int16, tensor.Int16, tensor.Int16, tensor.Int16); err != nil {
			return err
		}
		for i := range n.In {
			if err := oneDimension(n, i); err != nil {
				return err
			}
			if i >= 3 && n.In[i].Const == nil {
				return fmt.Errorf("channels are not constant: %w", ErrUnsupported)
			}
		}
		energies, weights, channels := n.In[0].Shape.Dim[0], n.In[1].Shape.Dim[0], n.In[3].Shape.Dim[0]
		if n.In[2].Shape.Dim[0] != weights || n.In[4].Shape.Dim[0] != channels || n.In[5].Shape.Dim[0] != channels || channels < 2 {
			return fmt.Errorf("weights %v and %v, channels %v, %v and %v differ in length, or are fewer than 2",
				n.In[1].Shape, n.In[2].Shape, n.In[3].Shape, n.In[4].Shape, n.In[5].Shape)
		}
		from, by, widths := n.In[3].Const.Data.I16(), n.In[4].Const.Data.I16(), n.In[5].Const.Data.I16()
		for c := range channels {
			f, b, w := int(from[c]), int(by[c]), int(widths[c])
			if f < 0 || b < 0 || w < 0 || f+w > energies || b+w > weights {
				return fmt.Errorf("channel %d: %d energies from %d of %d, weights from %d of %d", c, w, f, energies, b, weights)
			}
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.UInt64, tensor.MakeShape(channels-1)
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		from, by, widths := p.In[3].Const.Data.I16(), p.In[4].Const.Data.I16(), p.In[5].Const.Data.I16()
		channels := p.In[3].Shape.Dim[0]
		x, w, u, y := p.In[0].Slot, p.In[1].Slot, p.In[2].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			in, out := tensor.View[uint32](f.Buf[x]), tensor.View[uint64](f.Buf[y])
			sum := uint64(0)
			for c := range channels {
				weights, unweights, next := f.Buf[w].I16()[by[c]:], f.Buf[u].I16()[by[c]:], uint64(0)
				for j, v := range in[from[c]:][:widths[c]] {
					sum += uint64(weights[j]) * uint64(v)
					next += uint64(unweights[j]) * uint64(v)
				}
				if c > 0 {
					out[c-1] = sum
				}
				sum = next
			}
		}}, nil
	},
})
