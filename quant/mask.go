package quant

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// addedMasks returns the values that end in masks which attention adds to its scores, and nowhere else. They hold −Inf where
// a key takes no part, which no code can: they stay float32, whatever computes them.
func addedMasks(g *graph.Graph) map[*graph.Value]bool {
	const mask = 3 // operand of AttentionBias
	masks := map[*graph.Value]bool{}
	other := map[*graph.Value]bool{}
	for _, v := range g.Outputs {
		other[v] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		inside := len(n.Out) > 0 && !slices.ContainsFunc(n.Out, func(v *graph.Value) bool { return !masks[v] || other[v] })
		for k, v := range n.In {
			switch {
			case !isReal(v):
			case inside || n.Op == op.AttentionBias && k == mask:
				masks[v] = true
			default:
				other[v] = true
			}
		}
	}
	for v := range other {
		delete(masks, v)
	}
	return masks
}
