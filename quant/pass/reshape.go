package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// run is a part of a reshape: axes [in0,in1) of its input hold the same elements as axes [out0,out1) of its output.
type run struct{ in0, in1, out0, out1 int }

// runsOf splits a reshape into the shortest parts. Axes of extent 1 are parts of their own.
func runsOf(in, out tensor.Shape) []run {
	var all []run
	for i, j := 0, 0; i < in.Rank || j < out.Rank; {
		r := run{i, i, j, j}
		oneIn, oneOut := i < in.Rank && in.Dim[i] == 1, j < out.Rank && out.Dim[j] == 1
		switch {
		case oneIn != oneOut && oneIn:
			i++
		case oneIn != oneOut:
			j++
		default:
			a, b := 1, 1
			if i < in.Rank {
				a = in.Dim[i]
				i++
			}
			if j < out.Rank {
				b = out.Dim[j]
				j++
			}
			for a != b {
				if a < b && i < in.Rank {
					a *= in.Dim[i]
					i++
				} else if j < out.Rank {
					b *= out.Dim[j]
					j++
				} else {
					return nil // extents of 0
				}
			}
		}
		r.in1, r.out1 = i, j
		all = append(all, r)
	}
	return all
}

// sinkThroughReshape rewrites R(T(x)) to T'(R'(x)) where R splits and joins axes that lie together in x, too. Where
// joined axes do not, as in a channel shuffle, a smaller transpose P brings them together first, T'(R'(P(x))), if T'
// is going to cancel.
func sinkThroughReshape(g *graph.Graph, at int, producer map[*graph.Value]*graph.Node) (bool, error) {
	n := g.Nodes[at]
	t := transposeOf(n.In[0], producer)
	if t == nil {
		return false, nil
	}
	perm, y := t.Attrs.Ints("perm"), n.Out[0].Shape
	runs := runsOf(t.Out[0].Shape, y)
	// Axis 0 may be a batch of any size: it has to stay where it is.
	if len(runs) == 0 || runs[0] != (run{0, 1, 0, 1}) || perm[0] != 0 {
		return false, nil
	}
	sources := func(r run) []int { return perm[r.in0:r.in1] }
	order := slices.Clone(runs) // as they will lie in x
	slices.SortStableFunc(order, func(a, b run) int {
		switch {
		case a.in0 == a.in1 && b.in0 == b.in1:
			return 0
		case a.in0 == a.in1:
			return 1
		case b.in0 == b.in1:
			return -1
		}
		return slices.Min(sources(a)) - slices.Min(sources(b))
	})
	var before, shape, after []int
	for _, r := range order {
		before = append(before, sources(r)...)
		for k := r.out0; k < r.out1; k++ {
			after = append(after, k)
			shape = append(shape, y.Dim[k])
		}
	}
	after = invert(after)
	shape[0] = 0
	if slices.IsSorted(after) && !slices.IsSorted(before) {
		return false, nil // nothing gained
	}
	if !slices.IsSorted(before) && (slices.Equal(before, perm) || !cancels(g, n.Out[0], after)) {
		return false, nil
	}
	varies := newReshapes(g)
	attrs, ok := varies.attrs(shape, func() []tensor.Shape { return permuted(varies.at(t.In[0]), before) },
		func() []tensor.Shape { return permuted(varies.at(n.Out[0]), invert(after)) })
	if !ok {
		return false, nil
	}
	n.In[0] = t.In[0]
	if !slices.IsSorted(before) {
		p := &graph.Node{Op: op.Transpose, Name: n.Name + "/together", Attrs: op.Attrs{op.IntsAttr("perm", before...)},
			In: []*graph.Value{t.In[0]}, Out: []*graph.Value{{Name: n.Out[0].Name + "/together"}}}
		if err := p.Infer(); err != nil {
			return false, err
		}
		n.In[0] = p.Out[0]
		g.Nodes = slices.Insert(g.Nodes, at, p)
		at++
	}
	n.Attrs = attrs
	return true, insertAfter(g, at, op.Transpose, "nhwc", op.Attrs{op.IntsAttr("perm", after...)})
}

// cancels reports whether a transpose of v would meet its inverse behind every operator that reads it.
func cancels(g *graph.Graph, v *graph.Value, perm []int) bool {
	if slices.Contains(g.Outputs, v) {
		return false
	}
	some := false
	for _, n := range g.Nodes {
		if !slices.Contains(n.In, v) {
			continue
		}
		switch {
		case n.Op == op.Transpose:
			if !slices.Equal(n.Attrs.Ints("perm"), invert(perm)) {
				return false
			}
		case n.Op == op.Concat:
			// Its other inputs decide.
		case elementwise(n.Op) || n.Op == op.Slice || n.Op == op.Pad:
			if !cancels(g, n.Out[0], perm) {
				return false
			}
		default:
			return false
		}
		some = true
	}
	return some
}

