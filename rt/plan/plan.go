// Package plan lays a graph's values out in one arena: who lives when, who may take over whose memory, and where
// each lies, decided once and checked.
package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// Plan is the layout of an arena.
type Plan struct {
	ArenaBytes int
	// PeakBytes is the most that lives at any one step: no layout of the same sharing can be smaller.
	PeakBytes int
	Places    []Place
}

// Place is where a block of memory lies, and for which steps.
type Place struct {
	Offset, SizeBytes int
	First, Last       int // steps, −1 for a graph input, len(nodes) for a graph output
	Values            []*graph.Value
}

// retries is how often each order is improved; networks of this field need one or two.
const retries = 48

// Make plans g's computed values; constants and variables have no place. It allocates and may be slow: it runs once.
//
// Values share a block when a node only views its input, or works in place on an input that nobody reads later.
// Blocks are placed by best fit in several orders, of which the smallest arena wins.
func Make(g *graph.Graph) (*Plan, error) {
	return Pack(blocks(g), len(g.Nodes))
}

// Pack plans places whose sizes, first and last steps, in [−1, steps], are given; sizes are multiples of tensor.Align.
func Pack(places []Place, steps int) (*Plan, error) {
	p := &Plan{Places: places}
	p.PeakBytes = peak(p.Places, steps)
	best := -1
	for _, order := range orders {
		idx := make([]int, len(p.Places))
		for i := range idx {
			idx[i] = i
		}
		slices.SortStableFunc(idx, func(i, j int) int { return order(&p.Places[i], &p.Places[j]) })
		for range retries {
			trial := slices.Clone(p.Places)
			size, highest := place(trial, idx)
			if best < 0 || size < best {
				best = size
				p.Places = trial
			}
			if best <= p.PeakBytes || highest == 0 {
				break
			}
			// What ended up on top gets the first choice next time.
			i := idx[highest]
			copy(idx[1:highest+1], idx[:highest])
			idx[0] = i
		}
	}
	p.ArenaBytes = max(best, 0)
	slices.SortStableFunc(p.Places, func(a, b Place) int { return cmp.Compare(a.First, b.First) })
	return p, p.Check()
}

// blocks finds lives and sharing.
func blocks(g *graph.Graph) []Place {
	last := map[*graph.Value]int{} // step of the last reader
	for i, n := range g.Nodes {
		for _, v := range n.In {
			if v != nil {
				last[v] = i
			}
		}
	}
	end := len(g.Nodes)
	for _, v := range kept(g) {
		last[v] = end
	}
	for _, v := range g.Outputs {
		last[v] = end
	}
	var places []Place
	where := map[*graph.Value]int{}
	add := func(v *graph.Value, step int) {
		l, used := last[v]
		if !used {
			l = step
		}
		where[v] = len(places)
		size := (v.SizeBytes() + tensor.Align - 1) &^ (tensor.Align - 1)
		places = append(places, Place{SizeBytes: size, First: step, Last: l, Values: []*graph.Value{v}})
	}
	for _, v := range g.Inputs {
		add(v, -1)
	}
	for i, n := range g.Nodes {
		for k, v := range n.Out {
			if k == 0 {
				if b, ok := shared(n, i, where, places); ok {
					where[v] = b
					places[b].Values = append(places[b].Values, v)
					places[b].Last = max(places[b].Last, last[v], i)
					continue
				}
			}
			add(v, i)
		}
	}
	return places
}

// kept returns what lives on from one Run to the next: results of nodes that run once, and inputs of such, that others
// read. What lies in their memory before is gone when the others run.
func kept(g *graph.Graph) []*graph.Value {
	early := map[*graph.Value]bool{}
	for _, n := range g.Nodes[:g.Once] {
		for _, v := range append(n.In[:len(n.In):len(n.In)], n.Out...) {
			early[v] = v != nil
		}
	}
	var all []*graph.Value
	for _, n := range g.Nodes[g.Once:] {
		for _, v := range n.In {
			if early[v] {
				all = append(all, v)
			}
		}
	}
	return all
}

