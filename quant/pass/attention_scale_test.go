package pass

import (
	"math"
	"slices"
	"testing"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestScaledBias: a mask of real numbers is added to scores, or taken from them, before or behind their scale, and products
// with one change nothing.
func TestScaledBias(t *testing.T) {
	build := func(sum *op.Def, before, behind float32) *graph.Graph {
		g := &graph.Graph{}
		input := func(name string, dims ...int) *graph.Value {
			v := &graph.Value{Name: name, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
			g.Inputs = append(g.Inputs, v)
			return v
		}
		add := func(def *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
			n, err := g.Add(def, def.Name+string(rune('a'+len(g.Nodes))), attrs, in...)
			if err != nil {
				t.Fatal(err)
			}
			return n.Out[0]
		}
		number := func(v float32) *graph.Value {
			return graph.NewConst("number", tensor.FromF32(tensor.Shape{}, []float32{v}))
		}
		q, k, v, mask := input("q", 2, 5, 4), input("k", 2, 4, 5), input("v", 2, 5, 4), input("mask", 5, 5)
		s := add(op.Mul, nil, add(op.BatchMatMul, nil, q, k), number(before))
		s = add(op.Mul, nil, add(sum, nil, s, add(op.Mul, nil, mask, number(1))), number(behind))
		g.Outputs = []*graph.Value{add(op.BatchMatMul, nil, add(op.Softmax, nil, s), v)}
		return g
	}
	run := func(g *graph.Graph) []float32 {
		prog, err := rt.Compile(g, rt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := prog.NewSession(nil)
		for i := range g.Inputs {
			for k := range s.Input(i).F32() {
				s.Input(i).F32()[k] = float32((7*k+5*i)%11)/5 - 1
			}
		}
		s.Run()
		return slices.Clone(s.Output(0).F32())
	}
	for _, c := range []struct {
		sum            *op.Def
		before, behind float32
		scales         int // nodes that scale the mask
	}{{op.Add, 0.5, 1, 0}, {op.Add, 1, 0.25, 1}, {op.Add, 0.5, 0.25, 1}, {op.Add, 1, 1, 0}, {op.Sub, 1, 1, 1}, {op.Sub, 0.5, 0.25, 1}} {
		want := run(build(c.sum, c.before, c.behind))
		g := build(c.sum, c.before, c.behind)
		if err := Float(g); err != nil {
			t.Fatal(err)
		}
		counts := map[*op.Def]int{}
		for _, n := range g.Nodes {
			counts[n.Op]++
		}
		if counts[op.AttentionBias] != 1 || counts[op.Mul] != c.scales {
			t.Errorf("%s, scales %g and %g: %d AttentionBias, %d Mul, want 1 and %d", c.sum.Name, c.before, c.behind, counts[op.AttentionBias], counts[op.Mul], c.scales)
		}
		for i, v := range run(g) {
			if math.Abs(float64(v-want[i])) > 1e-6 {
				t.Fatalf("%s, scales %g and %g: output %d is %g, want %g", c.sum.Name, c.before, c.behind, i, v, want[i])
			}
		}
	}
}
