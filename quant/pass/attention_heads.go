package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// absorbHeads lets Attention read heads where they lie in the rows of the layers before it, and write them so: reshapes
// and transposes around it then cancel.
//
//	transpose [0 2 1 3] of reshape [N,S,H,D] of x [N,S,H·D]
//	transpose [1 0 2] of reshape [S,N·H,D] of x [S,N,H·D]     sequenceFirst; a reshape to [N,H,S,D] may follow
func absorbHeads(g *graph.Graph) (bool, error) {
	producer := g.Producers()
	varies := newReshapes(g)
	for at, n := range g.Nodes {
		if n.Op != op.Attention && n.Op != op.AttentionBias || n.Attrs.Has("heads") {
			continue
		}
		var in []*graph.Value
		heads, first := 0, 0
		for i, v := range n.In[:3] {
			x, h, f := headsOf(v, producer, varies)
			if x == nil || i > 0 && (h != heads || f != first) {
				in = nil
				break
			}
			in, heads, first = append(in, x), h, f
		}
		if in == nil {
			continue
		}
		var before []*graph.Node
		if len(n.In) > 3 {
			mask := n.In[3]
			if s := mask.Shape; first == 1 && s.Rank == 3 && s.Dim[0] != 1 {
				shape := []int{-1, heads, s.Dim[1], s.Dim[2]}
				attrs, ok := varies.attrs(shape, func() []tensor.Shape { return varies.at(mask) }, func() []tensor.Shape {
					var all []tensor.Shape
					for _, s := range varies.at(mask) {
						all = append(all, tensor.MakeShape(s.Dim[0]/heads, heads, s.Dim[1], s.Dim[2]))
					}
					return all
				})
				if !ok {
					continue
				}
				r := &graph.Node{Op: op.Reshape, Name: n.Name + "/mask", Attrs: attrs, In: []*graph.Value{mask}, Out: []*graph.Value{{Name: n.Name + "/mask"}}}
				if err := r.Infer(); err != nil {
					return false, err
				}
				before, mask = append(before, r), r.Out[0]
			}
			in = append(in, mask)
		}
		out := n.Out[0]
		shape, perm := []int{0, 0, heads, out.Shape.Dim[out.Shape.Rank-1]}, []int{0, 2, 1, 3}
		attrs := n.Attrs.With(op.IntAttr("heads", heads))
		if first == 1 {
			shape, perm = []int{0, -1, out.Shape.Dim[2]}, []int{1, 0, 2}
			if out.Shape.Rank == 4 {
				shape, perm = []int{0, 0, heads, out.Shape.Dim[3]}, []int{1, 2, 0, 3}
			}
			attrs = attrs.With(op.IntAttr("sequenceFirst", 1))
		}
		m := &graph.Node{Op: n.Op, Name: n.Name, Attrs: attrs, In: in, Out: []*graph.Value{{Name: out.Name + "/rows"}}}
		r := &graph.Node{Op: op.Reshape, Name: n.Name + "/heads", Attrs: op.Attrs{op.IntsAttr("shape", shape...)}, In: slices.Clone(m.Out), Out: []*graph.Value{{Name: out.Name + "/heads"}}}
		t := &graph.Node{Op: op.Transpose, Name: n.Name + "/transpose", Attrs: op.Attrs{op.IntsAttr("perm", perm...)}, In: slices.Clone(r.Out), Out: n.Out}
		for _, k := range []*graph.Node{m, r, t} {
			if err := k.Infer(); err != nil {
				return false, err
			}
		}
		g.Nodes = slices.Replace(g.Nodes, at, at+1, append(before, m, r, t)...)
		return true, nil
	}
	return false, nil
}

