package rt_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// tflmVectors are inputs and outputs of TensorFlow Lite Micro's reference kernels, made elsewhere and not part of this
// project.
const tflmVectors = "../../shared/data/tflm_ops/"

type tflmCase struct {
	Name    string
	Params  struct{ Activation, Alpha any }
	Inputs  []tflmTensor
	Outputs []tflmTensor
}

type tflmTensor struct {
	Shape     []int
	DType     string
	Scale     float32
	ZeroPoint int32 `json:"zero_point"`
	Const     bool
	Data      []int8
}

func (v *tflmTensor) typ() tensor.Type {
	return tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(v.Shape...), Quant: tensor.PerTensor(v.Scale, v.ZeroPoint)}
}

// TestTFLM runs the reference's int8 cases of the elementwise operators: the codes are equal.
func TestTFLM(t *testing.T) {
	activation := func(c *tflmCase) (attrs op.Attrs) {
		switch c.Params.Activation {
		case "RELU":
			attrs = op.Attrs{op.FloatAttr("min", 0)}
		case "RELU6":
			attrs = op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 6)}
		case "RELU_N1_TO_1":
			attrs = op.Attrs{op.FloatAttr("min", -1), op.FloatAttr("max", 1)}
		}
		return attrs
	}
	none := func(*tflmCase) op.Attrs { return nil }
	for _, k := range []struct {
		file  string
		def   *op.Def
		attrs func(*tflmCase) op.Attrs
	}{
		{"add_int8", op.Add, activation}, {"sub_int8", op.Sub, activation}, {"mul_int8", op.Mul, activation}, {"div_int8", op.Div, activation},
		{"logistic_int8", op.Logistic, none}, {"tanh_int8", op.Tanh, none}, {"hard_swish_int8", op.HardSwish, none}, {"prelu_int8", op.PRelu, none},
		{"leaky_relu_int8", op.LeakyRelu, func(c *tflmCase) op.Attrs {
			return op.Attrs{op.FloatAttr("alpha", float32(c.Params.Alpha.(float64)))}
		}},
	} {
		t.Run(k.file, func(t *testing.T) {
			f, err := os.Open(tflmVectors + k.file + ".json.gz")
			if errors.Is(err, os.ErrNotExist) {
				t.Skip("the reference's vectors are not here")
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			z, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			var cases []tflmCase
			if err := json.NewDecoder(z).Decode(&cases); err != nil {
				t.Fatal(err)
			}
			if len(cases) == 0 {
				t.Fatal("no cases")
			}
			for i := range cases {
				for _, set := range kernels.All() {
					tflmRun(t, &cases[i], k.def, k.attrs(&cases[i]), set)
				}
			}
		})
	}
}

func tflmRun(t *testing.T, c *tflmCase, def *op.Def, attrs op.Attrs, set *kernels.Set) {
	t.Helper()
	g := &graph.Graph{}
	var in []*graph.Value
	for i := range c.Inputs {
		v := &graph.Value{Name: strings.Repeat("x", i+1), Type: c.Inputs[i].typ()}
		g.Inputs = append(g.Inputs, v)
		in = append(in, v)
	}
	n, err := g.Add(def, "y", attrs, in...)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	n.Out[0].Quant = c.Outputs[0].typ().Quant
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	s := prog.NewSession(nil)
	for i := range c.Inputs {
		copy(s.Input(i).I8(), c.Inputs[i].Data)
	}
	s.Run()
	for i, want := range c.Outputs[0].Data {
		if got := s.Output(0).I8()[i]; got != want {
			t.Errorf("%s, %s: y[%d] = %d, want %d", c.Name, set.Name, i, got, want)
			return
		}
	}
}
