package finetune

import (
	"bytes"
	"errors"
	"hash/fnv"
	"math"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// quantize turns the network's weights, biases and input into codes.
func (n *net) quantize() {
	x := n.g.Inputs[0]
	x.DType, x.Quant = tensor.Int8, tensor.PerTensor(1.0/100, 3)
	for _, m := range n.g.Nodes {
		m.Out[0].DType, m.Out[0].Quant = tensor.Int8, tensor.PerTensor(1.0/50, -20)
		if m.Op.Quant.Weight == 0 {
			continue
		}
		w, b := m.In[1], m.In[2]
		scales := tensor.SymmetricScales(w.Const.Data.F32(), w.Shape.Dim[0])
		q := tensor.New(tensor.Type{DType: tensor.Int8, Shape: w.Shape, Quant: tensor.Quant{Scale: scales, Zero: make([]int32, len(scales))}})
		tensor.SymmetricCodes(q.Data.I8(), w.Const.Data.F32(), scales)
		bias := tensor.New(tensor.Type{DType: tensor.Int32, Shape: b.Shape})
		tensor.BiasCodes(bias.Data.I32(), b.Const.Data.F32(), m.In[0].Quant.Scale[0], scales)
		m.In[1], m.In[2] = graph.NewConst(w.Name, q), graph.NewConst(b.Name, bias)
	}
}

// codedNets are networks with weights that are codes: of groups, larger than a block, and of files.
func codedNets(t *testing.T) map[string]*graph.Graph {
	nets := map[string]*graph.Graph{}
	n := newNet(t, 1, 9, 8, 4)
	n.add(op.Conv2D, append(relu(), op.IntsAttr("pads", 1, 1, 1, 1), op.IntAttr("groups", 2)), n.constant(0.3, 10, 3, 3, 2), n.constant(0.1, 10))
	n.add(op.Conv2D, append(relu(), op.IntsAttr("strides", 2, 2)), n.constant(0.2, 70, 3, 2, 10), n.constant(0.1, 70))
	n.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, n.v.Shape.Elements())})
	n.add(op.FullyConnected, nil, n.constant(0.1, 7, n.v.Shape.Elements()), n.constant(0.1, 7))
	n.quantize()
	nets["groups"] = n.g
	for _, path := range []string{"digits/mlp.edge", "keywords/dscnn.edge"} {
		m, err := loader.ReadFile("../../testdata/"+path, loader.Options{})
		if err != nil {
			t.Fatal(err)
		}
		nets[path] = m.Graph
	}
	return nets
}

// codedSamples are random features of t.
func codedSamples(t *Tuner, samples int) *Samples {
	store := &records{size: t.RecordBytes()}
	s := &Samples{Store: store}
	r := fixed.Random(9)
	for i := range samples {
		for range store.size {
			store.b = append(store.b, byte(r.Next()))
		}
		s.Labels = append(s.Labels, int32(i%4))
	}
	return s
}

// TestCodedGradients: forward and backward compute the same bits from codes as from float32 weights, whose gradients are
// checked by differences.
func TestCodedGradients(t *testing.T) {
	for name, g := range codedNets(t) {
		for _, set := range kernels.All() {
			if name != "groups" && set.Name == "generic" {
				continue // takes seconds
			}
			const samples = 3
			layers := min(3, len(Trainable(g)))
			var both [2]*Tuner
			for i, w := range []Weights{Float32, Int8Scaled} {
				tuner, err := New(g, Options{Layers: layers, Weights: w, Batch: samples, Kernels: set})
				if err != nil {
					t.Fatal(err)
				}
				s := codedSamples(tuner, samples)
				if err := tuner.load(s, []int{0, 1, 2}); err != nil {
					t.Fatal(err)
				}
				tuner.tail.forward(samples)
				for i := range samples {
					tuner.crit.sample(tuner.tail.out.gradient(i), tuner.tail.out.real(i), int(s.Labels[i]), nil)
				}
				tuner.tail.backward(samples)
				both[i] = tuner
			}
			n := samples * both[0].tail.out.size
			if !slices.Equal(both[0].tail.out.data[:n], both[1].tail.out.data[:n]) {
				t.Errorf("%s, %s: other outputs", name, set.Name)
			}
			for i, p := range both[0].tail.params {
				q := both[1].tail.params[i]
				if want := q.rows > 0 && p.input == 1; want != q.coded {
					t.Errorf("%s: %q as codes: %v", name, q.name, q.coded)
				}
				if !slices.Equal(p.grad, q.grad) {
					t.Errorf("%s, %s: another gradient of %q", name, set.Name, p.name)
				}
			}
		}
	}
}

