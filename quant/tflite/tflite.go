// Package tflite reads networks from TFLite files, float and quantized ones.
//
//	file ──reader──▶ tables ──one function per operator──▶ graph.Graph
//
// A quantized network runs as it is: element types, scales and zero points are the file's, and the operators compute
// TensorFlow Lite Micro's bytes. uint8 becomes int8 on the way in and uint8 on the way out, its codes less 128; int4
// weights become int8. A float network is a float graph; weights in float16 or, of dynamic-range files, int8 become
// float32. Layout is NHWC on both sides. Names of inputs, outputs and nodes are those of the file's tensors.
//
// Variable tensors and resource variables become variables of the session, which start from real zero or from what a
// CALL_ONCE subgraph sets them to.
//
// Files are not trusted. Any bytes give a graph or an error that names the operator or tensor, what was wanted and what
// is there; all unsupported operators of a file are listed at once, with their versions.
package tflite

import (
	"fmt"
	"path/filepath"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
)

// Options choose what a file leaves open.
type Options struct {
	// Dims bounds the dimensions of the inputs that may vary. They have no names in the file and are called input.dim0,
	// input.dim1 and so on, after their input and place. One that is not listed is what the file says, mostly 1.
	Dims map[string]int
}

// Import reads a TFLite file. Dimensions that may vary have names in Value.Sym of the graph's inputs.
//
// Errors name the file; those about operators, forms of them or element types that edgerun does not run match
// op.ErrUnsupported.
func Import(path string, o Options) (*graph.Graph, error) {
	data, err := foreign.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tflite: %w", err)
	}
	g, err := parse(data, o)
	if err != nil {
		return nil, fmt.Errorf("tflite: %s: %w", filepath.Base(path), err)
	}
	return g, nil
}

// Parse reads a model from memory, which it does not keep.
func Parse(data []byte, o Options) (*graph.Graph, error) {
	g, err := parse(data, o)
	if err != nil {
		return nil, fmt.Errorf("tflite: %w", err)
	}
	return g, nil
}

func parse(data []byte, o Options) (*graph.Graph, error) {
	m, r, err := decode(data)
	if err != nil {
		return nil, err
	}
	return build(m, r, o)
}
