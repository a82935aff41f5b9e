package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// scores are what a softmax of attention looks at: product·scale + bias·factor where all of keep hold.
type scores struct {
	product *graph.Node
	scale   float64
	keep    []*graph.Value // conditions under which a key takes part
	bias    *graph.Value   // nil: none
	factor  float64
}

// scoresOf takes v apart; nil is something else.
func (f *fuser) scoresOf(v *graph.Value) *scores {
	s := &scores{scale: 1}
	for {
		m := f.p.producer[v]
		if m == nil || m.Attrs.Has("min") || m.Attrs.Has("max") || f.uses[v] != 1 {
			return nil
		}
		switch m.Op {
		case op.BatchMatMul:
			s.product = m
			return s
		case op.Mul, op.Div:
			u, d := f.p.scaled(m)
			if u == nil || d < 0 {
				return nil
			}
			v, s.scale = u, s.scale/float64(d)
		case op.Add:
			i := slices.IndexFunc(m.In, func(v *graph.Value) bool { return f.isScores(v, 4) })
			if i < 0 || m.In[i].Shape != m.Out[0].Shape {
				return nil
			}
			if more, ok := f.keepOfSum(m.In[1-i], 6); ok {
				s.keep = append(s.keep, more...)
			} else if s.bias == nil {
				s.bias, s.factor = m.In[1-i], s.scale
			} else {
				return nil
			}
			v = m.In[i]
		case op.Sub: // a distance that counts against a key
			if s.bias != nil || m.In[0].Shape != m.Out[0].Shape || !f.isScores(m.In[0], 4) {
				return nil
			}
			v, s.bias, s.factor = m.In[0], m.In[1], -s.scale
		case op.Select:
			// masked_fill
			if low, ok := scalar(m.In[1]); ok && low <= excluded && m.In[2].Shape == m.Out[0].Shape {
				s.keep, v = append(s.keep, f.not(m.In[0])...), m.In[2]
			} else if low, ok := scalar(m.In[2]); ok && low <= excluded && m.In[1].Shape == m.Out[0].Shape {
				s.keep, v = append(s.keep, f.both(m.In[0])...), m.In[1]
			} else {
				return nil
			}
		default:
			return nil
		}
	}
}

// attends reports whether a product of queries and keys, and values, have the shapes of attention's operands.
func attends(product *graph.Node, v *graph.Value) bool {
	q, k := product.In[0], product.In[1]
	rank := q.Shape.Rank
	if product.Attrs.Int("adjX", 0) != 0 || rank != k.Shape.Rank || rank != v.Shape.Rank || rank < 3 || rank > 4 ||
		q.Const != nil || k.Const != nil || v.Const != nil {
		return false
	}
	for i := range rank - 2 {
		if q.Shape.Dim[i] != k.Shape.Dim[i] || q.Shape.Dim[i] != v.Shape.Dim[i] {
			return false
		}
	}
	return true
}

// unscale takes a factor off an operand and into the scale of the scores.
func (f *fuser) unscale(s *scores, v *graph.Value) *graph.Value {
	if m := f.p.producer[v]; m != nil && (m.Op == op.Mul || m.Op == op.Div) {
		if u, d := f.p.scaled(m); u != nil && d > 0 {
			s.scale /= float64(d)
			return u
		}
	}
	return v
}

func (f *fuser) queries(s *scores) *graph.Value { return f.unscale(s, s.product.In[0]) }

// keys returns the keys with a row for each, turned back where the product took them as columns.
func (f *fuser) keys(s *scores) *graph.Value {
	k := f.unscale(s, s.product.In[1])
	if s.product.Attrs.Int("adjY", 0) != 0 {
		return k
	}
	rank := k.Shape.Rank
	perm := count(rank)
	if flat := f.turnedFlat(k); flat != nil {
		return f.unscale(s, flat)
	} else if t := transposeOf(k, f.p.producer); t != nil {
		k, perm = t.In[0], slices.Clone(t.Attrs.Ints("perm"))
	}
	perm[rank-2], perm[rank-1] = perm[rank-1], perm[rank-2]
	k = f.unscale(s, k)
	if slices.Equal(perm, count(rank)) {
		return k
	}
	return f.emit(op.Transpose, "/keys", op.Attrs{op.IntsAttr("perm", perm...)}, k)
}

// guarded returns the softmax of select(isnan(s), 0, s), which exporters write for rows without keys: Attention gives zeros
// for them.
func (f *fuser) guarded(n *graph.Node) *graph.Node {
	if n == nil || n.Op != op.Select || f.uses[n.Out[0]] != 1 {
		return nil
	}
	zero, ok := scalar(n.In[1])
	s := f.p.producer[n.In[2]]
	not := f.p.producer[n.In[0]]
	if !ok || zero != 0 || s == nil || s.Op != op.Softmax || !isFunction(not, "not") {
		return nil
	}
	same := f.p.producer[not.In[0]]
	if same == nil || same.Op != op.Compare || same.Attrs.String("relation", "") != "equal" || same.In[0] != s.Out[0] || same.In[1] != s.Out[0] {
		return nil
	}
	return s
}

// isScores reports whether v comes from a product of matrices.
func (f *fuser) isScores(v *graph.Value, depth int) bool {
	n := f.p.producer[v]
	if n == nil || depth == 0 {
		return false
	}
	switch n.Op {
	case op.BatchMatMul:
		return true
	case op.Mul, op.Div, op.Add, op.Select:
		return slices.ContainsFunc(n.In, func(u *graph.Value) bool { return f.isScores(u, depth-1) })
	}
	return false
}
