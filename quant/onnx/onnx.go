// Package onnx reads float networks from ONNX files.
//
//	file ──decode──▶ messages ──inline functions, sort──▶ flat nodes ──one function per operator──▶ graph.Graph
//
// The importer translates and does not optimize: operators of ONNX, which count channels first, become operators of
// edgerun, which count them last, with a Transpose on either side; quant/pass removes what is not needed. Names of
// inputs, outputs and nodes are the file's.
//
// Files are not trusted. Any bytes give a graph or an error that names the node or tensor, what was wanted and what is
// there; all unsupported operators of a file are listed at once. External data is read from regular files inside of the
// model's own folder only.
package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// Options choose what a file leaves open.
type Options struct {
	// Dims bounds the symbolic dimensions of the inputs by name; one that is not listed is 1. A dynamic dimension that
	// the file gives no name is called input.dim0, input.dim1 and so on, after its input and place.
	Dims map[string]int
}

// Import reads an ONNX file. Symbolic dimensions keep their names in Value.Sym of the graph's inputs.
//
// Errors name the file; those about operators, forms of them or element types that edgerun does not run match
// op.ErrUnsupported.
func Import(path string, o Options) (*graph.Graph, error) {
	name := filepath.Base(path)
	data, err := foreign.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer root.Close()
	g, err := parse(data, root.FS(), o)
	if err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", name, err)
	}
	return g, nil
}

// Parse reads a model from memory, which it does not keep. dir holds the files that external data names; with nil,
// models with external data are refused.
func Parse(data []byte, dir fs.FS, o Options) (*graph.Graph, error) {
	g, err := parse(data, dir, o)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return g, nil
}

func parse(data []byte, dir fs.FS, o Options) (*graph.Graph, error) {
	m, err := decode(data)
	if err != nil {
		return nil, err
	}
	return buildSymbolic(m, int64(len(data)), dir, o)
}

// decode decodes a model and checks that it is one.
func decode(data []byte) (*modelProto, error) {
	if what := foreign.Describe(data); what != "" {
		return nil, fmt.Errorf("not an ONNX model: %s", what)
	}
	m, err := decodeModel(data)
	switch {
	case err != nil && m.irVersion == 0:
		return nil, fmt.Errorf("not an ONNX model: %w", err)
	case err != nil:
		return nil, fmt.Errorf("damaged: %w", err)
	case m.irVersion < 1:
		return nil, errors.New("not an ONNX model: no IR version")
	case m.irVersion > maxIR:
		return nil, fmt.Errorf("IR version %d %w, want 1 to %d", m.irVersion, op.ErrUnsupported, maxIR)
	case m.graph == nil:
		return nil, errors.New("model has no graph")
	}
	return m, nil
}
