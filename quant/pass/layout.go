package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// cancelTransposes moves every transpose behind the operators that can do without it until two of them meet and
// cancel, and turns those that only move axes of extent 1 into reshapes, which cost nothing. Reshapes move behind
// elementwise operators, so that these become the neighbours of the layer before.
func cancelTransposes(g *graph.Graph) (bool, error) {
	changed := false
	for again := true; again; {
		again = false
		producer := g.Producers()
		for i, n := range g.Nodes {
			var did bool
			var err error
			switch {
			case n.Op == op.Transpose:
				did, err = mergeTranspose(g, n, producer)
			case n.Op == op.Reshape:
				if did, err = sinkThroughReshape(g, i, producer); !did && err == nil {
					did = mergeReshape(g, n, producer)
				}
			default:
				if did, err = sinkTranspose(g, i, producer); !did && err == nil {
					did, err = sinkReshape(g, i, producer)
				}
			}
			if err != nil {
				return changed, err
			}
			if did {
				again, changed = true, true
				if _, err := dropDead(g); err != nil {
					return changed, err
				}
				break // producer and positions are stale
			}
		}
	}
	// Only now: a reshape would stop the transpose of a gate [N,C,1,1] from meeting the one of what it multiplies.
	for _, n := range g.Nodes {
		if n.Op == op.Transpose && reshapeTranspose(g, n) {
			changed = true
		}
	}
	return changed, nil
}

// elementwise operators compute output elements from input elements at the same place.
func elementwise(d *op.Def) bool {
	switch d {
	case op.Add, op.Sub, op.Mul, op.Div, op.PRelu, op.Clamp, op.Cast, op.Logistic, op.Tanh, op.HardSwish, op.HardSigmoid, op.LeakyRelu,
		op.Unary, op.Binary, op.Minimum, op.Maximum, op.SquaredDifference, op.Compare, op.Select, op.AddN:
		return true
	}
	return false
}

func transposeOf(v *graph.Value, producer map[*graph.Value]*graph.Node) *graph.Node {
	if v == nil {
		return nil
	}
	if n := producer[v]; n != nil && n.Op == op.Transpose {
		return n
	}
	return nil
}

// mergeTranspose removes an identity or joins two transposes in a row.
func mergeTranspose(g *graph.Graph, n *graph.Node, producer map[*graph.Value]*graph.Node) (bool, error) {
	perm := n.Attrs.Ints("perm")
	if slices.IsSorted(perm) {
		bypass(g, n)
		return true, nil
	}
	if p := transposeOf(n.In[0], producer); p != nil {
		joined := make([]int, len(perm))
		for i, k := range perm {
			joined[i] = p.Attrs.Ints("perm")[k]
		}
		n.In[0] = p.In[0]
		n.Attrs = op.Attrs{op.IntsAttr("perm", joined...)}
		return true, nil
	}
	return false, nil
}

// reshapeTranspose makes a reshape of a transpose that only moves axes of extent 1.
func reshapeTranspose(g *graph.Graph, n *graph.Node) bool {
	perm := n.Attrs.Ints("perm")
	// Axes that matter keep their order: the bytes stay where they are. Axis 0 may be a batch of any size.
	x := n.In[0].Shape
	last := -1
	for _, k := range perm {
		if k != 0 && x.Dim[k] == 1 {
			continue
		}
		if k < last {
			return false
		}
		last = k
	}
	shape := make([]int, len(perm))
	for i, k := range perm {
		shape[i] = x.Dim[k]
		if i == k {
			shape[i] = 0
		}
	}
	varies := newReshapes(g)
	attrs, ok := varies.attrs(shape, func() []tensor.Shape { return varies.at(n.In[0]) }, func() []tensor.Shape { return varies.at(n.Out[0]) })
	if ok {
		n.Op, n.Attrs = op.Reshape, attrs
	}
	return ok
}

// bypass lets readers of a node's output read its input. A graph output keeps its name.
func bypass(g *graph.Graph, n *graph.Node) {
	v, out := n.In[0], n.Out[0]
	if slices.Contains(g.Outputs, out) && v.Const == nil && !slices.Contains(g.Inputs, v) && !slices.Contains(g.Outputs, v) {
		v.Name = out.Name
	}
	g.Replace(out, v)
}

