package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SignalFilterBankSquareRoot is y = √x / 2^shift, the root rounded to the nearest integer and the quotient down.
//
// x: uint64, shift: int32, one; y: uint32 as x. Source: TFLite Micro signal/micro/kernels/filter_bank_square_root_common.cc.
var SignalFilterBankSquareRoot = register(Def{
	Code: 73, Name: "SignalFilterBankSquareRoot", MinIn: 2, MaxIn: 2, Outs: 1,
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.UInt64, tensor.Int32); err != nil {
			return err
		}
		if n.In[1].Shape.Elements() != 1 {
			return fmt.Errorf("shift of shape %v, want one number", n.In[1].Shape)
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.UInt32, n.In[0].Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		x, shift, y := p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			out, s := tensor.View[uint32](f.Buf[y]), uint32(f.Buf[shift].I32()[0])
			for i, v := range tensor.View[uint64](f.Buf[x])[:f.Shape[x].Elements()] {
				out[i] = fixed.SqrtU64(v) >> s
			}
		}}, nil
	},
})
