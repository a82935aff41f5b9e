package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// dropOnes removes products with 1 and quotients by 1, which exporters write for factors that they do not look at. x·1 is x
// to the bit, but for the payload of a NaN.
func dropOnes(g *graph.Graph) (bool, error) {
	p := patterns{g.Producers()}
	changed := false
	for _, n := range g.Nodes {
		if n.Op != op.Mul && n.Op != op.Div || slices.Contains(g.Outputs, n.Out[0]) {
			continue
		}
		if v, d := p.scaled(n); v != nil && d == 1 && v.DType == n.Out[0].DType {
			g.Replace(n.Out[0], v)
			changed = true
		}
	}
	if !changed {
		return false, nil
	}
	return dropDead(g)
}
