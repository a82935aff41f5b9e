package rt_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// layer makes a network of one recurrent layer over steps steps. With state, what it starts from are variables.
func layer(t *testing.T, def *op.Def, d tensor.DType, steps int, state bool, attrs op.Attrs) *graph.Graph {
	t.Helper()
	const batch, k, n = 2, 9, 37
	gates := map[*op.Def]int{op.RNNLayer: 1, op.GRULayer: 3, op.LSTMLayer: 4}[def]
	r := rand.New(rand.NewPCG(5, uint64(gates)))
	constant := func(name string, dims ...int) *graph.Value {
		f := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)})
		optest.Fill(r, f.Data.F32())
		for i := range f.Data.F32() {
			f.Data.F32()[i] /= 4
		}
		if d == tensor.Float32 {
			return graph.NewConst(name, f)
		}
		typ := tensor.Type{DType: tensor.Int8, Shape: f.Shape}
		if len(dims) == 1 {
			typ.DType = tensor.Int32
		} else {
			typ.Quant.Scale, typ.Quant.Zero = make([]float32, dims[0]), make([]int32, dims[0])
			for i := range typ.Quant.Scale {
				typ.Quant.Scale[i] = 1 / float32(200+i)
			}
		}
		c := tensor.New(typ)
		for i, v := range f.Data.F32() {
			if len(dims) == 1 {
				c.Data.I32()[i] = int32(v * 10000)
			} else {
				c.Data.I8()[i] = int8(v * 250)
			}
		}
		return graph.NewConst(name, c)
	}
	typ := func(d tensor.DType, q tensor.Quant, dims ...int) tensor.Type {
		if d == tensor.Float32 {
			q = tensor.Quant{}
		}
		return tensor.Type{DType: d, Shape: tensor.MakeShape(dims...), Quant: q}
	}
	codes, wide := tensor.PerTensor(1.0/120, 3), d
	if d == tensor.Int8 {
		wide = tensor.Int16
	}
	cell := tensor.PerTensor(1.0/4096, 0)
	x := &graph.Value{Name: "x", Type: typ(d, tensor.PerTensor(1.0/64, -3), steps, batch, k)}
	if attrs.Int("batchFirst", 0) != 0 {
		x.Type.Shape = tensor.MakeShape(batch, steps, k)
	}
	in := []*graph.Value{x, constant("w", gates*n, k), constant("r", gates*n, n), constant("b", gates*n), nil}
	if attrs.Int("linearBeforeReset", 0) != 0 {
		in[4] = constant("rb", n)
	}
	if state {
		h := typ(d, codes, batch, n)
		if def == op.GRULayer {
			h = typ(wide, tensor.PerTensor(op.GRUState(codes), 0), batch, n)
		}
		start := tensor.New(h)
		if h.DType == tensor.Int8 {
			for i := range start.Data.I8() {
				start.Data.I8()[i] = 3
			}
		}
		in = append(in, nil, nil, graph.NewVariable("h", start))
		if def == op.LSTMLayer {
			in = append(in, graph.NewVariable("c", tensor.New(typ(wide, cell, batch, n))))
		}
	}
	g := &graph.Graph{Inputs: []*graph.Value{x}}
	node, err := g.Add(def, "layer", attrs, in...)
	if err != nil {
		t.Fatal(err)
	}
	if d == tensor.Int8 {
		node.Out[0].Quant = codes
		if def == op.LSTMLayer {
			node.Out[1].Quant = cell
		}
	}
	g.Outputs = node.Out[:1]
	return g
}

var layers = []struct {
	def   *op.Def
	attrs op.Attrs
}{{op.RNNLayer, nil}, {op.GRULayer, nil}, {op.GRULayer, op.Attrs{op.IntAttr("linearBeforeReset", 1)}}, {op.LSTMLayer, nil}, {op.LSTMLayer, op.Attrs{op.FloatAttr("clip", 0.75)}}}

