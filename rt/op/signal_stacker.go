package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// SignalStacker puts a frame between those before and after it: left + 1 + right frames, every step frames one stack.
// The first frame of a stream also stands for the left ones before it.
//
// x: int16 [C], state: variable int16 [1, (left+1+right)·C], count: variable int32 [1], which is 0 at a stream's begin
// and else one more than the frames kept; y: int16 [(left+1+right)·C], valid: bool, one. Where no stack is complete, y is
// zeros and valid is false. Source: TFLite Micro signal/micro/kernels/stacker.cc.
var SignalStacker = register(Def{
	Code: 65, Name: "SignalStacker", MinIn: 3, MaxIn: 3, Outs: 2, Updates: []int{1, 2},
	Attrs: required("left", "right", "step"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16); err != nil {
			return err
		}
		if err := oneDimension(n, 0); err != nil {
			return err
		}
		left, err := bounded(n, "left", 0, tensor.MaxDim)
		if err != nil {
			return err
		}
		right, err := bounded(n, "right", 0, tensor.MaxDim)
		if err != nil {
			return err
		}
		frames := left + 1 + right
		if _, err := bounded(n, "step", 1, frames); err != nil {
			return err
		}
		size := frames * n.In[0].Shape.Dim[0]
		if size == 0 || size > tensor.MaxDim {
			return fmt.Errorf("%d frames of %d, want 1 to %d numbers", frames, n.In[0].Shape.Dim[0], tensor.MaxDim)
		}
		if err := stateOf("state", &n.In[1], 1, size, tensor.Int16); err != nil {
			return err
		}
		if err := counter("count", &n.In[2]); err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, tensor.MakeShape(size)
		n.Out[1].DType, n.Out[1].Shape = tensor.Bool, tensor.MakeShape()
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		left, step := p.Attrs.Int("left", 0), p.Attrs.Int("step", 0)
		frames := left + 1 + p.Attrs.Int("right", 0)
		x, state, count, y, valid := p.In[0].Slot, p.In[1].Slot, p.In[2].Slot, p.Out[0].Slot, p.Out[1].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			frame, kept, out, stored := f.Buf[x].I16(), f.Buf[state].I16(), f.Buf[y].I16(), &f.Buf[count].I32()[0]
			n := len(out) / frames
			// The variable may have been given any value.
			have, times := min(max(int(*stored)-1, 0), frames-1), 1
			if *stored <= 0 {
				times += left
			}
			for range times {
				copy(kept[have*n:], frame[:n])
				have++
			}
			complete := have == frames
			if complete {
				copy(out, kept)
				copy(kept, kept[step*n:len(out)])
				have -= step
			} else {
				clear(out)
			}
			f.Buf[valid].Bytes()[0] = byte(btoi(complete))
			*stored = int32(have + 1)
		}}, nil
	},
})
