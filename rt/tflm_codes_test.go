package rt_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// tflmArg is a tensor of the reference's cases, of any element type.
type tflmArg struct {
	Name            string
	Shape           []int
	DType           string
	Scale           oneOrMore[float32]
	Zero            oneOrMore[int32] `json:"zero_point"`
	Axis            int              `json:"quantized_dimension"`
	Const, Variable bool
	Data            []float64
}

// oneOrMore reads a number or a list of them.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '[' {
		*l = make([]T, 1)
		return json.Unmarshal(b, &(*l)[0])
	}
	return json.Unmarshal(b, (*[]T)(l))
}

// tflmLayer is a case of the reference with what its operator's options may be.
type tflmLayer struct {
	Name   string
	Params struct {
		Activation, State                                           string
		Padding, StrideW, StrideH, DilationWFactor, DilationHFactor int
		DepthMultiplier, FilterWidth, FilterHeight, Rank            int
		Axis                                                        json.RawMessage
		AdjX, AdjY, TimeMajor, KeepDims                             bool
		Alpha, Beta, CellClip                                       float32
	}
	Inputs, Outputs []*tflmArg
	Invocations     []tflmRun
}

// tflmRun is what one of several successive runs gets and gives: inputs that are neither constants nor variables.
type tflmRun struct{ Inputs, Outputs [][]float64 }

var tflmTypes = map[string]tensor.DType{"float32": tensor.Float32, "int8": tensor.Int8, "uint8": tensor.UInt8,
	"int16": tensor.Int16, "int32": tensor.Int32, "int64": tensor.Int64, "bool": tensor.Bool}

func (a *tflmArg) typ() tensor.Type {
	t := tensor.Type{DType: tflmTypes[a.DType], Shape: tensor.MakeShape(a.Shape...), Quant: tensor.Quant{Scale: a.Scale, Zero: a.Zero}}
	if len(a.Scale) > 1 {
		t.Quant.Axis = a.Axis
	}
	return t
}

// fill writes values to b.
func fill(b tensor.Buffer, d tensor.DType, data []float64) {
	for i, v := range data {
		switch d {
		case tensor.Float32:
			b.F32()[i] = float32(v)
		case tensor.Int8:
			b.I8()[i] = int8(v)
		case tensor.UInt8:
			b.Bytes()[i] = uint8(v)
		case tensor.Int16:
			b.I16()[i] = int16(v)
		case tensor.Int32:
			b.I32()[i] = int32(v)
		case tensor.Int64:
			b.I64()[i] = int64(v)
		}
	}
}

// elements returns the values of b.
func elements(b tensor.Buffer, d tensor.DType) (all []float64) {
	for i := range b.Len() / d.SizeBytes(1) {
		switch d {
		case tensor.Float32:
			all = append(all, float64(b.F32()[i]))
		case tensor.Int8:
			all = append(all, float64(b.I8()[i]))
		case tensor.UInt8:
			all = append(all, float64(b.Bytes()[i]))
		case tensor.Int16:
			all = append(all, float64(b.I16()[i]))
		case tensor.Int32:
			all = append(all, float64(b.I32()[i]))
		}
	}
	return all
}

// value makes the tensor a value of g: a constant or a variable where it is one, an input otherwise.
func (a *tflmArg) value(g *graph.Graph) *graph.Value {
	v := &graph.Value{Name: a.Name, Type: a.typ()}
	if a.Variable {
		v.Var = tensor.New(v.Type)
		for i := range v.Var.Data.Bytes() {
			if v.DType == tensor.Int8 {
				v.Var.Data.I8()[i] = int8(v.Quant.Zero[0])
			}
		}
		return v
	}
	if a.Const {
		v.Const = tensor.New(v.Type)
		fill(v.Const.Data, v.DType, a.Data)
		return v
	}
	g.Inputs = append(g.Inputs, v)
	return v
}

// activation is the fused one.
func (c *tflmLayer) activation() op.Attrs {
	t := tflmCase{}
	t.Params.Activation = c.Params.Activation
	return t.activation()
}

// window returns strides, dilations and pads of a kernel over an input.
func (c *tflmLayer) window(in, kernel []int) op.Attrs {
	p := &c.Params
	stride, dilation := []int{p.StrideH, p.StrideW}, []int{max(1, p.DilationHFactor), max(1, p.DilationWFactor)}
	a := op.Attrs{op.IntsAttr("strides", stride...), op.IntsAttr("dilations", dilation...)}
	if p.Padding == 0 {
		pads := make([]int, 4)
		for i := range 2 {
			total := max(0, ((in[i]+stride[i]-1)/stride[i]-1)*stride[i]+(kernel[i]-1)*dilation[i]+1-in[i])
			pads[i], pads[i+2] = total/2, total-total/2
		}
		a = append(a, op.IntsAttr("pads", pads...))
	}
	return append(a, c.activation()...)
}

