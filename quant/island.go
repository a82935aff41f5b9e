package quant

import (
	"errors"
	"fmt"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// Island is a part of an int8 network that stays float32: layers that follow one another without a Quantize or Dequantize
// between them.
type Island struct {
	Nodes   []*graph.Node
	Reasons []string // why each of the nodes is there
	Into    int      // Dequantize nodes that bring codes in
	OutOf   int      // Quantize nodes that bring reals out
}

// Islands returns the float32 parts of a network that computes in codes elsewhere, in the order of their first nodes. A
// network all in float32 has none; nor is a view one, or what only hands an input or an output on. why has reasons by node
// that came with the network: Result.Why.
func Islands(g *graph.Graph, why map[string]string) []Island {
	codes := false
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			codes = codes || v.Quant.Quantized()
		}
	}
	if !codes {
		return nil
	}
	producer := g.Producers()
	leader := map[*graph.Node]*graph.Node{}
	find := func(n *graph.Node) *graph.Node {
		for leader[n] != nil {
			n = leader[n]
		}
		return n
	}
	for _, n := range g.Nodes {
		if !inFloat(n) {
			continue
		}
		for _, v := range n.In {
			if p := producer[v]; isReal(v) && p != nil && inFloat(p) {
				if a, b := find(p), find(n); a != b {
					leader[b] = a
				}
			}
		}
	}
	var all []Island
	at := map[*graph.Node]int{}
	seen := map[*graph.Node]bool{} // borders, each counted once
	for _, n := range g.Nodes {
		if !inFloat(n) {
			continue
		}
		root := find(n)
		i, ok := at[root]
		if !ok {
			i = len(all)
			at[root], all = i, append(all, Island{})
		}
		is := &all[i]
		text := why[n.Name]
		if text == "" {
			text = FloatReason(n)
		}
		is.Nodes, is.Reasons = append(is.Nodes, n), append(is.Reasons, text)
		for _, v := range n.In {
			if p := producer[v]; p != nil && p.Op == op.Dequantize && !seen[p] {
				seen[p] = true
				is.Into++
			}
		}
	}
	for _, n := range g.Nodes {
		if n.Op != op.Quantize || !isReal(n.In[0]) {
			continue
		}
		if p := producer[n.In[0]]; p != nil && inFloat(p) {
			all[at[find(p)]].OutOf++
		}
	}
	// What only views: a reshape between an input and its Quantize computes nothing.
	var kept []Island
	for _, is := range all {
		for _, n := range is.Nodes {
			if !n.Op.View {
				kept = append(kept, is)
				break
			}
		}
	}
	return kept
}

// inFloat reports whether a node computes from reals or gives them, and is no border.
func inFloat(n *graph.Node) bool {
	if n.Op == op.Quantize || n.Op == op.Dequantize {
		return false
	}
	return slices.ContainsFunc(n.Out, isReal) || slices.ContainsFunc(n.In, func(v *graph.Value) bool { return isReal(v) && v.Const == nil })
}

// FloatReason says why a node of an int8 network is in float32.
func FloatReason(n *graph.Node) string {
	switch {
	case op.Recurrent(n.Op):
		if err := op.RecurrentInt8(n.Op, n.Attrs); err != nil {
			return reason(err) + " has no int8 form"
		}
		if len(n.In) > recurrentHidden && n.In[recurrentHidden] != nil {
			return "its state is a float32 variable"
		}
	case len(n.Op.Updates) > 0 || n.Op == op.Read:
		return "it works on a float32 variable"
	case n.Op.Quant.Kind == op.FloatOnly:
		return "the operator has no int8 form"
	}
	return "it was float32 in the file that was converted"
}

// reason is an error's text without the mark that it ends with.
func reason(err error) string {
	text, mark := err.Error(), ": "+op.ErrUnsupported.Error()
	if errors.Is(err, op.ErrUnsupported) && len(text) > len(mark) && text[len(text)-len(mark):] == mark {
		text = text[:len(text)-len(mark)]
	}
	return text
}

// Text describes an island in one line: its layers, what crosses its borders, and why.
func (is *Island) Text() string {
	name := func(n *graph.Node) string { return fmt.Sprintf("%s (%s)", n.Name, n.Op.Name) }
	text := ""
	for i, n := range is.Nodes {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s: %s", name(n), is.Reasons[i])
	}
	return fmt.Sprintf("%s [%d Dequantize in, %d Quantize out]", text, is.Into, is.OutOf)
}
