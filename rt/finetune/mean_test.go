package finetune

import (
	"slices"
	"testing"

	"edgerun/kernels/fixed"
	"edgerun/rt/op"
)

// TestMeanGradients: gradients through a product that computes the mean of its pictures are right, and with clamps they are
// those of the two layers by themselves, to the bit.
func TestMeanGradients(t *testing.T) {
	build := func(first, second op.Attrs, apart bool) *net {
		n := newNet(t, 1, 9, 10, 2)
		n.add(op.Conv2D, append(first, op.IntsAttr("pads", 1, 1, 1, 1)), n.constant(0.6, 6, 3, 3, 2), n.constant(0.1, 6))
		n.add(op.Conv2D, append(second, op.IntAttr("groups", 2)), n.constant(0.6, 8, 2, 2, 3))
		if apart {
			n.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, 8, 9, 8)})
		}
		n.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 8, 9)})
		n.add(op.Conv2D, nil, n.constant(0.6, 5, 1, 1, 8), n.constant(0.1, 5))
		return n
	}
	build(nil, nil, false).checkGradients(Options{})
	var want [][]float32
	for _, apart := range []bool{false, true} {
		n := build(relu(), op.Attrs{op.FloatAttr("min", -0.25), op.FloatAttr("max", 0.25)}, apart)
		tuner, err := New(n.g, Options{Layers: len(Trainable(n.g)), Loss: MeanSquaredError})
		if err != nil {
			t.Fatal(err)
		}
		if means(tuner) == 0 != apart {
			t.Fatalf("%d products compute a mean", means(tuner))
		}
		r := fixed.Random(2)
		for i := range 3 {
			copy(tuner.tail.in[0].real(i), random(&r, tuner.tail.in[0].size, 1))
		}
		tuner.tail.forward(3)
		for i := range 3 {
			copy(tuner.tail.out.gradient(i), random(&r, tuner.Outputs(), 1))
		}
		tuner.tail.backward(3)
		for i, p := range tuner.tail.params {
			if len(want) <= i {
				want = append(want, p.grad)
			} else if !slices.Equal(p.grad, want[i]) {
				t.Errorf("the gradient of %q differs", p.name)
			}
		}
	}
}

func means(t *Tuner) (n int) {
	for _, l := range t.tail.layers {
		if p, ok := l.layer.(*product); ok && p.mean != nil {
			n++
		}
	}
	return n
}

// TestMeanOf: only means of whole pictures that nothing else reads.
func TestMeanOf(t *testing.T) {
	for _, c := range []struct {
		name string
		net  func() *net
		want int // products with a mean
	}{
		{"the whole picture", func() *net {
			n := newNet(t, 1, 4, 4, 2)
			n.add(op.Conv2D, nil, n.constant(0.6, 4, 1, 1, 2))
			n.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 4, 4)})
			return n
		}, 1},
		{"a part of it", func() *net {
			n := newNet(t, 1, 4, 4, 2)
			n.add(op.Conv2D, nil, n.constant(0.6, 4, 1, 1, 2))
			n.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 4, 3), op.IntsAttr("strides", 1, 4)})
			return n
		}, 0},
		{"padded", func() *net {
			n := newNet(t, 1, 4, 4, 2)
			n.add(op.Conv2D, nil, n.constant(0.6, 4, 1, 1, 2))
			n.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 4, 4), op.IntsAttr("strides", 4, 4), op.IntsAttr("pads", 1, 1, 0, 0), op.IntAttr("includePad", 1)})
			return n
		}, 0},
	} {
		n := c.net()
		tuner, err := New(n.g, Options{Layers: len(Trainable(n.g))})
		if err != nil {
			t.Fatal(err)
		}
		if got := means(tuner); got != c.want {
			t.Errorf("%s: %d products compute a mean, want %d", c.name, got, c.want)
		}
	}
	// Another reader of the picture: the loss itself.
	two := newNet(t, 1, 4, 4, 2)
	y := two.add(op.Conv2D, nil, two.constant(0.6, 4, 1, 1, 2))
	two.add(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 4, 4)})
	two.g.Outputs = append(two.g.Outputs, y)
	if n := readers(two.g, y); n != 2 {
		t.Errorf("%d readers of a value that is an output and an input, want 2", n)
	}
}