// The functions below add the case's operator to g.

func (c *tflmLayer) conv(g *graph.Graph) (*graph.Node, error) {
	x, w := c.Inputs[0].value(g), c.Inputs[1].value(g)
	a := c.window(x.Shape.Dim[1:3], w.Shape.Dim[1:3])
	if m := w.Shape.Dim[3]; c.Params.DepthMultiplier > 0 { // [1,H,W,O] to [O,H,W,1]
		old, taps := w.Const.Data.I8(), w.Shape.Dim[1]*w.Shape.Dim[2]
		t := tensor.New(tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(m, w.Shape.Dim[1], w.Shape.Dim[2], 1),
			Quant: tensor.Quant{Scale: w.Quant.Scale, Zero: w.Quant.Zero}})
		for i, v := range old {
			t.Data.I8()[i%m*taps+i/m] = v
		}
		w = graph.NewConst(w.Name, t)
		a = append(a, op.IntAttr("groups", x.Shape.Dim[3]))
	} else if w.Shape.Dim[3] != x.Shape.Dim[3] {
		a = append(a, op.IntAttr("groups", x.Shape.Dim[3]/w.Shape.Dim[3]))
	}
	in := []*graph.Value{x, w}
	if len(c.Inputs) > 2 && c.Inputs[2] != nil {
		in = append(in, c.Inputs[2].value(g))
	}
	return g.Add(op.Conv2D, "y", a, in...)
}

func (c *tflmLayer) transposeConv(g *graph.Graph) (*graph.Node, error) {
	w, x := c.Inputs[1].value(g), c.Inputs[2].value(g)
	out, extra := c.Outputs[0].Shape[1:3], make([]int, 2)
	a := c.window(out, w.Shape.Dim[1:3])
	pads := append(op.Attrs{op.IntsAttr("pads", 0, 0, 0, 0)}, a...).Ints("pads")
	if a.Has("pads") {
		pads = a.Ints("pads")
	}
	stride := a.Ints("strides")
	for i := range 2 {
		// What the output has beyond the last input's reach, or, as less padding, short of it.
		natural := (x.Shape.Dim[1+i]-1)*stride[i] + w.Shape.Dim[1+i] - pads[i] - pads[i+2]
		if extra[i] = out[i] - natural; extra[i] < 0 {
			pads[i+2], extra[i] = pads[i+2]-extra[i], 0
		}
	}
	a = a.With(op.IntsAttr("pads", pads...)).With(op.IntsAttr("outputPadding", extra...))
	in := []*graph.Value{x, w}
	if len(c.Inputs) > 3 && c.Inputs[3] != nil {
		in = append(in, c.Inputs[3].value(g))
	}
	return g.Add(op.TransposeConv2D, "y", a, in...)
}

func (c *tflmLayer) fullyConnected(g *graph.Graph) (*graph.Node, error) {
	x, w := c.Inputs[0].value(g), c.Inputs[1].value(g)
	flat, err := g.Add(op.Reshape, "rows", op.Attrs{op.IntsAttr("shape", -1, w.Shape.Dim[1])}, x)
	if err != nil {
		return nil, err
	}
	flat.Out[0].Quant = x.Quant
	in := []*graph.Value{flat.Out[0], w}
	if len(c.Inputs) > 2 && c.Inputs[2] != nil {
		in = append(in, c.Inputs[2].value(g))
	}
	return g.Add(op.FullyConnected, "y", c.activation(), in...)
}

func (c *tflmLayer) svdf(g *graph.Graph) (*graph.Node, error) {
	var in []*graph.Value
	for _, i := range []int{0, 1, 2, 4, 3} {
		in = append(in, c.Inputs[i].value(g))
	}
	return g.Add(op.SVDF, "y", op.Attrs{op.IntAttr("rank", c.Params.Rank)}, in...)
}

func (c *tflmLayer) lstm(g *graph.Graph) (*graph.Node, error) {
	var in []*graph.Value
	for _, i := range []int{0, 18, 19, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15} {
		in = append(in, c.Inputs[i].value(g))
	}
	a := op.Attrs{op.FloatAttr("cellClip", c.Params.CellClip)}
	if c.Params.TimeMajor {
		a = append(a, op.IntAttr("timeMajor", 1))
	}
	return g.Add(op.LSTM, "y", a, in...)
}

// plain is an operator whose tensors are the first n inputs, with given attributes.
func plain(d *op.Def, n int, attrs func(*tflmLayer) op.Attrs) func(*tflmLayer, *graph.Graph) (*graph.Node, error) {
	return func(c *tflmLayer, g *graph.Graph) (*graph.Node, error) {
		var in []*graph.Value
		for _, a := range c.Inputs[:min(n, len(c.Inputs))] {
			in = append(in, a.value(g))
		}
		return g.Add(d, "y", attrs(c), in...)
	}
}

