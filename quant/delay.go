package quant

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// delays returns the float variables that only hand on what they were given, past frames say: what Assign sets reaches the
// same variable again through nothing but operators that move codes. They are kept in codes, and lose nothing. A variable that
// is computed from itself stays float32, as int8 would round its state anew with every Run.
//
// ranges get what each variable starts from.
func delays(g *graph.Graph, ranges map[*graph.Value]bounds) map[*graph.Value]bool {
	found := map[*graph.Value]bool{}
	for _, v := range g.Variables() {
		if isReal(v) && onlyMoved(g, v) {
			found[v] = true
			b := bounds{}
			for _, x := range v.Var.Data.F32() {
				b = bounds{min(b.lo, x), max(b.hi, x)}
			}
			ranges[v] = b
		}
	}
	return found
}

// onlyMoved reports whether nothing but moves reads variable v, and nothing of it comes back to it changed.
func onlyMoved(g *graph.Graph, v *graph.Value) bool {
	const moved, changed = 1, 2
	state := map[*graph.Value]int{v: moved} // of what depends on v
	for _, n := range g.Nodes {
		if n.Op == op.Assign && n.In[0] == v {
			if state[n.In[1]] == changed {
				return false
			}
			continue
		}
		now := 0
		for _, in := range n.In {
			now = max(now, state[in])
		}
		kind := n.Op.Quant.Kind
		if moves := n.Op == op.Read || kind == op.SameRange || kind == op.TiedRange; !moves && now != 0 {
			if slices.Contains(n.In, v) {
				return false
			}
			now = changed
		}
		for _, out := range n.Out {
			state[out] = now
		}
	}
	return true
}

// delay lowers a Read or an Assign of a variable that is kept in codes.
func (l *lowering) delay(n *graph.Node) error {
	v := n.In[0]
	c := l.codes[v]
	if n.Op == op.Assign {
		x, err := l.codeAs(n.In[1], c.Quant)
		if err == nil {
			_, err = l.out.Add(op.Assign, n.Name, nil, c, x)
		}
		return err
	}
	m, err := l.out.Add(op.Read, n.Name, nil, c)
	if err != nil {
		return err
	}
	m.Out[0].Name, m.Out[0].Quant = n.Out[0].Name, c.Quant
	l.codes[n.Out[0]] = m.Out[0]
	return nil
}

// keep makes the variables that are kept in codes.
func (l *lowering) keep(delays map[*graph.Value]bool) {
	l.delays = delays
	for v := range delays {
		l.codes[v] = graph.NewVariable(v.Name, codesOf(v.Var, l.ranges[v]))
	}
}
