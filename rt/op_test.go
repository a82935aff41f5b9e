package rt_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

func emulated() bool { return os.Getenv("EDGERUN_UNDER_QEMU") != "" }

// fillInputs draws the inputs of a case and returns all operands in float64, constants included.
func fillInputs(s *rt.Session, c *optest.Case) [][]float64 {
	r := rand.New(rand.NewPCG(2, 3))
	g := s.Program().Graph()
	for i := range g.Inputs {
		optest.Fill(r, s.Input(i).F32())
	}
	return operands(s, c)
}

func operands(s *rt.Session, c *optest.Case) [][]float64 {
	var all [][]float64
	g := s.Program().Graph()
	node := g.Nodes[len(g.Nodes)-1]
	input := 0
	for i := range c.In {
		var f []float32
		switch {
		case c.Given != nil && c.Given[i] != nil, c.Absent != nil && c.Absent[i]:
		case c.Const != nil && c.Const[i]:
			f = node.In[i].Const.Data.F32()
		case c.State != nil && c.State[i]:
			f = make([]float32, c.In[i].Elements())
		default:
			f = s.Input(input).F32()
			input++
		}
		d := make([]float64, len(f))
		for k, v := range f {
			d[k] = float64(v)
		}
		all = append(all, d)
	}
	return all
}

func reals(t *testing.T, b tensor.Buffer, d tensor.DType) []float64 {
	var y []float64
	switch d {
	case tensor.Float32:
		for _, v := range b.F32() {
			y = append(y, float64(v))
		}
	case tensor.Int8:
		for _, v := range b.I8() {
			y = append(y, float64(v))
		}
	case tensor.Int16:
		for _, v := range b.I16() {
			y = append(y, float64(v))
		}
	case tensor.Int32:
		for _, v := range b.I32() {
			y = append(y, float64(v))
		}
	case tensor.UInt32:
		for _, v := range tensor.View[uint32](b) {
			y = append(y, float64(v))
		}
	case tensor.UInt64:
		for _, v := range tensor.View[uint64](b) {
			y = append(y, float64(v))
		}
	case tensor.Int64:
		for _, v := range b.I64() {
			y = append(y, float64(v))
		}
	case tensor.Bool:
		for _, v := range b.Bytes() {
			y = append(y, float64(v))
		}
	default:
		t.Fatalf("output of %v", d)
	}
	return y
}

// TestOperators runs every case on every kernel set with 1, 2 and 3 threads: the first values are the reference's, the
// bytes are equal, and Run allocates nothing.
func TestOperators(t *testing.T) {
	tested := map[*op.Def]bool{}
	for _, c := range optest.Cases() {
		tested[c.Def] = true
		t.Run(c.Name, func(t *testing.T) {
			g, err := c.Graph(7)
			if err != nil {
				t.Fatal(err)
			}
			var first []byte
			for k, set := range optest.Sets(emulated()) {
				for _, threads := range optest.Threads(emulated(), k == 0) {
					out := runCase(t, g, c, set, threads, first == nil)
					if first == nil {
						first = out
					} else if !bytes.Equal(first, out) {
						t.Fatalf("%s, %d threads: bytes differ from the first set's", set.Name, threads)
					}
				}
			}
		})
	}
	for _, d := range op.Defs() {
		if !tested[d] {
			t.Errorf("operator %s has no cases in optest", d.Name)
		}
	}
}

func runCase(t *testing.T, g *graph.Graph, c *optest.Case, set *kernels.Set, threads int, check bool) []byte {
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	pool := rt.NewPool(threads)
	defer pool.Close()
	s := prog.NewSession(pool)
	in := fillInputs(s, c)
	s.Run()
	if check {
		want := c.Want(in, c)
		got := reals(t, s.Output(0), g.Outputs[0].DType)
		if len(got) != len(want) {
			t.Fatalf("%d outputs, want %d", len(got), len(want))
		}
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= 1e-5*max(4, math.Abs(want[i]))) {
				t.Fatalf("%s, %d threads: output %d is %g, want %g", set.Name, threads, i, got[i], want[i])
			}
		}
	}
	out := bytes.Clone(s.Output(0).Bytes())
	if !testing.Short() {
		if n := testing.AllocsPerRun(5, s.Run); n != 0 {
			t.Errorf("%s, %d threads: Run allocates %v times", set.Name, threads, n)
		}
	}
	return out
}

// TestResize runs a network of symbolic batch with fewer rows than its bound: the rows equal those of the full batch.
func TestResize(t *testing.T) {
	c := &optest.Case{Name: "conv", Def: op.Conv2D, In: []tensor.Shape{tensor.MakeShape(5, 6, 6, 3), tensor.MakeShape(4, 3, 3, 3)}, Const: []bool{false, true}}
	g, err := c.Graph(1)
	if err != nil {
		t.Fatal(err)
	}
	g.Inputs[0].Sym = []string{"batch", "", "", ""}
	flat, err := g.Add(op.Reshape, "flat", op.Attrs{op.IntsAttr("shape", 0, -1)}, g.Outputs[0])
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = flat.Out
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	x := make([]float32, s.Input(0).Len()/4)
	optest.Fill(rand.New(rand.NewPCG(1, 1)), x)
	copy(s.Input(0).F32(), x)
	s.Run()
	full := bytes.Clone(s.Output(0).Bytes())
	for batch := 1; batch <= 5; batch++ {
		if err := s.Resize(0, tensor.MakeShape(batch, 6, 6, 3)); err != nil {
			t.Fatal(err)
		}
		copy(s.Input(0).F32(), x)
		s.Run()
		if got := s.Output(0).Bytes(); !bytes.Equal(got, full[:len(full)/5*batch]) {
			t.Errorf("batch %d differs", batch)
		}
		if want := tensor.MakeShape(batch, 64); s.OutputShape(0) != want {
			t.Errorf("batch %d: output shape %v", batch, s.OutputShape(0))
		}
	}
	for _, bad := range []tensor.Shape{tensor.MakeShape(6, 6, 6, 3), tensor.MakeShape(0, 6, 6, 3), tensor.MakeShape(1, 5, 6, 3), tensor.MakeShape(1, 6, 6)} {
		if err := s.Resize(0, bad); err == nil {
			t.Errorf("shape %v accepted", bad)
		}
	}
	if n := testing.AllocsPerRun(10, func() {
		if s.Resize(0, tensor.MakeShape(3, 6, 6, 3)) != nil || s.Resize(0, tensor.MakeShape(5, 6, 6, 3)) != nil {
			panic("resize")
		}
	}); n != 0 {
		t.Errorf("Resize allocates %v times", n)
	}
}

func ExampleCompile() {
	g := &graph.Graph{}
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 3)}}
	g.Inputs = []*graph.Value{x}
	w := graph.NewConst("w", tensor.FromF32(tensor.MakeShape(2, 3), []float32{1, 0, 0, 0, 1, 1}))
	n, err := g.Add(op.FullyConnected, "fc", nil, x, w)
	if err != nil {
		panic(err)
	}
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		panic(err)
	}
	s := prog.NewSession(nil)
	copy(s.Input(0).F32(), []float32{1, 2, 3})
	s.Run()
	fmt.Println(s.Output(0).F32())
	// Output: [1 5]
}
