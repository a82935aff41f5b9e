package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// SignalFramer cuts a stream of samples into frames of frameSize, every frameStep samples one; the frames overlap.
//
// x: int16 [..., n·frameStep], state: variable int16 [rows, FramerState], steps: variable int32 [1]; y: int16
// [..., n, frameSize], valid: bool, one. A frame is the oldest frameSize of the samples kept. With prefill a stream has
// zeros before its begin; without, frames are zeros and valid is false until enough samples have come.
// Source: TFLite Micro signal/micro/kernels/framer.cc.
var SignalFramer = register(Def{
	Code: 64, Name: "SignalFramer", MinIn: 3, MaxIn: 3, Outs: 2, Updates: []int{1, 2},
	Attrs: append(required("frameSize", "frameStep"), AttrSpec{Name: "prefill", Kind: Int}),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16); err != nil {
			return err
		}
		x := n.In[0].Shape
		outer, inner, err := rows(&x)
		if err != nil {
			return err
		}
		size, err := bounded(n, "frameSize", 1, tensor.MaxDim)
		if err != nil {
			return err
		}
		step, err := bounded(n, "frameStep", 1, size)
		if err != nil {
			return err
		}
		if inner%step != 0 || x.Rank == tensor.MaxRank {
			return fmt.Errorf("input of shape %v, want fewer than %d dimensions and the last one a multiple of %d", x, tensor.MaxRank, step)
		}
		if err := stateOf("state", &n.In[1], outer, FramerState(size, step, n.Attrs.Int("prefill", 0) != 0), tensor.Int16); err != nil {
			return err
		}
		if err := counter("steps", &n.In[2]); err != nil {
			return err
		}
		x.Dim[x.Rank-1], x.Dim[x.Rank] = inner/step, size
		x.Rank++
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, x
		n.Out[1].DType, n.Out[1].Shape = tensor.Bool, tensor.MakeShape()
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		size, step, prefill := p.Attrs.Int("frameSize", 0), p.Attrs.Int("frameStep", 0), p.Attrs.Int("prefill", 0) != 0
		held, need := FramerState(size, step, prefill), 0
		if !prefill {
			need = held / step
		}
		x, state, steps, y, valid := p.In[0].Slot, p.In[1].Slot, p.In[2].Slot, p.Out[0].Slot, p.Out[1].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			in, out, seen := f.Buf[x].I16(), f.Buf[y].I16(), &f.Buf[steps].I32()[0]
			shape := &f.Shape[x]
			frames := shape.Dim[shape.Rank-1] / step
			for i := range shape.Elements() / step {
				samples, frame := in[i*step:][:step], out[i*size:][:size]
				kept := f.Buf[state].I16()[i/frames*held:][:held]
				if int(*seen)+i%frames >= need {
					copy(frame[copy(frame, kept):], samples)
				} else {
					clear(frame)
				}
				slide(kept, samples)
			}
			f.Buf[valid].Bytes()[0] = byte(btoi(int(*seen) >= need))
			*seen = int32(min(int(*seen)+frames, need))
		}}, nil
	},
})

// FramerState is the number of samples of a row that SignalFramer keeps.
func FramerState(size, step int, prefill bool) int {
	if prefill {
		return size - step
	}
	return (size - 1) / step * step
}
