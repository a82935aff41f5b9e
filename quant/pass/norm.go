package pass

import (
	"math"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// nameNorms finds normalizations of the last axis that an exporter wrote out, d/√(mean(d²) + epsilon), d being x or
// x − mean(x), and takes scales and offsets of the last axis behind one into it.
func nameNorms(g *graph.Graph) (bool, error) {
	p, uses := patterns{g.Producers()}, g.Uses()
	changed := false
	for _, n := range g.Nodes {
		switch n.Op {
		case op.Div, op.Mul:
			if x, epsilon, center := p.norm(n); x != nil {
				c := x.Shape.Dim[x.Shape.Rank-1]
				n.Op, n.Attrs = op.RMSNorm, op.Attrs{op.FloatAttr("epsilon", epsilon)}
				if center {
					n.Op = op.LayerNorm
				}
				n.In = []*graph.Value{x, graph.NewConst(n.Name+"/scale", tensor.FromF32(tensor.MakeShape(c), slices.Repeat([]float32{1}, c)))}
				changed = true
				continue
			}
			if n.Op == op.Mul && p.intoNorm(n, uses) {
				return true, nil
			}
		case op.Add:
			if p.intoNorm(n, uses) {
				return true, nil
			}
		}
	}
	return changed, nil
}

// norm takes n apart as a normalization of x.
func (p patterns) norm(n *graph.Node) (x *graph.Value, epsilon float32, center bool) {
	if n.Attrs.Has("min") || n.Attrs.Has("max") || n.Out[0].DType != tensor.Float32 {
		return nil, 0, false
	}
	for i, d := range n.In {
		root := p.producer[n.In[1-i]]
		if root == nil || n.Op == op.Div && i == 1 || d.Shape != n.Out[0].Shape || d.Const != nil || d.Shape.Rank < 1 {
			continue
		}
		// d/√v, d·(1/√v) or d·v^−½
		if n.Op == op.Mul && isFunction(root, "rsqrt") {
			root = p.producer[root.In[0]]
		} else {
			if n.Op == op.Mul {
				if root = p.reciprocal(root); root == nil {
					continue
				}
			}
			if !isFunction(root, "sqrt") {
				continue
			}
			root = p.producer[root.In[0]]
		}
		if root == nil || root.Op != op.Add || p.plain(root.Out[0], op.Add) == nil {
			continue
		}
		for k, c := range root.In {
			e, ok := scalar(c)
			if !ok || e < 0 || !p.meanOf(root.In[1-k], d, true) {
				continue
			}
			if sub := p.plain(d, op.Sub); sub != nil && sub.Attrs.Int("reverse", 0) == 0 && p.meanOf(sub.In[1], sub.In[0], false) {
				return sub.In[0], e, true
			}
			return d, e, false
		}
	}
	return nil, 0, false
}

func isFunction(n *graph.Node, name string) bool {
	return n != nil && n.Op == op.Unary && n.Attrs.String("function", "") == name
}

// reciprocal returns the node behind 1/v.
func (p patterns) reciprocal(n *graph.Node) *graph.Node {
	if isFunction(n, "reciprocal") {
		return p.producer[n.In[0]]
	}
	if n.Op == op.Div {
		if one, ok := scalar(n.In[0]); ok && one == 1 {
			return p.producer[n.In[1]]
		}
	}
	return nil
}

// meanOf reports whether m is the mean of x, or of its squares, over the last axis.
func (p patterns) meanOf(m, x *graph.Value, squares bool) bool {
	n := p.producer[m]
	if n == nil || n.Op != op.Mean || n.Attrs.Int("keepDims", 0) == 0 || !slices.Equal(n.Attrs.Ints("axes"), []int{x.Shape.Rank - 1}) {
		return false
	}
	v := n.In[0]
	if !squares {
		return v == x
	}
	s := p.producer[v]
	switch {
	case s == nil:
		return false
	case isFunction(s, "square"):
		return s.In[0] == x
	case s.Op == op.Mul:
		return s.In[0] == x && s.In[1] == x && !s.Attrs.Has("min") && !s.Attrs.Has("max")
	case s.Op == op.Binary && s.Attrs.String("function", "") == "pow":
		two, ok := scalar(s.In[1])
		return ok && two == 2 && s.In[0] == x
	}
	return false
}

// intoNorm moves a product with, or a sum of, a constant of the last axis into the normalization before it.
func (p patterns) intoNorm(n *graph.Node, uses map[*graph.Value]int) bool {
	if n.Attrs.Has("min") || n.Attrs.Has("max") {
		return false
	}
	for i, c := range n.In {
		norm := p.producer[n.In[1-i]]
		if c.Const == nil || c.DType != tensor.Float32 || norm == nil || norm.Op != op.LayerNorm && norm.Op != op.RMSNorm || uses[norm.Out[0]] != 1 ||
			norm.Out[0].Shape != n.Out[0].Shape || norm.In[1].Const == nil {
			continue
		}
		channels := norm.In[1].Shape.Dim[0]
		v := perChannel(c, channels)
		if v == nil {
			continue
		}
		scale, bias := slices.Clone(norm.In[1].Const.Data.F32()), make([]float32, channels)
		if len(norm.In) > 2 {
			if norm.In[2].Const == nil {
				continue
			}
			copy(bias, norm.In[2].Const.Data.F32())
		}
		for k := range scale {
			if n.Op == op.Mul {
				scale[k] *= v[k]
				bias[k] *= v[k]
			} else {
				bias[k] += v[k]
			}
		}
		with := func(name string, f []float32) *graph.Value {
			return graph.NewConst(norm.Name+name, tensor.FromF32(tensor.MakeShape(channels), f))
		}
		norm.In = []*graph.Value{norm.In[0], with("/scale", scale)}
		if n.Op == op.Add || slices.ContainsFunc(bias, func(b float32) bool { return b != 0 }) {
			norm.In = append(norm.In, with("/bias", bias))
		}
		// n becomes the normalization: it stands behind all that reads need.
		n.Op, n.Attrs, n.In = norm.Op, norm.Attrs, norm.In
		return true
	}
	return false
}

// nameGelu finds GELU in any of the ways of writing it: what a product computes from one value, and numbers, is evaluated
// and compared.
func nameGelu(g *graph.Graph) (bool, error) {
	p := patterns{g.Producers()}
	changed := false
	for _, n := range g.Nodes {
		if n.Op != op.Mul && n.Op != op.Div || n.Out[0].DType != tensor.Float32 {
			continue
		}
		if x, name := p.gelu(n); x != nil {
			n.Op, n.Attrs, n.In = op.Unary, op.Attrs{op.StringAttr("function", name)}, []*graph.Value{x}
			changed = true
		}
	}
	return changed, nil
}

func (p patterns) gelu(n *graph.Node) (*graph.Value, string) {
	// Values that the product may be a function of, nearest last.
	var candidates []*graph.Value
	deep := false
	var collect func(v *graph.Value, depth int)
	collect = func(v *graph.Value, depth int) {
		if v.Const != nil || depth == 0 || slices.Contains(candidates, v) || v.Shape != n.Out[0].Shape {
			return
		}
		candidates = append(candidates, v)
		if m := p.producer[v]; m != nil && written(m) {
			deep = deep || isFunction(m, "erf") || m.Op == op.Tanh
			for _, u := range m.In {
				collect(u, depth-1)
			}
		}
	}
	for _, v := range n.In {
		collect(v, 9)
	}
	if !deep {
		return nil, ""
	}
	for _, x := range candidates {
		for name, want := range map[string]func(float64) float64{
			"gelu": func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 },
			"geluTanh": func(x float64) float64 {
				return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+float64(0.044715*x*x*x)))) / 2
			},
		} {
			same := true
			for at := -4.0; at <= 4 && same; at += 0.37 {
				y, ok := p.evaluate(n.Out[0], x, at, 12)
				same = ok && math.Abs(y-want(at)) <= 2e-6
			}
			if same {
				return x, name
			}
		}
	}
	return nil, ""
}

