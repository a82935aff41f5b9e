package pass

import (
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// nameActivations finds hard sigmoid and hard swish where an exporter wrote them out:
//
//	clamp(x+b, 0, m) / m                     HardSigmoid, alpha 1/m, beta b/m
//	x · HardSigmoid(x), alpha 1/6, beta 1/2  HardSwish
//	x · clamp(x+3, 0, 6) / 6                 HardSwish, multiplied first and divided later or the other way round
//
// Divisions may be products with the reciprocal. x · 1/(1+e^−x) stays a product.
func nameActivations(g *graph.Graph) (bool, error) {
	p := patterns{g.Producers()}
	changed := false
	for _, n := range g.Nodes {
		switch x, m, b := p.hardSigmoid(n); {
		case n.Op == op.HardSigmoid || len(n.Out) != 1 || n.Out[0].DType != tensor.Float32:
		case x != nil:
			n.Op, n.In = op.HardSigmoid, []*graph.Value{x}
			n.Attrs = op.Attrs{op.FloatAttr("alpha", 1/m), op.FloatAttr("beta", b/m)}
			changed = true
		default:
			if x = p.hardSwish(n); x != nil {
				n.Op, n.In, n.Attrs = op.HardSwish, []*graph.Value{x}, nil
				changed = true
			}
		}
	}
	return changed, nil
}

type patterns struct{ producer map[*graph.Value]*graph.Node }

// plain returns the node behind v if it is of the operator and has no fused activation.
func (p patterns) plain(v *graph.Value, d *op.Def) *graph.Node {
	if n := p.producer[v]; n != nil && n.Op == d && !n.Attrs.Has("min") && !n.Attrs.Has("max") {
		return n
	}
	return nil
}

// scalar returns a constant of one element.
func scalar(v *graph.Value) (float32, bool) {
	if v.Const == nil || v.DType != tensor.Float32 || v.Shape.Elements() != 1 {
		return 0, false
	}
	return v.Const.Data.F32()[0], true
}

// scaled takes n apart as v/m: a quotient, or a product with a constant. v has n's own shape.
func (p patterns) scaled(n *graph.Node) (v *graph.Value, m float32) {
	if len(n.In) != 2 || len(n.Out) != 1 || p.plain(n.Out[0], n.Op) == nil {
		return nil, 0
	}
	for i, c := range n.In {
		f, ok := scalar(c)
		v := n.In[1-i]
		switch {
		case !ok || f == 0 || v.Shape != n.Out[0].Shape:
		case n.Op == op.Mul:
			return v, 1 / f
		case n.Op == op.Div && i == 1:
			return v, f
		}
	}
	return nil, 0
}

// clampedSum takes v apart as clamp(x+b, 0, m), with the clamp fused into the sum or not.
func (p patterns) clampedSum(v *graph.Value) (x *graph.Value, m, b float32) {
	n := p.producer[v]
	if n == nil || n.Attrs.Float("min", -1) != 0 || !n.Attrs.Has("max") {
		return nil, 0, 0
	}
	m = n.Attrs.Float("max", 0)
	if n.Op == op.Clamp {
		if n = p.plain(n.In[0], op.Add); n == nil {
			return nil, 0, 0
		}
	}
	if n.Op != op.Add {
		return nil, 0, 0
	}
	for i, c := range n.In {
		if f, ok := scalar(c); ok && n.In[1-i].Shape == v.Shape {
			return n.In[1-i], m, f
		}
	}
	return nil, 0, 0
}

func (p patterns) hardSigmoid(n *graph.Node) (x *graph.Value, m, b float32) {
	v, divisor := p.scaled(n)
	if v == nil {
		return nil, 0, 0
	}
	if x, m, b = p.clampedSum(v); x == nil || !near(m, divisor) {
		return nil, 0, 0
	}
	return x, m, b
}

func (p patterns) hardSwish(n *graph.Node) *graph.Value {
	if n.Op == op.Mul && p.plain(n.Out[0], op.Mul) != nil {
		for i, x := range n.In {
			gate := p.producer[n.In[1-i]]
			if gate != nil && gate.Op == op.HardSigmoid && gate.In[0] == x &&
				near(gate.Attrs.Float("alpha", 0.2), 1.0/6) && near(gate.Attrs.Float("beta", 0.5), 0.5) {
				return x
			}
		}
	}
	v, divisor := p.scaled(n)
	if v == nil || !near(divisor, 6) {
		return nil
	}
	product := p.plain(v, op.Mul)
	if product == nil {
		return nil
	}
	for i, x := range product.In {
		if y, m, b := p.clampedSum(product.In[1-i]); y == x && y != nil && m == 6 && b == 3 {
			return x
		}
	}
	return nil
}

// near allows for constants that were written with some six digits.
func near(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-5*math.Abs(float64(b)) }
