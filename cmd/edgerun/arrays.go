package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// Samples of named arrays are a network's inputs themselves: they meet no front end, and each input, as many as there are,
// gets the array of its name.

// inputFiles reads the values of --input: the path of a .npy file for each input.
func inputFiles(flags []string) ([]calib.InputFile, error) {
	var files []calib.InputFile
	for _, f := range flags {
		name, path, ok := strings.Cut(f, "=")
		if !ok || name == "" || path == "" {
			return nil, usagef("--input %q, want NAME=FILE.npy", f)
		}
		files = append(files, calib.InputFile{Name: name, Path: path})
	}
	return files, nil
}

// inputsPath stands for all files of --input among those of the command.
func inputsPath(files []calib.InputFile) string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, ",")
}

// bindInputs cuts named arrays for a network's inputs; other data stay as they are.
func bindInputs(ds calib.Dataset, g *graph.Graph) (calib.Dataset, error) {
	bound, err := calib.Bind(ds, g.Inputs)
	if errors.As(err, new(calib.ExtentError)) {
		err = fmt.Errorf("%w%s", err, dimHint(g))
	}
	return bound, err
}

// errInputs says what a network of several inputs wants.
func errInputs(g *graph.Graph) error {
	var names []string
	for _, v := range g.Inputs {
		names = append(names, v.Name)
	}
	return fmt.Errorf("the network has %d inputs, %s: wanted a .npz file that has an array for each, or run --input NAME=FILE.npy", len(names), strings.Join(names, ", "))
}

// newArraysFeeder returns the feeder of samples of named arrays.
func newArraysFeeder(data calib.Dataset, limit int) *feeder {
	f := &feeder{data: data, n: data.Len()}
	if limit > 0 {
		f.n = min(f.n, limit)
	}
	return f
}

// fillArrays writes named arrays, in the order of the inputs, into a session.
func fillArrays(s *rt.Session, sample *calib.Sample) error {
	shapes := make([]tensor.Shape, len(sample.Arrays))
	for i, a := range sample.Arrays {
		shapes[i] = tensor.MakeShape(a.Shape...)
	}
	if err := s.ResizeAll(shapes...); err != nil {
		return fmt.Errorf("%s: %w", sample.Name, err)
	}
	for i, v := range s.Program().Graph().Inputs {
		if err := putArray(s.Input(i), v, &sample.Arrays[i]); err != nil {
			return fmt.Errorf("%s: input %q: %w", sample.Name, v.Name, err)
		}
	}
	return nil
}

// putArray writes an array into an input. A float input takes floats; integers and booleans take such within their range;
// codes with a scale take themselves, or floats that become codes.
func putArray(dst tensor.Buffer, v *graph.Value, a *calib.Array) error {
	coded := isCodes(v) && v.Quant.Quantized()
	switch {
	case coded && a.DType == v.DType:
		copy(dst.Bytes(), a.Data)
		return nil
	case !a.Integers() && (v.DType == tensor.Float32 || coded):
		reals := dst.F32()
		if coded {
			reals = make([]float32, a.Len())
		}
		for i := range reals {
			r := a.Real(i)
			if r != r || r-r != 0 && r > 0 { // −Inf stands in masks
				return fmt.Errorf("value %d is %v", i, r)
			}
			reals[i] = r
		}
		if coded {
			quantizeReals(v.Quant, reals)
			putCodes(dst, v.DType, reals)
		}
		return nil
	case a.Integers() && !coded && v.DType != tensor.Float32:
		return putIntegers(dst, v.DType, a)
	}
	wanted := v.DType.String()
	if coded {
		wanted += " codes, or floats"
	}
	return fmt.Errorf("%v; wanted %s", a.DType, wanted)
}

// putIntegers writes integers that d holds.
func putIntegers(dst tensor.Buffer, d tensor.DType, a *calib.Array) error {
	bits := 8 * d.SizeBytes(1)
	for i := range a.Len() {
		n := a.Integer(i)
		ok := n == n<<(64-bits)>>(64-bits)
		switch d {
		case tensor.Int64:
			dst.I64()[i] = n
		case tensor.Int32:
			dst.I32()[i] = int32(n)
		case tensor.Int16:
			dst.I16()[i] = int16(n)
		case tensor.Int8:
			dst.I8()[i] = int8(n)
		case tensor.UInt8:
			dst.Bytes()[i], ok = byte(n), n == int64(byte(n))
		case tensor.Bool:
			dst.Bytes()[i], ok = byte(n), n == 0 || n == 1
		default:
			return fmt.Errorf("%v; wanted %v", a.DType, d)
		}
		if !ok {
			return fmt.Errorf("value %d is %d; wanted %v", i, n, d)
		}
	}
	return nil
}

// outputArray is an output as it is printed.
type outputArray struct {
	Name   string    `json:"name"`
	Shape  []int     `json:"shape"`
	Values []float32 `json:"values"`
}

// outputArrays returns the session's outputs where there are several; nil where there is one.
func outputArrays(s *rt.Session) ([]outputArray, error) {
	g := s.Program().Graph()
	if len(g.Outputs) == 1 {
		return nil, nil
	}
	var all []outputArray
	for i, v := range g.Outputs {
		values, err := appendReals(nil, v, s.Output(i))
		if err != nil {
			return nil, err
		}
		shape := s.OutputShape(i)
		all = append(all, outputArray{v.Name, slices.Clone(shape.Dims()), values})
	}
	return all, nil
}