// sinkTranspose rewrites f(T(x)) to T(f(x)), and f(T(x), T(y)) likewise; constants are transposed back.
func sinkTranspose(g *graph.Graph, at int, producer map[*graph.Value]*graph.Node) (bool, error) {
	n := g.Nodes[at]
	if n.Op == op.Attention || n.Op == op.AttentionBias {
		return sinkAttention(g, at, producer)
	}
	var perm []int
	for i, v := range n.In {
		if v != nil && v.Const != nil || n.Op == op.FullyConnected && i > 0 {
			continue
		}
		t := transposeOf(v, producer)
		if t == nil || perm != nil && !slices.Equal(perm, t.Attrs.Ints("perm")) {
			return false, nil
		}
		perm = t.Attrs.Ints("perm")
	}
	if perm == nil {
		return false, nil
	}
	attrs, after, ok := moveAxes(n, perm)
	if !ok {
		return false, nil
	}
	n.Attrs = attrs
	for i, v := range n.In {
		switch {
		case n.Op == op.FullyConnected && i > 0:
		case v.Const != nil:
			c, err := transposeConst(v, invert(perm))
			if err != nil {
				return false, err
			}
			n.In[i] = c
		default:
			n.In[i] = producer[v].In[0]
		}
	}
	return true, insertAfter(g, at, op.Transpose, "nhwc", op.Attrs{op.IntsAttr("perm", after...)})
}

func invert(perm []int) []int {
	inverse := make([]int, len(perm))
	for i, k := range perm {
		inverse[k] = i
	}
	return inverse
}

// insertAfter puts an operator of one input between a node and the readers of its output.
func insertAfter(g *graph.Graph, at int, def *op.Def, suffix string, attrs op.Attrs) error {
	n := g.Nodes[at]
	out := n.Out[0]
	n.Out[0] = &graph.Value{Name: out.Name + "/" + suffix}
	if err := n.Infer(); err != nil {
		return err
	}
	t := &graph.Node{Op: def, Name: n.Name + "/" + suffix, Attrs: attrs, In: []*graph.Value{n.Out[0]}, Out: []*graph.Value{out}}
	g.Nodes = slices.Insert(g.Nodes, at+1, t)
	return t.Infer()
}

// transposeConst permutes a constant that broadcasts against tensors of len(perm) axes.
func transposeConst(v *graph.Value, perm []int) (*graph.Value, error) {
	if v.Shape.Elements() == 1 {
		return v, nil
	}
	full := *v.Const
	full.Shape = tensor.Shape{Rank: len(perm)}
	for i := range perm {
		full.Shape.Dim[i] = 1
	}
	copy(full.Shape.Dim[len(perm)-v.Shape.Rank:], v.Shape.Dims())
	one := &graph.Graph{}
	n, err := one.Add(op.Transpose, v.Name, op.Attrs{op.IntsAttr("perm", perm...)}, graph.NewConst(v.Name, &full))
	if err != nil {
		return nil, err
	}
	one.Outputs = n.Out
	if _, err := foldConstants(one); err != nil {
		return nil, err
	}
	return one.Outputs[0], nil
}

// foldIntoWeights removes Transpose → Reshape [N,-1] → FullyConnected by permuting the weights' columns.
func foldIntoWeights(g *graph.Graph) (bool, error) {
	producer, uses := g.Producers(), g.Uses()
	for _, fc := range g.Nodes {
		if fc.Op != op.FullyConnected || fc.In[1].Const == nil || fc.In[1].DType != tensor.Float32 {
			continue
		}
		flat := producer[fc.In[0]]
		if flat == nil || flat.Op != op.Reshape || uses[flat.Out[0]] != 1 {
			continue
		}
		t := transposeOf(flat.In[0], producer)
		if t == nil || uses[t.Out[0]] != 1 {
			continue
		}
		perm, from, to := t.Attrs.Ints("perm"), t.In[0].Shape, t.Out[0].Shape
		// The reshape must flatten all but the batch, and the transpose keep the batch in front.
		if perm[0] != 0 || flat.Out[0].Shape.Rank != 2 || flat.Out[0].Shape.Dim[0] != to.Dim[0] {
			continue
		}
		w := fc.In[1]
		k := w.Shape.Dim[1]
		permuted := tensor.New(w.Type)
		source := make([]int, k) // column of w for each column of the new weights
		for i := range source {
			// Position i of the NHWC row lies at j of the transposed row.
			var index [tensor.MaxRank]int
			for axis, rest := from.Rank-1, i; axis >= 1; axis-- {
				index[axis] = rest % from.Dim[axis]
				rest /= from.Dim[axis]
			}
			j := 0
			for axis := 1; axis < to.Rank; axis++ {
				j = j*to.Dim[axis] + index[perm[axis]]
			}
			source[i] = j
		}
		src, dst := w.Const.Data.F32(), permuted.Data.F32()
		for r := 0; r < len(src); r += k {
			for i, j := range source {
				dst[r+i] = src[r+j]
			}
		}
		fc.In[1] = graph.NewConst(w.Name, permuted)
		flat.In[0] = t.In[0]
		flat.Attrs = op.Attrs{op.IntsAttr("shape", 0, -1)}
		return true, nil
	}
	return false, nil
}
