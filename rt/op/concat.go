package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Concat joins its inputs along attribute axis; other extents are equal. Any element type of whole bytes.
//
// int8: TFLite's CONCATENATION, all inputs and the output share their quantization.
var Concat = register(Def{
	Code: 26, Name: "Concat", MinIn: 1, MaxIn: 4096, Outs: 1,
	Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}},
	Quant: Quantization{Kind: TiedRange},
	Infer: func(n *Node) error {
		axis, out := n.Attrs.Int("axis", 0), n.In[0].Shape
		if axis < 0 || axis >= out.Rank {
			return fmt.Errorf("axis %d outside [0,%d]", axis, out.Rank-1)
		}
		out.Dim[axis] = 0
		for i := range n.In {
			x := &n.In[i]
			rest := x.Shape
			rest.Dim[axis] = 0
			sum := out.Dim[axis] + x.Shape.Dim[axis]
			out.Dim[axis] = 0
			if rest != out || x.DType != n.In[0].DType || x.Missing() {
				return fmt.Errorf("input %d is %v%v, want %v%v but for axis %d", i, x.DType, x.Shape, n.In[0].DType, n.In[0].Shape, axis)
			}
			if out.Dim[axis] = sum; sum > tensor.MaxDim {
				return fmt.Errorf("axis %d grows over %d", axis, tensor.MaxDim)
			}
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		size, err := elementSize(&p.In[0].Type)
		if err != nil {
			return nil, err
		}
		s := &concatStep{y: p.Out[0].Slot, axis: p.Attrs.Int("axis", 0), size: size}
		for i := range p.In {
			x := &p.In[i]
			if x.DType == tensor.Int8 && !x.Quant.Equal(p.Out[0].Quant) {
				return nil, fmt.Errorf("input %d is %v, output %v: they differ in quantization: %w", i, x.Type, p.Out[0].Type, ErrUnsupported)
			}
			s.x = append(s.x, x.Slot)
		}
		return s, nil
	},
})

type concatStep struct {
	x    []int
	y    int
	axis int
	size int // bytes of an element
}

func (s *concatStep) Info() Info { return Info{Kernel: "copy"} }

// rows returns how often the inputs alternate, and the bytes of one output row.
func (s *concatStep) rows(f *Frame) (rows, rowBytes int) {
	rows, rowBytes = 1, s.size
	y := &f.Shape[s.y]
	for _, d := range y.Dim[:s.axis] {
		rows *= d
	}
	for _, d := range y.Dim[s.axis:y.Rank] {
		rowBytes *= d
	}
	return rows, rowBytes
}

func (s *concatStep) Tasks(f *Frame) int {
	rows, rowBytes := s.rows(f)
	if rowBytes == 0 {
		return 0
	}
	per := rowsPerTask(rowBytes)
	return (rows + per - 1) / per
}

func (s *concatStep) Run(f *Frame, _ *Worker, task int) {
	rows, rowBytes := s.rows(f)
	per := rowsPerTask(rowBytes)
	first, last := task*per, min((task+1)*per, rows)
	y, to := f.Buf[s.y].Bytes(), 0
	for _, slot := range s.x {
		shape := &f.Shape[slot]
		n := s.size
		for _, d := range shape.Dim[s.axis:shape.Rank] {
			n *= d
		}
		x := f.Buf[slot].Bytes()
		for r := first; r < last; r++ {
			copy(y[r*rowBytes+to:r*rowBytes+to+n], x[r*n:])
		}
		to += n
	}
}
