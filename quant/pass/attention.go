package pass

import (
	"math"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// fuseAttention makes one operator of softmax(q·kᵀ·scale + mask)·v. Masks of 0 and of −∞, or of numbers that stand for it,
// become conditions: which keys take part. Others stay sums.
func fuseAttention(g *graph.Graph) (bool, error) {
	f := &fuser{g: g, p: patterns{g.Producers()}, uses: g.Uses()}
	for at, n := range g.Nodes {
		if n.Op != op.BatchMatMul || n.Attrs.Int("adjX", 0) != 0 || n.Attrs.Int("adjY", 0) != 0 {
			continue
		}
		if done, err := f.fuse(at); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// fuser builds nodes that go before the one that is fused.
type fuser struct {
	g     *graph.Graph
	p     patterns
	uses  map[*graph.Value]int
	nodes []*graph.Node
	name  string
	err   error
}

// emit makes a node.
func (f *fuser) emit(def *op.Def, suffix string, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	n := &graph.Node{Op: def, Name: f.name + suffix, Attrs: attrs, In: in, Out: []*graph.Value{{Name: f.name + suffix}}}
	if err := n.Infer(); err != nil && f.err == nil {
		f.err = err
	}
	f.nodes = append(f.nodes, n)
	f.p.producer[n.Out[0]] = n
	return n.Out[0]
}

// excluded is the largest number that exporters write for −∞ in a mask.
const excluded = -1e4

func (f *fuser) fuse(at int) (bool, error) {
	n := f.g.Nodes[at]
	f.nodes, f.name, f.err = nil, n.Name, nil
	soft := f.p.producer[n.In[0]]
	if guarded := f.guarded(soft); guarded != nil {
		soft = guarded
	} else if soft != nil && f.uses[soft.Out[0]] != 1 {
		return false, nil
	}
	if soft == nil || soft.Op != op.Softmax || len(soft.Attrs) > 0 || soft.Out[0].DType != tensor.Float32 {
		return false, nil
	}
	scale, scores := 1.0, soft.In[0]
	var keep []*graph.Value // conditions under which a key takes part
	var bias *graph.Value
	var product *graph.Node
	for product == nil {
		m := f.p.producer[scores]
		if m == nil || m.Attrs.Has("min") || m.Attrs.Has("max") || f.uses[scores] != 1 {
			return false, nil
		}
		switch m.Op {
		case op.BatchMatMul:
			product = m
		case op.Mul, op.Div:
			v, d := f.p.scaled(m)
			if v == nil || bias != nil || d < 0 {
				return false, nil
			}
			scores, scale = v, scale/float64(d)
		case op.Add:
			i := slices.IndexFunc(m.In, func(v *graph.Value) bool { return f.isScores(v, 4) })
			if i < 0 || m.In[i].Shape != m.Out[0].Shape {
				return false, nil
			}
			if more, ok := f.keepOfSum(m.In[1-i], 6); ok {
				keep = append(keep, more...)
			} else if bias == nil {
				bias = m.In[1-i]
			} else {
				return false, nil
			}
			scores = m.In[i]
		case op.Select:
			// masked_fill
			if low, ok := scalar(m.In[1]); ok && low <= excluded && m.In[2].Shape == m.Out[0].Shape {
				keep, scores = append(keep, f.not(m.In[0])...), m.In[2]
			} else if low, ok := scalar(m.In[2]); ok && low <= excluded && m.In[1].Shape == m.Out[0].Shape {
				keep, scores = append(keep, f.both(m.In[0])...), m.In[1]
			} else {
				return false, nil
			}
		default:
			return false, nil
		}
	}
	q, k, v := product.In[0], product.In[1], n.In[1]
	if product.Attrs.Int("adjX", 0) != 0 || q.Shape.Rank != k.Shape.Rank || q.Shape.Rank != v.Shape.Rank || q.Shape.Rank < 3 || q.Shape.Rank > 4 ||
		q.Const != nil || k.Const != nil || v.Const != nil {
		return false, nil
	}
	rank := q.Shape.Rank
	for i := range rank - 2 {
		if q.Shape.Dim[i] != k.Shape.Dim[i] || q.Shape.Dim[i] != v.Shape.Dim[i] {
			return false, nil
		}
	}
	unscale := func(v *graph.Value) *graph.Value {
		if m := f.p.producer[v]; m != nil && (m.Op == op.Mul || m.Op == op.Div) {
			if u, d := f.p.scaled(m); u != nil && d > 0 {
				scale /= float64(d)
				return u
			}
		}
		return v
	}
	q, k = unscale(q), unscale(k)
	if product.Attrs.Int("adjY", 0) == 0 {
		perm := count(rank)
		perm[rank-2], perm[rank-1] = rank-1, rank-2
		if t := transposeOf(k, f.p.producer); t != nil {
			joined := slices.Clone(t.Attrs.Ints("perm"))
			joined[rank-2], joined[rank-1] = joined[rank-1], joined[rank-2]
			k, perm = t.In[0], joined
		}
		k = unscale(k)
		k = f.emit(op.Transpose, "/keys", op.Attrs{op.IntsAttr("perm", perm...)}, k)
	}
	attrs := op.Attrs{op.FloatAttr("scale", float32(scale))}
	in := []*graph.Value{q, k, v}
	var mask *graph.Value
	for _, c := range keep {
		if f.causal(c) {
			attrs = attrs.With(op.IntAttr("causal", 1))
		} else if mask == nil {
			mask = c
		} else {
			mask = f.emit(op.Binary, "/and", op.Attrs{op.StringAttr("function", "and")}, mask, c)
		}
	}
	def := op.Attention
	if bias != nil {
		def = op.AttentionBias
		if mask != nil {
			zero, low := f.number("/zero", 0), f.number("/low", float32(math.Inf(-1)))
			bias = f.emit(op.Add, "/bias", nil, bias, f.emit(op.Select, "/mask", nil, mask, zero, low))
		}
		mask = bias
	}
	if mask != nil {
		in = append(in, mask)
	}
	if f.err != nil {
		return false, f.err
	}
	m := &graph.Node{Op: def, Name: n.Name, Attrs: attrs, In: in, Out: n.Out}
	if m.Infer() != nil {
		return false, n.Infer() // a mask of more axes, say
	}
	f.g.Nodes = slices.Replace(f.g.Nodes, at, at+1, append(f.nodes, m)...)
	return true, nil
}

func count(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func (f *fuser) number(suffix string, v float32) *graph.Value {
	return graph.NewConst(f.name+suffix, tensor.FromF32(tensor.Shape{}, []float32{v}))
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

// keepOfSum returns the conditions that a mask which is added stands for. ok is false where it adds other numbers.
func (f *fuser) keepOfSum(v *graph.Value, depth int) (keep []*graph.Value, ok bool) {
	if depth == 0 {
		return nil, false
	}
	if v.Const != nil {
		c, ok := keepOfConst(v)
		return []*graph.Value{c}, ok
	}
	n := f.p.producer[v]
	if n == nil || n.Attrs.Has("min") || n.Attrs.Has("max") {
		return nil, false
	}
	switch n.Op {
	case op.Mul, op.Div:
		if u, d := f.p.scaled(n); u != nil && d > 0 && d <= 1e3 {
			return f.keepOfSum(u, depth-1)
		}
		return f.keepOfNumbers(n)
	case op.Add:
		for _, u := range n.In {
			more, ok := f.keepOfSum(u, depth-1)
			if !ok {
				return nil, false
			}
			keep = append(keep, more...)
		}
		return keep, true
	case op.Select:
		a, okA := scalar(n.In[1])
		b, okB := scalar(n.In[2])
		switch {
		case okA && a <= excluded && okB && b == 0:
			return f.not(n.In[0]), true
		case okB && b <= excluded && okA && a == 0:
			return f.both(n.In[0]), true
		case okA && a <= excluded:
			more, ok := f.keepOfSum(n.In[2], depth-1)
			return append(f.not(n.In[0]), more...), ok
		}
	case op.Slice, op.Reshape, op.Tile, op.Transpose:
		inner, ok := f.keepOfSum(n.In[0], depth-1)
		if !ok || len(inner) != 1 || inner[0].Shape != n.In[0].Shape {
			return nil, false
		}
		return []*graph.Value{f.emit(n.Op, "/mask", n.Attrs, inner[0])}, true
	}
	return nil, false
}

// keepOfNumbers takes (1 − x)·low, x being made of a condition or of integers 0 and 1.
func (f *fuser) keepOfNumbers(n *graph.Node) ([]*graph.Value, bool) {
	for i, c := range n.In {
		low, ok := scalar(c)
		sub := f.p.plain(n.In[1-i], op.Sub)
		if !ok || n.Op != op.Mul || low > excluded || sub == nil {
			continue
		}
		one, ok := scalar(sub.In[0])
		cast := f.p.producer[sub.In[1]]
		if !ok || one != 1 || cast == nil || cast.Op != op.Cast || cast.In[0].DType == tensor.Float32 {
			continue
		}
		v := cast.In[0]
		if v.DType != tensor.Bool {
			v = f.emit(op.Cast, "/keep", op.Attrs{op.IntAttr("to", int(tensor.Bool))}, v)
		}
		return []*graph.Value{v}, true
	}
	return nil, false
}

// keepOfConst turns a mask of 0 and −∞ into a condition.
func keepOfConst(v *graph.Value) (*graph.Value, bool) {
	if v.DType != tensor.Float32 {
		return nil, false
	}
	c := tensor.New(tensor.Type{DType: tensor.Bool, Shape: v.Shape})
	for i, x := range v.Const.Data.F32() {
		switch {
		case x == 0:
			c.Data.Bytes()[i] = 1
		case !(x <= excluded):
			return nil, false
		}
	}
	return graph.NewConst(v.Name, c), true
}

// both takes a condition apart as conditions that hold together.
func (f *fuser) both(c *graph.Value) []*graph.Value {
	n := f.p.producer[c]
	switch {
	case n != nil && n.Op == op.Binary && n.Attrs.String("function", "") == "and":
		return append(f.both(n.In[0]), f.both(n.In[1])...)
	case isFunction(n, "not"):
		return f.not(n.In[0])
	}
	return []*graph.Value{c}
}

// not is both of the opposite.
func (f *fuser) not(c *graph.Value) []*graph.Value {
	if c.Const != nil {
		t := tensor.New(c.Type)
		for i, b := range c.Const.Data.Bytes() {
			if b == 0 {
				t.Data.Bytes()[i] = 1
			}
		}
		return []*graph.Value{graph.NewConst(c.Name+"/not", t)}
	}
	n := f.p.producer[c]
	switch {
	case isFunction(n, "not"):
		return f.both(n.In[0])
	case n != nil && n.Op == op.Binary && n.Attrs.String("function", "") == "or":
		return append(f.not(n.In[0]), f.not(n.In[1])...)
	case n != nil && n.Op == op.Slice && n.In[0].Const != nil:
		return []*graph.Value{f.emit(op.Slice, "/mask", n.Attrs, f.not(n.In[0])[0])}
	}
	return []*graph.Value{f.emit(op.Unary, "/not", op.Attrs{op.StringAttr("function", "not")}, c)}
}

// causal reports whether a condition is that of keys up to the query's own position, for as many keys as queries.
func (f *fuser) causal(c *graph.Value) bool {
	v := c
	if n := f.p.producer[c]; n != nil && n.Op == op.Slice {
		axes, at := n.Attrs.Ints("axes"), n.Attrs.Ints("symbols")
		r := n.In[0].Shape.Rank
		if !slices.Equal(axes, []int{r - 2, r - 1}) || len(at) != 2 || at[0] != at[1] || at[0] < 0 || !slices.Equal(n.Attrs.Ints("starts"), []int{0, 0}) || n.Attrs.Has("steps") {
			return false
		}
		v = n.In[0]
	}
	if v.Const == nil || v.DType != tensor.Bool || v.Shape.Rank < 2 {
		return false
	}
	n := v.Shape.Dim[v.Shape.Rank-1]
	if v.Shape.Elements() != n*n || v.Shape.Dim[v.Shape.Rank-2] != n || n < 2 {
		return false
	}
	for i, b := range v.Const.Data.Bytes() {
		if (i%n <= i/n) != (b != 0) {
			return false
		}
	}
	return true
}

// absorbHeads lets Attention read heads where they lie in the rows of the layers before it, and write them so: reshapes
// and transposes around it then cancel.
//
//	transpose [0 2 1 3] of reshape [N,S,H,D] of x [N,S,H·D]
//	transpose [1 0 2] of reshape [S,N·H,D] of x [S,N,H·D]     sequenceFirst
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
