package finetune

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// records are features in memory, one after the other.
type records struct {
	size int
	b    []byte
}

func (r *records) Get(i int, record []byte) error {
	copy(record, r.b[i*r.size:(i+1)*r.size])
	return nil
}

func random(r *fixed.Random, n int, width float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32((r.Float64() - 0.5) * 2 * width)
	}
	return x
}

// net builds a float32 network layer by layer for the gradient tests.
type net struct {
	t testing.TB
	g *graph.Graph
	v *graph.Value
	r fixed.Random
	// step is what parameters are moved by: large where the network is smooth, for then noise is small.
	step float32
}

func newNet(t testing.TB, shape ...int) *net {
	n := &net{t: t, g: &graph.Graph{}, r: 7, step: 1.0 / 256}
	n.v = &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(shape...)}}
	n.g.Inputs = []*graph.Value{n.v}
	return n
}

func (n *net) constant(width float64, shape ...int) *graph.Value {
	s := tensor.MakeShape(shape...)
	return graph.NewConst(fmt.Sprintf("c%d", n.r), tensor.FromF32(s, random(&n.r, s.Elements(), width)))
}

func (n *net) add(def *op.Def, attrs op.Attrs, more ...*graph.Value) *graph.Value {
	n.t.Helper()
	m, err := n.g.Add(def, fmt.Sprintf("%s%d", def.Name, len(n.g.Nodes)), attrs, append([]*graph.Value{n.v}, more...)...)
	if err != nil {
		n.t.Fatal(err)
	}
	n.v = m.Out[0]
	n.g.Outputs = m.Out[:1]
	return n.v
}

// checkGradients compares the gradients of all parameters with differences of the loss.
func (n *net) checkGradients(o Options) {
	n.t.Helper()
	const samples = 3
	for _, kern := range kernels.All() {
		o.Kernels, o.Batch, o.Loss, o.Method, o.Momentum = kern, samples, MeanSquaredError, SGD, 0
		o.Layers = len(Trainable(n.g))
		t, err := New(n.g, o)
		if err != nil {
			n.t.Fatal(err)
		}
		s := t.frozen.NewSession(nil)
		prog, err := rt.Compile(n.g, rt.Options{Kernels: kern})
		if err != nil {
			n.t.Fatal(err)
		}
		whole := prog.NewSession(nil)
		set := &Samples{Store: &records{size: t.RecordBytes()}}
		all, outputs := []int{}, [][]float32{}
		r := fixed.Random(3)
		for i := range samples {
			copy(s.Input(0).F32(), random(&r, s.Input(0).Len()/4, 1))
			s.Run()
			copy(whole.Input(0).F32(), s.Input(0).F32())
			whole.Run()
			outputs = append(outputs, slices.Clone(whole.Output(0).F32()))
			rec := make([]byte, t.RecordBytes())
			t.Record(rec, s)
			set.Store.(*records).b = append(set.Store.(*records).b, rec...)
			set.Targets = append(set.Targets, random(&r, t.Outputs(), 1))
			all = append(all, i)
		}
		loss := func() float64 {
			sum := 0.0
			for _, i := range all {
				if err := t.load(set, all[i:i+1]); err != nil {
					n.t.Fatal(err)
				}
				t.tail.forward(1)
				for k, y := range t.tail.out.real(0) {
					d := float64(y) - float64(set.Targets[i][k])
					sum += d * d / float64(t.Outputs())
				}
			}
			return sum
		}
		if err := t.load(set, all); err != nil {
			n.t.Fatal(err)
		}
		t.tail.forward(samples)
		for i, want := range outputs {
			if got := t.tail.out.real(i); !slices.Equal(got, want) {
				n.t.Fatalf("%s: sample %d: the tail computes %v, the network %v", set0(t), i, got, want)
			}
		}
		for i := range samples {
			t.crit.sample(t.tail.out.gradient(i), t.tail.out.real(i), 0, set.Targets[i])
		}
		t.tail.backward(samples)
		total := 0.0
		for _, p := range t.tail.params {
			if !p.train {
				continue
			}
			var diff, norm float64
			kinks, tried := 0, 0
			for i := range p.value {
				if len(p.value) > 64 && i%(len(p.value)/61) != 0 {
					continue
				}
				tried++
				want, ok := derivative(loss, &p.value[i], n.step)
				if !ok {
					kinks++
					continue
				}
				diff += (want - float64(p.grad[i])) * (want - float64(p.grad[i]))
				norm += want * want
			}
			total += norm
			// Some gradients are 0 by nature, that by the biases of an attention's keys among them: 3e-4 is the noise of
			// float32.
			if rel := math.Sqrt(diff / norm); !(rel <= 1e-3) && !(diff <= 1e-7) {
				n.t.Errorf("%s: %s: relative error %.2g of the gradient of norm %.2g", set0(t), p.name, rel, math.Sqrt(norm))
			}
			if kinks > tried/2 {
				n.t.Errorf("%s: %s: %d of %d derivatives cross a kink", set0(t), p.name, kinks, tried)
			}
		}
		if total == 0 {
			n.t.Errorf("%s: all gradients are 0", set0(t))
		}
	}
}

