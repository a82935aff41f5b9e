package finetune

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// fuse lets a product compute the mean over each sample that n is, where n pools whole pictures and nothing else reads the
// product's output. The picture then needs no memory.
func (b *builder) fuse(g *graph.Graph, n *graph.Node, layers []layer) bool {
	if n.Op != op.AveragePool2D || n.Attrs.Has("min") || n.Attrs.Has("max") || n.In[0].Shape.Dim[0] != 1 {
		return false
	}
	geo, err := op.GeometryOf(n.Op, n.View(func(*graph.Value) int { return 0 }))
	if err != nil {
		return false
	}
	kh, kw := geo.Kernel()
	oh, ow := geo.Out()
	if h, w := geo.In(); kh != h || kw != w || oh*ow != 1 || geo.Offset(0, 0, 0, 0) != 0 || geo.Offset(0, 0, h-1, w-1) < 0 {
		return false
	}
	if slices.ContainsFunc(g.Nodes, func(m *graph.Node) bool { return m.Op.View && slices.Contains(m.Out, n.In[0]) }) {
		return false // others may read it by another name
	}
	y := b.values[n.In[0]]
	i := slices.IndexFunc(layers, func(l layer) bool { p, ok := l.(*product); return ok && p.y == y && p.mean == nil })
	if i < 0 || readers(g, n.In[0]) > 1 {
		return false
	}
	mean := &value{name: n.Out[0].Name, size: y.size / (kh * kw)}
	b.values[n.Out[0]] = mean
	b.tail.values = append(b.tail.values, mean)
	layers[i].(*product).mean, y.streamed = mean, true
	return true
}

// readers counts the nodes that read v, and the outputs that it is.
func readers(g *graph.Graph, v *graph.Value) (n int) {
	for _, m := range g.Nodes {
		if slices.Contains(m.In, v) {
			n++
		}
	}
	if slices.Contains(g.Outputs, v) {
		n++
	}
	return n
}
