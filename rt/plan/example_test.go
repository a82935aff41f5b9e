package plan_test

import (
	"fmt"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/plan"
	"edgerun/rt/tensor"
)

func ExampleMake() {
	g := &graph.Graph{}
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 64)}}
	g.Inputs = []*graph.Value{x}
	relu, _ := g.Add(op.Clamp, "relu", op.Attrs{op.FloatAttr("min", 0)}, x)
	g.Outputs = relu.Out
	p, err := plan.Make(g)
	fmt.Println(p.ArenaBytes, p.PeakBytes, err)
	// Output: 256 256 <nil>
}
