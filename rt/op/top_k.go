package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// TopK gives the positions of the attribute k largest elements along the last axis, the largest first, of equals the one
// that comes first: int32 [...,k]. NaN is less than all numbers. int8: codes are compared. Gather picks the elements.
var TopK = register(Def{
	Code: 35, Name: "TopK", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "k", Kind: Int, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, k := n.In[0].Shape, n.Attrs.Int("k", 0)
		if x.Rank < 1 || k < 0 || k > x.Dim[x.Rank-1] {
			return fmt.Errorf("%d largest along the last axis of shape %v", k, x)
		}
		x.Dim[x.Rank-1] = k
		n.Out[0].DType, n.Out[0].Shape = tensor.Int32, x
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		s := &topKStep{x: p.In[0].Slot, y: p.Out[0].Slot}
		switch p.In[0].DType {
		case tensor.Int8:
			s.run = topOf[int8]
		case tensor.UInt8:
			s.run = topOf[uint8]
		case tensor.Int16:
			s.run = topOf[int16]
		case tensor.Int32:
			s.run = topOf[int32]
		case tensor.Int64:
			s.run = topOf[int64]
		case tensor.Float32:
			s.run = topOf[float32]
		default:
			return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
		}
		return s, nil
	},
})

type topKStep struct {
	x, y int
	run  func(x tensor.Buffer, first, n int, y []int32)
}

func (s *topKStep) Info() Info { return Info{Kernel: "portable"} }

func (s *topKStep) extents(f *Frame) (rows, n, k int) {
	x, y := &f.Shape[s.x], &f.Shape[s.y]
	n, k = x.Dim[x.Rank-1], y.Dim[y.Rank-1]
	if k == 0 {
		return 0, n, k
	}
	return y.Elements() / k, n, k
}

// Tasks is one per row.
func (s *topKStep) Tasks(f *Frame) int { rows, _, _ := s.extents(f); return rows }

func (s *topKStep) Run(f *Frame, _ *Worker, task int) {
	_, n, k := s.extents(f)
	s.run(f.Buf[s.x], task*n, n, f.Buf[s.y].I32()[task*k:][:k])
}

// before reports whether element i stands before element j.
func before[T element](x []T, i, j int32) bool {
	a, b := x[i], x[j]
	switch {
	case a > b:
		return true
	case a < b:
		return false
	case a == b || a != a && b != b:
		return i < j
	}
	return b != b
}

// topOf keeps in y a heap with the last of the best at its root, and sorts it in the end.
func topOf[T element](b tensor.Buffer, first, n int, y []int32) {
	x := tensor.View[T](b)[first:][:n]
	for i := range y {
		y[i] = int32(i)
	}
	for i := len(y)/2 - 1; i >= 0; i-- {
		sink(x, y, i)
	}
	for i := int32(len(y)); int(i) < n; i++ {
		if before(x, i, y[0]) {
			y[0] = i
			sink(x, y, 0)
		}
	}
	for last := len(y) - 1; last > 0; last-- {
		y[0], y[last] = y[last], y[0]
		sink(x, y[:last], 0)
	}
}

// sink moves the entry at i down to its place in the heap.
func sink[T element](x []T, heap []int32, i int) {
	for {
		c := 2*i + 1
		if c >= len(heap) {
			return
		}
		if c+1 < len(heap) && before(x, heap[c], heap[c+1]) {
			c++
		}
		if before(x, heap[c], heap[i]) {
			return
		}
		heap[i], heap[c] = heap[c], heap[i]
		i = c
	}
}
