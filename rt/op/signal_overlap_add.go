package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SignalOverlapAdd joins overlapping frames to a stream: each is added to what those before it left, and its first
// frameStep sums are complete. int16 saturates.
//
// x: int16 or float32 [..., n, frameSize], state: variable of x's type [rows, frameSize]; y: [..., n·frameStep].
// Source: TFLite Micro signal/src/overlap_add.cc.
var SignalOverlapAdd = register(Def{
	Code: 67, Name: "SignalOverlapAdd", MinIn: 2, MaxIn: 2, Outs: 1, Updates: []int{1},
	Attrs: required("frameStep"),
	Infer: func(n *Node) error {
		x := n.In[0].Shape
		if n.In[0].DType != tensor.Int16 && n.In[0].DType != tensor.Float32 {
			return fmt.Errorf("element type %v: %w", n.In[0].DType, ErrUnsupported)
		}
		if x.Rank < 2 || x.Dim[x.Rank-1] == 0 || x.Dim[x.Rank-2] == 0 {
			return fmt.Errorf("input of shape %v, want frames in the last two dimensions", x)
		}
		size, frames := x.Dim[x.Rank-1], x.Dim[x.Rank-2]
		step, err := bounded(n, "frameStep", 1, size)
		if err != nil {
			return err
		}
		if err := stateOf("state", &n.In[1], x.Elements()/(size*frames), size, n.In[0].DType); err != nil {
			return err
		}
		x.Dim[x.Rank-2], x.Dim[x.Rank-1] = frames*step, 0
		x.Rank--
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, x
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		if p.In[0].DType == tensor.Float32 {
			return overlapAdd(p, func(a, b float32) float32 { return a + b }), nil
		}
		return overlapAdd(p, func(a, b int16) int16 { return fixed.Saturate16(int32(a) + int32(b)) }), nil
	},
})

func overlapAdd[T int16 | float32](p *Prepare, add func(a, b T) T) Step {
	step := p.Attrs.Int("frameStep", 0)
	x, state, y := p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot
	return &serial{run: func(f *Frame, _ *Worker) {
		shape := &f.Shape[x]
		size, frames := shape.Dim[shape.Rank-1], shape.Dim[shape.Rank-2]
		in, out := tensor.View[T](f.Buf[x]), tensor.View[T](f.Buf[y])
		for i := range shape.Elements() / size {
			sums := tensor.View[T](f.Buf[state])[i/frames*size:][:size]
			for k, v := range in[i*size:][:size] {
				sums[k] = add(sums[k], v)
			}
			copy(out[i*step:], sums[:step])
			copy(sums, sums[step:])
			clear(sums[size-step:])
		}
	}}
}
