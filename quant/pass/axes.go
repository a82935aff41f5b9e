package pass

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// moveAxes returns what a node that reads transposed values would have to be to read them as they were: its
// attributes, and the permutation of its output. ok is false for an operator that looks at the axes in other ways.
func moveAxes(n *graph.Node, perm []int) (attrs op.Attrs, after []int, ok bool) {
	out := n.Out[0].Shape
	switch {
	case elementwise(n.Op):
		return n.Attrs, perm, out.Rank == len(perm)
	case n.Op == op.FullyConnected:
		return n.Attrs, perm, perm[len(perm)-1] == len(perm)-1
	case n.Op == op.Concat:
		return n.Attrs.With(op.IntAttr("axis", perm[n.Attrs.Int("axis", 0)])), perm, true
	case n.Op == op.Slice:
		axes := make([]int, len(n.Attrs.Ints("starts")))
		for i := range axes {
			axes[i] = perm[i]
			if given := n.Attrs.Ints("axes"); given != nil {
				axes[i] = perm[given[i]]
			}
		}
		return n.Attrs.With(op.IntsAttr("axes", axes...)), perm, true
	case n.Op == op.Pad:
		pads, moved := n.Attrs.Ints("pads"), make([]int, 2*len(perm))
		for i, k := range perm {
			moved[k], moved[len(perm)+k] = pads[i], pads[len(perm)+i]
		}
		return n.Attrs.With(op.IntsAttr("pads", moved...)), perm, true
	case n.Op == op.Mean || n.Op == op.Sum || n.Op == op.ReduceMax || n.Op == op.ReduceMin || n.Op == op.ReduceProd:
		return moveMean(n, perm)
	case n.Op == op.ArgMax || n.Op == op.ArgMin:
		reduced := make([]bool, len(perm))
		axis := perm[n.Attrs.Int("axis", 0)]
		reduced[axis] = true
		if n.Attrs.Int("keepDims", 0) == 0 {
			perm = keptOf(perm, reduced)
		}
		return n.Attrs.With(op.IntAttr("axis", axis)), perm, true
	}
	return nil, nil, false
}

// moveMean also works out how what is left of the axes is permuted.
func moveMean(n *graph.Node, perm []int) (attrs op.Attrs, after []int, ok bool) {
	reduced := make([]bool, len(perm)) // by axis of the transpose's input
	if !n.Attrs.Has("axes") {
		for i := range reduced {
			reduced[i] = true
		}
	} else {
		var axes []int
		for _, a := range n.Attrs.Ints("axes") {
			axes = append(axes, perm[a])
			reduced[perm[a]] = true
		}
		slices.Sort(axes)
		n.Attrs = n.Attrs.With(op.IntsAttr("axes", axes...))
	}
	if n.Attrs.Int("keepDims", 0) != 0 {
		return n.Attrs, perm, true
	}
	return n.Attrs, keptOf(perm, reduced), true
}

// keptOf is the permutation that is left of one when axes of its input go away.
func keptOf(perm []int, reduced []bool) []int {
	place := make([]int, len(perm)) // of a kept axis in the output
	kept := 0
	for i, r := range reduced {
		if place[i] = kept; !r {
			kept++
		}
	}
	after := []int{}
	for _, k := range perm {
		if !reduced[k] {
			after = append(after, place[k])
		}
	}
	return after
}
