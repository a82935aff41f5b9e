package quant_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/loader"
	"edgerun/quant"
	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// features are records in memory.
type features [][]byte

func (f features) Get(i int, record []byte) error { copy(record, f[i]); return nil }

// uniform are samples of the given number of float32 inputs.
type uniform struct{ n int }

func (u uniform) Len() int { return u.n }
func (u uniform) Fill(i int, s *rt.Session) error {
	r := fixed.Random(i + 1)
	for k := range s.Input(0).F32() {
		s.Input(0).F32()[k] = float32(2*r.Float64() - 1)
	}
	return nil
}

// recorded runs the frozen part on all samples.
func recorded(t *testing.T, tuner *finetune.Tuner, n int, fill func(i int, s *rt.Session)) features {
	t.Helper()
	s := tuner.Frozen().NewSession(nil)
	var f features
	for i := range n {
		fill(i, s)
		s.Run()
		rec := make([]byte, tuner.RecordBytes())
		if err := tuner.Record(rec, s); err != nil {
			t.Fatal(err)
		}
		f = append(f, rec)
	}
	return f
}

func counted(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// sequenceNet has a layer with weights of each kind over a sequence of 12 steps of 6.
func sequenceNet(t *testing.T, layer *op.Def, attrs op.Attrs, extra int) *graph.Graph {
	const units = 8
	g := &graph.Graph{Inputs: []*graph.Value{{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(12, 1, 6)}}}}
	r := fixed.Random(5)
	constant := func(width float64, shape ...int) *graph.Value {
		s := tensor.MakeShape(shape...)
		x := make([]float32, s.Elements())
		for i := range x {
			x[i] = float32((2*r.Float64() - 1) * width)
		}
		return graph.NewConst(fmt.Sprint("c", r), tensor.FromF32(s, x))
	}
	add := func(d *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
		n, err := g.Add(d, fmt.Sprint(d.Name, len(g.Nodes)), attrs, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n.Out[0]
	}
	x := add(op.FullyConnected, nil, g.Inputs[0], constant(0.7, units, 6), constant(0.2, units))
	if layer != nil {
		gates := map[*op.Def]int{op.RNNLayer: 1, op.GRULayer: 3, op.LSTMLayer: 4}[layer]
		var in4, h0 *graph.Value
		if extra > 0 {
			in4 = constant(0.4, extra)
		}
		if layer != op.RNNLayer {
			h0 = constant(0.5, 1, units)
		}
		x = add(layer, attrs, x, constant(0.6, gates*units, units), constant(0.6, gates*units, units), constant(0.3, gates*units), in4, h0)
	}
	x = add(op.LayerNorm, nil, x, constant(1, units), constant(0.3, units))
	x = add(op.FullyConnected, nil, x, constant(0.6, units, units), constant(0.2, units))
	x = add(op.PRelu, nil, x, constant(0.4, units))
	y := add(op.Transpose, op.Attrs{op.IntsAttr("perm", 1, 0, 2)}, x)
	y = add(op.Attention, op.Attrs{op.IntAttr("heads", 2)}, y, y, y)
	if layer == nil { // it stays float32
		y = add(op.AttentionBias, nil, y, y, y, constant(1, 12, 12))
	}
	y = add(op.Unary, op.Attrs{op.StringAttr("function", "gelu")}, y)
	y = add(op.Mean, op.Attrs{op.IntsAttr("axes", 1)}, y)
	y = add(op.FullyConnected, nil, y, constant(0.8, 3, units), constant(0.2, 3))
	g.Outputs = []*graph.Value{y}
	return g
}

// TestTunedSequences trains int8 networks with recurrent layers, norms, slopes and attention. Result without a step is
// about the network that was; after some steps, the int8 network computes what the tail does.
func TestTunedSequences(t *testing.T) {
	one := func(name string) op.Attrs { return op.Attrs{op.IntAttr(name, 1)} }
	for name, g := range map[string]*graph.Graph{
		"attention":  sequenceNet(t, nil, nil, 0),
		"RNN":        sequenceNet(t, op.RNNLayer, nil, 0),
		"LSTM":       sequenceNet(t, op.LSTMLayer, one("reverse"), 0),
		"peepholes":  sequenceNet(t, op.LSTMLayer, nil, 24),
		"GRU":        sequenceNet(t, op.GRULayer, nil, 0),
		"GRU linear": sequenceNet(t, op.GRULayer, one("linearBeforeReset"), 8),
	} {
		t.Run(name, func(t *testing.T) {
			const samples = 24
			r, err := quant.Convert(g, uniform{samples}, quant.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Issues) > 0 != (name == "attention") {
				t.Fatal(r.Issues)
			}
			all := counted(samples)
			var first []float32
			for _, k := range kernels.All() {
				tuner, err := finetune.New(r.Int8, finetune.Options{Layers: len(finetune.Trainable(r.Int8)), Loss: finetune.MeanSquaredError,
					Method: finetune.Adam, Rate: 0.01, Batch: 8, Kernels: k})
				if err != nil {
					t.Fatal(err)
				}
				set := &finetune.Samples{Store: recorded(t, tuner, samples, func(i int, s *rt.Session) { uniform{}.Fill(i, s) })}
				before := outputs(t, r.Int8, samples)
				for _, y := range before {
					set.Targets = append(set.Targets, slices.Clone(y))
				}
				same, err := tuner.Result(set, all)
				if err != nil {
					t.Fatal(err)
				}
				scale := r.Int8.Outputs[0].Type.Quant.Scale
				if scale == nil {
					scale = r.Int8.Producers()[r.Int8.Outputs[0]].In[0].Quant.Scale
				}
				if far := farthest(before, outputs(t, same, samples)); far > 4*float64(scale[0]) {
					t.Errorf("%s: untrained, outputs are up to %.3g away, %.1f codes", k.Name, far, far/float64(scale[0]))
				}
				for i, y := range set.Targets { // something else to learn
					set.Targets[i] = []float32{y[1], -y[0], 0.5 * y[2]}
				}
				start, _, err := tuner.Loss(set, all)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tuner.Fit(set, all, nil, finetune.Run{Epochs: 15, Seed: 1}); err != nil {
					t.Fatal(err)
				}
				end, _, err := tuner.Loss(set, all)
				if err != nil || end > 0.5*start {
					t.Errorf("%s: loss %g, %g after training, %v", k.Name, start, end, err)
				}
				tuned, err := tuner.Result(set, all)
				if err != nil {
					t.Fatal(err)
				}
				after := outputs(t, tuned, samples)
				loss := 0.0
				for i, y := range after {
					for j, v := range y {
						d := float64(v) - float64(set.Targets[i][j])
						loss += d * d / float64(len(y)*samples)
					}
				}
				if loss > float64(end)+0.01*float64(start) {
					t.Errorf("%s: int8 loss %g, the tail's %g", k.Name, loss, end)
				}
				flat := slices.Concat(after...)
				if first == nil {
					first = flat
				}
				if !slices.Equal(first, flat) {
					t.Errorf("%s: another tuned network than with %s", k.Name, kernels.All()[0].Name)
				}
			}
		})
	}
}

func outputs(t *testing.T, g *graph.Graph, samples int) (all [][]float32) {
	t.Helper()
	p, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession(nil)
	for i := range samples {
		uniform{}.Fill(i, s)
		s.Run()
		all = append(all, slices.Clone(s.Output(0).F32()))
	}
	return all
}

func farthest(a, b [][]float32) (far float64) {
	for i := range a {
		for k := range a[i] {
			far = max(far, math.Abs(float64(a[i][k])-float64(b[i][k])))
		}
	}
	return far
}

// TestTunedTexts trains the head of a text encoder on texts of several lengths, and layers of its own on padded ones only.
func TestTunedTexts(t *testing.T) {
	const samples = 48
	m, err := loader.ReadFile("../testdata/intents/encoder.edge", loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	words, err := calib.Open("../testdata/intents/test_x.npy")
	if err != nil {
		t.Fatal(err)
	}
	labels, err := calib.Labels("../testdata/intents/test_y.npy", nil)
	if err != nil {
		t.Fatal(err)
	}
	tokens := func(i int) (ids []int64) {
		x, err := words.Sample(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range x.Numbers {
			ids = append(ids, int64(v))
		}
		return ids
	}
	padded := func(i int, s *rt.Session) { copy(s.Input(0).I64(), tokens(i)) }
	short := func(i int, s *rt.Session) {
		ids := tokens(i)
		for len(ids) > 1 && ids[len(ids)-1] == 0 {
			ids = ids[:len(ids)-1]
		}
		if err := s.Resize(0, tensor.MakeShape(1, len(ids))); err != nil {
			t.Fatal(err)
		}
		copy(s.Input(0).I64(), ids)
	}
	train := func(layers int, fill func(i int, s *rt.Session)) (before, after float32) {
		tuner, err := finetune.New(m.Graph, finetune.Options{Layers: layers, Method: finetune.Adam, Rate: 0.003, Batch: 8})
		if err != nil {
			t.Fatal(err)
		}
		set := &finetune.Samples{Store: recorded(t, tuner, samples, fill)}
		for _, l := range labels[:samples] {
			set.Labels = append(set.Labels, int32(l+1)%8) // intents of another meaning
		}
		before, _, err = tuner.Loss(set, counted(samples))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tuner.Fit(set, counted(samples), nil, finetune.Run{Epochs: 20}); err != nil {
			t.Fatal(err)
		}
		after, _, err = tuner.Loss(set, counted(samples))
		if err != nil {
			t.Fatal(err)
		}
		tuned, err := tuner.Result(set, counted(samples))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.Compile(tuned, rt.Options{}); err != nil {
			t.Fatal(err)
		}
		return before, after
	}
	for _, c := range []struct {
		layers int
		fill   func(i int, s *rt.Session)
	}{{1, short}, {1, padded}, {3, padded}, {6, padded}} {
		before, after := train(c.layers, c.fill)
		if after > before/2 {
			t.Errorf("%d layers: loss %g before, %g after", c.layers, before, after)
		}
	}
	tuner, err := finetune.New(m.Graph, finetune.Options{Layers: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := tuner.Frozen().NewSession(nil)
	short(0, s)
	s.Run()
	if err := tuner.Record(make([]byte, tuner.RecordBytes()), s); !errors.Is(err, rt.ErrShape) {
		t.Errorf("features of a short text: %v", err)
	}
}
