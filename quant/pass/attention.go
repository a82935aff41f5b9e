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

// fuse makes one operator of the product at Nodes[at] and of all that its first operand is made of, if that is attention.
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
	s := f.scoresOf(soft.In[0])
	if s == nil || !attends(s.product, n.In[1]) {
		return false, nil
	}
	q, k := f.queries(s), f.keys(s)
	attrs := op.Attrs{op.FloatAttr("scale", float32(s.scale))}
	mask, causal := f.mask(s.keep)
	if causal {
		attrs = attrs.With(op.IntAttr("causal", 1))
	}
	def := op.Attention
	if s.bias != nil {
		bias := s.bias
		if s.factor != 1 {
			bias = f.emit(op.Mul, "/scale", nil, bias, f.number("/factor", float32(s.factor)))
		}
		def, mask = op.AttentionBias, f.masked(bias, mask)
	}
	in := []*graph.Value{q, k, n.In[1]}
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

// mask joins conditions into one, nil for none; the causal one is told apart.
func (f *fuser) mask(keep []*graph.Value) (mask *graph.Value, causal bool) {
	for _, c := range keep {
		if f.causal(c) {
			causal = true
		} else if mask == nil {
			mask = c
		} else {
			mask = f.emit(op.Binary, "/and", op.Attrs{op.StringAttr("function", "and")}, mask, c)
		}
	}
	return mask, causal
}

// masked returns numbers that are added to scores, −∞ where mask, unless it is nil, does not hold.
func (f *fuser) masked(bias, mask *graph.Value) *graph.Value {
	if mask == nil {
		return bias
	}
	zero, low := f.number("/zero", 0), f.number("/low", float32(math.Inf(-1)))
	return f.emit(op.Add, "/bias", nil, bias, f.emit(op.Select, "/mask", nil, mask, zero, low))
}

// turnedFlat returns the matrices whose last two axes v exchanges by way of a single leading axis: reshape, transpose, reshape.
func (f *fuser) turnedFlat(v *graph.Value) *graph.Value {
	back := f.p.producer[v]
	if back == nil || back.Op != op.Reshape || v.Shape.Rank != 4 {
		return nil
	}
	t := transposeOf(back.In[0], f.p.producer)
	if t == nil || !slices.Equal(t.Attrs.Ints("perm"), []int{0, 2, 1}) {
		return nil
	}
	flat := f.p.producer[t.In[0]]
	if flat == nil || flat.Op != op.Reshape {
		return nil
	}
	x := flat.In[0]
	want := v.Shape
	want.Dim[2], want.Dim[3] = want.Dim[3], want.Dim[2]
	if x.Shape != want || t.In[0].Shape != tensor.MakeShape(want.Dim[0]*want.Dim[1], want.Dim[2], want.Dim[3]) {
		return nil
	}
	return x
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
		if ok && n.Op == op.Reshape && len(inner) > 1 {
			return f.apart(n, inner)
		}
		if !ok || len(inner) != 1 || inner[0].Shape != n.In[0].Shape {
			return nil, false
		}
		return []*graph.Value{f.emit(n.Op, "/mask", n.Attrs, inner[0])}, true
	}
	return nil, false
}

// apart takes a Reshape of [N·H,S,K] to [N,H,S,K] to each of the conditions that broadcast to its input.
func (f *fuser) apart(n *graph.Node, conditions []*graph.Value) ([]*graph.Value, bool) {
	from, to, shape := n.In[0].Shape, n.Out[0].Shape, n.Attrs.Ints("shape")
	if from.Rank != 3 || to.Rank != 4 || from.Dim[1] != to.Dim[2] || from.Dim[2] != to.Dim[3] {
		return nil, false
	}
	var out []*graph.Value
	for _, c := range conditions {
		if c.Shape.Rank < 3 || c.Shape.Dim[0] == 1 {
			out = append(out, c) // it broadcasts to both
			continue
		}
		own, symbols := slices.Clone(shape), slices.Clone(n.Attrs.Ints("symbols"))
		for i := 1; i < 3; i++ {
			if c.Shape.Dim[i] == 1 {
				if own[i+1] = 1; symbols != nil {
					symbols[i+1] = -1
				}
			}
		}
		attrs := n.Attrs.With(op.IntsAttr("shape", own...))
		if symbols != nil {
			attrs = attrs.With(op.IntsAttr("symbols", symbols...))
		}
		out = append(out, f.emit(op.Reshape, "/apart", attrs, c))
	}
	return out, f.err == nil
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
	if n := f.p.producer[c]; n != nil && n.Op == op.Reshape && leadingOnes(n) {
		return f.causal(n.In[0])
	}
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

// leadingOnes reports whether a Reshape of matrices only adds axes of extent 1 in front, or takes such away.
func leadingOnes(n *graph.Node) bool {
	a, b := n.In[0].Shape.Dims(), n.Out[0].Shape.Dims()
	for len(a) > 2 && a[0] == 1 {
		a = a[1:]
	}
	for len(b) > 2 && b[0] == 1 {
		b = b[1:]
	}
	return len(a) >= 2 && slices.Equal(a, b)
}
