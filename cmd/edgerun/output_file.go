package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/graph"
)

// outputFile collects the outputs of all samples, in the types that the network gives.
type outputFile struct {
	path    string
	outputs []calib.Array
	samples int
	whole   bool // the outputs of one sample, as they are
}

// newOutputFile returns nil for no path. Only an archive holds several outputs.
func newOutputFile(path string, g *graph.Graph) (*outputFile, error) {
	if path == "" {
		return nil, nil
	}
	f := &outputFile{path: path}
	var names []string
	for _, v := range g.Outputs {
		f.outputs = append(f.outputs, calib.Array{Name: v.Name, DType: v.DType, Shape: v.Shape.Dims()})
		names = append(names, v.Name)
	}
	if len(names) > 1 && !f.archive() {
		return nil, usagef("--output %s: the network has %d outputs, %s: a .npz file holds them", path, len(names), strings.Join(names, ", "))
	}
	return f, nil
}

func (f *outputFile) archive() bool { return strings.EqualFold(filepath.Ext(f.path), ".npz") }

// add takes the session's outputs. Those of all samples must have one shape, to stand in one array.
func (f *outputFile) add(s *rt.Session) error {
	for i := range f.outputs {
		o := &f.outputs[i]
		shape := s.OutputShape(i)
		if f.samples > 0 && !slices.Equal(o.Shape, shape.Dims()) {
			return fmt.Errorf("--output %s: output %q is %v for one sample and %v for another: write each to a file of its own", f.path, o.Name, o.Shape, shape)
		}
		o.Shape = slices.Clone(shape.Dims())
		o.Data = append(o.Data, s.Output(i).Bytes()...)
	}
	f.samples++
	return nil
}

// write writes arrays whose first axis counts samples, in the place of a batch of one. A sample that came without such an
// axis gives its outputs without one.
func (f *outputFile) write() error {
	for i := range f.outputs {
		o := &f.outputs[i]
		if f.whole && f.samples == 1 {
			continue
		}
		if len(o.Shape) > 0 && o.Shape[0] == 1 {
			o.Shape = o.Shape[1:]
		}
		o.Shape = append([]int{f.samples}, o.Shape...)
	}
	return loader.WriteAtomic(f.path, func(w io.Writer) error {
		if f.archive() {
			return calib.WriteNPZ(w, f.outputs)
		}
		return calib.WriteRawNPY(w, f.outputs[0].DType, f.outputs[0].Shape, f.outputs[0].Data)
	})
}
