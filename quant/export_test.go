package quant_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/quant/onnx"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// normal feeds samples like those that the exports' batch normalizations expect.
type normal struct{ n int }

func (s normal) Len() int { return s.n }
func (s normal) Fill(i int, session *rt.Session) error {
	r := rand.New(rand.NewPCG(uint64(i), 5))
	for k := range session.Input(0).F32() {
		session.Input(0).F32()[k] = float32(r.NormFloat64())
	}
	return nil
}

func operators(g *graph.Graph) string {
	var names []string
	for _, n := range g.Nodes {
		names = append(names, n.Op.Name)
	}
	return strings.Join(names, " ")
}

// TestExports: networks as PyTorch exports them become neighbours in NHWC, none of which is left in float32 or
// requantized on its way.
func TestExports(t *testing.T) {
	for name, want := range map[string]string{
		"squeezenet": "Transpose Conv2D MaxPool2D Conv2D Conv2D Conv2D Concat Conv2D Conv2D Conv2D Concat Conv2D Mean",
		"unet": "Transpose Conv2D MaxPool2D Conv2D MaxPool2D Conv2D TransposeConv2D Concat Conv2D Resize Concat Conv2D Conv2D " +
			"Transpose",
		"shufflenet": "Transpose Conv2D Slice Slice Conv2D Concat Reshape Transpose Reshape Slice Slice Conv2D Concat Reshape " +
			"Transpose Reshape Mean FullyConnected",
		"tcn": "Reshape Transpose Conv2D MaxPool2D Conv2D Conv2D Add Concat TransposeConv2D AveragePool2D Slice Reshape " +
			"FullyConnected",
	} {
		t.Run(name, func(t *testing.T) {
			g, err := onnx.Import("../testdata/onnx/torch_"+name+".onnx", onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := quant.Convert(g, normal{20}, quant.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := operators(r.Float); got != want {
				t.Errorf("nodes\n%s, want\n%s", got, want)
			}
			if got := operators(r.Int8); got != "Quantize "+want+" Dequantize" {
				t.Errorf("int8 nodes\n%s", got)
			}
			if len(r.Issues) > 0 {
				t.Error(r.Issues)
			}
			real, code := runNormal(t, r.Float), runNormal(t, r.Int8)
			var signal, noise float64
			for i, v := range real {
				signal += float64(v * v)
				noise += float64((code[i] - v) * (code[i] - v))
			}
			if db := 10 * math.Log10(signal/noise); !(db > 20) {
				t.Errorf("int8 is %.1f dB off", db)
			} else {
				t.Logf("%.1f dB", db)
			}
		})
	}
}

func runNormal(t *testing.T, g *graph.Graph) []float32 {
	t.Helper()
	prog, err := rt.Compile(g, rt.Options{Kernels: kernels.Generic()})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	_ = normal{1}.Fill(3, s)
	s.Run()
	return append([]float32(nil), s.Output(0).F32()...)
}

// TestTiedRanges joins values of very different ranges: all take the union, also through operators that only hand
// codes on, but a Softmax, whose scale its arithmetic fixes, is requantized.
func TestTiedRanges(t *testing.T) {
	g := &graph.Graph{}
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 4, 4, 3)}}
	g.Inputs = []*graph.Value{x}
	add := func(def *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
		n, err := g.Add(def, def.Name+string(rune('a'+len(g.Nodes))), attrs, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n.Out[0]
	}
	big := graph.NewConst("big", tensor.FromF32(tensor.Shape{}, []float32{10}))
	large := add(op.Mul, nil, x, big)
	pool := add(op.MaxPool2D, op.Attrs{op.IntsAttr("kernel", 1, 1)}, large)
	small := add(op.Clamp, op.Attrs{op.FloatAttr("min", -0.5), op.FloatAttr("max", 0.5)}, x)
	soft := add(op.Softmax, nil, x)
	g.Outputs = []*graph.Value{add(op.Concat, op.Attrs{op.IntAttr("axis", 3)}, pool, small, soft)}
	r, err := quant.Convert(g, normal{4}, quant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := operators(r.Int8); got != "Quantize Mul MaxPool2D Clamp Softmax Quantize Concat Dequantize" {
		t.Errorf("int8 nodes %s", got)
	}
	want := r.Int8.Outputs[0]
	joined := r.Int8.Producers()[want].In[0]
	for _, n := range r.Int8.Nodes {
		if n.Op == op.Mul || n.Op == op.Clamp || n.Op == op.MaxPool2D {
			if !n.Out[0].Quant.Equal(joined.Quant) {
				t.Errorf("%s is %v, want the quantization of %v", n.Op.Name, n.Out[0].Type, joined.Type)
			}
		}
	}
	real, code := runNormal(t, r.Float), runNormal(t, r.Int8)
	for i, v := range real {
		if d := math.Abs(float64(code[i] - v)); d > 2*float64(joined.Quant.Scale[0]) {
			t.Fatalf("output %d is %g, want %g", i, code[i], v)
		}
	}
}
