package onnx_test

import (
	"fmt"
	"log"

	"edgerun/quant/onnx"
)

func ExampleImport() {
	g, err := onnx.Import("../../testdata/digits/mlp.onnx", onnx.Options{Dims: map[string]int{"batch": 8}})
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range g.Nodes {
		fmt.Println(n.Op.Name, n.Out[0].Shape)
	}
	// Output:
	// Reshape [8 784]
	// FullyConnected [8 128]
	// Clamp [8 128]
	// FullyConnected [8 10]
}
