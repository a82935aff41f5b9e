package rt_test

import (
	"slices"
	"strings"
	"testing"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestGatherOutside: computed indices are limited to the axis, constant ones outside are refused.
func TestGatherOutside(t *testing.T) {
	table := graph.NewConst("table", tensor.FromF32(tensor.MakeShape(3), []float32{10, 20, 30}))
	axis := op.Attrs{op.IntAttr("axis", 0)}
	g := &graph.Graph{Inputs: []*graph.Value{{Name: "at", Type: tensor.Type{DType: tensor.Int64, Shape: tensor.MakeShape(6)}}}}
	n, err := g.Add(op.Gather, "gather", axis, table, g.Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	copy(s.Input(0).I64(), []int64{0, 2, 3, -1, -4, 1 << 62})
	s.Run()
	if got, want := s.Output(0).F32(), []float32{10, 30, 30, 30, 10, 30}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}

	g = &graph.Graph{}
	n, err = g.Add(op.Gather, "gather", axis, table, graph.NewConst("at", tensor.FromI32(tensor.MakeShape(1), []int32{-4})))
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = n.Out
	if _, err := rt.Compile(g, rt.Options{}); err == nil || !strings.Contains(err.Error(), "index -4 outside [-3,2]") {
		t.Errorf("index -4 of 3: %v", err)
	}
}
