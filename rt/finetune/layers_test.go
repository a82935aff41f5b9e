package finetune

import (
	"testing"

	"edgerun/kernels"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// fc adds a fully connected layer.
func (n *net) fc(out int) *graph.Value {
	in := n.v.Shape.Dim[n.v.Shape.Rank-1]
	return n.add(op.FullyConnected, nil, n.constant(0.6, out, in), n.constant(0.3, out))
}

func (n *net) reshape(shape ...int) *graph.Value {
	return n.add(op.Reshape, op.Attrs{op.IntsAttr("shape", shape...)})
}

func function(name string) op.Attrs { return op.Attrs{op.StringAttr("function", name)} }

func TestGradientsOfElements(t *testing.T) {
	plain := func(d *op.Def, attrs op.Attrs) func(n *net) { return func(n *net) { n.add(d, attrs) } }
	tests := map[string]func(n *net){
		"Clamp":       plain(op.Clamp, op.Attrs{op.FloatAttr("min", -0.3), op.FloatAttr("max", 0.4)}),
		"LeakyRelu":   plain(op.LeakyRelu, op.Attrs{op.FloatAttr("alpha", 0.2)}),
		"HardSwish":   func(n *net) { n.add(op.Mul, nil, n.constant(6, 1)); n.add(op.HardSwish, nil) },
		"HardSigmoid": func(n *net) { n.add(op.Mul, nil, n.constant(6, 1)); n.add(op.HardSigmoid, nil) },
		"Logistic":    plain(op.Logistic, nil),
		"Tanh":        plain(op.Tanh, nil),
		"PRelu":       func(n *net) { n.add(op.PRelu, nil, n.constant(0.4, 10)) },
		"PRelu of all": func(n *net) {
			n.reshape(1, 5, 2)
			n.add(op.PRelu, nil, n.constant(0.4, 5, 1))
			n.reshape(1, 10)
		},
	}
	for _, name := range []string{"abs", "neg", "square", "exp", "elu", "gelu", "geluTanh", "erf", "softplus", "softsign", "mish", "sin", "cos"} {
		tests[name] = plain(op.Unary, function(name))
	}
	for _, name := range []string{"sqrt", "rsqrt", "reciprocal", "log"} {
		tests[name] = func(n *net) { n.add(op.Unary, function("softplus")); n.add(op.Unary, function(name)) }
	}
	tests["pow"] = func(n *net) {
		n.add(op.Unary, function("softplus"))
		n.add(op.Binary, function("pow"), n.scalar(1.7))
	}
	for name, layer := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNet(t, 1, 7)
			n.fc(10)
			layer(n)
			n.fc(3)
			n.checkGradients(Options{})
		})
	}
}

func (n *net) scalar(v float32) *graph.Value {
	return graph.NewConst("scalar", tensor.FromF32(tensor.MakeShape(), []float32{v}))
}

func TestGradientsOfPairs(t *testing.T) {
	for _, d := range []*op.Def{op.Add, op.Sub, op.Mul, op.Div, op.SquaredDifference, op.Minimum, op.Maximum} {
		// Two activations, one of them broadcast, and constants on either side.
		t.Run(d.Name, func(t *testing.T) {
			n := newNet(t, 1, 7)
			x := n.v
			n.fc(12)
			n.add(op.Logistic, nil)
			n.add(op.Add, nil, n.scalar(0.2))
			a := n.reshape(1, 3, 4)
			n.v = x
			n.fc(3)
			n.add(op.Logistic, nil)
			n.add(op.Add, nil, n.scalar(0.5))
			b := n.reshape(1, 3, 1)
			var attrs op.Attrs
			if d.CheckAttrs(relu()) == nil {
				attrs = op.Attrs{op.FloatAttr("min", -0.4), op.FloatAttr("max", 1.7)}
			}
			n.v = a
			n.add(d, attrs, b)
			n.v = n.add(d, nil, n.scalar(0.7))
			y := n.v
			n.v = n.constant(0.3, 3, 4)
			n.add(d, nil, y)
			n.reshape(1, 12)
			n.fc(3)
			n.checkGradients(Options{})
		})
	}
	t.Run("AddN", func(t *testing.T) {
		n := newNet(t, 1, 7)
		x := n.fc(5)
		y := n.fc(5)
		n.add(op.AddN, nil, x, y, x)
		n.fc(2)
		n.checkGradients(Options{})
	})
	t.Run("shared", func(t *testing.T) { // a value read under two shapes, and twice by one layer
		n := newNet(t, 1, 7)
		x := n.fc(6)
		n.reshape(1, 2, 3)
		n.add(op.Mul, nil, n.v)
		n.reshape(1, 6)
		n.add(op.Add, nil, x)
		n.fc(2)
		n.checkGradients(Options{})
	})
}

