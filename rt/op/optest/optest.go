// Package optest holds sample cases for every operator, and an obvious float64 reference for each. Tests of rt and
// quant run them all: against the reference, on every kernel set and number of threads, in float32 and int8.
package optest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Case is one use of an operator. Inputs are filled with random values; those of Const are constants of the graph.
type Case struct {
	Name  string
	Def   *op.Def
	Attrs op.Attrs
	In    []tensor.Shape
	Const []bool // constants; nil means none
	State []bool // variables, which start from zeros; nil means none
	// Gain, where it is not 0, multiplies constants: a recurrence must not amplify what int8 rounds.
	Gain float32
	// Absent are optional inputs that are left out, in front of others that are not; nil means none.
	Absent []bool
	// Want computes the output in float64.
	Want func(in [][]float64, c *Case) []float64
	// FromInt8 puts a Quantize before the operator: it works on int8 only.
	FromInt8 bool
	// AtLeast, where it is not 0, puts a Clamp before the last input: a divisor must not vanish.
	AtLeast float32
	// As, where it is not Float32, is what Casts make of an input: through int32, so that a bool is often false.
	As []tensor.DType
	// Times, where it is not 0, multiplies an input before its Casts.
	Times []float32
	// Given, where it is not nil, is an input of any type: a constant, or what a variable starts from.
	Given []*tensor.Tensor
	// Jump is how far an output may move where an input moves a little: int8 rounds inputs.
	Jump float64
}

// Graph builds the case as a float32 network of one operator. Values lie in [−2, 2).
func (c *Case) Graph(seed uint64) (*graph.Graph, error) {
	r := rand.New(rand.NewPCG(seed, 17))
	g := &graph.Graph{Name: c.Name}
	var in []*graph.Value
	for i, s := range c.In {
		v := &graph.Value{Name: fmt.Sprintf("in%d", i), Type: tensor.Type{DType: tensor.Float32, Shape: s}}
		switch {
		case c.Given != nil && c.Given[i] != nil && c.State[i]:
			v.Type, v.Var = c.Given[i].Type, c.Given[i]
		case c.Given != nil && c.Given[i] != nil:
			v.Type, v.Const = c.Given[i].Type, c.Given[i]
		case c.Absent != nil && c.Absent[i]:
			v = nil
		case c.Const != nil && c.Const[i]:
			v.Const = tensor.New(v.Type)
			Fill(r, v.Const.Data.F32())
			if c.Gain != 0 {
				for i := range v.Const.Data.F32() {
					v.Const.Data.F32()[i] *= c.Gain
				}
			}
		case c.State != nil && c.State[i]:
			v.Var = tensor.New(v.Type)
		default:
			g.Inputs = append(g.Inputs, v)
		}
		in = append(in, v)
	}
	if c.FromInt8 {
		q, err := g.Add(op.Quantize, "codes", nil, in[0])
		if err != nil {
			return nil, err
		}
		q.Out[0].Quant = tensor.PerTensor(1.0/64, 3)
		in[0] = q.Out[0]
	}
	if last := len(in) - 1; c.AtLeast != 0 {
		n, err := g.Add(op.Clamp, "divisor", op.Attrs{op.FloatAttr("min", c.AtLeast)}, in[last])
		if err != nil {
			return nil, err
		}
		in[last] = n.Out[0]
	}
	for i, d := range c.As {
		if d == tensor.Float32 {
			continue
		}
		if c.Times != nil && c.Times[i] != 0 {
			factor := graph.NewConst(fmt.Sprint("factor", i), tensor.FromF32(tensor.MakeShape(), []float32{c.Times[i]}))
			n, err := g.Add(op.Mul, fmt.Sprint("times", i), nil, in[i], factor)
			if err != nil {
				return nil, err
			}
			in[i] = n.Out[0]
		}
		for _, to := range []tensor.DType{tensor.Int32, d} {
			attrs := op.Attrs{op.IntAttr("to", int(to))}
			if to == tensor.UInt32 { // by the bits: half of its numbers are negative as int32
				attrs = append(attrs, op.IntAttr("wrap", 1))
			}
			n, err := g.Add(op.Cast, fmt.Sprint("cast", i, to), attrs, in[i])
			if err != nil {
				return nil, err
			}
			in[i] = n.Out[0]
		}
	}
	n, err := g.Add(c.Def, "op", c.Attrs, in...)
	if err != nil {
		return nil, err
	}
	if c.Def == op.Quantize {
		n.Out[0].Quant = tensor.PerTensor(1.0/64, 3)
	}
	if c.Def.Outs == 0 {
		if n, err = g.Add(op.Read, "after", nil, in[0]); err != nil {
			return nil, err
		}
	}
	g.Outputs = n.Out
	return g, g.Validate()
}

