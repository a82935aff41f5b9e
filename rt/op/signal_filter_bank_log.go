package op

import (
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SignalFilterBankLog is y = outputScale·ln(x·2^inputCorrectionBits) as fixed.LogU32 has it, at most 32767; 0 up to 1.
//
// x: uint32; y: int16 as x. Source: TFLite Micro signal/src/filter_bank_log.cc.
var SignalFilterBankLog = register(Def{
	Code: 25, Name: "SignalFilterBankLog", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: required("outputScale", "inputCorrectionBits"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.UInt32); err != nil {
			return err
		}
		if _, err := bounded(n, "outputScale", 0, math.MaxInt32); err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, n.In[0].Shape
		_, err := bounded(n, "inputCorrectionBits", 0, 31)
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		scale, lift := uint32(p.Attrs.Int("outputScale", 0)), p.Attrs.Int("inputCorrectionBits", 0)
		x, y := p.In[0].Slot, p.Out[0].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			out := f.Buf[y].I16()
			for i, v := range tensor.View[uint32](f.Buf[x])[:f.Shape[x].Elements()] {
				out[i] = int16(min(fixed.LogU32(v<<lift, scale), math.MaxInt16))
			}
		}}, nil
	},
})