// TestCodedSteps: steps on codes end at the same bytes on every kernel set, with any number of threads, and in parts.
func TestCodedSteps(t *testing.T) {
	pool := rt.NewPool(3)
	defer pool.Close()
	hashes := map[string]uint64{"momentum": 0x96e93b203721dfbf, "plain": 0xab9b1f81bae816e6, "clip": 0xb1074db9814e3902, "adam": 0x62568e78f3190d66} // of "groups", on every machine
	for name, g := range codedNets(t) {
		if name != "groups" && testing.Short() {
			continue
		}
		for how, o := range map[string]Options{
			"momentum": {Momentum: 0.9, Decay: 1e-3},
			"plain":    {Momentum: 0.9, Weights: Int8Plain},
			"clip":     {Momentum: 0.9, Nesterov: true, Clip: 1},
			"adam":     {Method: Adam},
		} {
			if o.Weights == Float32 {
				o.Weights = Int8Scaled
			}
			rate := float32(0.02)
			if o.Weights == Int8Plain {
				rate = 1000
			}
			o.Layers, o.Batch, o.Seed = 2, 11, 5
			var want [][]byte
			check := func(as string, o Options) {
				if o.ClassWeights == nil {
					w := make([]float32, g.Outputs[0].Shape.Elements())
					for i := range w {
						w[i] = 1 + float32(i%3)/4
					}
					o.ClassWeights = w
				}
				tuner, err := New(g, o)
				if err != nil {
					t.Fatal(err)
				}
				s := codedSamples(tuner, 13)
				before := codesOf(tuner)
				for i := range 4 {
					batch := make([]int, 11-3*i)
					for k := range batch {
						batch[k] = (i + k) % 13
					}
					if _, err := tuner.Step(s, batch, rate); err != nil {
						t.Fatal(err)
					}
				}
				got := codesOf(tuner)
				if want == nil {
					want = got
					for i := range got {
						if bytes.Equal(got[i], before[i]) {
							t.Errorf("%s, %s: weights stay", name, how)
						}
					}
				}
				if !slices.EqualFunc(got, want, bytes.Equal) {
					t.Errorf("%s, %s, %s: other codes", name, how, as)
				}
			}
			for _, set := range kernels.All() {
				if name != "groups" && set.Name == "generic" {
					continue
				}
				o.Kernels = set
				check(set.Name, o)
			}
			o.Kernels = nil
			o.Pool = pool
			check("threads", o)
			o.Batch = 2
			check("parts", o)
			hash := fnv.New64a()
			for _, b := range want {
				hash.Write(b)
			}
			if name == "groups" && hash.Sum64() != hashes[how] {
				t.Errorf("%s: hash %#x, want %#x", how, hash.Sum64(), hashes[how])
			}
		}
	}
}

func codesOf(t *Tuner) (all [][]byte) {
	for _, p := range t.tail.params {
		if p.train {
			all = append(all, bytes.Clone(p.bytes()))
		}
	}
	return all
}

