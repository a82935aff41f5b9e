package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// walk visits the elements of a strided tensor in order, row by row: rows begin at base plus, over the axes of dim,
// index·stride; the n elements of a row lie step apart. Strides may be negative.
type walk struct {
	rank        int
	dim, stride [tensor.MaxRank]int
	base        int
	n, step     int
}

// makeWalk joins axes along which the elements lie evenly, so that rows are as long as they can be.
func makeWalk(dim, stride []int, base int) walk {
	w := walk{base: base, n: 1, step: 1}
	for i, d := range dim {
		s := stride[i]
		if d == 1 {
			continue
		}
		if k := w.rank - 1; k >= 0 && w.stride[k] == d*s {
			w.dim[k], w.stride[k] = w.dim[k]*d, s
			continue
		}
		w.dim[w.rank], w.stride[w.rank] = d, s
		w.rank++
	}
	if w.rank > 0 {
		w.rank--
		w.n, w.step = w.dim[w.rank], w.stride[w.rank]
	}
	return w
}

func (w *walk) rows() int {
	n := 1
	for _, d := range w.dim[:w.rank] {
		n *= d
	}
	return n
}

// cursor stands at one row of a walk.
type cursor struct {
	off int
	at  [tensor.MaxRank]int
}

func (w *walk) seek(row int) cursor {
	c := cursor{off: w.base}
	for i := w.rank - 1; i >= 0; i-- {
		c.at[i] = row % w.dim[i]
		row /= w.dim[i]
		c.off += c.at[i] * w.stride[i]
	}
	return c
}

func (w *walk) next(c *cursor) {
	for i := w.rank - 1; i >= 0; i-- {
		c.off += w.stride[i]
		if c.at[i]++; c.at[i] < w.dim[i] {
			return
		}
		c.off -= w.dim[i] * w.stride[i]
		c.at[i] = 0
	}
}

// strides writes the elements between neighbours along each axis of a dense tensor.
func strides(s *tensor.Shape) (stride [tensor.MaxRank]int) {
	n := 1
	for i := s.Rank - 1; i >= 0; i-- {
		stride[i] = n
		n *= s.Dim[i]
	}
	return stride
}

// moveBytes is about what one task of an operator that only moves elements writes.
const moveBytes = 1 << 15

// rowsPerTask is how many rows of some bytes one task takes.
func rowsPerTask(rowBytes int) int { return max(1, moveBytes/max(1, rowBytes)) }

// walkStep copies the elements that a walk over the input visits to the output, in order.
type walkStep struct {
	x, y int
	size int // bytes of an element
	walk func(x, y *tensor.Shape) walk

	matrix func(*abi.Transpose) // for elements of this size; nil without a kernel
	kernel string
}

// newWalkStep refuses elements that are not whole bytes.
func newWalkStep(p *Prepare, of func(x, y *tensor.Shape) walk) (Step, error) {
	size, err := elementSize(&p.In[0].Type)
	if err != nil {
		return nil, err
	}
	s := &walkStep{x: p.In[0].Slot, y: p.Out[0].Slot, size: size, walk: of, kernel: "portable"}
	switch size {
	case 1:
		s.matrix, s.kernel = p.Kernels.Transpose8, p.Kernels.Name
	case 4:
		s.matrix, s.kernel = p.Kernels.Transpose32, p.Kernels.Name
	}
	return s, nil
}

// elementSize returns the bytes of an element of any type but int4.
func elementSize(t *tensor.Type) (int, error) {
	if t.DType == tensor.Int4 {
		return 0, fmt.Errorf("element type int4: %w", ErrUnsupported)
	}
	return t.DType.SizeBytes(1), nil
}

func (s *walkStep) Info() Info { return Info{Kernel: s.kernel} }

func (s *walkStep) Tasks(f *Frame) int {
	if f.Shape[s.y].Elements() == 0 {
		return 0
	}
	w := s.walk(&f.Shape[s.x], &f.Shape[s.y])
	per := rowsPerTask(w.n * s.size)
	return (w.rows() + per - 1) / per
}

func (s *walkStep) Run(f *Frame, worker *Worker, task int) {
	w := s.walk(&f.Shape[s.x], &f.Shape[s.y])
	per := rowsPerTask(w.n * s.size)
	first, last := task*per, min((task+1)*per, w.rows())
	x, y := f.Buf[s.x], f.Buf[s.y]
	if s.matrix != nil && w.rank > 0 && w.step != 1 && w.stride[w.rank-1] == 1 {
		// Neighbouring rows begin next to each other: columns of a matrix.
		inner := w.rank - 1
		for r := first; r < last; {
			c := w.seek(r)
			a := &worker.Transpose
			a.X, a.Y = &x.Bytes()[c.off*s.size], &y.Bytes()[r*w.n*s.size]
			a.Rows, a.Cols, a.XStride = min(last-r, w.dim[inner]-c.at[inner]), w.n, w.step
			s.matrix(a)
			r += a.Rows
		}
		return
	}
	for r, c := first, w.seek(first); r < last; r++ {
		copyElements(y, x, r*w.n, c.off, w.n, w.step, s.size)
		w.next(&c)
	}
}
