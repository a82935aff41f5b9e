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
	Data  tflmData
}

// tflmData are integers; bools stand as false and true in the files.
type tflmData []int64

func (d *tflmData) UnmarshalJSON(b []byte) error {
	var bools []bool
	if json.Unmarshal(b, &bools) != nil || len(bools) == 0 {
		return json.Unmarshal(b, (*[]int64)(d))
	}
	for _, v := range bools {
		*d = append(*d, map[bool]int64{true: 1}[v])
	}
	return nil
}

func (v *tflmTensor) typ() tensor.Type {
	t := tensor.Type{DType: map[string]tensor.DType{"int8": tensor.Int8, "int32": tensor.Int32, "bool": tensor.Bool}[v.DType], Shape: tensor.MakeShape(v.Shape...)}
	if t.DType == tensor.Int8 {
		t.Quant = tensor.PerTensor(v.Scale, v.Zero)
	}
	return t
}

func (v *tflmTensor) ints() []int {
	var all []int
	for _, k := range v.Data {
		all = append(all, int(k))
	}
	return all
}

type tflmCase struct {
	Op     string
	Name   string
	Params struct {
		Activation                               string
		Alpha                                    float32
		KeepDims, AlignCorners, HalfPixelCenters bool
		Axis                                     json.RawMessage
		Mode, BlockSize                          int
		Exclusive, Reverse                       bool
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

func (c *tflmCase) reduced() op.Attrs {
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

// axis is a constant input.
func (c *tflmCase) axis() op.Attr {
	rank := len(c.Inputs[0].Shape)
	return op.IntAttr("axis", (c.Inputs[1].ints()[0]+rank)%rank)
}

func (c *tflmCase) relation() op.Attrs {
	words := strings.Split(strings.ToLower(c.Op), "_")
	for i := range words[1:] {
		words[i+1] = strings.ToUpper(words[i+1][:1]) + words[i+1][1:]
	}
	return op.Attrs{op.StringAttr("relation", strings.Join(words, ""))}
}

func (c *tflmCase) function() op.Attrs {
	return op.Attrs{op.StringAttr("function", strings.ToLower(c.Op))}
}

func (c *tflmCase) block() op.Attrs { return op.Attrs{op.IntAttr("block", c.Params.BlockSize)} }

func (c *tflmCase) cumulative() op.Attrs {
	bit := map[bool]int{true: 1}
	return op.Attrs{c.axis(), op.IntAttr("exclusive", bit[c.Params.Exclusive]), op.IntAttr("reverse", bit[c.Params.Reverse])}
}

func (c *tflmCase) slice() op.Attrs {
	starts, ends := c.Inputs[1].ints(), c.Inputs[2].ints()
	for i, n := range ends {
		if ends[i] = starts[i] + n; n < 0 {
			ends[i] = c.Inputs[0].Shape[i]
		}
	}
	return op.Attrs{op.IntsAttr("starts", starts...), op.IntsAttr("ends", ends...)}
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
		file     string // with the operator's name after a dot where the file has several
		def      *op.Def
		operands int // inputs that are tensors for the operator here; all where it is 0
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
		{"mean_int8", op.Mean, 1, (*tflmCase).reduced},
		{"resize_bilinear_int8", op.Resize, 1, func(c *tflmCase) op.Attrs { return c.resize("linear") }},
		{"resize_nearest_int8", op.Resize, 1, func(c *tflmCase) op.Attrs { return c.resize("nearest") }},
		{"abs_int8", op.Unary, 1, (*tflmCase).function},
		{"rsqrt_int8", op.Unary, 1, (*tflmCase).function},
		{"elu_int8", op.Unary, 1, (*tflmCase).function},
		{"squared_difference_int8", op.SquaredDifference, 2, none},
		{"comparisons_int8", op.Compare, 2, (*tflmCase).relation},
		{"minimum_maximum.MINIMUM", op.Minimum, 2, none},
		{"minimum_maximum.MAXIMUM", op.Maximum, 2, none},
		{"sum_int8", op.Sum, 1, (*tflmCase).reduced},
		{"reduce_max_int8", op.ReduceMax, 1, (*tflmCase).reduced},
		{"reduce_min_int8", op.ReduceMin, 1, (*tflmCase).reduced},
		{"arg_max_min_int8.ARG_MAX", op.ArgMax, 1, func(c *tflmCase) op.Attrs { return op.Attrs{c.axis()} }},
		{"arg_max_min_int8.ARG_MIN", op.ArgMin, 1, func(c *tflmCase) op.Attrs { return op.Attrs{c.axis()} }},
		{"gather_int8", op.Gather, 2, func(c *tflmCase) op.Attrs {
			var axis int
			_ = json.Unmarshal(c.Params.Axis, &axis)
			return op.Attrs{op.IntAttr("axis", axis)}
		}},
		{"space_depth_int8.SPACE_TO_DEPTH", op.SpaceToDepth, 1, (*tflmCase).block},
		{"space_depth_int8.DEPTH_TO_SPACE", op.DepthToSpace, 1, (*tflmCase).block},
		{"cumsum_int8", op.CumSum, 1, (*tflmCase).cumulative},
		{"add_n_int8", op.AddN, 0, none},
		{"l2_normalization_int8", op.L2Normalization, 1, none},
		{"split_pack_slice.SLICE", op.Slice, 1, (*tflmCase).slice},
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
			file, name, _ := strings.Cut(k.file, ".")
			for _, c := range readTFLM(t, file) {
				if c.Inputs[0].DType != "int8" || name != "" && name != c.Op {
					continue
				}
				ran++
				operands := k.operands
				if operands == 0 {
					operands = len(c.Inputs)
				}
				for _, set := range kernels.All() {
					c.check(t, k.def, operands, k.attrs(c), set)
				}
			}
			if ran < 1 {
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
			if x.DType == "int32" {
				s.Input(i).I32()[k] = int32(v)
			} else {
				s.Input(i).I8()[k] = int8(v)
			}
		}
	}
	s.Run()
	if got := n.Out[0].DType; got != want.typ().DType {
		t.Fatalf("%s: output of %v, want %s", c.Name, got, want.DType)
	}
	var got []int64
	if want.DType == "int32" {
		for _, v := range s.Output(0).I32() {
			got = append(got, int64(v))
		}
	} else {
		for _, v := range s.Output(0).I8() {
			got = append(got, int64(v))
		}
	}
	if len(got) != len(want.Data) {
		t.Fatalf("%s: output has shape %v, want %v", c.Name, s.OutputShape(0), want.Shape)
	}
	for i, v := range want.Data {
		if got[i] != v {
			t.Errorf("%s, %s: y[%d] = %d, want %d", c.Name, set.Name, i, got[i], v)
			return
		}
	}
}
