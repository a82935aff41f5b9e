package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// takeParts makes a slice of the last axis of one that was first brought to the front: exporters deal queries, keys and values
// out of one product so.
func takeParts(g *graph.Graph) (bool, error) {
	producer := g.Producers()
	for at, n := range g.Nodes {
		if n.Op != op.Slice || !slices.Equal(n.Attrs.Ints("axes"), []int{0}) || n.Attrs.Has("symbols") || n.Attrs.Has("steps") {
			continue
		}
		i := n.Attrs.Ints("starts")[0]
		if n.In[0].Const != nil || i < 0 || n.Out[0].Shape.Dim[0] != 1 || i >= n.In[0].Shape.Dim[0] {
			continue
		}
		var chain []*graph.Node // from n back
		moved := false
		for v := n.In[0]; len(chain) < 6; {
			p := producer[v]
			if p == nil || p.Op != op.Reshape && p.Op != op.Transpose {
				break
			}
			chain, moved = append(chain, p), moved || p.Op == op.Transpose
			v = p.In[0]
			if !moved {
				continue
			}
			varies := newReshapes(g)
			if !lastToFront(v, chain, varies) {
				continue
			}
			last, size := v.Shape.Rank-1, v.Shape.Dim[v.Shape.Rank-1]/n.In[0].Shape.Dim[0]
			m := &graph.Node{Op: op.Slice, Name: n.Name, In: []*graph.Value{v}, Out: []*graph.Value{{Name: n.Out[0].Name + "/part"}},
				Attrs: op.Attrs{op.IntsAttr("starts", i*size), op.IntsAttr("ends", (i+1)*size), op.IntsAttr("axes", last)}}
			if err := m.Infer(); err != nil {
				return false, err
			}
			part := func() []tensor.Shape {
				all := varies.at(v)
				for k := range all {
					all[k].Dim[last] = size
				}
				return all
			}
			attrs, ok := varies.attrs(n.Out[0].Shape.Dims(), part, func() []tensor.Shape { return varies.at(n.Out[0]) })
			if !ok {
				continue
			}
			r := &graph.Node{Op: op.Reshape, Name: n.Name + "/shape", Attrs: attrs, In: slices.Clone(m.Out), Out: n.Out}
			if err := r.Infer(); err != nil {
				return false, err
			}
			g.Nodes = slices.Replace(g.Nodes, at, at+1, m, r)
			return true, nil
		}
	}
	return false, nil
}

// lastToFront reports whether the chain, from its end back to x, makes [K,…,E] of x […,K·E], the axes between keeping their
// order.
func lastToFront(x *graph.Value, chain []*graph.Node, varies *reshapes) bool {
	shapes := func(v *graph.Value) []tensor.Shape {
		if varies == nil {
			return []tensor.Shape{v.Shape}
		}
		return varies.at(v)
	}
	for probe, from := range shapes(x) {
		if from.Rank < 2 || from.Elements() == 0 {
			return false
		}
		view := dense(from.Dims())
		for i := len(chain) - 1; i >= 0; i-- {
			n := chain[i]
			if n.Op == op.Transpose {
				old := slices.Clone(view)
				for k, p := range n.Attrs.Ints("perm") {
					view[k] = old[p]
				}
				continue
			}
			if view = regroup(view, shapes(n.Out[0])[probe].Dims()); view == nil {
				return false
			}
		}
		k := shapes(chain[0].Out[0])[probe].Dim[0]
		size := from.Dim[from.Rank-1] / k
		want := dense(from.Dims())
		want[from.Rank-1] = []stretch{{size, 1}}
		front := []stretch{{k, size}}
		if k < 2 || from.Dim[from.Rank-1]%k != 0 || !slices.Equal(joined(view[:1]), front) || !slices.Equal(joined(view[1:]), joined(want)) {
			return false
		}
	}
	return true
}

// stretch is elements of a tensor that lie step apart.
type stretch struct{ n, step int }

// dense are the axes of a whole tensor.
func dense(dims []int) [][]stretch {
	axes := make([][]stretch, len(dims))
	step := 1
	for i := len(dims) - 1; i >= 0; i-- {
		axes[i] = []stretch{{dims[i], step}}
		step *= dims[i]
	}
	return axes
}

// joined are the stretches of axes in a row, as few as say the same.
func joined(axes [][]stretch) []stretch {
	var all []stretch
	for _, s := range slices.Concat(axes...) {
		if last := len(all) - 1; s.n == 1 {
			continue
		} else if last >= 0 && all[last].step == s.n*s.step {
			all[last] = stretch{all[last].n * s.n, s.step}
		} else {
			all = append(all, s)
		}
	}
	return all
}

// regroup makes axes of other extents from the same elements in the same order; nil where a stretch would have to be cut
// unevenly.
func regroup(axes [][]stretch, dims []int) [][]stretch {
	rest := joined(axes)
	out := make([][]stretch, len(dims))
	for i, d := range dims {
		for d > 1 {
			if len(rest) == 0 {
				return nil
			}
			s := rest[0]
			switch {
			case d%s.n == 0:
				out[i], rest, d = append(out[i], s), rest[1:], d/s.n
			case s.n%d == 0:
				out[i] = append(out[i], stretch{d, s.step * (s.n / d)})
				rest[0], d = stretch{s.n / d, s.step}, 1
			default:
				return nil
			}
		}
	}
	return out
}
