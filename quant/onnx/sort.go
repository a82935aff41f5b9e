package onnx

import "fmt"

// sortNodes puts nodes into topological order, keeping the given order where it is free. known are the names of inputs
// and constants. It reports names computed twice or not at all, and cycles.
func sortNodes(nodes []*node, known func(string) bool) ([]*node, error) {
	producer := map[string]int{}
	for i, n := range nodes {
		for _, name := range n.out {
			if name == "" {
				continue
			}
			if j, twice := producer[name]; twice {
				return nil, fmt.Errorf("%s: output %s is also an output of %s", n, quote(name), nodes[j])
			}
			if known(name) {
				return nil, fmt.Errorf("%s: output %s is also a graph input or constant", n, quote(name))
			}
			producer[name] = i
		}
	}
	const (
		open = 1
		done = 2
	)
	state := make([]uint8, len(nodes))
	order := make([]*node, 0, len(nodes))
	type frame struct{ node, input int }
	var stack []frame
	for root := range nodes {
		if state[root] == done {
			continue
		}
		state[root] = open
		stack = append(stack[:0], frame{node: root})
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			n := nodes[f.node]
			if f.input == len(n.in) {
				state[f.node] = done
				order = append(order, n)
				stack = stack[:len(stack)-1]
				continue
			}
			name := n.in[f.input]
			f.input++
			if name == "" || known(name) {
				continue
			}
			p, ok := producer[name]
			switch {
			case !ok:
				return nil, fmt.Errorf("%s: input %s is neither a graph input nor a constant nor computed", n, quote(name))
			case state[p] == open:
				return nil, fmt.Errorf("%s is part of a cycle", nodes[p])
			case state[p] == 0:
				state[p] = open
				stack = append(stack, frame{node: p})
			}
		}
	}
	return order, nil
}

// String names the node as errors do.
func (n *node) String() string {
	kind := n.opType
	if n.domain != "" {
		kind = n.domain + "." + kind
	} else if n.opset > 0 {
		return fmt.Sprintf("node %s (%s, opset %d)", quote(n.name), clip(kind), n.opset)
	}
	return fmt.Sprintf("node %s (%s)", quote(n.name), clip(kind))
}

// clip shortens a name and strips what does not print.
func clip(s string) string {
	q := quote(s)
	return q[1 : len(q)-1]
}