// shared returns the block of an input whose memory the node's first output takes over.
func shared(n *graph.Node, step int, where map[*graph.Value]int, places []Place) (int, bool) {
	out := n.Out[0]
	if n.Op.View && n.In[0].Const == nil && n.In[0].Var == nil {
		return where[n.In[0]], true
	}
	for _, i := range n.Op.InPlace {
		v := n.In[i]
		if v == nil || v.Const != nil || v.Var != nil || v.Shape != out.Shape || v.DType != out.DType {
			continue
		}
		b := where[v]
		// Nobody may read the block after this step; a graph output is read at the end. Another operand in the same
		// block has the same elements at the same places, since v is not broadcast.
		if places[b].Last > step {
			continue
		}
		return b, true
	}
	return 0, false
}

func peak(places []Place, steps int) int {
	live := make([]int, steps+2) // live[s+1] at step s
	for _, p := range places {
		for s := p.First; s <= p.Last; s++ {
			live[s+1] += p.SizeBytes
		}
	}
	if len(live) == 0 {
		return 0
	}
	return slices.Max(live)
}

// orders are the orders in which blocks are placed: largest first, longest-lived first, by their product, by birth.
var orders = []func(a, b *Place) int{
	func(a, b *Place) int {
		return cmp.Or(cmp.Compare(b.SizeBytes, a.SizeBytes), cmp.Compare(a.First, b.First))
	},
	func(a, b *Place) int {
		return cmp.Or(cmp.Compare(b.Last-b.First, a.Last-a.First), cmp.Compare(b.SizeBytes, a.SizeBytes))
	},
	func(a, b *Place) int {
		return cmp.Compare(b.SizeBytes*(b.Last-b.First+1), a.SizeBytes*(a.Last-a.First+1))
	},
	func(a, b *Place) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(b.SizeBytes, a.SizeBytes))
	},
	func(a, b *Place) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(b.SizeBytes, a.SizeBytes))
	},
}

// place puts each block, in the given order, into the smallest gap between the blocks that live with it, else behind
// the last of them; it returns the arena's size and the position in the order of the block that ends last.
func place(places []Place, idx []int) (size, highest int) {
	var placed []int // by offset
	for k, i := range idx {
		p := &places[i]
		at, bestGap, end := -1, 0, 0
		for _, j := range placed {
			q := &places[j]
			if q.First > p.Last || q.Last < p.First {
				continue
			}
			if gap := q.Offset - end; gap >= p.SizeBytes && (at < 0 || gap < bestGap) {
				at, bestGap = end, gap
			}
			end = max(end, q.Offset+q.SizeBytes)
		}
		if at < 0 {
			at = end
		}
		p.Offset = at
		if at+p.SizeBytes > size {
			size, highest = at+p.SizeBytes, k
		}
		pos, _ := slices.BinarySearchFunc(placed, at, func(j, at int) int { return cmp.Compare(places[j].Offset, at) })
		placed = slices.Insert(placed, pos, i)
	}
	return size, highest
}

// Check reports two blocks that live at the same step and overlap, and blocks outside the arena.
func (p *Plan) Check() error {
	for i := range p.Places {
		a := &p.Places[i]
		if a.Offset < 0 || a.Offset%tensor.Align != 0 || a.Offset+a.SizeBytes > p.ArenaBytes {
			return fmt.Errorf("plan: %q at [%d,+%d) does not lie in an arena of %d bytes", a.Values[0].Name, a.Offset, a.SizeBytes, p.ArenaBytes)
		}
		for j := range i {
			b := &p.Places[j]
			if a.First <= b.Last && b.First <= a.Last && a.Offset < b.Offset+b.SizeBytes && b.Offset < a.Offset+a.SizeBytes {
				return fmt.Errorf("plan: %q and %q overlap", a.Values[0].Name, b.Values[0].Name)
			}
		}
	}
	return nil
}

// Map draws the arena as text, one line a block: offset, size, steps, a bar and the first value's name.
func (p *Plan) Map() string {
	const width = 48
	var b strings.Builder
	digits := max(7, len(fmt.Sprint(p.ArenaBytes)))
	for _, q := range p.Places {
		from := q.Offset * width / max(1, p.ArenaBytes)
		to := max(from+1, (q.Offset+q.SizeBytes)*width/max(1, p.ArenaBytes))
		bar := strings.Repeat(".", from) + strings.Repeat("#", min(to, width)-min(from, width)) + strings.Repeat(".", width-min(to, width))
		fmt.Fprintf(&b, "%*d %*d  %3d-%-3d |%s| %s", digits, q.Offset, digits, q.SizeBytes, q.First, q.Last, bar, q.Values[0].Name)
		if n := len(q.Values) - 1; n > 0 {
			fmt.Fprintf(&b, " (+%d shared)", n)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
