package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

var l2Output = Quantization{Kind: FixedOutput, Scale: 1.0 / 128, Zero: 0}

// L2Normalization divides each row of the last axis by its Euclidean norm, or by 10^−6 where that is larger.
//
// float32: the squares are added as fixed.SumSquares16 does. int8: TFLite's L2_NORMALIZATION; the output has scale
// 1/128 and zero point 0.
var L2Normalization = register(Def{
	Code: 57, Name: "L2Normalization", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0},
	Infer: inferLastAxis, Quant: l2Output,
	Prepare: func(p *Prepare) (Step, error) {
		s := newRows(p)
		s.kernel = "portable"
		if p.In[0].DType == tensor.Float32 {
			s.run = normalizeF32
			return s, nil
		}
		_, zx, err := fixedS8(p.Node, l2Output)
		if err != nil {
			return nil, err
		}
		if s.most > 1<<15 {
			// 2^15·255² < 2^31.
			return nil, fmt.Errorf("rows of %d elements, want at most %d: %w", s.most, 1<<15, ErrUnsupported)
		}
		s.run = func(s *rowsStep, f *Frame, _ *Worker, first, rows, n int) { normalizeS8(s, f, first, rows, n, zx) }
		return s, nil
	},
})

func normalizeF32(s *rowsStep, f *Frame, _ *Worker, first, rows, n int) {
	for r := first; r < first+rows; r++ {
		x, y := f.Buf[s.x].F32()[r*n:(r+1)*n], f.Buf[s.y].F32()[r*n:(r+1)*n]
		norm := max(fixed.SqrtF32(fixed.SumSquares16(x)), 1e-6)
		for i, v := range x {
			y[i] = v / norm
		}
	}
}

func normalizeS8(s *rowsStep, f *Frame, first, rows, n int, zx int32) {
	for r := first; r < first+rows; r++ {
		x, y := f.Buf[s.x].I8()[r*n:(r+1)*n], f.Buf[s.y].I8()[r*n:(r+1)*n]
		sum := int32(0)
		for _, v := range x {
			d := int32(v) - zx
			sum += d * d
		}
		m, e := fixed.InvSqrt(sum)
		for i, v := range x {
			y[i] = int8(min(max(fixed.MBQM(int32(v)-zx, m, e+7), -128), 127))
		}
	}
}
