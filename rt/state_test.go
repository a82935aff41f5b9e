package rt_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// lstmNet has one layer over steps of 11 values, of the given type, and a constant seed.
func lstmNet(t *testing.T, d tensor.DType, steps int) *graph.Graph {
	t.Helper()
	const inputs, units = 11, 18
	r := rand.New(rand.NewPCG(5, 6))
	typ := func(d tensor.DType, scale float32, shape ...int) tensor.Type {
		v := tensor.Type{DType: d, Shape: tensor.MakeShape(shape...)}
		if d != tensor.Float32 {
			v.Quant = tensor.PerTensor(scale, 0)
		}
		return v
	}
	weights, cell, bias := tensor.Int8, tensor.Int16, tensor.Int32
	switch d {
	case tensor.Float32:
		weights, cell, bias = d, d, d
	case tensor.Int16:
		bias = tensor.Int64
	}
	x := &graph.Value{Name: "x", Type: typ(d, 0.02, 1, steps, inputs)}
	in := []*graph.Value{x, graph.NewVariable("h", tensor.New(typ(d, 1.0/128, 1, units))), graph.NewVariable("c", tensor.New(typ(cell, 1.0/2048, 1, units)))}
	constant := func(v tensor.Type) {
		c := tensor.New(v)
		for i := range v.Shape.Elements() {
			switch v.DType {
			case tensor.Float32:
				c.Data.F32()[i] = r.Float32() - 0.5
			case tensor.Int8:
				c.Data.I8()[i] = int8(r.IntN(255) - 127)
			case tensor.Int32:
				c.Data.I32()[i] = r.Int32N(2000) - 1000
			case tensor.Int64:
				c.Data.I64()[i] = r.Int64N(2000) - 1000
			}
		}
		in = append(in, graph.NewConst("c", c))
	}
	for range 4 {
		constant(typ(weights, 0.01, units, inputs))
	}
	for range 4 {
		constant(typ(weights, 0.01, units, units))
	}
	for range 4 {
		constant(typ(bias, 0.0001, units))
	}
	g := &graph.Graph{Inputs: []*graph.Value{x}}
	n, err := g.Add(op.LSTM, "y", nil, in...)
	if err != nil {
		t.Fatal(err)
	}
	n.Out[0].Quant = in[1].Quant
	g.Outputs = n.Out
	return g
}

// TestStream feeds a sequence at once and step by step: the bytes are equal, on every kernel set, and again after Reset.
func TestStream(t *testing.T) {
	const steps = 9
	for _, d := range []tensor.DType{tensor.Float32, tensor.Int8, tensor.Int16} {
		t.Run(d.String(), func(t *testing.T) {
			whole, single := lstmNet(t, d, steps), lstmNet(t, d, 1)
			var want []byte
			for _, set := range kernels.All() {
				session := func(g *graph.Graph) *rt.Session {
					p, err := rt.Compile(g, rt.Options{Kernels: set})
					if err != nil {
						t.Fatal(err)
					}
					if m := p.Memory(1); m.State == 0 {
						t.Error("no memory of variables")
					}
					return p.NewSession(nil)
				}
				long, short := session(whole), session(single)
				x := make([]byte, long.Input(0).Len())
				for i := range x {
					x[i] = byte(i*i*7 + i)
				}
				if d == tensor.Float32 {
					for i := range x {
						x[i] = byte(i%3 + 61) // reals around 0.03
					}
				}
				copy(long.Input(0).Bytes(), x)
				long.Run()
				y := bytes.Clone(long.Output(0).Bytes())
				if want == nil {
					want = y
				}
				if !bytes.Equal(y, want) {
					t.Errorf("%s: bytes differ from generic", set.Name)
				}
				for range 2 {
					var got []byte
					for i := range steps {
						copy(short.Input(0).Bytes(), x[i*len(x)/steps:])
						short.Run()
						got = append(got, short.Output(0).Bytes()...)
					}
					if !bytes.Equal(got, want) {
						t.Errorf("%s: step by step differs", set.Name)
					}
					short.Reset()
				}
				copy(long.Input(0).Bytes(), x)
				long.Run()
				if bytes.Equal(long.Output(0).Bytes(), want) {
					t.Errorf("%s: a second run does not go on from the first", set.Name)
				}
				if n := testing.AllocsPerRun(3, func() { short.Reset(); short.Run() }); n != 0 {
					t.Errorf("%s: %v allocations", set.Name, n)
				}
			}
		})
	}
}

// TestVariableOrder reads a variable before and after it is set.
func TestVariableOrder(t *testing.T) {
	typ := tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(2)}
	start := tensor.FromF32(typ.Shape, []float32{3, 4})
	g, x, v := &graph.Graph{}, &graph.Value{Name: "x", Type: typ}, graph.NewVariable("v", start)
	g.Inputs = []*graph.Value{x}
	add := func(d *op.Def, name string, in ...*graph.Value) *graph.Value {
		n, err := g.Add(d, name, nil, in...)
		if err != nil {
			t.Fatal(err)
		}
		if len(n.Out) == 0 {
			return nil
		}
		return n.Out[0]
	}
	before := add(op.Read, "before", v)
	sum := add(op.Add, "sum", before, x)
	add(op.Assign, "set", v, sum)
	after := add(op.Read, "after", v)
	g.Outputs = []*graph.Value{before, after}
	p, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession(nil)
	run := func(want [4]float32) {
		t.Helper()
		copy(s.Input(0).F32(), []float32{1, 10})
		s.Run()
		if got := [4]float32(append(append([]float32{}, s.Output(0).F32()...), s.Output(1).F32()...)); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	run([4]float32{3, 4, 4, 14})
	run([4]float32{4, 14, 5, 24})
	s.Reset()
	run([4]float32{3, 4, 4, 14})
	if start.Data.F32()[0] != 3 {
		t.Error("a run changed what the variable starts from")
	}
	if _, err := g.Add(op.Assign, "bad", nil, x, sum); err == nil {
		t.Error("an input of the graph can be assigned to")
	}
}
