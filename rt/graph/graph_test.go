package graph_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func input(g *graph.Graph, dims ...int) *graph.Value {
	v := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
	g.Inputs = append(g.Inputs, v)
	return v
}

func ExampleGraph_Add() {
	g := &graph.Graph{}
	x := input(g, 1, 28, 28, 1)
	w := graph.NewConst("w", tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(32, 3, 3, 1)}))
	conv, err := g.Add(op.Conv2D, "conv", op.Attrs{op.IntsAttr("strides", 2, 2)}, x, w)
	fmt.Println(conv.Out[0].Type, err)
	_, err = g.Add(op.Conv2D, "second", nil, conv.Out[0], w)
	fmt.Println(err)
	// Output:
	// float32[1 13 13 32] <nil>
	// node "second" (Conv2D): weights [32 3 3 1] with 1 groups do not fit 32 input channels
}

// valid is x → clamp → clamp.
func valid(t *testing.T) *graph.Graph {
	t.Helper()
	g := &graph.Graph{}
	v := input(g, 2, 3)
	for _, name := range []string{"a", "b"} {
		n, err := g.Add(op.Clamp, name, nil, v)
		if err != nil {
			t.Fatal(err)
		}
		v = n.Out[0]
	}
	g.Outputs = []*graph.Value{v}
	return g
}

// TestValidate breaks a valid graph in every way that Validate promises to report.
func TestValidate(t *testing.T) {
	if err := valid(t).Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		damage func(g *graph.Graph)
		want   string
	}{
		{func(g *graph.Graph) { g.Nodes[0], g.Nodes[1] = g.Nodes[1], g.Nodes[0] }, "is not computed before it"},
		{func(g *graph.Graph) { g.Outputs = nil }, "no outputs"},
		{func(g *graph.Graph) { g.Outputs[0] = &graph.Value{Name: "stray"} }, "output is not computed"},
		{func(g *graph.Graph) { g.Inputs = append(g.Inputs, g.Inputs[0]) }, "listed twice"},
		{func(g *graph.Graph) { g.Nodes[1].Out[0] = g.Nodes[0].Out[0] }, "computed twice"},
		{func(g *graph.Graph) { g.Nodes[0].In = nil }, "0 inputs, want 1 to 1"},
		{func(g *graph.Graph) { g.Nodes[0].In = []*graph.Value{nil} }, "input 0 missing"},
		{func(g *graph.Graph) { g.Nodes[0].Out = nil }, "0 outputs, want 1"},
		{func(g *graph.Graph) { g.Nodes[0].Attrs = op.Attrs{op.IntAttr("axis", 1)} }, `unknown attribute "axis"`},
		{func(g *graph.Graph) { g.Nodes[0].Attrs = op.Attrs{op.IntAttr("min", 1)} }, "wrong kind"},
		{func(g *graph.Graph) { g.Nodes[0].Attrs = op.Attrs{op.FloatAttr("min", 1), op.FloatAttr("min", 2)} }, "given twice"},
		{func(g *graph.Graph) { g.Nodes[0].Out[0].DType = 77 }, "element type"},
		{func(g *graph.Graph) { g.Nodes[0].Out[0].Shape.Dim[0] = -4 }, "outside"},
		{func(g *graph.Graph) { g.Nodes[0].Out[0].Quant = tensor.PerTensor(0, 0) }, "not positive"},
		{func(g *graph.Graph) { g.Nodes[0].Out[0].Quant = tensor.PerTensor(float32(math.NaN()), 0) }, "not positive"},
		{func(g *graph.Graph) { g.Nodes[0].Out[0].Quant = tensor.PerTensor(1, 1<<20) }, "zero point"},
		{func(g *graph.Graph) {
			g.Nodes[0].Out[0].Quant = tensor.Quant{Scale: []float32{1, 2}, Zero: []int32{0, 0}, Axis: 1}
		}, "2 scales on axis 1"},
		{func(g *graph.Graph) {
			c := graph.NewConst("c", tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(2)}))
			c.Shape = tensor.MakeShape(3)
			g.Nodes[0].In[0] = c
		}, "constant holds 8 bytes"},
		{func(g *graph.Graph) {
			v := graph.NewVariable("v", tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(2)}))
			v.Shape = tensor.MakeShape(3)
			g.Nodes[0].In[0] = v
		}, "variable holds 8 bytes"},
		{func(g *graph.Graph) { g.Inputs[0].Var = tensor.New(g.Inputs[0].Type) }, "a variable"},
	} {
		g := valid(t)
		c.damage(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
}

func TestSort(t *testing.T) {
	g := valid(t)
	g.Nodes[0], g.Nodes[1] = g.Nodes[1], g.Nodes[0]
	if err := g.Sort(); err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		t.Error(err)
	}
	g.Nodes[0].In[0] = g.Nodes[1].Out[0]
	if err := g.Sort(); err == nil || !strings.Contains(err.Error(), "cycle") {
		t.Errorf("a cycle gives %v", err)
	}
}

// TestClone: a copy validates and shares no value or node.
func TestClone(t *testing.T) {
	g := valid(t)
	c := g.Clone()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	c.Nodes[0].Out[0].Name = "changed"
	c.Nodes[0].Attrs = c.Nodes[0].Attrs.With(op.FloatAttr("min", 0))
	if g.Nodes[0].Out[0].Name == "changed" || len(g.Nodes[0].Attrs) != 0 {
		t.Error("changing the copy changes the original")
	}
}

// TestInferReportsAll: all unsupported nodes are reported at once.
func TestInferReportsAll(t *testing.T) {
	g := &graph.Graph{}
	x := input(g, 4)
	for _, name := range []string{"first", "second"} {
		n := &graph.Node{Op: op.Cast, Name: name, Attrs: op.Attrs{op.IntAttr("to", int(tensor.Float16))}, In: []*graph.Value{x},
			Out: []*graph.Value{{Name: name}}}
		g.Nodes = append(g.Nodes, n)
	}
	err := g.Infer()
	if !errors.Is(err, op.ErrUnsupported) || !strings.Contains(err.Error(), `"first"`) || !strings.Contains(err.Error(), `"second"`) {
		t.Errorf("got %v", err)
	}
}

// TestOnce refuses more nodes that run once than there are, and such that know variables.
func TestOnce(t *testing.T) {
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(2)}}
	g := &graph.Graph{Inputs: []*graph.Value{x}}
	n, err := g.Add(op.Add, "y", nil, x, graph.NewVariable("state", tensor.New(x.Type)))
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = n.Out
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	for once, want := range map[int]string{-1: "-1 of 1 nodes", 1: `variable "state"`, 2: "2 of 1 nodes"} {
		g.Once = once
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d nodes that run once: %v", once, err)
		}
		if g.Clone().Once != once {
			t.Error("Clone forgets it")
		}
	}
}
