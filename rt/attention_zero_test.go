package rt_test

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestAttentionZero has a query whose sum underflows to −0: it is +0, as the zero of a later key would make it, for any
// number of later keys.
func TestAttentionZero(t *testing.T) {
	for _, set := range kernels.All() {
		for n := 2; n <= 3; n++ {
			g := &graph.Graph{}
			for _, name := range []string{"q", "k", "v"} {
				g.Inputs = append(g.Inputs, &graph.Value{Name: name, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, n, 1)}})
			}
			a, err := g.Add(op.Attention, "y", op.Attrs{op.IntAttr("heads", 1), op.IntAttr("causal", 1)}, g.Inputs...)
			if err != nil {
				t.Fatal(err)
			}
			g.Outputs = a.Out
			p, err := rt.Compile(g, rt.Options{Kernels: set})
			if err != nil {
				t.Fatal(err)
			}
			s := p.NewSession(nil)
			for i, x := range [][]float32{{0, 60, 0}, {1, 0, 0}, {0, -1e-20, 1}} {
				copy(s.Input(i).F32(), x)
			}
			s.Run()
			if bits := math.Float32bits(s.Output(0).F32()[1]); bits != 0 {
				t.Errorf("%s: position 1 of %d is %#x, want +0", set.Name, n, bits)
			}
		}
	}
}
