package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Reshape gives the input's elements another shape: in attribute shape, 0 copies the input's dimension at that place
// and one −1 takes what is left. It never runs: the output is the input's memory.
var Reshape = register(Def{
	Code: 10, Name: "Reshape", MinIn: 1, MaxIn: 1, Outs: 1, View: true,
	Attrs: []AttrSpec{{Name: "shape", Kind: Ints, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		want := n.Attrs.Ints("shape")
		if len(want) > tensor.MaxRank {
			return fmt.Errorf("shape %v has more than %d dimensions", want, tensor.MaxRank)
		}
		x := n.In[0].Shape
		out, known, open := tensor.Shape{Rank: len(want)}, 1, -1
		for i, d := range want {
			switch {
			case d == 0 && i < x.Rank:
				d = x.Dim[i]
			case d == -1 && open < 0:
				open = i
				continue
			case d < 1 || d > tensor.MaxDim:
				return fmt.Errorf("cannot reshape %v to %v", x, want)
			}
			out.Dim[i] = d
			if known *= d; known < 0 || known > tensor.MaxElements {
				return fmt.Errorf("cannot reshape %v to %v", x, want)
			}
		}
		if open >= 0 {
			if known == 0 || x.Elements()%known != 0 {
				return fmt.Errorf("cannot reshape %v to %v", x, want)
			}
			out.Dim[open] = x.Elements() / known
			known *= out.Dim[open]
		}
		if known != x.Elements() {
			return fmt.Errorf("cannot reshape %v to %v", x, want)
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
})

// Transpose permutes the axes: axis i of the output is axis perm[i] of the input. Any element type of whole bytes.
var Transpose = register(Def{
	Code: 11, Name: "Transpose", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "perm", Kind: Ints, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		perm, x := n.Attrs.Ints("perm"), n.In[0].Shape
		out, seen := tensor.Shape{Rank: x.Rank}, 0
		for i, p := range perm {
			if len(perm) != x.Rank || p < 0 || p >= x.Rank || seen>>p&1 == 1 {
				return fmt.Errorf("perm %v does not permute the axes of %v", perm, x)
			}
			seen |= 1 << p
			out.Dim[i] = x.Dim[p]
		}
		if len(perm) != x.Rank {
			return fmt.Errorf("perm %v does not permute the axes of %v", perm, x)
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		size := p.In[0].DType.SizeBytes(1)
		if p.In[0].DType == tensor.Int4 {
			return nil, fmt.Errorf("element type int4: %w", ErrUnsupported)
		}
		return &transposeStep{p.In[0].Slot, p.Out[0].Slot, p.Attrs.Ints("perm"), size}, nil
	},
})

type transposeStep struct {
	x, y int
	perm []int
	size int
}

func (s *transposeStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *transposeStep) Tasks(f *Frame) int { return max(1, f.Shape[s.y].Dim[0]) }

// Run fills index task of the output's first axis.
func (s *transposeStep) Run(f *Frame, w *Worker, task int) {
	in, out := f.Shape[s.x], f.Shape[s.y]
	if out.Elements() == 0 {
		return
	}
	var stride [tensor.MaxRank]int // of the input, by output axis
	for i, p := range s.perm {
		stride[i] = 1
		for _, d := range in.Dim[p+1 : in.Rank] {
			stride[i] *= d
		}
	}
	if out.Rank < 2 {
		copyElements(f.Buf[s.y], f.Buf[s.x], task, task, 1, 1, s.size)
		return
	}
	last := out.Rank - 1
	n := out.Dim[last]
	rows := out.Elements() / out.Dim[0] / n
	for r := range rows {
		from, i := task*stride[0], r
		for axis := last - 1; axis >= 1; axis-- {
			from += i % out.Dim[axis] * stride[axis]
			i /= out.Dim[axis]
		}
		copyElements(f.Buf[s.y], f.Buf[s.x], (task*rows+r)*n, from, n, stride[last], s.size)
	}
}

// copyElements copies n elements of size bytes, the source's step elements apart.
func copyElements(dst, src tensor.Buffer, to, from, n, step, size int) {
	switch {
	case step == 1:
		copy(dst.Bytes()[to*size:(to+n)*size], src.Bytes()[from*size:])
	case size == 1:
		d, s := dst.Bytes()[to:to+n], src.Bytes()
		for i := range d {
			d[i] = s[from+i*step]
		}
	case size == 4:
		d, s := dst.I32()[to:to+n], src.I32()
		for i := range d {
			d[i] = s[from+i*step]
		}
	default:
		d, s := dst.Bytes(), src.Bytes()
		for i := range n {
			copy(d[(to+i)*size:(to+i+1)*size], s[(from+i*step)*size:])
		}
	}
}
