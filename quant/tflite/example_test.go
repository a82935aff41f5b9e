package tflite_test

import (
	"fmt"
	"log"

	"edgerun/quant/tflite"
)

func ExampleImport() {
	g, err := tflite.Import("../../testdata/tflite/small_int8.tflite", tflite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Inputs[0].Name, g.Inputs[0].Type)
	for _, n := range g.Nodes {
		fmt.Println(n.Op.Name, n.Out[0].Type)
	}
	// Output:
	// x int8[1 2] scale 0.5 zero -3
	// FullyConnected int8[1 3] scale 0.5 zero 4
	// Reshape int8[1 3 1] scale 0.5 zero 4
}
