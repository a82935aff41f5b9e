package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// Transpose permutes the axes: axis i of the output is axis perm[i] of the input. Any element type of whole bytes.
var Transpose = register(Def{
	Code: 11, Name: "Transpose", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: []AttrSpec{{Name: "perm", Kind: Ints, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, perm := n.In[0].Shape, n.Attrs.Ints("perm")
		out := tensor.Shape{Rank: x.Rank}
		seen := 0
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
		s := &transposeStep{x: p.In[0].Slot, y: p.Out[0].Slot, perm: p.Attrs.Ints("perm"), size: size, kernel: "portable"}
		switch size {
		case 1:
			s.matrix, s.kernel = p.Kernels.Transpose8, p.Kernels.Name
		case 4:
			s.matrix, s.kernel = p.Kernels.Transpose32, p.Kernels.Name
		}
		return s, nil
	},
})

type transposeStep struct {
	x, y   int
	perm   []int
	size   int
	matrix func(*abi.Transpose) // nil for element sizes without a kernel
	kernel string
}

func (s *transposeStep) Info() Info { return Info{Kernel: s.kernel} }

// transposition is a permutation with axes that stay together joined and those of extent 1 dropped.
type transposition struct {
	rank   int
	dim    [tensor.MaxRank]int // of the output
	stride [tensor.MaxRank]int // of the input, by output axis
}

func (s *transposeStep) plan(in tensor.Shape) (t transposition) {
	var stride [tensor.MaxRank]int
	n := 1
	for i := in.Rank - 1; i >= 0; i-- {
		stride[i] = n
		n *= in.Dim[i]
	}
	for _, p := range s.perm {
		d := in.Dim[p]
		switch last := t.rank - 1; {
		case d == 1:
		case last >= 0 && t.stride[last] == d*stride[p]:
			t.dim[last] *= d
			t.stride[last] = stride[p]
		default:
			t.dim[t.rank], t.stride[t.rank] = d, stride[p]
			t.rank++
		}
	}
	for t.rank < 2 {
		copy(t.dim[1:], t.dim[:t.rank])
		copy(t.stride[1:], t.stride[:t.rank])
		t.dim[0], t.stride[0] = 1, n
		if t.rank == 0 {
			t.dim[1], t.stride[1], t.rank = 1, 1, 1
		}
		t.rank++
	}
	return t
}

// Each task fills a run of the second to last output axis, under one index of the axes before it.
func (s *transposeStep) Tasks(f *Frame) int {
	if f.Shape[s.y].Elements() == 0 {
		return 0
	}
	t := s.plan(f.Shape[s.x])
	outer := 1
	for _, d := range t.dim[:t.rank-2] {
		outer *= d
	}
	return outer * t.bands()
}

func (t *transposition) band() int {
	return min(t.dim[t.rank-2], max(1, chunkElements/t.dim[t.rank-1]))
}
func (t *transposition) bands() int {
	return (t.dim[t.rank-2] + t.band() - 1) / t.band()
}

func (s *transposeStep) Run(f *Frame, w *Worker, task int) {
	t := s.plan(f.Shape[s.x])
	rows, cols := t.dim[t.rank-2], t.dim[t.rank-1]
	outer, first := task/t.bands(), task%t.bands()*t.band()
	n := min(t.band(), rows-first)
	to := (outer*rows + first) * cols
	from := first * t.stride[t.rank-2]
	for axis := t.rank - 3; axis >= 0; axis-- {
		from += outer % t.dim[axis] * t.stride[axis]
		outer /= t.dim[axis]
	}
	rowStride, colStride := t.stride[t.rank-2], t.stride[t.rank-1]
	if s.matrix != nil && rowStride == 1 {
		a := &w.Transpose
		a.X, a.Y = &f.Buf[s.x].Bytes()[from*s.size], &f.Buf[s.y].Bytes()[to*s.size]
		a.Rows, a.Cols, a.XStride = n, cols, colStride
		s.matrix(a)
		return
	}
	for r := range n {
		copyElements(f.Buf[s.y], f.Buf[s.x], to+r*cols, from+r*rowStride, cols, colStride, s.size)
	}
}
