package rt_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
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

type tflmTensor struct {
	Shape []int
	DType string
	Scale float32
	Zero  int32 `json:"zero_point"`
	Data  []int64
}

func (v *tflmTensor) typ() tensor.Type {
	return tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(v.Shape...), Quant: tensor.PerTensor(v.Scale, v.Zero)}
}

func (v *tflmTensor) ints() []int {
	var all []int
	for _, k := range v.Data {
		all = append(all, int(k))
	}
	return all
}

type tflmCase struct {
	Name   string
	Params struct {
		Activation                               string
		Alpha                                    float32
		KeepDims, AlignCorners, HalfPixelCenters bool
		Axis                                     json.RawMessage
		Mode                                     int
	}
	Inputs, Outputs []*tflmTensor
}

// activation is the fused one.
func (c *tflmCase) activation() op.Attrs {
	switch c.Params.Activation {
	case "RELU":
		return op.Attrs{op.FloatAttr("min", 0)}
	case "RELU6":
		return op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 6)}
	case "RELU_N1_TO_1":
		return op.Attrs{op.FloatAttr("min", -1), op.FloatAttr("max", 1)}
	}
	return nil
}

func (c *tflmCase) mean() op.Attrs {
	var axes []int
	if json.Unmarshal(c.Params.Axis, &axes) != nil {
		axes = make([]int, 1)
		if json.Unmarshal(c.Params.Axis, &axes[0]) != nil {
			return nil
		}
	}
	rank := len(c.Inputs[0].Shape)
	for i, a := range axes {
		axes[i] = (a + rank) % rank
	}
	slices.Sort(axes)
	keep := 0
	if c.Params.KeepDims {
		keep = 1
	}
	return op.Attrs{op.IntsAttr("axes", slices.Compact(axes)...), op.IntAttr("keepDims", keep)}
}

func (c *tflmCase) pads() op.Attrs {
	p := c.Inputs[1].ints()
	var before, after []int
	for i := 0; i < len(p); i += 2 {
		before, after = append(before, p[i]), append(after, p[i+1])
	}
	return op.Attrs{op.IntsAttr("pads", append(before, after...)...)}
}

func (c *tflmCase) resize(mode string) op.Attrs {
	coordinates := "asymmetric"
	if c.Params.AlignCorners {
		coordinates = "align_corners"
	} else if c.Params.HalfPixelCenters {
		coordinates = "half_pixel"
	}
	return op.Attrs{op.IntsAttr("size", c.Inputs[1].ints()...), op.StringAttr("mode", mode),
		op.StringAttr("coordinates", coordinates), op.StringAttr("rounding", "tflite")}
}

// TestTFLM runs int8 operators on the reference's cases: every code is equal, on every kernel set.
func TestTFLM(t *testing.T) {
	none := func(*tflmCase) op.Attrs { return nil }
	for _, k := range []struct {
		file     string
		def      *op.Def
		operands int // inputs that are tensors for the operator here
		attrs    func(*tflmCase) op.Attrs
	}{
		{"add_int8", op.Add, 2, (*tflmCase).activation},
		{"sub_int8", op.Sub, 2, (*tflmCase).activation},
		{"mul_int8", op.Mul, 2, (*tflmCase).activation},
		{"div_int8", op.Div, 2, (*tflmCase).activation},
		{"logistic_int8", op.Logistic, 1, none},
		{"tanh_int8", op.Tanh, 1, none},
		{"hard_swish_int8", op.HardSwish, 1, none},
		{"prelu_int8", op.PRelu, 2, none},
		{"leaky_relu_int8", op.LeakyRelu, 1, func(c *tflmCase) op.Attrs { return op.Attrs{op.FloatAttr("alpha", c.Params.Alpha)} }},
		{"mean_int8", op.Mean, 1, (*tflmCase).mean},
		{"resize_bilinear_int8", op.Resize, 1, func(c *tflmCase) op.Attrs { return c.resize("linear") }},
		{"resize_nearest_int8", op.Resize, 1, func(c *tflmCase) op.Attrs { return c.resize("nearest") }},
		{"pad", op.Pad, 1, (*tflmCase).pads},
		{"padv2", op.Pad, 1, func(c *tflmCase) op.Attrs {
			v := c.Inputs[2]
			return append(c.pads(), op.FloatAttr("value", float32(v.Data[0]-int64(v.Zero))*v.Scale))
		}},
		{"mirror_pad_int8", op.Pad, 1, func(c *tflmCase) op.Attrs {
			return append(c.pads(), op.StringAttr("mode", []string{"reflect", "symmetric"}[c.Params.Mode]))
		}},
	} {
		t.Run(k.file, func(t *testing.T) {
			ran := 0
			for _, c := range readTFLM(t, k.file) {
				if c.Inputs[0].DType != "int8" {
					continue
				}
				ran++
				for _, set := range kernels.All() {
					c.check(t, k.def, k.operands, k.attrs(c), set)
				}
			}
			if ran < 2 {
				t.Errorf("%d cases", ran)
			}
		})
	}
}

func readTFLM(t *testing.T, name string) []*tflmCase {
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
	var all []*tflmCase
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return all
}

func (c *tflmCase) check(t *testing.T, def *op.Def, operands int, attrs op.Attrs, set *kernels.Set) {
	t.Helper()
	g := &graph.Graph{}
	for i, x := range c.Inputs[:operands] {
		g.Inputs = append(g.Inputs, &graph.Value{Name: strings.Repeat("x", i+1), Type: x.typ()})
	}
	n, err := g.Add(def, "y", attrs, g.Inputs...)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	want := c.Outputs[0]
	n.Out[0].Quant = want.typ().Quant
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	s := prog.NewSession(nil)
	for i, x := range c.Inputs[:operands] {
		for k, v := range x.Data {
			s.Input(i).I8()[k] = int8(v)
		}
	}
	s.Run()
	got := s.Output(0).I8()
	if len(got) != len(want.Data) {
		t.Fatalf("%s: output has shape %v, want %v", c.Name, s.OutputShape(0), want.Shape)
	}
	for i, v := range want.Data {
		if int64(got[i]) != v {
			t.Errorf("%s, %s: y[%d] = %d, want %d", c.Name, set.Name, i, got[i], v)
			return
		}
	}
}
