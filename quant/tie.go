package quant

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// bounds are the least and the largest real that a value's codes must express.
type bounds struct{ lo, hi float32 }

// tie gives values whose codes an operator passes on together (all inputs and the output of a Concat) one range, the
// union of theirs, so that none has to be requantized. Operators that only hand codes on carry it to their inputs: what
// counts is the range of the value where the codes are made. What delays keep in codes has the range of all that they are set to.
func tie(g *graph.Graph, ranges map[*graph.Value]bounds, delays map[*graph.Value]bool) {
	leader := map[*graph.Value]*graph.Value{}
	find := func(v *graph.Value) *graph.Value {
		for leader[v] != nil {
			v = leader[v]
		}
		return v
	}
	join := func(a, b *graph.Value) {
		if a, b = find(a), find(b); a != b {
			leader[a] = b
		}
	}
	var tied []*graph.Value
	for _, n := range g.Nodes {
		kind := n.Op.Quant.Kind
		if (n.Op == op.Read || n.Op == op.Assign) && delays[n.In[0]] {
			x := append(n.In[1:len(n.In):len(n.In)], n.Out...)[0] // what is set, or read
			if _, known := ranges[x]; known {
				join(x, n.In[0])
			}
			tied = append(tied, n.In[0])
			continue
		}
		if len(n.Out) == 0 {
			continue // it sets a variable
		}
		if op.Recurrent(n.Op) && len(n.In) > recurrentH0 && n.In[recurrentH0] != nil && n.In[recurrentH0].Const == nil {
			join(n.In[recurrentH0], n.Out[0]) // the hidden state has one range from its first value on
			tied = append(tied, n.Out[0])
			continue
		}
		if _, known := ranges[n.Out[0]]; !known || kind != op.SameRange && kind != op.TiedRange {
			continue
		}
		for _, in := range n.In {
			if in == nil || in.Const != nil {
				continue
			}
			if _, known := ranges[in]; known {
				join(in, n.Out[0])
			}
		}
		if kind == op.TiedRange {
			tied = append(tied, n.Out[0])
		}
	}
	union := map[*graph.Value]bounds{}
	for _, v := range tied {
		union[find(v)] = ranges[find(v)]
	}
	for v, r := range ranges {
		if u, ok := union[find(v)]; ok {
			union[find(v)] = bounds{min(u.lo, r.lo), max(u.hi, r.hi)}
		}
	}
	for v := range ranges {
		if u, ok := union[find(v)]; ok {
			ranges[v] = u
		}
	}
}
