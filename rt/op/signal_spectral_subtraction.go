package op

import (
	"math"

	"edgerun/rt/tensor"
)

// SignalFilterBankSpectralSubtraction takes a running estimate of the noise away from each channel:
//
//	up = x·2^smoothingBits
//	estimate = (up·smoothing + estimate·oneMinusSmoothing) / 2^bits
//	y = max((up − min(estimate, up)) / 2^smoothingBits, x·minSignalRemaining / 2^bits)
//
// in uint32 that wraps, products in uint64, rounding down. Odd channels use the alternate smoothing. With clamping the
// estimate itself is limited to up.
//
// x: uint32 [C], state: variable uint32 [1, C]; y: uint32 [C], noise: uint32 [C], the estimate.
// Source: TFLite Micro signal/src/filter_bank_spectral_subtraction.cc.
var SignalFilterBankSpectralSubtraction = register(Def{
	Code: 74, Name: "SignalFilterBankSpectralSubtraction", MinIn: 2, MaxIn: 2, Outs: 2, Updates: []int{1},
	Attrs: append(required("smoothing", "oneMinusSmoothing", "alternateSmoothing", "alternateOneMinusSmoothing", "minSignalRemaining",
		"smoothingBits", "bits"), AttrSpec{Name: "clamping", Kind: Int}),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.UInt32); err != nil {
			return err
		}
		if err := oneDimension(n, 0); err != nil {
			return err
		}
		for _, name := range [...]string{"smoothing", "oneMinusSmoothing", "alternateSmoothing", "alternateOneMinusSmoothing", "minSignalRemaining"} {
			if _, err := bounded(n, name, 0, math.MaxInt32); err != nil {
				return err
			}
		}
		for _, name := range [...]string{"smoothingBits", "bits"} {
			if _, err := bounded(n, name, 0, 31); err != nil {
				return err
			}
		}
		for i := range n.Out {
			n.Out[i].DType, n.Out[i].Shape = tensor.UInt32, n.In[0].Shape
		}
		return stateOf("state", &n.In[1], 1, n.In[0].Shape.Dim[0], tensor.UInt32)
	},
	Prepare: func(p *Prepare) (Step, error) {
		number := func(name string) uint64 { return uint64(p.Attrs.Int(name, 0)) }
		smoothing := [2]uint64{number("smoothing"), number("alternateSmoothing")}
		keep := [2]uint64{number("oneMinusSmoothing"), number("alternateOneMinusSmoothing")}
		least, lift, bits, clamping := number("minSignalRemaining"), number("smoothingBits"), number("bits"), p.Attrs.Int("clamping", 0) != 0
		x, state, y, noise := p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot, p.Out[1].Slot
		return &serial{run: func(f *Frame, _ *Worker) {
			out, estimates := tensor.View[uint32](f.Buf[y]), tensor.View[uint32](f.Buf[state])
			for i, v := range tensor.View[uint32](f.Buf[x])[:f.Shape[x].Elements()] {
				up := v << lift
				estimate := uint32((uint64(up)*smoothing[i&1] + uint64(estimates[i])*keep[i&1]) >> bits)
				taken := min(estimate, up)
				if clamping {
					estimate = taken
				}
				estimates[i] = estimate
				out[i] = max((up-taken)>>lift, uint32(uint64(v)*least>>bits))
				tensor.View[uint32](f.Buf[noise])[i] = estimate
			}
		}}, nil
	},
})