// derivative is that of f by w, by differences of fourth order over steps of h; !ok where f has a kink nearby.
func derivative(f func() float64, w *float32, h float32) (d float64, ok bool) {
	old := *w
	defer func() { *w = old }()
	central := func(h float32) float64 {
		*w = old + h
		up, above := f(), float64(*w)
		*w = old - h
		return (up - f()) / (above - float64(*w))
	}
	near, far := central(h), central(2*h)
	// Without a kink they differ by h²·f‴/2 and noise.
	return (4*near - far) / 3, math.Abs(near-far) <= float64(h)*max(math.Abs(near), math.Abs(far))+3e-4
}

func set0(t *Tuner) string { return t.options.Kernels.Name }

func relu() op.Attrs { return op.Attrs{op.FloatAttr("min", 0)} }

func TestGradients(t *testing.T) {
	t.Run("FullyConnected", func(t *testing.T) {
		n := newNet(t, 1, 13)
		n.add(op.FullyConnected, relu(), n.constant(0.5, 11, 13), n.constant(0.1, 11))
		n.add(op.FullyConnected, nil, n.constant(0.5, 5, 11), n.constant(0.1, 5))
		n.checkGradients(Options{})
	})
	t.Run("Conv2D", func(t *testing.T) {
		n := newNet(t, 1, 7, 6, 3)
		n.add(op.Conv2D, op.Attrs{op.IntsAttr("pads", 1, 1, 0, 1), op.IntsAttr("strides", 1, 2)}, n.constant(0.3, 8, 3, 3, 3), n.constant(0.1, 8))
		n.add(op.Conv2D, nil, n.constant(0.4, 6, 1, 1, 8), n.constant(0.1, 6))
		n.add(op.Conv2D, op.Attrs{op.IntAttr("groups", 2)}, n.constant(0.4, 4, 2, 1, 3), n.constant(0.1, 4))
		n.add(op.Conv2D, op.Attrs{op.IntAttr("groups", 4)}, n.constant(0.4, 4, 2, 2, 1), n.constant(0.1, 4))
		n.checkGradients(Options{})
	})
	t.Run("pools", func(t *testing.T) {
		n := newNet(t, 1, 9, 8, 2)
		n.add(op.Conv2D, nil, n.constant(0.6, 4, 2, 2, 2), n.constant(0.1, 4))
		n.add(op.MaxPool2D, op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)})
		n.add(op.Conv2D, nil, n.constant(0.6, 5, 1, 1, 4), n.constant(0.1, 5))
		n.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 3, 2), op.IntsAttr("pads", 1, 0, 0, 0)})
		n.checkGradients(Options{})
	})
}
