package pass_test

import (
	"fmt"

	"edgerun/quant/pass"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// A layer, its batch normalization and its ReLU become one node.
func Example() {
	value := func(name string, dims ...int) *graph.Value {
		return &graph.Value{Name: name, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
	}
	constant := func(name string, dims ...int) *graph.Value {
		return graph.NewConst(name, tensor.New(value(name, dims...).Type))
	}
	g := &graph.Graph{Inputs: []*graph.Value{value("x", 1, 8)}}
	x := g.Inputs[0]
	for _, layer := range []struct {
		def   *op.Def
		attrs op.Attrs
		with  []*graph.Value
	}{
		{op.FullyConnected, nil, []*graph.Value{constant("weights", 4, 8)}},
		{op.Mul, nil, []*graph.Value{constant("scale", 4)}},
		{op.Add, nil, []*graph.Value{constant("offset", 4)}},
		{op.Clamp, op.Attrs{op.FloatAttr("min", 0)}, nil},
	} {
		n, err := g.Add(layer.def, layer.def.Name, layer.attrs, append([]*graph.Value{x}, layer.with...)...)
		if err != nil {
			fmt.Println(err)
			return
		}
		x = n.Out[0]
	}
	g.Outputs = []*graph.Value{x}
	if err := pass.Float(g); err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range g.Nodes {
		fmt.Println(n.Op.Name, n.Attrs.Has("min"), len(n.In))
	}
	// Output:
	// FullyConnected true 3
}
