package op

import (
	"fmt"
	"math"

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
	center      bool
	epsilon     float32
	scale, bias []float32
	norm        fixed.NormS8
	affine      *fixed.Affine // nil: float32
}

func prepareNorm(p *Prepare, center bool) (Step, error) {
	x, y, scale := &p.In[0], &p.Out[0], &p.In[1]
	n := x.Shape.Dim[x.Shape.Rank-1]
	s := &normStep{x: x.Slot, y: y.Slot, n: n, center: center, epsilon: p.Attrs.Float("epsilon", 1e-5)}
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
	i := Info{Kernel: "portable"}
	if s.affine != nil {
		i.PackedBytes = 12 * s.n
	}
	return i
}

func (s *normStep) perTask() int { return max(1, chunkElements/8/s.n) }

func (s *normStep) Tasks(f *Frame) int {
	return (f.Shape[s.x].Elements()/s.n + s.perTask() - 1) / s.perTask()
}

func (s *normStep) Run(f *Frame, _ *Worker, task int) {
	n := s.n
	for r := task * s.perTask(); r < min((task+1)*s.perTask(), f.Shape[s.x].Elements()/n); r++ {
		if s.affine != nil {
			x, y := f.Buf[s.x].I8()[r*n:(r+1)*n], f.Buf[s.y].I8()[r*n:(r+1)*n]
			inv, shift, sum := s.norm.Row(x)
			for i, v := range x {
				y[i] = s.affine.At(i, s.norm.At(v, sum, inv, shift))
			}
			continue
		}
		x, y := f.Buf[s.x].F32()[r*n:(r+1)*n], f.Buf[s.y].F32()[r*n:(r+1)*n]
		mean := float32(0)
		if s.center {
			mean = fixed.Sum16(x) / float32(n)
		}
		for i, v := range x {
			y[i] = v - mean
		}
		inv := fixed.RsqrtF32(fixed.SumSquares16(y)/float32(n) + s.epsilon)
		for i, d := range y {
			y[i] = float32(float32(d*inv)*s.scale[i]) + s.bias[i]
		}
	}
}
