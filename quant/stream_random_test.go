package quant_test

import (
	"errors"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/quant/pass"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// randomNet is a network over time of layers by chance, nil if a window gets too short for one.
func randomNet(t *testing.T, seed uint64) *graph.Graph {
	b := newNet(t, seed, 1, 1, 16+int(seed*7%25), 4)
	for range 2 + b.r.IntN(5) {
		T, x := b.v.Shape.Dim[2], b.v
		kernel, dilation, stride := 1+b.r.IntN(4), 1+b.r.IntN(3), 1+b.r.IntN(6)/5
		span := (kernel-1)*dilation + 1
		if T < span+2 {
			return nil
		}
		switch b.r.IntN(10) {
		case 0, 1:
			b.conv(4, kernel, stride, dilation, 0, 0, 1)
		case 2:
			b.conv(4, kernel, 1, dilation, span-1, 0, 4)
		case 3:
			b.conv(4, kernel, stride, dilation, b.r.IntN(span), 0, 1)
		case 4:
			b.conv(4, kernel, 1, dilation, span-1, span-1, 1).slice(2, 0, T).residual(x)
		case 5:
			b.pool(op.MaxPool2D, kernel, stride, b.r.IntN(kernel))
		case 6:
			b.pool(op.AveragePool2D, kernel, stride, 0)
		case 7:
			b.add(op.Tanh, nil, b.v).slice(2, b.r.IntN(3), T-b.r.IntN(3))
		case 8:
			def := []*op.Def{op.RNNLayer, op.GRULayer, op.LSTMLayer}[b.r.IntN(3)]
			b.reshape(1, T, 4).recurrent(def, 4, 1, b.r.IntN(2) == 0).reshape(1, 1, T, 4)
		case 9:
			b.conv(4, kernel, 1, dilation, 0, 0, 1).residual(x)
		}
	}
	T := b.v.Shape.Dim[2]
	switch b.r.IntN(4) {
	case 0:
		return b.mean(1, 2).dense(3).done()
	case 1:
		return b.slice(2, T-1, T).reshape(1, 4).dense(3).done()
	case 2:
		return b.reshape(1, 4*T).dense(3).done()
	}
	return b.done()
}

// TestStreamRandom: whatever Stream takes is equal to the window, and what it does not take says why.
func TestStreamRandom(t *testing.T) {
	turned, refused, seeds, least := 0, 0, uint64(400), 1000
	if testing.Short() {
		seeds, least = 80, 200
	}
	for seed := range seeds {
		g := randomNet(t, seed)
		if g == nil {
			continue
		}
		for _, quantized := range []bool{false, true} {
			net, err := quant.Prepare(g)
			if quantized {
				var r *quant.Result
				if r, err = quant.Convert(g, random{3}, quant.Options{}); err == nil {
					net = r.Int8
				}
			}
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, step := range []int{0, 2, 4} {
				s, info, err := pass.Stream(net, pass.StreamOptions{Axis: 2, Step: step})
				if err != nil {
					if !errors.Is(err, op.ErrUnsupported) && !strings.Contains(err.Error(), "no layer is over time") {
						t.Errorf("seed %d: %v", seed, err)
					}
					refused++
					continue
				}
				turned++
				checkStream(t, net, s, info, kernels.Best())
				if t.Failed() {
					for _, n := range g.Nodes {
						t.Logf("%s %v %v -> %v", n.Name, n.Attrs, n.In[0].Shape, n.Out[0].Shape)
					}
					t.Fatalf("seed %d, step %d, quantized %v", seed, step, quantized)
				}
			}
		}
	}
	t.Logf("%d step forms equal; %d refused", turned, refused)
	if turned < least {
		t.Errorf("%d step forms, want more", turned)
	}
}
