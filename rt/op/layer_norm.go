package op

import (
	"fmt"
	"math"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// LayerNorm is y = (x − mean) / √(variance + epsilon) · scale + bias over the last axis; scale and bias are constant [C],
// bias may be absent. epsilon is 1e-5 unless given.
//
// float32: d = x − Sum16(x)/C, y = (d·(1/√(SumSquares16(d)/C + epsilon)))·scale + bias, each step rounded.
// int8: fixed.NormS8, of integer sums; scale and bias stay float32 and become fixed.Affine. No outside vector proves it.
var LayerNorm = register(Def{
	Code: 100, Name: "LayerNorm", MinIn: 2, MaxIn: 3, Outs: 1, InPlace: []int{0},
	Attrs: []AttrSpec{{Name: "epsilon", Kind: Float}},
	Infer: inferNorm, Prepare: func(p *Prepare) (Step, error) { return prepareNorm(p, true) },
	Quant: Quantization{Kind: OwnRange, Reals: []int{1, 2}},
})

// RMSNorm is LayerNorm without taking off the mean: y = x / √(mean(x²) + epsilon) · scale + bias.
var RMSNorm = register(Def{
	Code: 101, Name: "RMSNorm", MinIn: 2, MaxIn: 3, Outs: 1, InPlace: []int{0},
	Attrs: []AttrSpec{{Name: "epsilon", Kind: Float}},
	Infer: inferNorm, Prepare: func(p *Prepare) (Step, error) { return prepareNorm(p, false) },
	Quant: Quantization{Kind: OwnRange, Reals: []int{1, 2}},
})

func inferNorm(n *Node) error {
	if err := inferLastAxis(n); err != nil {
		return err
	}
	x := n.In[0].Shape
	c := x.Dim[x.Rank-1]
	for i := 1; i < len(n.In); i++ {
		if a := optional(n, i); a != nil && (a.DType != tensor.Float32 || a.Shape.Rank != 1 || a.Shape.Dim[0] != c) {
			return fmt.Errorf("input %d is %v, want float32[%d]", i, a.Type, c)
		}
	}
	return nil
}

// normStep normalizes rows.
type normStep struct {
	x, y, n     int
	kernels     *kernels.Set
	center      bool
	epsilon     float32
	scale, bias []float32
	norm        fixed.NormS8
	affine      *fixed.Affine // nil: float32
}

func prepareNorm(p *Prepare, center bool) (Step, error) {
	x, y, scale := &p.In[0], &p.Out[0], &p.In[1]
	n := x.Shape.Dim[x.Shape.Rank-1]
	s := &normStep{x: x.Slot, y: y.Slot, n: n, kernels: p.Kernels, center: center, epsilon: p.Attrs.Float("epsilon", 1e-5)}
	if scale.Const == nil {
		return nil, fmt.Errorf("scale is not constant: %w", ErrUnsupported)
	}
	if !(s.epsilon >= 0 && s.epsilon < math.MaxFloat32) {
		return nil, fmt.Errorf("epsilon is %g, want a finite number of at least 0", s.epsilon)
	}
	var err error
	s.scale = scale.Const.Data.F32()
	if s.bias, err = biasF32(optional(p.Node, 2), n); err != nil {
		return nil, err
	}
	switch x.DType {
	case tensor.Float32:
		return s, nil
	case tensor.Int8:
		sx, sy, zx, zy, err := unaryS8(p.Node)
		if err != nil {
			return nil, err
		}
		if n > fixed.MaxNorm {
			return nil, fmt.Errorf("last axis has %d elements, want at most %d: %w", n, fixed.MaxNorm, ErrUnsupported)
		}
		s.norm = fixed.NewNormS8(n, sx, zx, s.epsilon, center)
		if s.affine, err = fixed.NewAffine(s.scale, s.bias, sy, zy); err != nil {
			return nil, fmt.Errorf("%w: %w", err, ErrUnsupported)
		}
		return s, nil
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
}

func (s *normStep) Info() Info {
	i := Info{Kernel: s.kernels.Name}
	if s.affine != nil {
		i.PackedBytes = 12 * s.n
	}
	return i
}

func (s *normStep) perTask() int { return max(1, chunkElements/4/s.n) }

func (s *normStep) Tasks(f *Frame) int {
	return (f.Shape[s.x].Elements()/s.n + s.perTask() - 1) / s.perTask()
}

func (s *normStep) Run(f *Frame, w *Worker, task int) {
	n := s.n
	first := task * s.perTask()
	rows := min(s.perTask(), f.Shape[s.x].Elements()/n-first)
	if s.affine == nil {
		a := &w.NormF32
		a.X, a.Y, a.Scale, a.Bias = &f.Buf[s.x].F32()[first*n], &f.Buf[s.y].F32()[first*n], &s.scale[0], &s.bias[0]
		a.N, a.Rows, a.Epsilon, a.Center = n, rows, s.epsilon, 0
		if s.center {
			a.Center = 1
		}
		s.kernels.NormF32(a)
		return
	}
	t, a := &w.SumsS8, &w.NormS8
	a.Size, a.ShiftY, a.Zero = int32(n), int(s.affine.Shift), s.affine.Zero
	for r := first; r < first+rows; r++ {
		x, y := f.Buf[s.x].I8()[r*n:(r+1)*n], f.Buf[s.y].I8()[r*n:(r+1)*n]
		sum, squares := int64(0), int64(0)
		for i := 0; i < n; i += abi.MaxSumsS8 {
			t.X, t.N = &x[i], min(n-i, abi.MaxSumsS8)
			s.kernels.SumsS8(t)
			sum += int64(t.Sum)
			squares += int64(t.Squares)
		}
		var shift uint
		a.Less, a.Inv, shift = s.norm.Row(sum, squares)
		a.ShiftZ = int(shift)
		for i := 0; i < n; i += abi.MaxSumsS8 {
			a.X, a.Y, a.M, a.B, a.N = &x[i], &y[i], &s.affine.M[i], &s.affine.B[i], min(n-i, abi.MaxSumsS8)
			s.kernels.NormS8(a)
		}
	}
}
