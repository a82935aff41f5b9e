package quant_test

import (
	"fmt"

	"edgerun/quant"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func ExampleConvert() {
	g := &graph.Graph{}
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 4)}}
	g.Inputs = []*graph.Value{x}
	w := graph.NewConst("w", tensor.FromF32(tensor.MakeShape(2, 4), []float32{1, 2, 3, 4, 5, 6, 7, 8}))
	fc, _ := g.Add(op.FullyConnected, "fc", nil, x, w)
	relu, _ := g.Add(op.Clamp, "relu", op.Attrs{op.FloatAttr("min", 0)}, fc.Out[0])
	g.Outputs = relu.Out
	r, err := quant.Convert(g, random{16}, quant.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range r.Int8.Nodes {
		fmt.Println(n.Op.Name, n.Out[0].DType)
	}
	// Output:
	// Quantize int8
	// FullyConnected int8
	// Dequantize float32
}
