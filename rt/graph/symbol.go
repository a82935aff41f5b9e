package graph

import (
	"fmt"
	"slices"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Symbols returns the names of the symbolic dimensions in order of their first place in the inputs. Attributes "symbols"
// of nodes count in this order.
func (g *Graph) Symbols() []string {
	var names []string
	for _, v := range g.Inputs {
		for _, s := range v.Sym {
			if s != "" && !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return names
}

// Probes returns extents of all symbols that tell them apart: first the bounds, then at least two others for each symbol
// whose bound is not 1, no two symbols with the same ones. nil means that nothing varies.
func (g *Graph) Probes() [][]int {
	names := g.Symbols()
	probes := [][]int{make([]int, len(names)), make([]int, len(names)), make([]int, len(names))}
	for _, v := range g.Inputs {
		for k, s := range v.Sym {
			if s != "" {
				probes[0][slices.Index(names, s)] = v.Shape.Dim[k]
			}
		}
	}
	vary := false
	for i, bound := range probes[0] {
		if bound == 1 {
			probes[1][i], probes[2][i] = 1, 1
			continue
		}
		vary = true
		// Not 1, where axes broadcast that otherwise do not; where few are below the bound, above it.
		var values []int
		for v := bound - 1; v > 1 && len(values) < 6; v-- {
			values = append(values, v)
		}
		for v := bound + 1; len(values) < 3; v++ {
			values = append(values, v)
		}
		n := len(values)
		first := i / (n - 1) % n
		probes[1][i], probes[2][i] = values[first], values[(first+1+i%(n-1))%n]
	}
	if !vary {
		return nil
	}
	return probes
}

// InferAt returns the shapes of all values at the given extents of the symbols; g stays as it is.
func (g *Graph) InferAt(symbols []int) (map[*Value]tensor.Shape, error) {
	names := g.Symbols()
	shapes := map[*Value]tensor.Shape{}
	for _, v := range g.Inputs {
		s := v.Shape
		for k, name := range v.Sym {
			if name != "" {
				s.Dim[k] = symbols[slices.Index(names, name)]
			}
		}
		shapes[v] = s
	}
	for _, n := range g.Nodes {
		view := n.View(nil)
		view.Symbols = symbols
		for i, v := range n.In {
			if s, ok := shapes[v]; ok {
				view.In[i].Shape = s
			}
		}
		if err := n.Op.Infer(view); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
		}
		for i, v := range n.Out {
			shapes[v] = view.Out[i].Shape
		}
	}
	return shapes, nil
}

// ReshapeAttrs returns the attributes of a Reshape from shapes in to shapes out, given for the same extents of symbols.
// Dimensions that vary are copied where the input has them at the same place, one other is inferred, further ones must be
// symbols. ok is false where that does not say it.
func ReshapeAttrs(in, out []tensor.Shape, symbols [][]int) (attrs op.Attrs, ok bool) {
	rank := out[0].Rank
	shape, at := make([]int, rank), slices.Repeat([]int{-1}, rank)
	var open []int // dimensions that vary and are not copied
	for i := range rank {
		shape[i] = out[0].Dim[i]
		copied, fixed := i < in[0].Rank, true
		for k := range out {
			copied = copied && in[k].Dim[i] == out[k].Dim[i]
			fixed = fixed && out[k].Dim[i] == shape[i]
		}
		switch {
		case copied && (!fixed || i == 0):
			shape[i] = 0
		case !fixed:
			at[i] = symbolOf(out, i, symbols)
			open = append(open, i)
		}
	}
	if len(open) > 0 {
		// What is no symbol has to be the one that is inferred.
		last := open[0]
		for _, i := range open {
			if at[i] < 0 {
				last = i
			}
		}
		shape[last] = -1
		for _, i := range open {
			if i != last && at[i] < 0 {
				return nil, false
			}
		}
		at[last] = -1
	}
	symbolic := slices.ContainsFunc(at, func(i int) bool { return i >= 0 })
	attrs = op.Attrs{op.IntsAttr("shape", shape...)}
	if symbolic {
		attrs = append(attrs, op.IntsAttr("symbols", at...))
	}
	return attrs, true
}

// symbolOf is the symbol that a dimension is, or −1.
func symbolOf(shapes []tensor.Shape, axis int, symbols [][]int) int {
	values := make([]int, len(shapes))
	for k := range shapes {
		values[k] = shapes[k].Dim[axis]
	}
	return SymbolOf(values, symbols)
}

// SymbolOf returns the symbol that has the given values at the given extents of the symbols, or −1.
func SymbolOf(values []int, symbols [][]int) int {
	for i := range symbols[0] {
		same := true
		for k, v := range values {
			same = same && symbols[k][i] == v
		}
		if same {
			return i
		}
	}
	return -1
}
