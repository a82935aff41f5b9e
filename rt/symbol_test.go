package rt_test

import (
	"testing"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestSymbols: inputs that share a dimension are resized together, and attributes that name one follow.
func TestSymbols(t *testing.T) {
	g := &graph.Graph{}
	input := func(name string, sym ...string) *graph.Value {
		v := &graph.Value{Name: name, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(4, 6)}, Sym: sym}
		g.Inputs = append(g.Inputs, v)
		return v
	}
	a, b := input("a", "batch", "seq"), input("b", "batch", "seq")
	table := graph.NewConst("table", tensor.FromF32(tensor.MakeShape(6), []float32{0, 1, 2, 3, 4, 5}))
	add := func(def *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
		n, err := g.Add(def, def.Name, attrs, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n.Out[0]
	}
	begin := add(op.Slice, op.Attrs{op.IntsAttr("starts", 0), op.IntsAttr("ends", 6), op.IntsAttr("symbols", 1)}, table)
	row := add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, 6), op.IntsAttr("symbols", -1, 1)}, begin)
	rows := add(op.Tile, op.Attrs{op.IntsAttr("repeats", 4, 1), op.IntsAttr("symbols", 0, -1)}, row)
	g.Outputs = []*graph.Value{add(op.Add, nil, add(op.Mul, nil, a, b), rows)}
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	for _, d := range [][2]int{{4, 6}, {2, 5}, {1, 1}, {3, 6}} {
		if err := s.Resize(0, tensor.MakeShape(d[0], d[1])); err != nil {
			t.Fatal(err)
		}
		if want := tensor.MakeShape(d[0], d[1]); s.InputShape(1) != want || s.OutputShape(0) != want {
			t.Fatalf("shapes %v and %v, want %v", s.InputShape(1), s.OutputShape(0), want)
		}
		for i := range s.Input(0).F32() {
			s.Input(0).F32()[i], s.Input(1).F32()[i] = float32(i), 2
		}
		s.Run()
		for i, v := range s.Output(0).F32() {
			if want := float32(2*i + i%d[1]); v != want {
				t.Fatalf("%v: output %d is %g, want %g", d, i, v, want)
			}
		}
	}
	if n := testing.AllocsPerRun(5, func() {
		if s.Resize(1, tensor.MakeShape(2, 3)) != nil || s.Resize(0, tensor.MakeShape(4, 6)) != nil {
			panic("resize")
		}
	}); n != 0 {
		t.Errorf("Resize allocates %v times", n)
	}
}

// TestResizeAll: inputs that must agree change together, and a failure leaves all as it was.
func TestResizeAll(t *testing.T) {
	g := &graph.Graph{}
	for _, name := range []string{"a", "b"} { // equal extents, which different symbols do not say
		g.Inputs = append(g.Inputs, &graph.Value{Name: name, Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(6, 4)}, Sym: []string{name, "wide"}})
	}
	n, err := g.Add(op.Mul, "y", nil, g.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	if s.Resize(0, tensor.MakeShape(5, 4)) == nil {
		t.Fatal("a alone can be resized: the test shows nothing")
	}
	small := []tensor.Shape{tensor.MakeShape(5, 3), tensor.MakeShape(5, 3)}
	if err := s.ResizeAll(small...); err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		if s.InputShape(0) != small[0] || s.InputShape(1) != small[1] || s.OutputShape(0) != small[0] {
			t.Errorf("%s: inputs %v and %v, output %v", what, s.InputShape(0), s.InputShape(1), s.OutputShape(0))
		}
	}
	check("smaller")
	for what, shapes := range map[string][]tensor.Shape{
		"one shape":                   small[:1],
		"one symbol with two extents": {tensor.MakeShape(5, 3), tensor.MakeShape(5, 2)},
		"extents that do not fit":     {tensor.MakeShape(5, 3), tensor.MakeShape(4, 3)},
		"more than the bound":         {tensor.MakeShape(7, 3), tensor.MakeShape(7, 3)},
		"an extent of zero":           {tensor.MakeShape(0, 3), tensor.MakeShape(0, 3)},
		"a rank that is another's":    {tensor.MakeShape(5, 3), tensor.MakeShape(5)},
	} {
		if s.ResizeAll(shapes...) == nil {
			t.Errorf("%s: no error", what)
		}
		check(what)
	}
	large := []tensor.Shape{tensor.MakeShape(6, 4), tensor.MakeShape(6, 4)}
	if n := testing.AllocsPerRun(5, func() {
		if s.ResizeAll(large...) != nil || s.ResizeAll(small...) != nil {
			panic("resize")
		}
	}); n != 0 {
		t.Errorf("ResizeAll allocates %v times", n)
	}
}
