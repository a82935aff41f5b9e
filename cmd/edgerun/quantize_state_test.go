package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestQuantizeState: a network that adds up its inputs is calibrated over whole sequences, each from zero.
func TestQuantizeState(t *testing.T) {
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 2)}}
	g := &graph.Graph{Inputs: []*graph.Value{x}}
	state := graph.NewVariable("sum", tensor.New(x.Type))
	add := func(def *op.Def, name string, in ...*graph.Value) []*graph.Value {
		n, err := g.Add(def, name, nil, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n.Out
	}
	sum := add(op.Add, "add", add(op.Read, "read", state)[0], x)[0]
	sum.Name = "y"
	add(op.Assign, "assign", state, sum)
	g.Outputs = []*graph.Value{sum}

	file := filepath.Join(t.TempDir(), "x.npy")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	raw := tensor.FromF32(tensor.MakeShape(16), []float32{1, 0, 1, 0, 1, 0, 1, 0, 0, -1, 0, -1, 0, -1, 0, -1}) // two sequences of four steps
	if err := calib.WriteRawNPY(f, tensor.Float32, []int{2, 4, 2}, raw.Data.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	q := quantizeOptions{axis: -1, engine: engine{threads: 1}}
	for samples, want := range map[int][2]float32{0: {-4, 4}, 1: {0, 4}} {
		q.samples = samples
		_, r, err := q.quantize(context.Background(), g, openData(t, file))
		if err != nil {
			t.Fatal(err)
		}
		h := r.Ranges["y"].Summary()
		if h.Min != want[0] || h.Max != want[1] {
			t.Errorf("%d samples: the sum is in [%g,%g], want %v", samples, h.Min, h.Max, want)
		}
	}
}
