package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestSampleShape: an array of another shape than the input's is refused, however many values it has; one that is shorter
// along a symbolic dimension runs at its own extents.
func TestSampleShape(t *testing.T) {
	for _, c := range []struct {
		sym         []string
		array, want []int // want: nil refused
	}{
		{nil, []int{1, 2, 3}, []int{1, 2, 3}}, {nil, []int{4, 2, 3}, []int{1, 2, 3}}, {nil, []int{4, 1, 2, 3}, []int{1, 2, 3}}, {nil, []int{2, 3}, []int{1, 2, 3}},
		{nil, []int{4, 6}, []int{1, 2, 3}}, {nil, []int{1, 3, 2}, nil}, {nil, []int{3, 2}, nil}, {nil, []int{1, 1, 3}, nil},
		{[]string{"batch", "steps", ""}, []int{4, 1, 3}, []int{1, 1, 3}}, {[]string{"b", "steps", ""}, []int{1, 3}, []int{1, 1, 3}},
		{[]string{"b", "steps", ""}, []int{4, 2, 3}, []int{1, 2, 3}}, {[]string{"b", "steps", ""}, []int{4, 2, 2}, nil}, {[]string{"b", "steps", ""}, []int{4, 3, 2}, nil}, {[]string{"b", "steps", ""}, []int{4, 5, 3}, nil},
	} {
		x := &graph.Value{Name: "x", Sym: c.sym, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 2, 3)}}
		g := &graph.Graph{Inputs: []*graph.Value{x}}
		n, err := g.Add(op.Tanh, "y", nil, x)
		if err != nil {
			t.Fatal(err)
		}
		g.Outputs = n.Out
		prog, err := rt.Compile(g, rt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float32, tensor.MakeShape(c.array...).Elements())
		for i := range values {
			values[i] = float32(i)
		}
		var b bytes.Buffer
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := calib.WriteNPY(&b, c.array, values); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		ds, err := openDataset(path, g)
		if err != nil {
			t.Fatal(err)
		}
		feed, err := newFeeder(g, nil, ds, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := prog.NewSession(nil)
		err = feed.Fill(0, s)
		if c.want == nil {
			if err == nil || !strings.Contains(err.Error(), `input "x" takes [`) || strings.Contains(err.Error(), "--dim") != (c.array[len(c.array)-1] == 3 && c.sym != nil) {
				t.Errorf("array %v, dimensions %q: error %v, want one that names the shapes", c.array, c.sym, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("array %v, dimensions %q: %v", c.array, c.sym, err)
			continue
		}
		shape := s.OutputShape(0)
		if got := s.Input(0).F32(); !reflect.DeepEqual(shape.Dims(), c.want) || !reflect.DeepEqual(got, values[:len(got)]) || len(got) != shape.Elements() {
			t.Errorf("array %v, dimensions %q: %v of shape %v, want %v", c.array, c.sym, got, shape, c.want)
		}
	}
}
