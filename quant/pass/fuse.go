package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// clamped operators take a fused activation.
func clamped(d *op.Def) bool {
	switch d {
	case op.Conv2D, op.TransposeConv2D, op.FullyConnected, op.Add, op.Sub, op.Mul, op.Div:
		return true
	}
	return false
}

// fuseClamp moves a Clamp into the operator before it.
func fuseClamp(g *graph.Graph) (bool, error) {
	producer, uses := g.Producers(), g.Uses()
	changed := false
	for _, n := range g.Nodes {
		if n.Op != op.Clamp {
			continue
		}
		p := producer[n.In[0]]
		if p == nil || !clamped(p.Op) || uses[n.In[0]] != 1 || p.Attrs.Has("min") || p.Attrs.Has("max") {
			continue
		}
		for _, a := range n.Attrs {
			p.Attrs = p.Attrs.With(a)
		}
		p.Out[0], n.Out[0] = n.Out[0], p.Out[0]
		n.In[0] = p.Out[0] // n is dead now, and must not stand before its input
		changed = true
	}
	if changed {
		return dropDead(g)
	}
	return false, nil
}

// foldScale moves a Mul, Div, Add or Sub by a constant per output channel into the weights and bias of the Conv2D or
// FullyConnected before it.
func foldScale(g *graph.Graph) (bool, error) {
	producer, uses := g.Producers(), g.Uses()
	for _, n := range g.Nodes {
		if n.Op != op.Mul && n.Op != op.Add && n.Op != op.Div && n.Op != op.Sub {
			continue
		}
		for i, c := range n.In {
			if i == 0 && (n.Op == op.Div || n.Op == op.Sub) {
				continue // the constant is divided or subtracted from
			}
			x := n.In[1-i]
			p := producer[x]
			if c.Const == nil || p == nil || (p.Op != op.Conv2D && p.Op != op.TransposeConv2D && p.Op != op.FullyConnected) || uses[x] != 1 ||
				p.Attrs.Has("min") || p.Attrs.Has("max") || x.Shape != n.Out[0].Shape || x.DType != tensor.Float32 {
				continue
			}
			channels := p.In[1].Shape.Dim[0]
			factor := perChannel(c, channels)
			if factor == nil || n.Op == op.Div && slices.Contains(factor, 0) || p.In[1].Const == nil || len(p.In) > 2 && p.In[2] != nil && p.In[2].Const == nil {
				continue
			}
			switch n.Op {
			case op.Div:
				factor = each(factor, func(v float32) float32 { return 1 / v })
			case op.Sub:
				factor = each(factor, func(v float32) float32 { return -v })
			}
			applyScale(p, n.Op == op.Mul || n.Op == op.Div, factor, channels)
			for _, a := range n.Attrs {
				p.Attrs = p.Attrs.With(a)
			}
			out := n.Out[0]
			n.Out[0] = x
			p.Out[0] = out
			g.Nodes = slices.DeleteFunc(g.Nodes, func(m *graph.Node) bool { return m == n })
			return true, nil
		}
	}
	return false, nil
}

// perChannel returns a constant as one value per channel if it broadcasts along the last axis only.
func perChannel(c *graph.Value, channels int) []float32 {
	n := c.Shape.Elements()
	if n != 1 && (n != channels || c.Shape.Dim[c.Shape.Rank-1] != channels) {
		return nil
	}
	v := c.Const.Data.F32()
	if n == channels {
		return v
	}
	return slices.Repeat(v[:1], channels)
}

func each(x []float32, f func(float32) float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

func applyScale(p *graph.Node, mul bool, factor []float32, channels int) {
	bias := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(channels)})
	b := bias.Data.F32()
	if len(p.In) > 2 && p.In[2] != nil {
		copy(b, p.In[2].Const.Data.F32())
	}
	w := p.In[1]
	if mul {
		scaled := tensor.New(w.Type)
		src, dst := w.Const.Data.F32(), scaled.Data.F32()
		per := len(src) / channels
		for i, v := range src {
			dst[i] = v * factor[i/per]
		}
		for c := range b {
			b[c] *= factor[c]
		}
		p.In[1] = graph.NewConst(w.Name, scaled)
	} else {
		for c := range b {
			b[c] += factor[c]
		}
	}
	name := p.Name + "/bias"
	if len(p.In) > 2 && p.In[2] != nil {
		name = p.In[2].Name
	}
	p.In = append(p.In[:2:2], graph.NewConst(name, bias))
}