// TestReverse runs a sequence from its end, in both layouts: the output is that of the sequence turned round, turned round.
func TestReverse(t *testing.T) {
	const steps, batch = 23, 2
	for _, l := range layers {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Int8} {
			t.Run(fmt.Sprint(l.def.Name, l.attrs, d), func(t *testing.T) {
				var forward, x []byte
				for i, a := range []op.Attrs{nil, {op.IntAttr("reverse", 1)}, {op.IntAttr("reverse", 1), op.IntAttr("batchFirst", 1)}} {
					p, err := rt.Compile(layer(t, l.def, d, steps, false, append(a, l.attrs...)), rt.Options{})
					if err != nil {
						t.Fatal(err)
					}
					s := p.NewSession(nil)
					// turned moves a row of the first layout to where the i-th has it.
					turned := func(dst, src []byte, back bool) {
						size := len(src) / (steps * batch)
						for step := range steps {
							for b := range batch {
								from, to := (step*batch+b)*size, ((steps-1-step)*batch+b)*size
								if i == 2 {
									to = (b*steps + steps - 1 - step) * size
								}
								if back {
									from, to = to, from
								}
								copy(dst[to:to+size], src[from:])
							}
						}
					}
					in := s.Input(0)
					if i == 0 {
						r := rand.New(rand.NewPCG(1, 2))
						if d == tensor.Float32 {
							optest.Fill(r, in.F32())
						} else {
							for j := range in.Bytes() {
								in.Bytes()[j] = byte(r.Uint32())
							}
						}
						x = bytes.Clone(in.Bytes())
						s.Run()
						forward = bytes.Clone(s.Output(0).Bytes())
						continue
					}
					turned(in.Bytes(), x, false)
					s.Run()
					got := make([]byte, len(forward))
					turned(got, s.Output(0).Bytes(), true)
					if !bytes.Equal(got, forward) {
						t.Errorf("%v: differs from the forward sequence", a)
					}
				}
			})
		}
	}
}

// TestSteps runs a sequence at once and cut into steps, the state in variables: the bytes are equal, on every kernel set,
// and a Reset begins again.
func TestSteps(t *testing.T) {
	const steps = 23
	for _, l := range layers {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Int8} {
			t.Run(fmt.Sprint(l.def.Name, l.attrs, d), func(t *testing.T) {
				var first []byte
				for _, set := range kernels.All() {
					session := func(steps int, state bool) *rt.Session {
						p, err := rt.Compile(layer(t, l.def, d, steps, state, l.attrs), rt.Options{Kernels: set})
						if err != nil {
							t.Fatal(err)
						}
						return p.NewSession(nil)
					}
					whole, one := session(steps, false), session(1, true)
					r := rand.New(rand.NewPCG(1, 2))
					if d == tensor.Float32 {
						optest.Fill(r, whole.Input(0).F32())
					} else {
						for i := range whole.Input(0).Bytes() {
							whole.Input(0).Bytes()[i] = byte(r.Uint32())
						}
					}
					x := bytes.Clone(whole.Input(0).Bytes())
					whole.Run()
					want := bytes.Clone(whole.Output(0).Bytes())
					if first == nil {
						first = want
					} else if !bytes.Equal(first, want) {
						t.Fatalf("%s: bytes differ from generic", set.Name)
					}
					if whole.Run(); !bytes.Equal(whole.Output(0).Bytes(), want) {
						t.Fatalf("%s: a second run does not begin again", set.Name)
					}
					for range 2 {
						var got []byte
						for i := range steps {
							copy(one.Input(0).Bytes(), x[i*len(x)/steps:])
							one.Run()
							got = append(got, one.Output(0).Bytes()...)
						}
						if !bytes.Equal(got, want) {
							t.Fatalf("%s: step by step differs from the whole", set.Name)
						}
						one.Reset()
					}
					if n := testing.AllocsPerRun(3, one.Run); n != 0 {
						t.Errorf("%s: Run allocates %v times", set.Name, n)
					}
				}
			})
		}
	}
}
