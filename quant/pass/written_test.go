package pass

import (
	"testing"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestWrittenOut: GELU in its usual ways of writing is found, and what only looks like it is not.
func TestWrittenOut(t *testing.T) {
	build := func(half float32, first bool, tanh bool) *graph.Graph {
		g := &graph.Graph{}
		x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(2, 8)}}
		g.Inputs = []*graph.Value{x}
		add := func(def *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
			n, err := g.Add(def, def.Name, attrs, in...)
			if err != nil {
				t.Fatal(err)
			}
			return n.Out[0]
		}
		number := func(v float32) *graph.Value {
			return graph.NewConst("number", tensor.FromF32(tensor.Shape{}, []float32{v}))
		}
		function := func(name string) op.Attrs { return op.Attrs{op.StringAttr("function", name)} }
		var gate *graph.Value
		if tanh {
			cube := add(op.Binary, function("pow"), x, number(3))
			gate = add(op.Tanh, nil, add(op.Mul, nil, number(0.7978845608), add(op.Add, nil, x, add(op.Mul, nil, cube, number(0.044715)))))
		} else {
			gate = add(op.Unary, function("erf"), add(op.Div, nil, x, number(1.41421356)))
		}
		gate = add(op.Add, nil, gate, number(1))
		y := x
		if first {
			y = add(op.Mul, nil, x, number(half))
		}
		y = add(op.Mul, nil, y, gate)
		if !first {
			y = add(op.Mul, nil, y, number(half))
		}
		g.Outputs = []*graph.Value{y}
		if err := Float(g); err != nil {
			t.Fatal(err)
		}
		return g
	}
	for _, first := range []bool{false, true} {
		for _, tanh := range []bool{false, true} {
			want := map[bool]string{false: "gelu", true: "geluTanh"}[tanh]
			if g := build(0.5, first, tanh); len(g.Nodes) != 1 || g.Nodes[0].Attrs.String("function", "") != want {
				t.Errorf("half first %v: %d nodes, want one %s", first, len(g.Nodes), want)
			}
			if g := build(0.51, first, tanh); len(g.Nodes) == 1 {
				t.Errorf("half first %v: 0.51·x·(1+…) is taken for %s", first, want)
			}
		}
	}
}