func none(*tflmLayer) op.Attrs { return nil }

func relu(*tflmLayer) op.Attrs { return op.Attrs{op.FloatAttr("min", 0)} }

func (a *tflmArg) ints() (all []int) {
	for _, v := range a.Data {
		all = append(all, int(v))
	}
	return all
}

func (c *tflmLayer) adjoint() op.Attrs {
	bit := map[bool]int{true: 1}
	return op.Attrs{op.IntAttr("adjX", bit[c.Params.AdjX]), op.IntAttr("adjY", bit[c.Params.AdjY])}
}

func (c *tflmLayer) softmax() op.Attrs { return append(c.to(), op.FloatAttr("beta", c.Params.Beta)) }

// to names the output's type.
func (c *tflmLayer) to() op.Attrs {
	return op.Attrs{op.IntAttr("to", int(tflmTypes[c.Outputs[0].DType]))}
}

func (c *tflmLayer) averagePool(g *graph.Graph) (*graph.Node, error) {
	return c.pool(g, op.AveragePool2D)
}
func (c *tflmLayer) maxPool(g *graph.Graph) (*graph.Node, error) { return c.pool(g, op.MaxPool2D) }

func (c *tflmLayer) pool(g *graph.Graph, d *op.Def) (*graph.Node, error) {
	x, kernel := c.Inputs[0].value(g), []int{c.Params.FilterHeight, c.Params.FilterWidth}
	return g.Add(d, "y", append(c.window(x.Shape.Dim[1:3], kernel), op.IntsAttr("kernel", kernel...)), x)
}

// axes are those of the option axis, a number or a list.
func (c *tflmLayer) axes() (axes []int) {
	if json.Unmarshal(c.Params.Axis, &axes) != nil {
		axes = make([]int, 1)
		if err := json.Unmarshal(c.Params.Axis, &axes[0]); err != nil {
			panic(err)
		}
	}
	return axes
}

func (c *tflmLayer) mean() op.Attrs {
	t := &tflmCase{Inputs: []*tflmTensor{{Shape: c.Inputs[0].Shape}}}
	t.Params.Axis, t.Params.KeepDims = c.Params.Axis, c.Params.KeepDims
	return t.reduced()
}

func (c *tflmLayer) pads() op.Attrs {
	p := c.Inputs[1].ints()
	var before, after []int
	for i := 0; i < len(p); i += 2 {
		before, after = append(before, p[i]), append(after, p[i+1])
	}
	a := op.Attrs{op.IntsAttr("pads", append(before, after...)...)}
	if len(c.Inputs) > 2 {
		v := c.Inputs[2]
		value := float32(v.Data[0])
		if v.Scale != nil {
			value = float32(v.Data[0]-float64(v.Zero[0])) * v.Scale[0]
		}
		a = append(a, op.FloatAttr("value", value))
	}
	return a
}