// written reports whether evaluate knows the operator.
func written(n *graph.Node) bool {
	switch n.Op {
	case op.Mul, op.Add, op.Sub, op.Div, op.Tanh:
		return !n.Attrs.Has("min") && !n.Attrs.Has("max")
	case op.Unary:
		return isFunction(n, "erf") || isFunction(n, "square")
	case op.Binary:
		return n.Attrs.String("function", "") == "pow"
	}
	return false
}

// evaluate computes v where the value x is the number at. ok is false where v depends on something else.
func (p patterns) evaluate(v, x *graph.Value, at float64, depth int) (y float64, ok bool) {
	if v == x {
		return at, true
	}
	if f, ok := scalar(v); ok {
		return float64(f), true
	}
	n := p.producer[v]
	if n == nil || depth == 0 || !written(n) {
		return 0, false
	}
	var in [2]float64
	for i, u := range n.In {
		if in[i], ok = p.evaluate(u, x, at, depth-1); !ok {
			return 0, false
		}
	}
	switch n.Op {
	case op.Mul:
		return in[0] * in[1], true
	case op.Add:
		return in[0] + in[1], true
	case op.Sub:
		return in[0] - in[1], true
	case op.Div:
		return in[0] / in[1], true
	case op.Tanh:
		return math.Tanh(in[0]), true
	case op.Binary:
		return math.Pow(in[0], in[1]), true
	}
	if isFunction(n, "square") {
		return in[0] * in[0], true
	}
	return math.Erf(in[0]), true
}