// TestMerged: the gradient's sum that goes on as velocity is what a velocity of its own is, in steps of unlike samples.
func TestMerged(t *testing.T) {
	g := codedNets(t)["groups"]
	weights := []float32{1, 2, 0.5, 3, 1, 1, 1}
	o := Options{Layers: 2, Weights: Int8Scaled, Momentum: 0.9, ClassWeights: weights}
	merged, err := New(g, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Clip = 1e30
	apart, err := New(g, o)
	if err != nil {
		t.Fatal(err)
	}
	if merged.Memory() >= apart.Memory() {
		t.Errorf("%d bytes, with a velocity of its own %d", merged.Memory(), apart.Memory())
	}
	s := codedSamples(merged, 16)
	for _, batch := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {8, 9}, {3, 7, 11, 15, 2}} {
		for _, tuner := range []*Tuner{merged, apart} {
			if _, err := tuner.Step(s, batch, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, p := range merged.tail.params {
		if !p.coded || !p.train {
			continue
		}
		var diff, norm float64
		for k, v := range apart.tail.params[i].state[0] {
			d := float64(v) - float64(p.grad[k]/(0.9*merged.count))
			diff, norm = diff+d*d, norm+float64(v)*float64(v)
		}
		if rel := math.Sqrt(diff / norm); !(rel < 1e-5) {
			t.Errorf("%q: velocity off by %.2g", p.name, rel)
		}
	}
}

// TestNudge: changes of codes are right on average, and within the codes.
func TestNudge(t *testing.T) {
	for _, change := range []float32{0, 0.25, -0.25, 1.5, -3.75, 1.0 / 4096, -1.0 / 4096, 0.9999} {
		sum := 0
		for r := range 1 << 16 {
			sum += int(nudge(5, change, uint16(r))) - 5
		}
		if want := float64(change) * (1 << 16); math.Abs(float64(sum)-want) > 1 {
			t.Errorf("change by %g is %g on average", change, float64(sum)/(1<<16))
		}
	}
	for _, c := range []struct {
		q      int8
		change float32
		want   int8
	}{{120, 7, 127}, {120, 300, 127}, {-120, -1e30, -127}, {-127, 0, -127}, {127, -254, -127}} {
		if got := nudge(c.q, c.change, 1<<15); got != c.want {
			t.Errorf("%d changed by %g is %d, want %d", c.q, c.change, got, c.want)
		}
	}
}

// TestPlain: without scaling, steps are those of codes.
func TestPlain(t *testing.T) {
	g := codedNets(t)["groups"]
	tuner, err := New(g, Options{Layers: 3, Weights: Int8Plain})
	if err != nil {
		t.Fatal(err)
	}
	r := fixed.Random(3)
	for _, p := range tuner.tail.params {
		var codes []int8
		var real []float32
		var grad []float32
		for i := range p.grad {
			p.grad[i] = float32(r.Float64() - 0.5)
		}
		grad = slices.Clone(p.grad)
		codes, real = slices.Clone(p.codes), slices.Clone(p.value)
		// The channel of each element, by the model's order.
		channel := make([]int, p.size())
		for i := range channel {
			channel[p.at(i)] = i / (p.size() / len(p.unit))
		}
		const rate = 40
		tuner.now = update{p: p, scale: 0.5, rate: rate}
		tuner.tail.e.do((p.size()+piece-1)/piece, tuner.updateTask)
		for i, c := range channel {
			u := float64(p.unit[c])
			step := rate * 0.5 * u * float64(grad[i])
			switch {
			case p.coded:
				if want := min(max(float64(codes[i])-step, -127), 127); math.Abs(float64(p.codes[i])-want) >= 1 {
					t.Fatalf("%q: code %d, step %g, is %d", p.name, codes[i], step, p.codes[i])
				}
			default:
				if want := float64(real[i]) - u*step; math.Abs(float64(p.value[i])-want) > 1e-6*math.Abs(want) {
					t.Fatalf("%q: bias %g, step %g, is %g", p.name, real[i], u*step, p.value[i])
				}
			}
		}
	}
}

// TestCodedResult: the result has the codes that training ended with, under the scales that the model had.
func TestCodedResult(t *testing.T) {
	g := codedNets(t)["keywords/dscnn.edge"]
	for _, biasOnly := range []bool{false, true} {
		tuner, err := New(g, Options{Layers: 2, Weights: Int8Scaled, BiasOnly: biasOnly})
		if err != nil {
			t.Fatal(err)
		}
		s := codedSamples(tuner, 8)
		if _, err := tuner.Step(s, []int{0, 1, 2, 3}, 0.1); err != nil {
			t.Fatal(err)
		}
		after, err := tuner.Result(s, []int{0, 1, 2, 3, 4, 5, 6, 7})
		if err != nil {
			t.Fatal(err)
		}
		was, is := Trainable(g), Trainable(after)
		for i := range was {
			a, b := was[i].In[1], is[i].In[1]
			same := bytes.Equal(a.Const.Data.Bytes(), b.Const.Data.Bytes())
			if want := biasOnly || i < len(was)-2; same != want {
				t.Errorf("biases only %v: %q: same codes: %v", biasOnly, a.Name, same)
			}
			if !slices.Equal(a.Quant.Scale, b.Quant.Scale) {
				t.Errorf("%q: other scales", a.Name)
			}
		}
	}
}

// TestImprintSame: a class is imprinted with the same bits on every kernel set, from float32 weights and codes.
func TestImprintSame(t *testing.T) {
	g := codedNets(t)["groups"]
	for _, w := range []Weights{Float32, Int8Scaled} {
		var want [][]byte
		for _, set := range kernels.All() {
			tuner, err := New(g, Options{NewClasses: 2, Weights: w, Kernels: set, Batch: 4})
			if err != nil {
				t.Fatal(err)
			}
			s := codedSamples(tuner, 20)
			if err := tuner.Imprint(8, s, []int{3, 1, 4}, []int{0, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}); err != nil {
				t.Fatal(err)
			}
			got := codesOf(tuner)
			if want == nil {
				want = got
			}
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("weights %d, %s: other weights", w, set.Name)
			}
			head := tuner.head()
			row := make([]float32, head.k)
			norm := func(c int) float64 {
				head.w.channel(row, c)
				return math.Sqrt(float64(fixed.SumSquares16(row)))
			}
			mean := 0.0
			for c := range 7 {
				mean += norm(c) / 7
			}
			if part := norm(8) / mean; part < 0.9 || part > 1.1 {
				t.Errorf("weights %d: the new class's norm is %.2g of the others'", w, part)
			}
		}
		for _, c := range []struct {
			class        int
			some, others []int
		}{{9, []int{1}, []int{2}}, {-1, []int{1}, []int{2}}, {8, nil, []int{2}}, {8, []int{1}, nil}, {8, []int{1}, []int{1}}} {
			tuner, err := New(g, Options{NewClasses: 2, Weights: w})
			if err != nil {
				t.Fatal(err)
			}
			if err := tuner.Imprint(c.class, codedSamples(tuner, 3), c.some, c.others); !errors.Is(err, ErrLayers) {
				t.Errorf("class %d, samples %v, others %v: error %v", c.class, c.some, c.others, err)
			}
		}
	}
}

// TestUncoded: weights that are no codes do not train as such.
func TestUncoded(t *testing.T) {
	n := newNet(t, 1, 5)
	n.add(op.FullyConnected, nil, n.constant(1, 4, 5), n.constant(1, 4))
	if _, err := New(n.g, Options{Weights: Int8Scaled}); !errors.Is(err, op.ErrUnsupported) {
		t.Errorf("float32 weights as codes: error %v", err)
	}
}

// TestNewClasses: new classes reach the output of every kind of head, and old ones compute what they did.
func TestNewClasses(t *testing.T) {
	conv := newNet(t, 1, 4, 4, 3)
	conv.add(op.Conv2D, nil, conv.constant(0.5, 6, 3, 3, 3), conv.constant(0.1, 6))
	conv.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 2, 2)})
	conv.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, 6)})
	conv.add(op.Softmax, nil)
	full := newNet(t, 1, 9)
	full.add(op.FullyConnected, nil, full.constant(0.5, 5, 9), full.constant(0.1, 5))
	nets := map[string]*graph.Graph{"conv": conv.g, "full": full.g}
	for name, g := range codedNets(t) {
		nets[name] = g
	}
	for name, g := range nets {
		const classes = 2
		more, err := withClasses(g, classes, 7)
		if err != nil {
			t.Fatal(err)
		}
		old := g.Outputs[0].Shape.Elements()
		if got := more.Outputs[0].Shape.Elements(); got != old+classes {
			t.Errorf("%s: %d outputs, want %d", name, got, old+classes)
		}
		if err := more.Validate(); err != nil {
			t.Error(err)
		}
		if _, err := rt.Compile(more, rt.Options{}); err != nil {
			t.Error(err)
		}
		was, is := Trainable(g), Trainable(more)
		for _, input := range []int{1, 2} {
			a, b := was[len(was)-1].In[input].Const, is[len(is)-1].In[input].Const
			if n := a.Data.Len(); !bytes.Equal(a.Data.Bytes(), b.Data.Bytes()[:n]) {
				t.Errorf("%s: old classes have other weights", name)
			}
		}
		w := is[len(is)-1].In[1]
		size := w.Shape.Elements() / w.Shape.Dim[0]
		x := reals(w.Const, nil)
		norm := func(c int) float64 { return math.Sqrt(float64(fixed.SumSquares16(x[c*size : (c+1)*size]))) }
		mean := 0.0
		for c := range old {
			mean += norm(c) / float64(old)
		}
		for c := old; c < old+classes; c++ {
			if part := norm(c) / mean; part < 0.05 || part > 0.7 {
				t.Errorf("%s: a new class's weights are %.2g of the old", name, part)
			}
		}
	}
	// A layer behind the head that knows how many classes there are.
	full.add(op.FullyConnected, nil, full.constant(0.5, 3, 5), full.constant(0.1, 3))
	full.add(op.Mul, nil, full.constant(1, 3))
	if _, err := withClasses(full.g, 1, 7); err == nil {
		t.Error("new classes pass by constants for each class")
	}
}
