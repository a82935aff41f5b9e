package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// ArgMax is the position of the largest element along attribute axis, the first one of equals or, with last, the last.
// With keepDims the axis stays with extent 1; to is the tensor.DType of positions: Int32, the default, or Int64.
// NaN is passed over unless it comes first. int8: codes are compared.
var ArgMax = register(argExtreme(51, "ArgMax", 1))

// ArgMin is the position of the smallest element, else as ArgMax.
var ArgMin = register(argExtreme(52, "ArgMin", -1))

func argExtreme(code uint16, name string, sign int) Def {
	return Def{
		Code: code, Name: name, MinIn: 1, MaxIn: 1, Outs: 1,
		Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}, {Name: "keepDims", Kind: Int}, {Name: "last", Kind: Int}, {Name: "to", Kind: Int}},
		Quant: Quantization{Kind: SameRange},
		Infer: func(n *Node) error {
			x, axis := n.In[0].Shape, n.Attrs.Int("axis", 0)
			if axis < 0 || axis >= x.Rank || x.Dim[axis] < 1 {
				return fmt.Errorf("axis %d of shape %v", axis, x)
			}
			to := tensor.DType(n.Attrs.Int("to", int(tensor.Int32)))
			if to != tensor.Int32 && to != tensor.Int64 {
				return fmt.Errorf("positions of %v: %w", to, ErrUnsupported)
			}
			n.Out[0].DType, n.Out[0].Shape = to, reducedShape(&x, 1<<axis, n.Attrs.Int("keepDims", 0) != 0)
			return nil
		},
		Prepare: func(p *Prepare) (Step, error) {
			s := argStep{x: p.In[0].Slot, y: p.Out[0].Slot, axis: p.Attrs.Int("axis", 0), wide: p.Out[0].DType == tensor.Int64}
			last := p.Attrs.Int("last", 0) != 0
			switch p.In[0].DType {
			case tensor.Int8:
				s.find = findExtreme[int8](sign, last)
			case tensor.UInt8:
				s.find = findExtreme[uint8](sign, last)
			case tensor.Int32:
				s.find = findExtreme[int32](sign, last)
			case tensor.Int64:
				s.find = findExtreme[int64](sign, last)
			case tensor.Float32:
				s.find = findExtreme[float32](sign, last)
			default:
				return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
			}
			return &s, nil
		},
	}
}

type argStep struct {
	x, y, axis int
	wide       bool
	find       func(x tensor.Buffer, first, n, step int) int
}

// findExtreme looks at n elements from first on, step apart.
func findExtreme[T element](sign int, last bool) func(x tensor.Buffer, first, n, step int) int {
	return func(b tensor.Buffer, first, n, step int) int {
		x := tensor.View[T](b)
		best, at := x[first], 0
		for i := 1; i < n; i++ {
			v := x[first+i*step]
			if sign > 0 && v > best || sign < 0 && v < best || last && v == best {
				best, at = v, i
			}
		}
		return at
	}
}

func (s *argStep) Info() Info { return Info{Kernel: "portable"} }

// lines returns how many elements lie along the axis, and how far apart.
func (s *argStep) lines(f *Frame) (n, step int) {
	x := &f.Shape[s.x]
	return x.Dim[s.axis], strides(x)[s.axis]
}

func (s *argStep) Tasks(f *Frame) int {
	n, _ := s.lines(f)
	per := max(1, chunkElements/max(1, n))
	return (f.Shape[s.y].Elements() + per - 1) / per
}

func (s *argStep) Run(f *Frame, _ *Worker, task int) {
	n, step := s.lines(f)
	per := max(1, chunkElements/max(1, n))
	for i := task * per; i < min((task+1)*per, f.Shape[s.y].Elements()); i++ {
		at := 0
		if n > 0 {
			at = s.find(f.Buf[s.x], i/step*step*n+i%step, n, step)
		}
		if s.wide {
			f.Buf[s.y].I64()[i] = int64(at)
		} else {
			f.Buf[s.y].I32()[i] = int32(at)
		}
	}
}
