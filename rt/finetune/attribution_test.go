package finetune

import (
	"errors"
	"math"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

func attribution(t *testing.T, g *graph.Graph, at *graph.Value, set *kernels.Set) (*Attribution, *rt.Session) {
	t.Helper()
	a, err := NewAttribution(g, at, set, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := a.Frozen().NewSession(nil)
	r := fixed.Random(5)
	copy(s.Input(0).F32(), random(&r, len(s.Input(0).F32()), 1))
	s.Run()
	return a, s
}

// TestAttribution: the gradient by a value inside is what differences of the output say.
func TestAttribution(t *testing.T) {
	n := newNet(t, 1, 6, 5, 2)
	n.add(op.Conv2D, nil, n.constant(1, 3, 3, 3, 2), n.constant(0.1, 3))
	at := n.add(op.Tanh, nil)
	n.add(op.Conv2D, nil, n.constant(1, 4, 2, 2, 3), n.constant(0.1, 4))
	n.add(op.Logistic, nil)
	size := n.v.Shape.Elements()
	n.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, size)})
	n.add(op.FullyConnected, nil, n.constant(0.5, 3, size), n.constant(0.1, 3))
	n.add(op.Softmax, nil)
	a, s := attribution(t, n.g, at, nil)
	for class := range 3 {
		if _, err := a.Run(s, class); err != nil {
			t.Fatal(err)
		}
		x, got := a.Values(), slices.Clone(a.Gradient())
		for i := range x {
			want, _ := derivative(func() float64 {
				a.tail.forward(1)
				return float64(a.tail.out.real(0)[class])
			}, &x[i], 1.0/64)
			if d := math.Abs(float64(got[i]) - want); d > 1e-3*(math.Abs(want)+0.05) {
				t.Fatalf("class %d, element %d: gradient %g, differences say %g", class, i, got[i], want)
			}
		}
	}
	if _, err := a.Run(s, 3); err == nil {
		t.Error("output 3 of 3")
	}
	if _, err := NewAttribution(n.g, &graph.Value{Name: "elsewhere"}, nil, nil); !errors.Is(err, ErrLayers) {
		t.Errorf("a value of no network: %v", err)
	}
}

// TestClassActivation: where a mean of places and one linear layer follow, the map is max(0, Σ_c w_c·A_pc/places) by
// hand, the same bits on every kernel set, and nothing is allocated.
func TestClassActivation(t *testing.T) {
	m, err := loader.ReadFile("../../testdata/keywords/dscnn.edge", loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := LastMap(m.Graph)
	head := m.Graph.Nodes[len(m.Graph.Nodes)-2]
	w := reals(head.In[1].Const, nil)
	var first []float32
	for _, set := range kernels.All() {
		a, s := attribution(t, m.Graph, at, set)
		const class = 4
		heat := make([]float32, places(at.Shape))
		if n := testing.AllocsPerRun(2, func() {
			if _, err := a.Run(s, class); err != nil {
				t.Fatal(err)
			}
			a.ClassActivation(heat)
		}); n != 0 {
			t.Errorf("%s: %v allocations", set.Name, n)
		}
		if first == nil {
			first = heat
		}
		if !slices.Equal(heat, first) {
			t.Errorf("%s: another map", set.Name)
		}
		channels := len(a.weight)
		var most float64
		for p, got := range heat {
			var want float64
			for c, v := range a.Values()[p*channels : (p+1)*channels] {
				want += float64(v) * float64(w[class*channels+c]) / float64(len(heat))
			}
			want, most = max(0, want), max(most, want)
			// Where the activation in front of the mean is at its bound, no gradient passes; here it ends at the mean.
			if math.Abs(float64(got)-want) > 1e-5 {
				t.Fatalf("%s: place %d: %g, want %g", set.Name, p, got, want)
			}
		}
		if most == 0 {
			t.Error("a map of nothing")
		}
	}
}