// mergeReshape joins two reshapes in a row and drops one that changes nothing.
func mergeReshape(g *graph.Graph, n *graph.Node, producer map[*graph.Value]*graph.Node) bool {
	varies := newReshapes(g)
	if n.In[0].Shape == n.Out[0].Shape && !slices.Contains(g.Outputs, n.Out[0]) && (varies == nil || slices.Equal(varies.at(n.In[0]), varies.at(n.Out[0]))) {
		bypass(g, n)
		return true
	}
	p := producer[n.In[0]]
	if p == nil || p.Op != op.Reshape {
		return false
	}
	if varies != nil {
		attrs, ok := graph.ReshapeAttrs(varies.at(p.In[0]), varies.at(n.Out[0]), varies.probes)
		if ok {
			n.In[0], n.Attrs = p.In[0], attrs
		}
		return ok
	}
	first, shape := p.Attrs.Ints("shape"), slices.Clone(n.Attrs.Ints("shape"))
	for i, d := range shape {
		if d != 0 {
			continue
		}
		// A copied dimension is whatever the first reshape says there.
		if shape[i] = first[i]; first[i] == -1 && slices.Index(shape, -1) != i {
			return false
		}
	}
	if slices.Index(shape, -1) >= 0 && slices.Contains(shape[slices.Index(shape, -1)+1:], -1) {
		return false
	}
	n.In[0], n.Attrs = p.In[0], op.Attrs{op.IntsAttr("shape", shape...)}
	return true
}

// sinkReshape rewrites f(R(x)) to R(f(x)), and f(R(x), R(y)) likewise. f is elementwise, or pads, slices or joins and R
// only adds or removes axes of extent 1.
func sinkReshape(g *graph.Graph, at int, producer map[*graph.Value]*graph.Node) (bool, error) {
	n := g.Nodes[at]
	var r *graph.Node
	for _, v := range n.In {
		if v != nil && v.Const != nil {
			continue
		}
		p := producer[v] // none for an input left out
		if p == nil || p.Op != op.Reshape || p.In[0].Const != nil || r != nil && !alike(r, p, n.Op != op.Concat) {
			return false, nil
		}
		r = p
	}
	if r == nil {
		return false, nil
	}
	attrs, ok := n.Attrs, elementwise(n.Op) && r.Out[0].Shape == n.Out[0].Shape
	if !elementwise(n.Op) {
		attrs, ok = moveOntoReshape(n, r)
	}
	if !ok {
		return false, nil
	}
	in := slices.Clone(n.In)
	for i, v := range in {
		if v.Const == nil {
			in[i] = producer[v].In[0]
		} else if in[i] = reshapedConst(v, r); in[i] == nil || !elementwise(n.Op) {
			return false, nil
		}
	}
	n.In, n.Attrs = in, attrs
	after := r.Attrs
	if !elementwise(n.Op) {
		shape := slices.Clone(n.Out[0].Shape.Dims())
		shape[0] = 0
		after = op.Attrs{op.IntsAttr("shape", shape...)}
	}
	return true, insertAfter(g, at, op.Reshape, "shape", after)
}

// alike reports whether two reshapes add and remove the same axes, or are the same altogether.
func alike(a, b *graph.Node, same bool) bool {
	x, y := a.In[0].Shape, b.In[0].Shape
	if same {
		return x == y && slices.Equal(a.Attrs.Ints("shape"), b.Attrs.Ints("shape")) && slices.Equal(a.Attrs.Ints("symbols"), b.Attrs.Ints("symbols"))
	}
	return slices.Equal(runsOf(x, a.Out[0].Shape), runsOf(y, b.Out[0].Shape))
}

// reshapedConst is a constant operand as it broadcasts before the reshape: one number, or one for each position on a
// last axis that the reshape keeps; otherwise nil.
func reshapedConst(v *graph.Value, r *graph.Node) *graph.Value {
	x, y := r.In[0].Shape, r.Out[0].Shape
	c := *v.Const
	switch n := v.Shape.Elements(); {
	case n == 1:
		c.Shape = tensor.Shape{}
	case x.Rank > 0 && y.Rank > 0 && x.Dim[x.Rank-1] == n && y.Dim[y.Rank-1] == n && v.Shape.Dim[v.Shape.Rank-1] == n:
		c.Shape = tensor.MakeShape(n)
	default:
		return nil
	}
	return graph.NewConst(v.Name, &c)
}

// moveOntoReshape returns the attributes that a Concat, Slice or Pad needs before a reshape that adds or removes axes of
// extent 1 elsewhere. Axis 0, which may be a batch of any size, has to stay.
func moveOntoReshape(n, r *graph.Node) (op.Attrs, bool) {
	x, y := r.In[0].Shape, r.Out[0].Shape
	from := slices.Repeat([]int{-1}, y.Rank) // axis of x by axis of y
	for i, k := range runsOf(x, y) {
		if k.in1-k.in0 > 1 || k.out1-k.out0 > 1 || i == 0 && k != (run{0, 1, 0, 1}) {
			return nil, false
		}
		if k.in1 > k.in0 && k.out1 > k.out0 {
			from[k.out0] = k.in0
		}
	}
	if y.Rank == 0 || from[0] != 0 {
		return nil, false
	}
	switch n.Op {
	case op.Concat:
		axis := from[n.Attrs.Int("axis", 0)]
		return n.Attrs.With(op.IntAttr("axis", axis)), axis > 0
	case op.Slice:
		axes := make([]int, len(n.Attrs.Ints("starts")))
		for i := range axes {
			axes[i] = from[i]
			if given := n.Attrs.Ints("axes"); given != nil {
				axes[i] = from[given[i]]
			}
		}
		return n.Attrs.With(op.IntsAttr("axes", axes...)), len(axes) > 0 && slices.Min(axes) > 0
	case op.Pad:
		pads, moved := n.Attrs.Ints("pads"), make([]int, 2*x.Rank)
		for i, k := range from {
			before, after := pads[i], pads[y.Rank+i]
			if k < 1 && (before != 0 || after != 0) {
				return nil, false
			}
			if k >= 0 {
				moved[k], moved[x.Rank+k] = before, after
			}
		}
		return n.Attrs.With(op.IntsAttr("pads", moved...)), true
	}
	return nil, false
}
