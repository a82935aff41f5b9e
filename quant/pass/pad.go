package pass

import (
	"math"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// foldPad lets a window pad for itself: zeros before a Conv2D, −∞ before a MaxPool2D. A transpose may stand between.
func foldPad(g *graph.Graph) (bool, error) {
	producer, uses := g.Producers(), g.Uses()
	for _, n := range g.Nodes {
		if n.Op != op.Conv2D && n.Op != op.MaxPool2D {
			continue
		}
		t := transposeOf(n.In[0], producer)
		p := producer[n.In[0]]
		if t != nil {
			p = producer[t.In[0]]
		}
		if p == nil || p.Op != op.Pad || p.Attrs.String("mode", "constant") != "constant" || t != nil && uses[t.Out[0]] != 1 {
			continue
		}
		value, pads := p.Attrs.Float("value", 0), p.Attrs.Ints("pads")
		if n.Op == op.Conv2D && value != 0 || n.Op == op.MaxPool2D && !math.IsInf(float64(value), -1) {
			continue
		}
		if t != nil {
			var moved []int
			for _, k := range t.Attrs.Ints("perm") {
				moved = append(moved, pads[k])
			}
			for _, k := range t.Attrs.Ints("perm") {
				moved = append(moved, pads[4+k])
			}
			pads = moved
		}
		if slices.Min(pads) < 0 || pads[0] != 0 || pads[3] != 0 || pads[4] != 0 || pads[7] != 0 {
			continue
		}
		sum := []int{pads[1], pads[2], pads[5], pads[6]}
		for i, own := range n.Attrs.Ints("pads") {
			sum[i] += own
		}
		attrs := n.Attrs.With(op.IntsAttr("pads", sum...))
		x := p.In[0]
		if t != nil {
			shape := x.Shape
			for i, k := range t.Attrs.Ints("perm") {
				shape.Dim[i] = x.Shape.Dim[k]
			}
			x = &graph.Value{Type: x.Type}
			x.Shape = shape
		}
		if !takes(n, attrs, x) {
			continue
		}
		n.Attrs = attrs
		if t != nil {
			t.In[0] = p.In[0]
		} else {
			n.In[0] = p.In[0]
		}
		_, err := dropDead(g)
		return true, err
	}
	return false, nil
}

// takes reports whether the operator accepts the attributes: a pool refuses windows that see nothing but padding.
func takes(n *graph.Node, attrs op.Attrs, x *graph.Value) bool {
	in := slices.Clone(n.In)
	in[0] = x
	m := &graph.Node{Op: n.Op, Attrs: attrs, In: in, Out: []*graph.Value{{}}}
	return m.Infer() == nil
}
