package finetune

import (
	"testing"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// recurrentNet is a layer over a sequence of 3 inputs, which a layer in front computes; extra is input 4.
func recurrentNet(t *testing.T, d *op.Def, attrs op.Attrs, batches, extra int, states bool) *net {
	steps, inputs, units := 19, 3, 4
	smooth := !attrs.Has("clip") && !attrs.Has("candidate")
	if !smooth {
		steps = 4 // few kinks to cross
	}
	gates := map[*op.Def]int{op.RNNLayer: 1, op.GRULayer: 3, op.LSTMLayer: 4}[d]
	shape := []int{steps, batches, inputs}
	if attrs.Has("batchFirst") {
		shape = []int{batches, steps, inputs}
	}
	n := newNet(t, shape...)
	if smooth {
		n.step = 1.0 / 32
	}
	in := n.v
	in4, h0, c0 := (*graph.Value)(nil), (*graph.Value)(nil), (*graph.Value)(nil)
	if extra > 0 {
		in4 = n.constant(0.5, extra)
	}
	if states {
		n.fc(2)
		n.reshape(1, -1)
		n.fc(batches * units)
		h0 = n.reshape(batches, units)
		if d == op.LSTMLayer {
			c0 = n.add(op.Tanh, nil)
		}
	}
	n.v = in
	n.fc(inputs)
	n.add(d, attrs, n.constant(0.6, gates*units, inputs), n.constant(0.6, gates*units, units), n.constant(0.3, gates*units), in4, h0, c0)
	n.reshape(1, -1)
	n.fc(3)
	return n
}

func TestGradientsOfRecurrentLayers(t *testing.T) {
	one := func(name string) op.Attrs { return op.Attrs{op.IntAttr(name, 1)} }
	tests := map[string]func(t *testing.T) *net{
		"RNN": func(t *testing.T) *net { return recurrentNet(t, op.RNNLayer, nil, 1, 0, false) },
		"RNN reverse, leaky": func(t *testing.T) *net {
			attrs := append(one("reverse"), op.StringAttr("candidate", "leakyRelu"), op.FloatsAttr("alpha", 0, 0.9, 0))
			return recurrentNet(t, op.RNNLayer, attrs, 2, 0, true)
		},
		"LSTM":              func(t *testing.T) *net { return recurrentNet(t, op.LSTMLayer, nil, 1, 0, false) },
		"LSTM with states":  func(t *testing.T) *net { return recurrentNet(t, op.LSTMLayer, one("batchFirst"), 2, 0, true) },
		"LSTM reverse":      func(t *testing.T) *net { return recurrentNet(t, op.LSTMLayer, one("reverse"), 1, 0, true) },
		"LSTM peepholes":    func(t *testing.T) *net { return recurrentNet(t, op.LSTMLayer, nil, 2, 12, true) },
		"LSTM input forget": func(t *testing.T) *net { return recurrentNet(t, op.LSTMLayer, one("inputForget"), 1, 12, true) },
		"LSTM clip": func(t *testing.T) *net {
			return recurrentNet(t, op.LSTMLayer, op.Attrs{op.FloatAttr("clip", 0.5)}, 1, 0, false)
		},
		"GRU":         func(t *testing.T) *net { return recurrentNet(t, op.GRULayer, nil, 1, 0, false) },
		"GRU reverse": func(t *testing.T) *net { return recurrentNet(t, op.GRULayer, one("reverse"), 2, 0, true) },
		"GRU linear":  func(t *testing.T) *net { return recurrentNet(t, op.GRULayer, one("linearBeforeReset"), 1, 4, true) },
		"GRU hard": func(t *testing.T) *net {
			attrs := append(one("batchFirst"), op.StringAttr("gate", "hardSigmoid"), op.StringAttr("candidate", "leakyRelu"),
				op.FloatsAttr("alpha", 0.2, 0.8, 0), op.FloatsAttr("beta", 0.5, 0, 0))
			return recurrentNet(t, op.GRULayer, attrs, 2, 0, true)
		},
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			make(t).checkGradients(Options{})
			allocations(t, make(t))
		})
	}
	// The cells are an output of their own.
	n := recurrentNet(t, op.LSTMLayer, nil, 1, 12, false)
	lstm := n.g.Nodes[1]
	n.v = lstm.Out[1]
	n.add(op.Concat, op.Attrs{op.IntAttr("axis", 2)}, lstm.Out[0])
	n.reshape(1, -1)
	n.fc(2)
	n.checkGradients(Options{})
}
