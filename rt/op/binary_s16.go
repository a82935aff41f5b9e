package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// binaryCodes returns the scales and zero points of both operands and the result, which have the given types.
func binaryCodes(p *Prepare, a, b, y tensor.DType) (s [3]float32, z [3]int32, err error) {
	if s[0], z[0], err = codesOf("first operand", &p.In[0].Type, a); err != nil {
		return s, z, err
	}
	if s[1], z[1], err = codesOf("second operand", &p.In[1].Type, b); err != nil {
		return s, z, err
	}
	s[2], z[2], err = codesOf("output", &p.Out[0].Type, y)
	return s, z, err
}

// sumLeft16 is the left shift of operands in int16 Add and Sub.
const sumLeft16 = 15

// runSumS16 runs Add, or Sub with sign −1, on int16. Source: TFLite's general form of both.
func (s *binaryStep) runSumS16(form abi.AddS8, sign int32) *binaryStep {
	s.info.Kernel = "portable"
	s.run = func(_ *Worker, p part) {
		a, b, y := p.a.I16(), p.b.I16(), p.y.I16()
		za, zb, ma, mb, ea, eb := form.ZA, form.ZB, form.MA, form.MB, form.ShiftA, form.ShiftB
		signA, signB := int32(1), sign
		if p.reverse != 0 {
			za, zb, ma, mb, ea, eb, signA, signB = zb, za, mb, ma, eb, ea, signB, signA
		}
		for i := range y {
			v := signA*fixed.MBQM((int32(a[i])-za)<<sumLeft16, ma, ea) + signB*fixed.MBQM((int32(b[i*p.step])-zb)<<sumLeft16, mb, eb)
			y[i] = int16(min(max(fixed.MBQM(v, form.MY, form.ShiftY)+form.ZY, form.Lo), form.Hi))
		}
	}
	return s
}

// prepareMulS16 is the product of int16 codes. Source: TFLite MUL.
func prepareMulS16(p *Prepare, st *binaryStep) (Step, error) {
	s, z, err := binaryCodes(p, tensor.Int16, tensor.Int16, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if err := symmetric(z[:]...); err != nil {
		return nil, err
	}
	m, e := fixed.Quantize(float64(s[0]) * float64(s[1]) / float64(s[2]))
	if e > 31 {
		return nil, productError(s)
	}
	lo, hi := clampCodes(p.Attrs, tensor.Int16, s[2], z[2])
	return st.runMulS16(m, e, lo, hi), nil
}

func (s *binaryStep) runMulS16(m, e, lo, hi int32) *binaryStep {
	s.info.Kernel = "portable"
	s.run = func(_ *Worker, p part) {
		a, b, y := p.a.I16(), p.b.I16(), p.y.I16()
		for i := range y {
			y[i] = int16(min(max(fixed.MBQM(int32(a[i])*int32(b[i*p.step]), m, e), lo), hi))
		}
	}
	return s
}

func productError(s [3]float32) error {
	return fmt.Errorf("output scale %g is too small for input scales %g and %g: %w", s[2], s[0], s[1], ErrUnsupported)
}

// preparePReluS16 has int16 activations and int8 slopes. Source: TFLite PRELU.
func preparePReluS16(p *Prepare, st *binaryStep) (Step, error) {
	s, z, err := binaryCodes(p, tensor.Int16, tensor.Int8, tensor.Int16)
	if err != nil {
		return nil, err
	}
	m, e := fixed.Quantize(float64(s[0]) / float64(s[2]))
	mNeg, eNeg := fixed.Quantize(float64(s[0]) * float64(s[1]) / float64(s[2]))
	if e > 31 || eNeg > 31 {
		return nil, productError(s)
	}
	st.info.Kernel = "portable"
	st.run = func(_ *Worker, p part) {
		a, b, y := p.a.I16(), p.b.I8(), p.y.I16()
		for i := range y {
			v := int32(a[i]) - z[0]
			if v >= 0 {
				v = fixed.MBQM(v, m, e)
			} else {
				v = fixed.MBQM(v*(int32(b[i*p.step])-z[1]), mNeg, eNeg)
			}
			y[i] = fixed.Saturate16(addSat(v, z[2]))
		}
	}
	return st, nil
}