// headsOf takes an operand apart; first is 1 for the form that has the sequence first.
func headsOf(v *graph.Value, producer map[*graph.Value]*graph.Node, varies *reshapes) (x *graph.Value, heads, first int) {
	if r := producer[v]; r != nil && r.Op == op.Reshape && v.Shape.Rank == 4 && r.In[0].Shape.Rank == 3 {
		x, heads, first = headsOf(r.In[0], producer, varies)
		if x == nil || first == 0 {
			return nil, 0, 0
		}
		in, out := []tensor.Shape{x.Shape}, []tensor.Shape{v.Shape}
		if varies != nil {
			in, out = varies.at(x), varies.at(v)
		}
		for k, a := range in {
			if out[k] != tensor.MakeShape(a.Dim[1], heads, a.Dim[0], a.Dim[2]/heads) {
				return nil, 0, 0
			}
		}
		return x, heads, first
	}
	t := transposeOf(v, producer)
	if t == nil {
		return nil, 0, 0
	}
	r := producer[t.In[0]]
	if r == nil || r.Op != op.Reshape || r.In[0].Shape.Rank != 3 {
		return nil, 0, 0
	}
	in, out := []tensor.Shape{r.In[0].Shape}, []tensor.Shape{r.Out[0].Shape}
	if varies != nil {
		in, out = varies.at(r.In[0]), varies.at(r.Out[0])
	}
	d := out[0].Dim[out[0].Rank-1]
	if in[0].Dim[2]%d != 0 {
		return nil, 0, 0
	}
	heads = in[0].Dim[2] / d
	for k := range in {
		a, b := in[k], out[k]
		switch perm := t.Attrs.Ints("perm"); {
		case slices.Equal(perm, []int{0, 2, 1, 3}) && a.Dim[0] == b.Dim[0] && a.Dim[1] == b.Dim[1] && b.Dim[2] == heads:
		case slices.Equal(perm, []int{1, 0, 2}) && a.Dim[0] == b.Dim[0] && b.Dim[1] == a.Dim[1]*heads:
			first = 1
		default:
			return nil, 0, 0
		}
	}
	return r.In[0], heads, first
}

// sinkAttention lets Attention read rows in the other order of batch and sequence where all operands are transposed.
func sinkAttention(g *graph.Graph, at int, producer map[*graph.Value]*graph.Node) (bool, error) {
	n := g.Nodes[at]
	swap := []int{1, 0, 2}
	if !n.Attrs.Has("heads") {
		return false, nil
	}
	for _, v := range n.In[:3] {
		if t := transposeOf(v, producer); t == nil || !slices.Equal(t.Attrs.Ints("perm"), swap) {
			return false, nil
		}
	}
	for i, v := range n.In[:3] {
		n.In[i] = producer[v].In[0]
	}
	n.Attrs = n.Attrs.With(op.IntAttr("sequenceFirst", 1-n.Attrs.Int("sequenceFirst", 0)))
	return true, insertAfter(g, at, op.Transpose, "rows", op.Attrs{op.IntsAttr("perm", swap...)})
}

// dropFlattening lets a FullyConnected read rows of more axes where a reshape makes a matrix of them and another one
// takes its rows apart.
func dropFlattening(g *graph.Graph) (bool, error) {
	producer, uses := g.Producers(), g.Uses()
	for at, back := range g.Nodes {
		if back.Op != op.Reshape {
			continue
		}
		n := producer[back.In[0]]
		if n == nil || n.Op != op.FullyConnected || uses[n.Out[0]] != 1 || slices.Contains(g.Outputs, n.Out[0]) {
			continue
		}
		flat := producer[n.In[0]]
		if flat == nil || flat.Op != op.Reshape || flat.In[0].Const != nil {
			continue
		}
		x, matrix, y := flat.In[0], flat.Out[0].Shape, back.Out[0].Shape
		r := x.Shape.Rank
		if r < 3 || matrix.Rank != 2 || matrix.Dim[1] != x.Shape.Dim[r-1] || y.Rank != r || y.Dim[r-1] != n.Out[0].Shape.Dim[1] {
			continue
		}
		varies := newReshapes(g)
		before, after := []tensor.Shape{x.Shape}, []tensor.Shape{y}
		if varies != nil {
			before, after = varies.at(x), varies.at(back.Out[0])
		}
		same := true
		for k := range before {
			for i := range r - 1 {
				same = same && before[k].Dim[i] == after[k].Dim[i]
			}
		}
		if !same {
			continue
		}
		m := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs, In: slices.Clone(n.In), Out: back.Out}
		m.In[0] = x
		g.Nodes[at] = m
		return true, m.Infer()
	}
	return false, nil
}
