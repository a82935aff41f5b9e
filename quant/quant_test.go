package quant_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

func emulated() bool { return os.Getenv("EDGERUN_UNDER_QEMU") != "" }

// random feeds n samples drawn like those of package optest.
type random struct{ n int }

func (r random) Len() int { return r.n }
func (r random) Fill(i int, s *rt.Session) error {
	for k := range s.Program().Graph().Inputs {
		optest.Fill(rand.New(rand.NewPCG(uint64(i), uint64(k))), s.Input(k).F32())
	}
	return nil
}

// TestOperatorsInt8 quantizes every operator's cases: the int8 network's reals lie within a few codes of the float
// ones, and its bytes are equal on every kernel set with 1, 2 and 3 threads.
func TestOperatorsInt8(t *testing.T) {
	for _, c := range optest.Cases() {
		if c.Def.Quant.Kind == op.FloatOnly || c.Def == op.Quantize {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			g, err := c.Graph(7)
			if err != nil {
				t.Fatal(err)
			}
			r, err := quant.Convert(g, random{8}, quant.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Issues) > 0 && c.As == nil { // casts of reals are none in int8
				t.Errorf("not int8: %v", r.Issues)
			}
			want := run(t, r.Float, kernels.Generic(), 1)
			var first []byte
			for k, set := range optest.Sets(emulated()) {
				for _, threads := range optest.Threads(emulated(), k == 0) {
					got := run(t, r.Int8, set, threads)
					if first == nil {
						first = bytes.Clone(tensor.Of32(got).Bytes())
						checkClose(t, r.Int8, got, want, c.Jump)
					} else if !bytes.Equal(first, tensor.Of32(got).Bytes()) {
						t.Fatalf("%s, %d threads: bytes differ from the first set's", set.Name, threads)
					}
				}
			}
		})
	}
}

func run(t *testing.T, g *graph.Graph, set *kernels.Set, threads int) []float32 {
	t.Helper()
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	pool := rt.NewPool(threads)
	defer pool.Close()
	s := prog.NewSession(pool)
	fill := func() { _ = random{1}.Fill(3, s) }
	fill()
	s.Run()
	out := append([]float32(nil), s.Output(0).F32()...)
	if !testing.Short() {
		if n := testing.AllocsPerRun(3, s.Run); n != 0 {
			t.Errorf("%s, %d threads: Run allocates %v times", set.Name, threads, n)
		}
	}
	return out
}

// checkClose allows four codes of the output, and 0.03·√k for the rounding of k products' operands: inputs and
// weights of [−2, 2) are off by up to a 128th, and such errors add like a random walk.
//
// Positions may differ where two elements are almost equal: one in ten.
func checkClose(t *testing.T, g *graph.Graph, got, want []float32, jump float64) {
	t.Helper()
	if g.Outputs[0].DType != tensor.Float32 {
		differ := 0
		for i, v := range tensor.Of32(want).Bytes() {
			if tensor.Of32(got).Bytes()[i] != v {
				differ++
			}
		}
		if differ > len(want)/10 {
			t.Errorf("%d of %d positions differ", differ, len(want))
		}
		return
	}
	n := g.Producers()[g.Outputs[0]]
	if n == nil || n.Op != op.Dequantize { // nothing was left to quantize
		if !bytes.Equal(tensor.Of32(got).Bytes(), tensor.Of32(want).Bytes()) {
			t.Error("a network without operators changes its input")
		}
		return
	}
	y := n.In[0]
	scale := float64(y.Quant.Scale[0])
	limit := 4*scale + jump
	for _, n := range g.Nodes {
		if w := n.Op.Quant.Weight; w > 0 {
			s := n.In[w].Shape
			limit += 0.03 * math.Sqrt(float64(s.Elements()/s.Dim[0]))
		} else if n.Op == op.BatchMatMul {
			limit += 0.03 * math.Sqrt(float64(n.In[0].Shape.Dim[n.In[0].Shape.Rank-1]))
		}
	}
	for i, v := range want {
		v := float64(v)
		if y.Quant.Zero[0] == 127 { // int8 LogSoftmax ends at −15.9
			v = max(v, -255*scale)
		}
		if off := math.Abs(float64(got[i]) - v); !(off <= limit) {
			t.Fatalf("output %d is %g, want %g within %g", i, got[i], v, limit)
		}
	}
}

// TestConvertErrors: no samples, and NaN among them.
func TestConvertErrors(t *testing.T) {
	c := optest.Cases()[0]
	g, err := c.Graph(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := quant.Convert(g, nil, quant.Options{}); !errors.Is(err, quant.ErrNoSamples) {
		t.Errorf("no samples: %v", err)
	}
	if _, err := quant.Convert(g, random{0}, quant.Options{}); !errors.Is(err, quant.ErrNoSamples) {
		t.Errorf("empty samples: %v", err)
	}
	if _, err := quant.Convert(g, nan{}, quant.Options{}); err == nil {
		t.Error("NaN accepted")
	}
}

type nan struct{}

func (nan) Len() int { return 1 }
func (nan) Fill(i int, s *rt.Session) error {
	s.Input(0).F32()[0] = float32(math.NaN())
	return nil
}

// TestDeadChannel: a channel of tiny weights and a large bias keeps its bias.
func TestDeadChannel(t *testing.T) {
	g := &graph.Graph{}
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 4)}}
	g.Inputs = []*graph.Value{x}
	w := graph.NewConst("w", tensor.FromF32(tensor.MakeShape(2, 4), []float32{1e-30, 0, 0, 0, 1, 1, 1, 1}))
	b := graph.NewConst("b", tensor.FromF32(tensor.MakeShape(2), []float32{5, 0}))
	n, err := g.Add(op.FullyConnected, "fc", nil, x, w, b)
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = n.Out
	r, err := quant.Convert(g, random{20}, quant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, r.Int8, kernels.Best(), 1)[0]; math.Abs(float64(got)-5) > 0.1 {
		t.Errorf("the constant channel gives %g, want 5", got)
	}
}
