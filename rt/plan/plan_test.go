package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/plan"
	"edgerun/rt/tensor"
)

func input(g *graph.Graph, dims ...int) *graph.Value {
	v := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
	g.Inputs = append(g.Inputs, v)
	return v
}

func add(t *testing.T, g *graph.Graph, def *op.Def, name string, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	t.Helper()
	n, err := g.Add(def, name, attrs, in...)
	if err != nil {
		t.Fatal(err)
	}
	return n.Out[0]
}

// TestInPlace pins the arena of a chain in which everything can share one block.
func TestInPlace(t *testing.T) {
	g := &graph.Graph{}
	x := input(g, 1, 16)
	relu := op.Attrs{op.FloatAttr("min", 0)}
	a := add(t, g, op.Clamp, "a", relu, x)
	b := add(t, g, op.Reshape, "b", op.Attrs{op.IntsAttr("shape", 4, 4)}, a)
	c := add(t, g, op.Softmax, "c", nil, b)
	g.Outputs = []*graph.Value{c}
	p, err := plan.Make(g)
	if err != nil {
		t.Fatal(err)
	}
	if p.ArenaBytes != 64 || len(p.Places) != 1 {
		t.Errorf("arena of %d bytes in %d blocks, want 64 in 1\n%s", p.ArenaBytes, len(p.Places), p.Map())
	}
}

// TestNoSharing: an input that is read again, or that is a graph output, keeps its memory.
func TestNoSharing(t *testing.T) {
	g := &graph.Graph{}
	x := input(g, 1, 16)
	relu := op.Attrs{op.FloatAttr("min", 0)}
	a := add(t, g, op.Clamp, "a", relu, x)
	b := add(t, g, op.Clamp, "b", relu, a) // a is an output
	c := add(t, g, op.Add, "c", nil, b, b) // both operands are one block
	d := add(t, g, op.Add, "d", nil, c, b) // b is read after c
	g.Outputs = []*graph.Value{a, d}
	p, err := plan.Make(g)
	if err != nil {
		t.Fatal(err)
	}
	block := map[*graph.Value]int{}
	for i, q := range p.Places {
		for _, v := range q.Values {
			block[v] = i
		}
	}
	for _, pair := range [][2]*graph.Value{{a, b}, {b, c}} {
		if block[pair[0]] == block[pair[1]] {
			t.Errorf("%s and %s share a block\n%s", pair[0].Name, pair[1].Name, p.Map())
		}
	}
	if block[c] != block[d] && block[b] != block[d] {
		t.Errorf("d could work in place\n%s", p.Map())
	}
}

// TestRandomGraphs plans random networks: blocks that live together never overlap, which Make checks itself, and the
// arena stays near the most that lives at once.
func TestRandomGraphs(t *testing.T) {
	worst := 1.0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		g := &graph.Graph{}
		values := []*graph.Value{input(g, 1, 1+r.IntN(4), 1+r.IntN(4), 16)}
		for i := range 3 + r.IntN(30) {
			x := values[max(0, len(values)-1-r.IntN(4))]
			name := fmt.Sprint("n", i)
			switch r.IntN(6) {
			case 4:
				values = append(values, add(t, g, op.Reshape, name, op.Attrs{op.IntsAttr("shape", 0, 0, 0, -1)}, x))
			case 5:
				y := values[r.IntN(len(values))]
				if y.Shape != x.Shape {
					y = x
				}
				values = append(values, add(t, g, op.Mul, name, nil, x, y))
			case 0:
				values = append(values, add(t, g, op.Clamp, name, nil, x))
			case 1:
				values = append(values, add(t, g, op.Add, name, nil, x, x))
			case 2:
				values = append(values, add(t, g, op.Transpose, name, op.Attrs{op.IntsAttr("perm", 0, 2, 1, 3)}, x))
			default:
				w := graph.NewConst("w", tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1+r.IntN(64), x.Shape.Dim[3])}))
				values = append(values, add(t, g, op.FullyConnected, name, nil, x, w))
			}
		}
		g.Outputs = []*graph.Value{values[len(values)-1]}
		if v := values[len(values)/2]; v != g.Inputs[0] && v != g.Outputs[0] {
			g.Outputs = append(g.Outputs, v)
		}
		p, err := plan.Make(g)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		simulate(t, g, p)
		worst = max(worst, float64(p.ArenaBytes)/float64(p.PeakBytes))
	}
	if worst > 1.10 {
		t.Errorf("an arena is %.2f times its peak", worst)
	}
	t.Logf("largest arena: %.3f times its peak", worst)
}

// simulate runs the graph on memory that remembers, byte by byte, whose value it holds: every node finds its inputs
// whole, and at the end every output is there. It knows nothing of how the plan came about.
func simulate(t *testing.T, g *graph.Graph, p *plan.Plan) {
	t.Helper()
	memory := make([]*graph.Value, p.ArenaBytes)
	at := map[*graph.Value]int{}
	for _, q := range p.Places {
		for _, v := range q.Values {
			at[v] = q.Offset
		}
	}
	source := map[*graph.Value]*graph.Value{} // of a view
	whole := func(v *graph.Value) *graph.Value {
		for source[v] != nil {
			v = source[v]
		}
		return v
	}
	check := func(v *graph.Value, who string) {
		for i := range v.SizeBytes() {
			if memory[at[v]+i] != whole(v) {
				t.Fatalf("%s: byte %d of %q was overwritten\n%s", who, i, v.Name, p.Map())
			}
		}
	}
	write := func(v *graph.Value) {
		for i := range v.SizeBytes() {
			memory[at[v]+i] = v
		}
	}
	for _, v := range g.Inputs {
		write(v)
	}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			if v.Const == nil {
				check(v, n.Name)
			}
		}
		if n.Op.View {
			source[n.Out[0]] = n.In[0]
			check(n.Out[0], n.Name)
			continue
		}
		write(n.Out[0])
	}
	for _, v := range g.Outputs {
		check(v, "output")
	}
}

// TestCheck: overlap and blocks outside the arena are reported.
func TestCheck(t *testing.T) {
	v := []*graph.Value{{Name: "v"}}
	for _, bad := range []plan.Plan{
		{ArenaBytes: 128, Places: []plan.Place{{Offset: 0, SizeBytes: 128, First: 0, Last: 2, Values: v}, {Offset: 64, SizeBytes: 64, First: 2, Last: 3, Values: v}}},
		{ArenaBytes: 64, Places: []plan.Place{{Offset: 64, SizeBytes: 64, Values: v}}},
		{ArenaBytes: 64, Places: []plan.Place{{Offset: 32, SizeBytes: 16, Values: v}}},
	} {
		if bad.Check() == nil {
			t.Errorf("accepted:\n%s", bad.Map())
		}
	}
}
