package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SignalWindow is y = x·w / 2^shift, rounded down and saturated; w repeats along x.
//
// x: int16, w: int16 [k], which divides x's elements; y: as x. Source: TFLite Micro signal/src/window.cc.
var SignalWindow = register(Def{
	Code: 68, Name: "SignalWindow", MinIn: 2, MaxIn: 2, Outs: 1, InPlace: []int{0},
	Attrs: required("shift"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16, tensor.Int16); err != nil {
			return err
		}
		if err := oneDimension(n, 1); err != nil {
			return err
		}
		if k := n.In[1].Shape.Dim[0]; k == 0 || n.In[0].Shape.Elements()%k != 0 {
			return fmt.Errorf("window of %d for %v", k, n.In[0].Shape)
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, n.In[0].Shape
		_, err := bounded(n, "shift", 0, 31)
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		shift := p.Attrs.Int("shift", 0)
		x, w, y := p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			in, window, out := f.Buf[x].I16(), f.Buf[w].I16(), f.Buf[y].I16()
			k := f.Shape[w].Dim[0]
			for i := range f.Shape[x].Elements() {
				out[i] = fixed.Saturate16(int32(in[i]) * int32(window[i%k]) >> shift)
			}
		}}, nil
	},
})
