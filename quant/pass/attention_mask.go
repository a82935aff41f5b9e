package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// nameMasks gives attention that came as one operator what fuseAttention finds: conditions instead of numbers that stand for
// −∞, and causal instead of a triangle.
func nameMasks(g *graph.Graph) (bool, error) {
	f := &fuser{g: g, p: patterns{g.Producers()}, uses: g.Uses()}
	for at, n := range g.Nodes {
		if n.Op != op.Attention && n.Op != op.AttentionBias || len(n.In) < 4 || n.In[3] == nil {
			continue
		}
		f.nodes, f.name, f.err = nil, n.Name, nil
		var keep []*graph.Value
		if n.Op == op.Attention {
			keep = f.both(n.In[3])
		} else if all, ok := f.keepOfSum(n.In[3], 6); ok {
			keep = all
		} else {
			continue
		}
		attrs := n.Attrs
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
		if n.Op == op.Attention && attrs.Int("causal", 0) == n.Attrs.Int("causal", 0) {
			continue
		}
		m := &graph.Node{Op: op.Attention, Name: n.Name, Attrs: attrs, In: slices.Clone(n.In[:3]), Out: n.Out}
		if mask != nil {
			m.In = append(m.In, mask)
		}
		if f.err != nil || m.Infer() != nil {
			if err := n.Infer(); err != nil {
				return false, err
			}
			continue
		}
		g.Nodes = slices.Replace(g.Nodes, at, at+1, append(f.nodes, m)...)
		return true, nil
	}
	return false, nil
}