// Fill draws values of [−2, 2).
func Fill(r *rand.Rand, x []float32) {
	for i := range x {
		x[i] = r.Float32()*4 - 2
	}
}

func shape(d ...int) tensor.Shape { return tensor.MakeShape(d...) }

func ints(name string, v ...int) op.Attr { return op.IntsAttr(name, v...) }

// Cases returns the cases of all operators.
func Cases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	weights := func(c *Case) {
		c.Const = make([]bool, len(c.In))
		for i := 1; i < len(c.In); i++ {
			c.Const[i] = true
		}
	}
	relu6 := op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 1.5)}

	for _, k := range []struct {
		name  string
		x, w  tensor.Shape
		attrs op.Attrs
		bias  bool
	}{
		{"3x3", shape(1, 7, 9, 5), shape(6, 3, 3, 5), nil, true},
		{"3x3 padded strided", shape(2, 11, 9, 16), shape(37, 3, 3, 16), op.Attrs{ints("strides", 2, 1), ints("pads", 1, 0, 2, 1)}, true},
		{"3x3 dilated", shape(1, 12, 12, 4), shape(33, 3, 3, 4), op.Attrs{ints("dilations", 2, 3), ints("pads", 2, 3, 2, 3)}, false},
		{"1x1", shape(3, 6, 5, 24), shape(40, 1, 1, 24), relu6, true},
		{"5x3 one channel", shape(1, 28, 28, 1), shape(32, 5, 3, 1), op.Attrs{ints("pads", 2, 1, 2, 1)}, true},
		{"3 channels", shape(2, 17, 13, 3), shape(8, 3, 3, 3), op.Attrs{ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)}, true},
		{"grouped", shape(1, 8, 8, 12), shape(6, 3, 3, 4), op.Attrs{op.IntAttr("groups", 3), ints("pads", 1, 1, 1, 1)}, true},
		{"depthwise", shape(1, 8, 8, 12), shape(12, 3, 3, 1), op.Attrs{op.IntAttr("groups", 12)}, true},
		{"depthwise padded strided", shape(2, 17, 15, 70), shape(70, 3, 3, 1), append(op.Attrs{op.IntAttr("groups", 70), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)}, relu6...), true},
		{"depthwise 5x5", shape(1, 14, 9, 33), shape(33, 5, 5, 1), op.Attrs{op.IntAttr("groups", 33), ints("pads", 2, 2, 2, 2)}, true},
		{"depthwise dilated uneven pads", shape(1, 40, 30, 20), shape(20, 3, 2, 1), op.Attrs{op.IntAttr("groups", 20), ints("dilations", 2, 3), ints("pads", 1, 4, 0, 2)}, false},
		{"depthwise in parts", shape(1, 61, 60, 72), shape(72, 5, 5, 1), op.Attrs{op.IntAttr("groups", 72), ints("strides", 2, 2), ints("pads", 2, 1, 1, 2)}, true},
		{"depthwise multiplied", shape(1, 6, 6, 4), shape(8, 3, 3, 1), op.Attrs{op.IntAttr("groups", 4), ints("pads", 1, 1, 1, 1)}, true},
		{"wide rows", shape(2, 3, 300, 3), shape(5, 2, 7, 3), op.Attrs{ints("strides", 1, 2), ints("pads", 1, 3, 0, 5)}, true},
		{"7x7 stem", shape(1, 61, 47, 3), shape(64, 7, 7, 3), op.Attrs{ints("strides", 2, 2), ints("pads", 3, 3, 3, 3)}, true},
		{"one row one channel", shape(1, 1, 200, 1), shape(9, 1, 11, 1), op.Attrs{ints("pads", 0, 5, 0, 5)}, true},
		{"no padding deep", shape(2, 9, 8, 40), shape(8, 3, 3, 40), nil, true},
		{"pads beyond the window's end", shape(1, 5, 5, 3), shape(4, 2, 2, 3), op.Attrs{ints("strides", 3, 3), ints("pads", 0, 4, 2, 1)}, true},
		{"narrow tall window, many filters", shape(1, 17, 9, 1), shape(400, 10, 2, 1), op.Attrs{ints("pads", 4, 1, 5, 0)}, true},
		{"many pixels", shape(1, 40, 33, 8), shape(20, 3, 3, 8), op.Attrs{ints("pads", 1, 1, 1, 1)}, true},
		{"one pixel", shape(1, 1, 1, 7), shape(3, 1, 1, 7), nil, true},
		{"window larger than padding rows", shape(1, 4, 4, 2), shape(3, 7, 7, 2), op.Attrs{ints("pads", 3, 3, 3, 3)}, true},
	} {
		in := []tensor.Shape{k.x, k.w}
		if k.bias {
			in = append(in, shape(k.w.Dim[0]))
		}
		weights(add(op.Conv2D, k.name, conv2D, k.attrs, in...))
	}
	for _, k := range []struct {
		name    string
		m, k, o int
	}{{"one row", 1, 100, 10}, {"rows", 9, 33, 65}, {"many rows", 131, 16, 5}, {"wide", 1, 1024, 131}, {"one", 1, 1, 1}} {
		weights(add(op.FullyConnected, k.name, fullyConnected, nil, shape(k.m, k.k), shape(k.o, k.k), shape(k.o)))
	}
	weights(add(op.FullyConnected, "rank 3 clamped", fullyConnected, relu6, shape(2, 3, 20), shape(7, 20)))

	add(op.BatchMatMul, "matrix", batchMatMul, nil, shape(4, 9), shape(9, 5))
	add(op.BatchMatMul, "batches", batchMatMul, nil, shape(2, 3, 4, 9), shape(3, 9, 5))
	add(op.BatchMatMul, "adjoint", batchMatMul, op.Attrs{op.IntAttr("adjX", 1), op.IntAttr("adjY", 1)}, shape(2, 9, 4), shape(2, 5, 9))

	for _, d := range []*op.Def{op.Add, op.Mul} {
		f := func(a, b float64) float64 { return a + b }
		if d == op.Mul {
			f = func(a, b float64) float64 { return a * b }
		}
		want := func(in [][]float64, c *Case) []float64 { return binary(in, c, f) }
		add(d, "same", want, nil, shape(3, 67), shape(3, 67))
		add(d, "clamped", want, relu6, shape(130), shape(130))
		add(d, "scalar", want, nil, shape(2, 5, 7), shape())
		add(d, "scalar first", want, nil, shape(1, 1), shape(6, 41))
		add(d, "channel", want, nil, shape(2, 5, 6, 7), shape(7))
		add(d, "middle", want, nil, shape(2, 3, 4, 5), shape(3, 1, 5))
		add(d, "outer", want, nil, shape(4, 1), shape(1, 6))
		add(d, "long", want, nil, shape(70000), shape(70000))
	}
	add(op.Clamp, "relu", clamp, op.Attrs{op.FloatAttr("min", 0)}, shape(5, 77))
	add(op.Clamp, "both", clamp, relu6, shape(40000))
	add(op.Clamp, "max", clamp, op.Attrs{op.FloatAttr("max", 0.5)}, shape(9))

	for _, d := range []*op.Def{op.MaxPool2D, op.AveragePool2D} {
		pool := func(name string, x tensor.Shape, attrs ...op.Attr) { add(d, name, pool2D, attrs, x) }
		pool("2x2", shape(2, 8, 6, 5), ints("kernel", 2, 2), ints("strides", 2, 2))
		pool("3x3 padded", shape(1, 9, 7, 33), ints("kernel", 3, 3), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1))
		pool("ceil", shape(1, 8, 8, 3), ints("kernel", 3, 2), ints("strides", 3, 3), op.IntAttr("ceil", 1))
		pool("global", shape(3, 7, 7, 64), ints("kernel", 7, 7))
		pool("clamped", shape(1, 4, 4, 9), ints("kernel", 2, 2), op.FloatAttr("min", 0), op.FloatAttr("max", 1))
	}
	add(op.MaxPool2D, "dilated", pool2D, op.Attrs{ints("kernel", 2, 2), ints("dilations", 2, 3)}, shape(1, 8, 8, 4))
	add(op.AveragePool2D, "padding counts", pool2D, op.Attrs{ints("kernel", 3, 3), ints("pads", 1, 1, 1, 1), op.IntAttr("includePad", 1)}, shape(1, 5, 5, 4))

	same := func(in [][]float64, c *Case) []float64 { return in[0] }
	add(op.Reshape, "flatten", same, op.Attrs{ints("shape", 0, -1)}, shape(2, 3, 4))
	add(op.Transpose, "nchw", transpose, op.Attrs{ints("perm", 0, 2, 3, 1)}, shape(2, 3, 5, 4))
	add(op.Transpose, "to nhwc", transpose, op.Attrs{ints("perm", 0, 2, 3, 1)}, shape(2, 3, 140, 90))
	add(op.Transpose, "to nchw", transpose, op.Attrs{ints("perm", 0, 3, 1, 2)}, shape(2, 19, 7, 40))
	add(op.Transpose, "tokens", transpose, op.Attrs{ints("perm", 0, 2, 1, 3)}, shape(2, 5, 4, 8))
	add(op.Transpose, "ones", transpose, op.Attrs{ints("perm", 2, 0, 1, 3)}, shape(1, 1, 1, 1))
	add(op.Transpose, "reverse", transpose, op.Attrs{ints("perm", 3, 2, 1, 0)}, shape(2, 3, 5, 4))
	add(op.Transpose, "matrix", transpose, op.Attrs{ints("perm", 1, 0)}, shape(7, 9))
	add(op.Transpose, "vector", transpose, op.Attrs{ints("perm", 0)}, shape(7))
	add(op.Softmax, "rows", softmax, nil, shape(3, 10))
	add(op.Softmax, "wide", softmax, nil, shape(2, 3, 131))
	add(op.Softmax, "one", softmax, nil, shape(4, 1))
	add(op.LogSoftmax, "rows", softmax, nil, shape(3, 10))
	add(op.LogSoftmax, "wide", softmax, nil, shape(2, 131))

	add(op.Quantize, "real", quantize, nil, shape(3, 131))
	add(op.Dequantize, "codes", dequantize, nil, shape(3, 131)).FromInt8 = true
	add(op.Cast, "to int32", func(in [][]float64, c *Case) []float64 { return apply(in[0], math.Trunc) },
		op.Attrs{op.IntAttr("to", int(tensor.Int32))}, shape(40))
	add(op.Cast, "to bool", func(in [][]float64, c *Case) []float64 {
		return apply(in[0], func(v float64) float64 {
			if v != 0 {
				return 1
			}
			return 0
		})
	}, op.Attrs{op.IntAttr("to", int(tensor.Bool))}, shape(40))
	return slices.Concat(all, activationCases(), moveCases(), functionCases(), reduceCases(), recurrentCases(), signalCases(), detectCases(), layerCases(), attentionCases(), stepCases(), indexCases())
}
