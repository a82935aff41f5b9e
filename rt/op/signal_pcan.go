package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SignalPCAN is per-channel amplitude normalization: y = shrink(x·gain(noise) / 2^snrShift), with fixed.PCANGain and
// fixed.PCANShrink.
//
// x and noise: uint32 of one shape, table: int16 [fixed.PCANTable]; y: uint32 as x.
// Source: TFLite Micro signal/src/pcan_argc_fixed.cc.
var SignalPCAN = register(Def{
	Code: 75, Name: "SignalPCAN", MinIn: 3, MaxIn: 3, Outs: 1,
	Attrs: required("snrShift"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.UInt32, tensor.UInt32, tensor.Int16); err != nil {
			return err
		}
		if n.In[1].Shape != n.In[0].Shape || n.In[2].Shape.Elements() < fixed.PCANTable {
			return fmt.Errorf("signal %v, noise %v, table %v, want equal shapes and %d entries", n.In[0].Shape, n.In[1].Shape, n.In[2].Shape, fixed.PCANTable)
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.UInt32, n.In[0].Shape
		_, err := bounded(n, "snrShift", 0, 63)
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		shift := p.Attrs.Int("snrShift", 0)
		x, noise, table, y := p.In[0].Slot, p.In[1].Slot, p.In[2].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			levels, out := tensor.View[uint32](f.Buf[noise]), tensor.View[uint32](f.Buf[y])
			for i, v := range tensor.View[uint32](f.Buf[x])[:f.Shape[x].Elements()] {
				gain := uint32(fixed.PCANGain(levels[i], f.Buf[table].I16()))
				out[i] = fixed.PCANShrink(uint32(uint64(v) * uint64(gain) >> shift))
			}
		}}, nil
	},
})