func TestGradientsOfMoves(t *testing.T) {
	ints := op.IntsAttr
	tests := map[string]func(n *net){
		"Transpose": func(n *net) { n.add(op.Transpose, op.Attrs{ints("perm", 0, 3, 1, 2)}) },
		"Slice": func(n *net) {
			n.add(op.Slice, op.Attrs{ints("starts", 3, 0), ints("ends", -9, 2), ints("axes", 1, 3), ints("steps", -2, 1)})
		},
		"Pad constant": func(n *net) {
			n.add(op.Pad, op.Attrs{ints("pads", 0, 1, -1, 0, 0, 0, 2, 1), op.FloatAttr("value", 0.5)})
		},
		"Pad reflect": func(n *net) {
			n.add(op.Pad, op.Attrs{ints("pads", 0, 1, 0, 0, 0, 2, 0, 1), op.StringAttr("mode", "reflect")})
		},
		"Tile":         func(n *net) { n.add(op.Tile, op.Attrs{ints("repeats", 1, 2, 1, 3)}) },
		"DepthToSpace": func(n *net) { n.add(op.DepthToSpace, op.Attrs{op.IntAttr("block", 2)}) },
		"SpaceToDepth": func(n *net) { n.add(op.SpaceToDepth, op.Attrs{op.IntAttr("block", 2)}) },
		"Gather": func(n *net) {
			at := graph.NewConst("at", tensor.FromI64(tensor.MakeShape(3), []int64{2, -1, 2}))
			n.add(op.Gather, op.Attrs{op.IntAttr("axis", 1)}, at)
		},
		"Concat": func(n *net) {
			x := n.v
			n.add(op.Tanh, nil)
			n.add(op.Concat, op.Attrs{op.IntAttr("axis", 2)}, n.constant(1, 1, 4, 3, 4), x)
		},
	}
	for name, layer := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNet(t, 1, 7)
			n.fc(32)
			n.reshape(1, 4, 2, 4)
			layer(n)
			n.reshape(1, -1)
			n.fc(3)
			n.checkGradients(Options{})
		})
	}
}

func TestGradientsOfReductions(t *testing.T) {
	for _, d := range []*op.Def{op.Mean, op.Sum, op.ReduceMax} {
		for _, axes := range [][]int{{1, 2}, {3}, {2}, {1, 3}, {0, 1, 2, 3}} {
			t.Run(d.Name, func(t *testing.T) {
				n := newNet(t, 1, 7)
				n.fc(40)
				n.reshape(1, 4, 2, 5)
				n.add(d, op.Attrs{op.IntsAttr("axes", axes...), op.IntAttr("keepDims", len(axes)&1)})
				n.reshape(1, -1)
				n.fc(3)
				n.checkGradients(Options{})
			})
		}
	}
}

// Of equal elements one takes a maximum's gradient.
func TestGradientOfTies(t *testing.T) {
	n := newNet(t, 1, 7)
	n.fc(6)
	n.add(op.Tile, op.Attrs{op.IntsAttr("repeats", 2, 1)})
	n.add(op.ReduceMax, op.Attrs{op.IntsAttr("axes", 0), op.IntAttr("keepDims", 1)})
	n.fc(3)
	n.checkGradients(Options{})
}

