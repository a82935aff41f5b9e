package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// view is where a head's rows are in an operand: element (n, h, s, d) at n·batch + h·head + s·row + d.
type view struct{ batch, head, row int }

// attentionExtents are the extents of the moment.
type attentionExtents struct {
	n, h, g     int // batch, heads, heads of k and v
	sq, sk      int
	d, e        int // elements of a head of q and k, of v
	q, k, v, y  view
	mask        [4]int // steps of the mask along n, h, sq, sk
	batchFirst  bool
	leadingAxes int
}

// attentionHeads are the attributes that readAttention takes.
type attentionHeads struct{ heads, kvHeads, sequenceFirst int }

func headsOf(a Attrs) attentionHeads {
	heads := a.Int("heads", 0)
	return attentionHeads{heads, a.Int("kvHeads", heads), a.Int("sequenceFirst", 0)}
}

func readAttention(a attentionHeads, q, k, v *tensor.Shape, mask *tensor.Shape) (x attentionExtents, out tensor.Shape, err error) {
	bad := fmt.Errorf
	if q.Rank != k.Rank || k.Rank != v.Rank || q.Rank < 3 || q.Rank > 4 {
		return x, out, bad("operands %v, %v and %v, want all of rank 3 or 4", *q, *k, *v)
	}
	out = *q
	heads := a.heads
	switch {
	case heads > 0:
		x.h, x.g = heads, a.kvHeads
		first := a.sequenceFirst
		if q.Rank != 3 || x.g < 1 || q.Dim[2]%x.h != 0 || k.Dim[2]%x.g != 0 || v.Dim[2]%x.g != 0 {
			return x, out, bad("operands %v, %v and %v with %d and %d heads", *q, *k, *v, x.h, x.g)
		}
		x.n, x.sq, x.sk = q.Dim[first], q.Dim[1-first], k.Dim[1-first]
		if k.Dim[first] != x.n || v.Dim[first] != x.n || v.Dim[1-first] != x.sk {
			return x, out, bad("operands %v, %v and %v differ in their batches or keys", *q, *k, *v)
		}
		x.d, x.e = q.Dim[2]/x.h, v.Dim[2]/x.g
		if k.Dim[2] != x.g*x.d {
			return x, out, bad("queries %v and keys %v with %d and %d heads", *q, *k, x.h, x.g)
		}
		place := func(s, heads, d int) view {
			if first == 1 {
				return view{heads * d, d, x.n * heads * d}
			}
			return view{s * heads * d, d, heads * d}
		}
		x.q, x.k, x.v, x.y = place(x.sq, x.h, x.d), place(x.sk, x.g, x.d), place(x.sk, x.g, x.e), place(x.sq, x.h, x.e)
		out.Dim[2] = x.h * x.e
	default:
		x.n, x.h, x.g = q.Dim[0], 1, 1
		if q.Rank == 4 {
			x.h, x.g = q.Dim[1], k.Dim[1]
			if v.Dim[1] != x.g {
				return x, out, bad("keys %v and values %v differ in their heads", *k, *v)
			}
		}
		r := q.Rank
		x.sq, x.sk, x.d, x.e = q.Dim[r-2], k.Dim[r-2], q.Dim[r-1], v.Dim[r-1]
		if k.Dim[0] != x.n || v.Dim[0] != x.n || v.Dim[r-2] != x.sk || k.Dim[r-1] != x.d {
			return x, out, bad("operands %v, %v and %v differ in their batches, keys or elements", *q, *k, *v)
		}
		place := func(s, heads, d int) view { return view{heads * s * d, s * d, d} }
		x.q, x.k, x.v, x.y = place(x.sq, x.h, x.d), place(x.sk, x.g, x.d), place(x.sk, x.g, x.e), place(x.sq, x.h, x.e)
		out.Dim[r-1] = x.e
	}
	if x.g < 1 || x.h%x.g != 0 || out.Elements() == 0 || x.sk < 1 || x.d < 1 {
		return x, out, bad("operands %v, %v and %v with %d and %d heads", *q, *k, *v, x.h, x.g)
	}
	if mask != nil {
		want := [4]int{x.n, x.h, x.sq, x.sk}
		m := *mask
		if heads == 0 && q.Rank == 3 && m.Rank == 3 { // no axis of heads
			m.Dim = [tensor.MaxRank]int{m.Dim[0], 1, m.Dim[1], m.Dim[2]}
			m.Rank = 4
		}
		if m.Rank > 4 {
			return x, out, bad("mask %v, want %v", *mask, want)
		}
		step := 1
		for i := 1; i <= m.Rank; i++ {
			d := m.Dim[m.Rank-i]
			if d != 1 && d != want[4-i] {
				return x, out, bad("mask %v does not broadcast to %v", *mask, want)
			}
			if d != 1 {
				x.mask[4-i] = step
			}
			step *= d
		}
	}
	return x, out, nil
}

func inferAttention(n *Node) error {
	return attentionOutput(n, optional(n, 3))
}

// attentionOutput infers the output from the first three inputs and a mask, which may be nil.
func attentionOutput(n *Node, m *Arg) error {
	q, k, v := &n.In[0], &n.In[1], &n.In[2]
	if q.DType != k.DType || q.DType != v.DType {
		return fmt.Errorf("operands of %v, %v and %v", q.DType, k.DType, v.DType)
	}
	if f := n.Attrs.Int("sequenceFirst", 0); f != 0 && (f != 1 || n.Attrs.Int("heads", 0) < 1) {
		return fmt.Errorf("sequenceFirst %d with %d heads", f, n.Attrs.Int("heads", 0))
	}
	var mask *tensor.Shape
	if m != nil {
		if m.DType != tensor.Bool && m.DType != tensor.Float32 {
			return fmt.Errorf("mask of %v: %w", m.DType, ErrUnsupported)
		}
		mask = &m.Shape
	}
	_, out, err := readAttention(headsOf(n.Attrs), &q.Shape, &k.Shape, &v.Shape, mask)
	n.Out[0].DType, n.Out[0].Shape = q.DType, out
	return err
}

func attentionMACs(n *Node) int {
	x, _, err := readAttention(headsOf(n.Attrs), &n.In[0].Shape, &n.In[1].Shape, &n.In[2].Shape, nil)
	if err != nil {
		return 0
	}
	return x.n * x.h * x.sq * x.sk * (x.d + x.e)
}
