package quant_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/loader"
	"edgerun/quant"
	"edgerun/quant/onnx"
	"edgerun/quant/pass"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// draw fills an input with tokens, or with numbers.
func draw(r *rand.Rand, v *graph.Value, b tensor.Buffer) {
	switch v.DType {
	case tensor.Int64:
		for i := range b.I64() {
			b.I64()[i] = int64(r.IntN(20)) // 0 is padding
		}
	default:
		for i := range b.F32() {
			b.F32()[i] = r.Float32()*4 - 2
		}
	}
}

type drawn struct{ n int }

func (d drawn) Len() int { return d.n }
func (d drawn) Fill(i int, s *rt.Session) error {
	r := rand.New(rand.NewPCG(uint64(i), 5))
	for k, v := range s.Program().Graph().Inputs {
		draw(r, v, s.Input(k))
	}
	return nil
}

// TestSteps takes PyTorch's causal networks position by position: what each Run gives is to the bit what the whole sequence
// of any length gives there, in float32 and int8, on every kernel set and number of threads, again after Reset, from a file
// too, and Run allocates nothing.
func TestSteps(t *testing.T) {
	for _, k := range []struct {
		name string
		dims map[string]int
		once bool
	}{
		{"decoder", map[string]int{"seq": 12, "memory": 7}, true},
		{"encoder", map[string]int{"seq": 12}, false},
	} {
		imported, err := onnx.Import("../testdata/onnx/attention/"+k.name+".onnx", onnx.Options{Dims: k.dims})
		if err != nil {
			t.Fatal(err)
		}
		r, err := quant.Convert(imported, drawn{16}, quant.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for form, whole := range map[string]*graph.Graph{"float32": r.Float, "int8": r.Int8} {
			t.Run(k.name+"/"+form, func(t *testing.T) {
				steps, err := pass.Steps(whole)
				if err != nil {
					t.Fatal(err)
				}
				if (steps.Once > 0) != k.once {
					t.Errorf("%d nodes run once", steps.Once)
				}
				file, err := loader.Encode(&loader.Model{Graph: steps}, loader.EncodeOptions{})
				if err != nil {
					t.Fatal(err)
				}
				m, err := loader.Decode(file, loader.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if m.Graph.Once != steps.Once {
					t.Fatalf("file has %d nodes that run once, want %d", m.Graph.Once, steps.Once)
				}
				for _, set := range optest.Sets(emulated()) {
					checkSteps(t, whole, steps, set, 1)
				}
				checkSteps(t, whole, m.Graph, kernels.Best(), 3)
			})
		}
	}
}

func checkSteps(t *testing.T, whole, steps *graph.Graph, set *kernels.Set, threads int) {
	t.Helper()
	pool := rt.NewPool(threads)
	defer pool.Close()
	session := func(g *graph.Graph) *rt.Session {
		p, err := rt.Compile(g, rt.Options{Kernels: set})
		if err != nil {
			t.Fatal(err)
		}
		return p.NewSession(pool)
	}
	a, b := session(whole), session(steps)
	r := rand.New(rand.NewPCG(8, 9))
	for trial := range 6 {
		n := 1 + r.IntN(12)
		b.Reset()
		for i, v := range whole.Inputs {
			s := v.Shape
			if s.Dim[1] = n; i > 0 {
				s.Dim[1] = 1 + r.IntN(v.Shape.Dim[1])
				if err := b.Resize(i, s); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.Resize(i, s); err != nil {
				t.Fatal(err)
			}
			draw(r, v, a.Input(i))
			if i > 0 {
				copy(b.Input(i).Bytes(), a.Input(i).Bytes())
			}
		}
		tokens := bytes.Clone(a.Input(0).Bytes())
		a.Run()
		row := a.Output(0).Len() / n
		for i := range n {
			copy(b.Input(0).Bytes(), tokens[8*i:8*i+8])
			b.Run()
			if !bytes.Equal(a.Output(0).Bytes()[i*row:(i+1)*row], b.Output(0).Bytes()) {
				t.Fatalf("%s, %d threads, sequence %d: position %d of %d differs", set.Name, threads, trial, i, n)
			}
		}
	}
	if n := testing.AllocsPerRun(20, b.Run); n != 0 {
		t.Errorf("%s, %d threads: Run allocates %v times", set.Name, threads, n)
	}
}

// TestStepsRefused has networks whose positions do not come one after the other.
func TestStepsRefused(t *testing.T) {
	g, err := onnx.Import("../testdata/onnx/attention/encoder.onnx", onnx.Options{Dims: map[string]int{"seq": 12}})
	if err == nil {
		err = pass.Float(g)
	}
	if err != nil {
		t.Fatal(err)
	}
	seeing := g.Clone()
	for _, n := range seeing.Nodes {
		if n.Op == op.Attention {
			n.Attrs = n.Attrs.With(op.IntAttr("causal", 0))
		}
	}
	if _, err := pass.Steps(seeing); !errors.Is(err, pass.ErrNoSteps) {
		t.Errorf("attention to later positions: %v", err)
	}
	mixing := g.Clone()
	n, err := mixing.Add(op.CumSum, "mix", op.Attrs{op.IntAttr("axis", 1)}, mixing.Outputs[0])
	if err != nil {
		t.Fatal(err)
	}
	mixing.Outputs = n.Out
	if _, err := pass.Steps(mixing); !errors.Is(err, pass.ErrNoSteps) {
		t.Errorf("sum over positions: %v", err)
	}
	net := newNet(t, 1, 1, 12, 6)
	net.v.Sym = []string{"", "seq", ""}
	fixed := newNet(t, 1, 1, 12, 6).recurrent(op.GRULayer, 5, 1, true).done()
	if _, err := pass.Steps(fixed); !errors.Is(err, pass.ErrNoSteps) || !strings.Contains(err.Error(), "dynamic axes") {
		t.Errorf("a network without symbolic dimensions: %v", err)
	}
	recurrent := net.recurrent(op.GRULayer, 5, 1, true).done()
	if _, err := pass.Steps(recurrent); !errors.Is(err, pass.ErrNoSteps) || !strings.Contains(err.Error(), "recurrent layers do not run") {
		t.Errorf("a recurrent layer: %v", err)
	}
	short, err := onnx.Import("../testdata/onnx/attention/encoder.onnx", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pass.Steps(short); !errors.Is(err, pass.ErrNoSteps) {
		t.Errorf("one position: %v", err)
	}
}