// TestTFLMLayers runs operators of all element types on the reference's cases: every code is equal, on every kernel set.
func TestTFLMLayers(t *testing.T) {
	for _, k := range []struct {
		file string
		add  func(*tflmLayer, *graph.Graph) (*graph.Node, error)
	}{
		{"conv2d_int8", (*tflmLayer).conv},
		{"conv2d_int16x8", (*tflmLayer).conv},
		{"depthwise_conv2d_int8", (*tflmLayer).conv},
		{"depthwise_conv2d_int16x8", (*tflmLayer).conv},
		{"fully_connected_int8", (*tflmLayer).fullyConnected},
		{"fully_connected_int16x8", (*tflmLayer).fullyConnected},
		{"transpose_conv_int8", (*tflmLayer).transposeConv},
		{"transpose_conv_int16", (*tflmLayer).transposeConv},
		{"batch_matmul_int8", plain(op.BatchMatMul, 2, (*tflmLayer).adjoint)},
		{"batch_matmul_int16", plain(op.BatchMatMul, 2, (*tflmLayer).adjoint)},
		{"add_int16", plain(op.Add, 2, (*tflmLayer).activation)},
		{"sub_int16", plain(op.Sub, 2, (*tflmLayer).activation)},
		{"mul_int16", plain(op.Mul, 2, (*tflmLayer).activation)},
		{"prelu_int16", plain(op.PRelu, 2, none)},
		{"leaky_relu_int16", plain(op.LeakyRelu, 1, func(c *tflmLayer) op.Attrs { return op.Attrs{op.FloatAttr("alpha", c.Params.Alpha)} })},
		{"relu_int8", plain(op.Clamp, 1, relu)},
		{"relu_int16", plain(op.Clamp, 1, relu)},
		{"relu6_int8", plain(op.Clamp, 1, func(*tflmLayer) op.Attrs { return append(relu(nil), op.FloatAttr("max", 6)) })},
		{"logistic_int16", plain(op.Logistic, 1, none)},
		{"tanh_int16", plain(op.Tanh, 1, none)},
		{"softmax_int8", plain(op.Softmax, 1, (*tflmLayer).softmax)},
		{"softmax_int16", plain(op.Softmax, 1, (*tflmLayer).softmax)},
		{"softmax_int8_int16", plain(op.Softmax, 1, (*tflmLayer).softmax)},
		{"log_softmax_int8", plain(op.LogSoftmax, 1, none)},
		{"average_pool_2d_int8", (*tflmLayer).averagePool},
		{"average_pool_2d_int16", (*tflmLayer).averagePool},
		{"max_pool_2d_int8", (*tflmLayer).maxPool},
		{"max_pool_2d_int16", (*tflmLayer).maxPool},
		{"mean_int16", plain(op.Mean, 1, (*tflmLayer).mean)},
		{"pad", plain(op.Pad, 1, (*tflmLayer).pads)},
		{"padv2", plain(op.Pad, 1, (*tflmLayer).pads)},
		{"concatenation", plain(op.Concat, 99, func(c *tflmLayer) op.Attrs {
			return op.Attrs{op.IntAttr("axis", (c.axes()[0]+len(c.Inputs[0].Shape))%len(c.Inputs[0].Shape))}
		})},
		{"transpose", plain(op.Transpose, 1, func(c *tflmLayer) op.Attrs { return op.Attrs{op.IntsAttr("perm", c.Inputs[1].ints()...)} })},
		{"svdf_int8", (*tflmLayer).svdf},
		{"lstm_int8", (*tflmLayer).lstm},
		{"lstm_int16x8", (*tflmLayer).lstm},
		{"dequantize_int8", plain(op.Dequantize, 1, none)},
		{"dequantize_int16", plain(op.Dequantize, 1, none)},
		{"quantize_float_int8", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"quantize_float_int16", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int8_int8", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int8_int16", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int8_int32", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int8_uint8", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_uint8_int8", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int16_int8", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int16_int16", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int16_int32", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int32_int8", plain(op.Quantize, 1, (*tflmLayer).to)},
		{"requantize_int32_int16", plain(op.Quantize, 1, (*tflmLayer).to)},
	} {
		t.Run(k.file, func(t *testing.T) {
			cases := readLayers(t, k.file)
			for _, c := range cases {
				for _, set := range kernels.All() {
					c.check(t, k.add, set)
				}
			}
			if len(cases) < 2 {
				t.Errorf("%d cases", len(cases))
			}
		})
	}
}

func readLayers(t *testing.T, name string) []*tflmLayer {
	f, err := os.Open(tflmVectors + name + ".json.gz")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no " + tflmVectors + " beside the project")
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []*tflmLayer
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return all
}

func (c *tflmLayer) check(t *testing.T, add func(*tflmLayer, *graph.Graph) (*graph.Node, error), set *kernels.Set) {
	t.Helper()
	g := &graph.Graph{}
	n, err := add(c, g)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	g.Outputs = n.Out
	for i, v := range n.Out {
		v.Quant = c.Outputs[i].typ().Quant
	}
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	s := prog.NewSession(nil)
	runs := c.Invocations
	if runs == nil {
		var once tflmRun
		for _, v := range g.Inputs {
			for _, a := range c.Inputs {
				if a != nil && a.Name == v.Name {
					once.Inputs = append(once.Inputs, a.Data)
				}
			}
		}
		for _, a := range c.Outputs {
			once.Outputs = append(once.Outputs, a.Data)
		}
		runs = append(runs, once)
	}
	for r, run := range runs {
		for i, v := range g.Inputs {
			fill(s.Input(i), v.DType, run.Inputs[i])
		}
		s.Run()
		for o, want := range run.Outputs {
			y := g.Outputs[o]
			got := elements(s.Output(o), y.DType)
			if len(got) != len(want) || y.DType != tflmTypes[c.Outputs[o].DType] {
				t.Errorf("%s: output is %v%v, want %v%v", c.Name, y.DType, s.OutputShape(o), c.Outputs[o].DType, c.Outputs[o].Shape)
				return
			}
			for i, v := range want {
				if y.DType == tensor.Float32 {
					v = float64(float32(v))
				}
				if got[i] != v && !(math.IsNaN(got[i]) && math.IsNaN(v)) {
					t.Errorf("%s, %s, run %d: y[%d] = %g, want %g", c.Name, set.Name, r, i, got[i], v)
					return
				}
			}
		}
	}
}
