package rt_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// tflm is outputs of TensorFlow Lite Micro's reference kernels, made elsewhere and not part of this project.
const tflm = "../../shared/data/tflm_ops/"

type tflmTensor struct {
	Shape []int
	DType string
	Scale float32
	Zero  int32 `json:"zero_point"`
	Const bool
	Data  []int64
}

type tflmCase struct {
	Name   string
	Params struct {
		KeepDims, AlignCorners, HalfPixelCenters bool
		Axis                                     json.RawMessage
		Mode                                     int
	}
	Inputs, Outputs []*tflmTensor
}

func (v *tflmTensor) ints() []int {
	var all []int
	for _, k := range v.Data {
		all = append(all, int(k))
	}
	return all
}

// TestTFLM runs int8 operators on TensorFlow Lite Micro's own numbers: every code is equal.
func TestTFLM(t *testing.T) {
	axes := func(c *tflmCase, rank int) []int {
		var one int
		var many []int
		if json.Unmarshal(c.Params.Axis, &one) == nil {
			many = []int{one}
		} else if err := json.Unmarshal(c.Params.Axis, &many); err != nil {
			t.Fatal(err)
		}
		for i, a := range many {
			many[i] = (a + rank) % rank
		}
		slices.Sort(many)
		return slices.Compact(many)
	}
	pads := func(c *tflmCase) op.Attr {
		p := c.Inputs[1].ints()
		var before, after []int
		for i := 0; i < len(p); i += 2 {
			before, after = append(before, p[i]), append(after, p[i+1])
		}
		return op.IntsAttr("pads", append(before, after...)...)
	}
	resize := func(c *tflmCase, mode string) op.Attrs {
		coordinates := "asymmetric"
		if c.Params.AlignCorners {
			coordinates = "align_corners"
		} else if c.Params.HalfPixelCenters {
			coordinates = "half_pixel"
		}
		return op.Attrs{op.IntsAttr("size", c.Inputs[1].ints()...), op.StringAttr("mode", mode),
			op.StringAttr("coordinates", coordinates), op.StringAttr("rounding", "tflite")}
	}
	for file, f := range map[string]struct {
		def   *op.Def
		attrs func(*tflmCase) op.Attrs
	}{
		"mean_int8": {op.Mean, func(c *tflmCase) op.Attrs {
			keep := 0
			if c.Params.KeepDims {
				keep = 1
			}
			return op.Attrs{op.IntsAttr("axes", axes(c, len(c.Inputs[0].Shape))...), op.IntAttr("keepDims", keep)}
		}},
		"resize_bilinear_int8": {op.Resize, func(c *tflmCase) op.Attrs { return resize(c, "linear") }},
		"resize_nearest_int8":  {op.Resize, func(c *tflmCase) op.Attrs { return resize(c, "nearest") }},
		"pad":                  {op.Pad, func(c *tflmCase) op.Attrs { return op.Attrs{pads(c)} }},
		"padv2": {op.Pad, func(c *tflmCase) op.Attrs {
			v := c.Inputs[2]
			return op.Attrs{pads(c), op.FloatAttr("value", float32(v.Data[0]-int64(v.Zero))*v.Scale)}
		}},
		"mirror_pad_int8": {op.Pad, func(c *tflmCase) op.Attrs {
			return op.Attrs{pads(c), op.StringAttr("mode", []string{"reflect", "symmetric"}[c.Params.Mode])}
		}},
	} {
		ran := 0
		for _, c := range readTFLM(t, file) {
			if c.Inputs[0].DType != "int8" {
				continue
			}
			ran++
			got := runTFLM(t, f.def, f.attrs(c), c)
			want := c.Outputs[0]
			for i, v := range want.Data {
				if int64(got[i]) != v {
					t.Errorf("%s: %s: output %d is %d, want %d", file, c.Name, i, got[i], v)
					break
				}
			}
		}
		if ran < 2 {
			t.Errorf("%s: %d cases", file, ran)
		}
	}
}

func readTFLM(t *testing.T, name string) []*tflmCase {
	f, err := os.Open(tflm + name + ".json.gz")
	if err != nil {
		t.Skipf("no %s: TensorFlow Lite Micro's numbers are not compared", tflm)
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

// runTFLM runs the operator on the case's first input.
func runTFLM(t *testing.T, def *op.Def, attrs op.Attrs, c *tflmCase) []int8 {
	in, out := c.Inputs[0], c.Outputs[0]
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(in.Shape...), Quant: tensor.PerTensor(in.Scale, in.Zero)}}
	g := &graph.Graph{Inputs: []*graph.Value{x}}
	n, err := g.Add(def, c.Name, attrs, x)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	n.Out[0].Quant = tensor.PerTensor(out.Scale, out.Zero)
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	s := prog.NewSession(nil)
	for i, v := range in.Data {
		s.Input(0).I8()[i] = int8(v)
	}
	s.Run()
	if shape := s.OutputShape(0); !slices.Equal(shape.Dims(), out.Shape) && len(out.Data) != shape.Elements() {
		t.Fatalf("%s: output has shape %v, want %v", c.Name, shape, out.Shape)
	}
	return s.Output(0).I8()
}
