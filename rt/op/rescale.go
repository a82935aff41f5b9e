package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Rescale gives the int8 codes of the output's quantization for those of the input's, as TFLite's CONCATENATION does to
// uint8 inputs of other scales: y = round(x·m + (−zx·m)) + zy with m = sx·(1/sy), on codes 128 greater, each step in float32.
// Quantize, which rescales in integers, gives other codes near halves.
var Rescale = register(Def{
	Code: 37, Name: "Rescale", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0},
	Quant: Quantization{Kind: OwnRange},
	Infer: inferSame,
	Prepare: func(p *Prepare) (Step, error) {
		if d := p.In[0].DType; d == tensor.Float32 {
			return &copyStep{p.In[0].Slot, p.Out[0].Slot}, nil
		} else if d != tensor.Int8 {
			return nil, fmt.Errorf("element type %v: %w", d, ErrUnsupported)
		}
		sx, sy, zx, zy, err := unaryS8(p.Node)
		if err != nil {
			return nil, err
		}
		zx += 128
		m := float32(sx * (1 / sy))
		bias := float32(float32(-zx) * m)
		return newLut(p, codeTable(0, func(v int32) int32 {
			r := fixed.Round32(float32(float32(v+128)*m) + bias)
			return int32(fixed.ClampF32(r, -1024, 1024)) + zy
		})), nil
	},
})
