package op

import "edgerun/rt/tensor"

// Sub is y = clamp(a − b) with numpy's broadcasting.
//
// int8 and int16: TensorFlow Lite Micro's SUB: as Add, but the real multipliers are float32 quotients. With doubleScales
// they are float64 ones as in Add: TensorFlow Lite's own SUB.
var Sub = register(Def{
	Code: 17, Name: "Sub", MinIn: 2, MaxIn: 2, Outs: 1, InPlace: []int{0, 1},
	Attrs: append([]AttrSpec{{Name: "doubleScales", Kind: Int}}, clampAttrs...),
	Infer: inferBinary, Prepare: prepareSub, Quant: Quantization{Kind: OwnRange},
})

func prepareSub(p *Prepare) (Step, error) {
	st := newBinary(p)
	if st.runIntegers(p, func(a, b int64) int64 { return a - b }) {
		return st, nil
	}
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(p.Attrs, p.Kernels.SubF32), nil
	}
	s, z, err := sumCodes(p)
	if err != nil {
		return nil, err
	}
	wide := p.In[0].DType == tensor.Int16
	real := sumScales(s, wide)
	if p.Attrs.Int("doubleScales", 0) == 0 {
		twice, left := 2*max(s[0], s[1]), float32(int(1)<<sumLeft(wide))
		real = [3]float64{float64(s[0] / twice), float64(s[1] / twice), float64(twice / (s[2] * left))}
	}
	a, err := addS8(p, s, z, real)
	if wide {
		return st.runSumS16(a, -1), err
	}
	return st.runAddS8(a, p.Kernels.SubS8), err
}