func TestGradientsOfNorms(t *testing.T) {
	rows := func(d *op.Def) func(n *net) { return func(n *net) { n.add(d, nil) } }
	tests := map[string]func(n *net){
		"Softmax":         rows(op.Softmax),
		"LogSoftmax":      rows(op.LogSoftmax),
		"L2Normalization": rows(op.L2Normalization),
		"LayerNorm":       func(n *net) { n.add(op.LayerNorm, nil, n.constant(1, 18), n.constant(0.3, 18)) },
		"LayerNorm without bias": func(n *net) {
			n.add(op.LayerNorm, op.Attrs{op.FloatAttr("epsilon", 0.01)}, n.constant(1, 18))
		},
		"RMSNorm": func(n *net) { n.add(op.RMSNorm, nil, n.constant(1, 18), n.constant(0.3, 18)) },
	}
	for name, layer := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNet(t, 1, 2, 7)
			n.fc(18)
			layer(n)
			n.fc(3)
			n.checkGradients(Options{})
		})
	}
}

func TestGradientsOfDepthwise(t *testing.T) {
	for _, attrs := range []op.Attrs{
		{op.IntsAttr("pads", 1, 1, 1, 1), op.FloatAttr("min", -1.5)},
		{op.IntsAttr("strides", 2, 2), op.IntsAttr("pads", 0, 1, 1, 2)},
		{op.IntsAttr("dilations", 2, 1)},
	} {
		n := newNet(t, 1, 7, 6, 3)
		n.add(op.Conv2D, nil, n.constant(0.6, 19, 1, 1, 3), n.constant(0.3, 19))
		n.add(op.Conv2D, append(attrs, op.IntAttr("groups", 19)), n.constant(0.6, 19, 3, 3, 1), n.constant(0.3, 19))
		n.add(op.Conv2D, op.Attrs{op.IntAttr("groups", 19)}, n.constant(0.6, 19, 2, 1, 1))
		n.add(op.Mean, op.Attrs{op.IntsAttr("axes", 1, 2)})
		n.fc(3)
		n.checkGradients(Options{})
	}
}

// TestStepsAllocateNothing trains a network with one layer of each kind.
func TestStepsAllocateNothing(t *testing.T) {
	n := newNet(t, 1, 8, 8, 3)
	n.add(op.Conv2D, nil, n.constant(0.6, 16, 1, 1, 3), n.constant(0.3, 16))
	n.add(op.Conv2D, op.Attrs{op.IntAttr("groups", 16), op.FloatAttr("min", 0)}, n.constant(0.6, 16, 3, 3, 1), n.constant(0.3, 16))
	n.add(op.PRelu, nil, n.constant(0.4, 16))
	x := n.add(op.HardSwish, nil)
	n.add(op.Transpose, op.Attrs{op.IntsAttr("perm", 0, 2, 1, 3)})
	n.add(op.Concat, op.Attrs{op.IntAttr("axis", 3)}, x)
	n.add(op.Mean, op.Attrs{op.IntsAttr("axes", 1, 2)})
	n.add(op.LayerNorm, nil, n.constant(1, 32), n.constant(0.3, 32))
	n.add(op.Softmax, nil)
	n.add(op.L2Normalization, nil)
	n.fc(3)
	allocations(t, n)
}

// allocations takes steps of training all layers.
func allocations(t *testing.T, n *net) {
	t.Helper()
	tuner, err := New(n.g, Options{Layers: len(Trainable(n.g)), Batch: 4, Rate: 0.01, Kernels: kernels.Best()})
	if err != nil {
		t.Fatal(err)
	}
	s := &Samples{Store: &records{tuner.RecordBytes(), make([]byte, 4*tuner.RecordBytes())}, Labels: make([]int32, 4)}
	all := []int{0, 1, 2, 3}
	if got := testing.AllocsPerRun(3, func() {
		if _, err := tuner.Step(s, all, 0.01); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("a step allocates %g times", got)
	}
}

func TestGradientsOfMatMul(t *testing.T) {
	for _, adj := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		attrs := op.Attrs{op.IntAttr("adjX", adj[0]), op.IntAttr("adjY", adj[1])}
		shape := func(transposed, rows, cols int) (int, int) {
			if transposed != 0 {
				return cols, rows
			}
			return rows, cols
		}
		n := newNet(t, 1, 7)
		x := n.v
		n.fc(2 * 3 * 4)
		r, c := shape(adj[1], 4, 3)
		b := n.reshape(2, r, c)
		n.v = x
		n.fc(5 * 4)
		r, c = shape(adj[0], 5, 4)
		n.reshape(1, r, c)
		n.add(op.BatchMatMul, attrs, b) // [2,5,3]
		r, c = shape(adj[1], 3, 6)
		if adj[0] != 0 {
			n.add(op.Transpose, op.Attrs{op.IntsAttr("perm", 0, 2, 1)})
		}
		n.add(op.BatchMatMul, attrs, n.constant(0.5, 2, r, c))
		n.reshape(1, -1)
		n.fc(3)
		n.checkGradients(Options{})
	}
}

