package main

import (
	"context"
	"math"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// inputNets are the networks of testdata/inputs, with the bounds of their dimensions and the least signal to noise ratio of
// an output in int8, in dB.
var inputNets = []struct {
	name string
	dims []string
	snr  float64
}{
	{"lstm", []string{"time=10"}, 30},
	{"decoder", []string{"tgt_len=10", "src_len=6"}, 30},
	{"transformer", []string{"src_len=10", "tgt_len=7"}, 30},
	{"bert", []string{"seq=10"}, 27},
	{"towers", nil, 30},
}

// openBound opens a file of samples of g's inputs.
func openBound(t *testing.T, file string, g *graph.Graph) *feeder {
	t.Helper()
	ds, err := openDataset("../../testdata/inputs/"+file, g)
	if err != nil {
		t.Fatal(err)
	}
	feed, err := newFeeder(g, nil, ds, 0)
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

// torchOutputs returns PyTorch's outputs by their names, those of all samples one after the other.
func torchOutputs(t *testing.T, file string) map[string][]float32 {
	t.Helper()
	s, err := openData(t, "../../testdata/inputs/"+file).Sample(0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float32{}
	for _, a := range s.Arrays {
		for i := range a.Len() {
			all[a.Name] = append(all[a.Name], a.Real(i))
		}
	}
	return all
}

// runAll returns a network's outputs by their names, likewise, and holds each Run to no allocation.
func runAll(t *testing.T, g *graph.Graph, feed *feeder) map[string][]float32 {
	t.Helper()
	s := compile(t, g)
	all := map[string][]float32{}
	for i := range feed.Len() {
		s.Reset()
		if err := feed.Fill(i, s); err != nil {
			t.Fatal(err)
		}
		s.Run()
		for k, v := range g.Outputs {
			all[v.Name] = append(all[v.Name], s.Output(k).F32()...)
		}
	}
	if n := testing.AllocsPerRun(3, s.Run); n != 0 {
		t.Errorf("Run allocates %v times", n)
	}
	return all
}

// TestSeveralInputs: PyTorch's networks of several inputs give its outputs, and int8 ones of sane noise.
func TestSeveralInputs(t *testing.T) {
	for _, n := range inputNets {
		m, err := openModel("../../testdata/inputs/"+n.name+".onnx", n.dims...)
		if err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "_one"} {
			got := runAll(t, m.Graph, openBound(t, n.name+suffix+".npz", m.Graph))
			for name, want := range torchOutputs(t, n.name+suffix+"_torch.npz") {
				if len(got[name]) != len(want) {
					t.Fatalf("%s%s: output %q has %d values, want %d", n.name, suffix, name, len(got[name]), len(want))
				}
				for i, w := range want {
					if d := math.Abs(float64(got[name][i] - w)); !(d <= 1e-4*max(1, math.Abs(float64(w)))) {
						t.Fatalf("%s%s: output %q: value %d is %g, PyTorch's %g", n.name, suffix, name, i, got[name][i], w)
					}
				}
			}
		}
		g, err := importModel("../../testdata/inputs/"+n.name+".onnx", n.dims)
		if err != nil {
			t.Fatal(err)
		}
		ds, err := openDataset("../../testdata/inputs/"+n.name+".npz", g)
		if err != nil {
			t.Fatal(err)
		}
		int8, _, err := (&quantizeOptions{axis: -1, engine: engine{threads: 1}}).quantize(context.Background(), g, ds)
		if err != nil {
			t.Fatal(err)
		}
		got := runAll(t, int8.Graph, openBound(t, n.name+".npz", int8.Graph))
		for name, want := range torchOutputs(t, n.name+"_torch.npz") {
			signal, noise := 0.0, 0.0
			for i, w := range want {
				d := float64(got[name][i] - w)
				signal += float64(w) * float64(w)
				noise += float64(d * d)
			}
			snr := *decibels(signal, noise)
			t.Logf("%s: int8 output %q: %.1f dB", n.name, name, snr)
			if snr < n.snr {
				t.Errorf("%s: int8 output %q: %.1f dB, want %g", n.name, name, snr, n.snr)
			}
		}
		runAll(t, int8.Graph, openBound(t, n.name+"_one.npz", int8.Graph))
	}
}

// TestPutArray: which arrays go into which inputs.
func TestPutArray(t *testing.T) {
	floats := func(d tensor.DType, x ...float64) *calib.Array {
		b := tensor.Alloc(8 * len(x))
		for i, v := range x {
			if d == tensor.Float64 {
				b.F64()[i] = v
			} else {
				b.F32()[i] = float32(v)
			}
		}
		return &calib.Array{DType: d, Shape: []int{len(x)}, Data: b.Bytes()[:d.SizeBytes(len(x))]}
	}
	integers := func(d tensor.DType, x ...int64) *calib.Array {
		b := tensor.Alloc(8 * len(x))
		for i, v := range x {
			switch d.SizeBytes(1) {
			case 1:
				b.Bytes()[i] = byte(v)
			case 2:
				b.I16()[i] = int16(v)
			case 4:
				b.I32()[i] = int32(v)
			default:
				b.I64()[i] = v
			}
		}
		return &calib.Array{DType: d, Shape: []int{len(x)}, Data: b.Bytes()[:d.SizeBytes(len(x))]}
	}
	none, coded := tensor.Quant{}, tensor.PerTensor(0.5, 3)
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		dtype tensor.DType
		quant tensor.Quant
		array *calib.Array
		want  []float32 // as reals
		err   string
	}{
		"float64 into float32":    {tensor.Float32, none, floats(tensor.Float64, 0.1, -inf), []float32{0.1, float32(-inf)}, ""},
		"a NaN":                   {tensor.Float32, none, floats(tensor.Float32, 1, math.NaN()), nil, "value 1 is NaN"},
		"an infinity":             {tensor.Float32, none, floats(tensor.Float32, inf), nil, "value 0 is +Inf"},
		"integers into float32":   {tensor.Float32, none, integers(tensor.Int64, 1), nil, "int64; wanted float32"},
		"floats into int64":       {tensor.Int64, none, floats(tensor.Float32, 1), nil, "float32; wanted int64"},
		"int16 into int64":        {tensor.Int64, none, integers(tensor.Int16, -7, 9), []float32{-7, 9}, ""},
		"int64 into int32":        {tensor.Int32, none, integers(tensor.Int64, 1<<31-1, -1<<31), []float32{1<<31 - 1, -1 << 31}, ""},
		"too much for int32":      {tensor.Int32, none, integers(tensor.Int64, 0, 1<<31), nil, "value 1 is 2147483648; wanted int32"},
		"bool into int64":         {tensor.Int64, none, integers(tensor.Bool, 1, 0), []float32{1, 0}, ""},
		"int64 into bool":         {tensor.Bool, none, integers(tensor.Int64, 1, 0), []float32{1, 0}, ""},
		"2 into bool":             {tensor.Bool, none, integers(tensor.UInt8, 2), nil, "value 0 is 2; wanted bool"},
		"int64 into plain uint8":  {tensor.UInt8, none, integers(tensor.Int64, 255), []float32{255}, ""},
		"too little for uint8":    {tensor.UInt8, none, integers(tensor.Int64, -1), nil, "value 0 is -1; wanted uint8"},
		"too little for int8":     {tensor.Int8, none, integers(tensor.Int64, -129), nil, "value 0 is -129; wanted int8"},
		"codes":                   {tensor.Int8, coded, integers(tensor.Int8, 3, -5), []float32{0, -4}, ""},
		"floats become codes":     {tensor.Int8, coded, floats(tensor.Float32, 1.3, -100), []float32{1.5, -65.5}, ""},
		"codes of another type":   {tensor.Int8, coded, integers(tensor.UInt8, 3), nil, "uint8; wanted int8 codes, or floats"},
		"floats become int16":     {tensor.Int16, tensor.PerTensor(0.5, 0), floats(tensor.Float64, 100.2), []float32{100}, ""},
		"integers into int16":     {tensor.Int16, none, integers(tensor.Int32, -32768), []float32{-32768}, ""},
		"too much for that int16": {tensor.Int16, none, integers(tensor.Int32, 32768), nil, "value 0 is 32768; wanted int16"},
	} {
		v := &graph.Value{Name: "x", Type: tensor.Type{DType: c.dtype, Shape: tensor.MakeShape(c.array.Len()), Quant: c.quant}}
		dst := tensor.New(v.Type).Data
		err := putArray(dst, v, c.array)
		if c.err != "" || err != nil {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: error %v, want %q", name, err, c.err)
			}
			continue
		}
		got, err := appendReals(nil, v, dst)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range c.want {
			if got[i] != w {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

// TestOneArrayForTwoInputs: what is no archive fits no network of several inputs, which says what it wants.
func TestOneArrayForTwoInputs(t *testing.T) {
	m, err := openModel("../../testdata/inputs/towers.onnx")
	if err != nil {
		t.Fatal(err)
	}
	_, err = newFeeder(m.Graph, nil, openData(t, "../../testdata/digits/test_x.npy"), 0)
	if err == nil || !strings.Contains(err.Error(), "the network has 2 inputs, user, item: wanted a .npz file that has an array for each, or run --input NAME=FILE.npy") {
		t.Errorf("a .npy file for two inputs: %v", err)
	}
}
