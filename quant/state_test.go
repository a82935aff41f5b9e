package quant_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/quant/pass"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// TestState converts networks with variables: operators that compute with them stay float32 islands, and none is taken for
// dead.
func TestState(t *testing.T) {
	for _, c := range optest.Cases() {
		if c.Def != op.LSTM && c.Def != op.SVDF && c.Def != op.Assign {
			continue
		}
		g, err := c.Graph(7)
		if err != nil {
			t.Fatal(err)
		}
		r, err := quant.Convert(g, random{4}, quant.Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		want, got := run(t, r.Float, kernels.Generic(), 1), run(t, r.Int8, kernels.Best(), 1)
		if c.Def == op.Assign { // which moves codes
			checkClose(t, r.Int8, got, want, 0)
		} else if !bytes.Equal(tensor.Of32(got).Bytes(), tensor.Of32(want).Bytes()) {
			t.Errorf("%s: the converted network differs", c.Name)
		}
		found := false
		for _, n := range r.Int8.Nodes {
			found = found || n.Op == c.Def
		}
		if !found {
			t.Errorf("%s: the operator is gone", c.Name)
		}
	}
}

// walks are sequences of steps, each of which begins anew and swells.
type walks struct{ sequences, steps int }

func (w walks) Len() int             { return w.sequences * w.steps }
func (w walks) Continues(i int) bool { return i%w.steps != 0 }
func (w walks) Fill(i int, s *rt.Session) error {
	r := rand.New(rand.NewPCG(uint64(i), 6))
	for k := range s.Input(0).F32() {
		s.Input(0).F32()[k] = (r.Float32()*3 - 1) * float32(1+i%w.steps) / 4
	}
	return nil
}

// errorOver runs both networks over a sequence and returns the noise of the first output's reals relative to the signal, in dB.
func errorOver(t *testing.T, float, int8 *graph.Graph, w walks) float64 {
	t.Helper()
	var s [2]*rt.Session
	for i, g := range []*graph.Graph{float, int8} {
		p, err := rt.Compile(g, rt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s[i] = p.NewSession(nil)
	}
	signal, noise := 0.0, 0.0
	for i := range w.Len() {
		for _, s := range s {
			if !w.Continues(i) {
				s.Reset()
			}
			if err := w.Fill(i, s); err != nil {
				t.Fatal(err)
			}
			s.Run()
		}
		for k, x := range s[0].Output(0).F32() {
			d := float64(x) - float64(s[1].Output(0).F32()[k])
			signal += float64(float64(x) * float64(x))
			noise += float64(d * d)
		}
	}
	return 10 * math.Log10(noise/signal)
}

// TestSequences quantizes float networks that keep a state already: calibration goes on from step to step, what past frames
// are kept in becomes codes, and what is computed from itself stays float32.
func TestSequences(t *testing.T) {
	b := newNet(t, 4, 1, 1, 12, 3)
	window := b.conv(8, 3, 1, 1, 0, 0, 1).conv(6, 4, 1, 1, 0, 0, 1).done()
	delay, _, err := pass.Stream(window, pass.StreamOptions{Axis: 2})
	if err != nil {
		t.Fatal(err)
	}
	b = newNet(t, 5, 1, 6)
	x := b.v
	state := graph.NewVariable("sum", tensor.New(x.Type))
	sum := b.add(op.Read, nil, state).add(op.Add, nil, b.v, x).v
	if _, err := b.g.Add(op.Assign, "keep", nil, state, sum); err != nil {
		t.Fatal(err)
	}
	recurrence := b.dense(5).done()
	w := walks{4, 20}
	for _, k := range []struct {
		name string
		g    *graph.Graph
		kept tensor.DType
		most float64
	}{{"delay", delay, tensor.Int8, -30}, {"recurrence", recurrence, tensor.Float32, -20}} {
		r, err := quant.Convert(k.g, w, quant.Options{Continues: w.Continues})
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		variables := r.Int8.Variables()
		if len(variables) == 0 {
			t.Fatalf("%s: no variables", k.name)
		}
		for _, v := range variables {
			if v.DType != k.kept && v.DType != tensor.Int32 {
				t.Errorf("%s: variable %q is %v, want %v", k.name, v.Name, v.Type, k.kept)
			}
		}
		if k.kept == tensor.Int8 && len(r.Issues) > 0 {
			t.Errorf("%s: %v", k.name, r.Issues)
		}
		db := errorOver(t, r.Float, r.Int8, w)
		if db > k.most {
			t.Errorf("%s: noise of %.1f dB, want at most %g", k.name, db, k.most)
		}
		anew, err := quant.Convert(k.g, w, quant.Options{})
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		if worse := errorOver(t, anew.Float, anew.Int8, w); k.name == "recurrence" && worse < db+6 {
			t.Errorf("%s: calibrated with single steps %.1f dB, with sequences %.1f dB", k.name, worse, db)
		}
		t.Logf("%s: %.1f dB", k.name, db)
	}
}