func TestGradientsOfAttention(t *testing.T) {
	bits := func(shape ...int) *graph.Value {
		m := tensor.New(tensor.Type{DType: tensor.Bool, Shape: tensor.MakeShape(shape...)})
		for i := range m.Data.Bytes() {
			m.Data.Bytes()[i] = byte(min(i%3, 1))
		}
		return graph.NewConst("mask", m)
	}
	// queries, keys and values are layers of their own over a sequence of 20.
	operands := func(n *net, q, k, v int) (keys, values *graph.Value) {
		x := n.v
		keys = n.fc(k)
		n.v = x
		values = n.fc(v)
		n.v = x
		n.fc(q)
		return keys, values
	}
	tests := map[string]func(n *net){
		"heads": func(n *net) {
			k, v := operands(n, 12, 12, 8)
			n.add(op.Attention, op.Attrs{op.IntAttr("heads", 4)}, k, v)
		},
		"grouped, causal": func(n *net) {
			k, v := operands(n, 12, 6, 4)
			n.add(op.Attention, op.Attrs{op.IntAttr("heads", 4), op.IntAttr("kvHeads", 2), op.IntAttr("causal", 1)}, k, v)
		},
		"masked": func(n *net) {
			k, v := operands(n, 6, 6, 4)
			n.add(op.Attention, op.Attrs{op.FloatAttr("scale", 0.6)}, k, v, bits(20, 20))
		},
		"added mask": func(n *net) {
			x := n.v
			m := n.fc(20)
			n.v = x
			k, v := operands(n, 6, 6, 4)
			n.add(op.AttentionBias, op.Attrs{op.IntAttr("heads", 2)}, k, v, m)
		},
		"one operand": func(n *net) {
			x := n.fc(6)
			n.add(op.Attention, op.Attrs{op.IntAttr("heads", 2)}, x, x)
		},
	}
	for name, layer := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNet(t, 1, 20, 5)
			layer(n)
			n.reshape(1, -1)
			n.fc(3)
			n.checkGradients(Options{})
		})
	}
	n := newNet(t, 1, 20, 5)
	tests["heads"](n)
	n.add(op.BatchMatMul, op.Attrs{op.IntAttr("adjY", 1)}, n.v)
	n.reshape(1, -1)
	n.fc(3)
	allocations(t, n)
}

func TestGradientsOfUpsampling(t *testing.T) {
	size := func(attrs ...op.Attr) op.Attrs { return append(op.Attrs{op.IntsAttr("size", 7, 5)}, attrs...) }
	tests := map[string]func(n *net){
		"TransposeConv2D": func(n *net) {
			n.add(op.TransposeConv2D, op.Attrs{op.IntsAttr("strides", 2, 3), op.IntsAttr("pads", 1, 0, 0, 1), op.IntsAttr("dilations", 1, 2)},
				n.constant(0.5, 6, 3, 2, 4), n.constant(0.2, 6))
			n.add(op.TransposeConv2D, op.Attrs{op.IntAttr("groups", 2), op.IntsAttr("outputPadding", 1, 0), op.IntsAttr("strides", 2, 1)},
				n.constant(0.5, 4, 1, 2, 3), n.constant(0.2, 4))
		},
		"nearest": func(n *net) { n.add(op.Resize, size()) },
		"linear":  func(n *net) { n.add(op.Resize, size(op.StringAttr("mode", "linear"))) },
		"smaller": func(n *net) {
			n.add(op.Resize, op.Attrs{op.IntsAttr("size", 2, 2), op.StringAttr("mode", "linear"), op.StringAttr("coordinates", "align_corners")})
		},
	}
	for name, layer := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNet(t, 1, 4, 3, 2)
			n.fc(4)
			layer(n)
			n.reshape(1, -1)
			n.fc(3)
			n.checkGradients(Options{})
			allocations(t, n)
		})
	}
}
