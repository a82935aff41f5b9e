package op

import (
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SquaredDifference is (a − b)² with numpy's broadcasting.
//
// int8: TFLite's SQUARED_DIFFERENCE (both operands scaled up by 2^7 and brought to a common scale); int16: the same, not
// scaled up, without zero points. int32, int64: wraps.
var SquaredDifference = register(Def{
	Code: 44, Name: "SquaredDifference", MinIn: 2, MaxIn: 2, Outs: 1, InPlace: []int{0, 1},
	Infer: inferBinary, Quant: Quantization{Kind: OwnRange},
	Prepare: func(p *Prepare) (Step, error) {
		st := newBinary(p)
		if st.runIntegers(p, func(a, b int64) int64 { return (a - b) * (a - b) }) {
			return st, nil
		}
		if p.In[0].DType == tensor.Float32 {
			return st.portable(pairs(func(a, b float32) float32 {
				d := a - b
				return d * d
			})), nil
		}
		if p.In[0].DType == tensor.Int16 {
			return prepareSquaredDifferenceS16(p, st)
		}
		s, z, err := binaryS8(p)
		if err != nil {
			return nil, err
		}
		const left = 7
		twice := 2 * max(float64(s[0]), float64(s[1]))
		a := scaledCodes(z[0], float64(s[0])/twice, left)
		b := scaledCodes(z[1], float64(s[1])/twice, left)
		m, e := fixed.Quantize(float64(twice*twice) / float64(float32((1<<(2*left))*s[2])))
		if e > 31 {
			return nil, productError(s)
		}
		st.info.PackedBytes = 4 * (len(a) + len(b))
		// |a|, |b| ≤ 2^14, so the square stays below 2^31.
		return st.portable(pairs(func(u, v int8) int8 {
			d := a[int(u)+128] - b[int(v)+128]
			return int8(min(max(fixed.MBQM(d*d, m, e)+z[2], -128), 127))
		})), nil
	},
})

// prepareSquaredDifferenceS16 is the int16 form. The operands come to less than 2^14 each, so the square fits 31 bits.
func prepareSquaredDifferenceS16(p *Prepare, st *binaryStep) (Step, error) {
	s, z, err := binaryCodes(p, tensor.Int16, tensor.Int16, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if err := symmetric(z[:]...); err != nil {
		return nil, err
	}
	twice := 2 * max(float64(s[0]), float64(s[1]))
	ma, ea := fixed.Quantize(float64(s[0]) / twice)
	mb, eb := fixed.Quantize(float64(s[1]) / twice)
	m, e := fixed.Quantize(float64(twice*twice) / float64(s[2]))
	if e > 31 {
		return nil, productError(s)
	}
	return st.portable(pairs(func(a, b int16) int16 {
		d := fixed.MBQM(int32(a), ma, ea) - fixed.MBQM(int32(b), mb, eb)
		return int16(min(max(fixed.MBQM(d*d, m, e), -1<<15), 1<<15-1))
	})), nil
}

// scaledCodes is (code − zero)·2^left times a real multiplier below 1, for every code.
func scaledCodes(zero int32, real float64, left uint) *[256]int32 {
	m, e := fixed.Quantize(real)
	t := new([256]int32)
	for i := range t {
		t[i] = fixed.MBQM((int32(i)-128-zero)<<left, m, e)
	}
	return t
}
