package op

import (
	"math/bits"

	"edgerun/rt/tensor"
)

// SignalFftAutoScale shifts samples left as far as the largest one allows.
//
// x: int16; y: int16 as x, shift: int32, one: the bits. The largest magnitude is held in int16, where that of −32768 is
// −32768 and any later sample replaces it; what wraps then does so in the reference too.
// Source: TFLite Micro signal/src/fft_auto_scale.cc.
var SignalFftAutoScale = register(Def{
	Code: 69, Name: "SignalFftAutoScale", MinIn: 1, MaxIn: 1, Outs: 2,
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16); err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, n.In[0].Shape
		n.Out[1].DType, n.Out[1].Shape = tensor.Int32, tensor.MakeShape()
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		x, y, shift := p.In[0].Slot, p.Out[0].Slot, p.Out[1].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			in, out := f.Buf[x].I16()[:f.Shape[x].Elements()], f.Buf[y].I16()
			s := headroom(in)
			for i, v := range in {
				out[i] = v << s
			}
			f.Buf[shift].I32()[0] = int32(s)
		}}, nil
	},
})

// headroom is the number of bits by which samples can be shifted left; 0 for silence.
func headroom(x []int16) int {
	top := int16(0)
	for _, v := range x {
		if v > top {
			top = v
		} else if int(v) < -int(top) {
			top = -v
		}
	}
	if top == 0 {
		return 0
	}
	return max(0, 15-bits.Len32(uint32(top)))
}
