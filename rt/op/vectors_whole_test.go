package op

import (
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt/tensor"
)

// operand is an input of codes.
type operand struct {
	codes []int32
	shape tensor.Shape
}

// runOp returns the output of a whole operator on codes of scale 1 and zero point 0, so that reals are codes.
func runOp(t *testing.T, set *kernels.Set, def *Def, attrs Attrs, d tensor.DType, x ...operand) []int32 {
	t.Helper()
	p := &Prepare{Kernels: set, Node: &Node{Attrs: attrs, Out: []Arg{{Slot: len(x)}}}}
	var buf []tensor.Buffer
	var shape []tensor.Shape
	for i, o := range x {
		if len(o.codes) != o.shape.Elements() {
			t.Fatalf("input %d has %d codes, want %v", i, len(o.codes), o.shape)
		}
		p.In = append(p.In, Arg{Type: tensor.Type{DType: d, Shape: o.shape, Quant: tensor.PerTensor(1, 0)}, Slot: i})
		buf, shape = append(buf, codesBuffer(d, o.codes)), append(shape, o.shape)
	}
	if err := def.CheckAttrs(attrs); err != nil {
		t.Fatal(err)
	}
	if err := def.Infer(p.Node); err != nil {
		t.Fatal(err)
	}
	p.Out[0].Quant = tensor.PerTensor(1, 0)
	step, err := def.Prepare(p)
	if err != nil {
		t.Fatal(err)
	}
	n := p.Out[0].Shape.Elements()
	buf, shape = append(buf, tensor.Alloc(d.SizeBytes(n))), append(shape, p.Out[0].Shape)
	runStep(step, buf, shape)
	return codes(buf[len(x)], d, n)
}

// dtype is the type of the layer's first input.
func (v *vector) dtype() tensor.DType {
	if v.Arrays[v.name+"_input_tensor"].Type == "int16_t" {
		return tensor.Int16
	}
	return tensor.Int8
}

func (v *vector) pool(t *testing.T, set *kernels.Set) {
	def := MaxPool2D
	if strings.HasPrefix(v.name, "avg") {
		def = AveragePool2D
	}
	x, h, w, c := v.array("input_tensor"), v.def("INPUT_H", 0), v.def("INPUT_W", 0), v.def("INPUT_C", 0)
	after := func(out, stride, k, before, in int) int { return max(0, (out-1)*stride+k-before-in) }
	kh, kw, sh, sw, top, left := v.def("FILTER_H", 0), v.def("FILTER_W", 0), v.def("STRIDE_H", 0), v.def("STRIDE_W", 0), v.def("PADDING_H", 0), v.def("PADDING_W", 0)
	got := runOp(t, set, def, Attrs{IntsAttr("kernel", kh, kw), IntsAttr("strides", sh, sw),
		IntsAttr("pads", top, left, after(v.def("OUTPUT_H", 0), sh, kh, top, h), after(v.def("OUTPUT_W", 0), sw, kw, left, w)),
		FloatAttr("min", float32(v.def("ACTIVATION_MIN", 0))), FloatAttr("max", float32(v.def("ACTIVATION_MAX", 0)))},
		// The number of batches is that of another layer in a file.
		v.dtype(), operand{x, tensor.MakeShape(len(x)/(h*w*c), h, w, c)})
	equalCodes(t, got, v.array("output"))
}

func (v *vector) extreme(t *testing.T, set *kernels.Set) {
	def := Maximum
	if strings.HasPrefix(v.name, "min") {
		def = Minimum
	}
	of := func(i string) operand {
		return operand{v.array("input_tensor_" + i), tensor.MakeShape(v.def("BATCH_"+i, 1), v.def("HEIGHT_"+i, 1), v.def("WIDTH_"+i, 1), v.def("CHANNEL_"+i, 1))}
	}
	equalCodes(t, runOp(t, set, def, nil, tensor.Int8, of("1"), of("2")), v.array("output"))
}

func (v *vector) pad(t *testing.T, set *kernels.Set) {
	var pads []int
	for _, side := range []string{"PRE", "POST"} {
		for _, axis := range []string{"N", "H", "W", "C"} {
			pads = append(pads, v.def(side+"_PAD_"+axis, 0))
		}
	}
	x := operand{v.array("input_tensor"), tensor.MakeShape(v.def("INPUT_N", 1), v.def("INPUT_H", 1), v.def("INPUT_W", 1), v.def("INPUT_C", 1))}
	attrs := Attrs{IntsAttr("pads", pads...), FloatAttr("value", float32(v.def("PAD_VALUE", 0)))}
	equalCodes(t, runOp(t, set, Pad, attrs, tensor.Int8, x), v.array("output"))
}

// transpositions are the shapes and permutations that the files do not give: those by which the input becomes the output.
// Of several that do, one is here.
var transpositions = map[string][2][]int{
	"transpose_3dim":    {{5, 4, 20}, {0, 2, 1}},
	"transpose_3dim2":   {{5, 4, 20}, {1, 2, 0}},
	"transpose_chwn":    {{5, 8, 6, 17}, {3, 1, 2, 0}},
	"transpose_default": {{4, 3, 3, 22}, {3, 2, 1, 0}},
	"transpose_matrix":  {{5, 20}, {1, 0}},
	"transpose_nchw":    {{4, 3, 9, 19}, {0, 3, 1, 2}},
	"transpose_ncwh":    {{5, 4, 3, 9}, {0, 3, 2, 1}},
	"transpose_nhcw":    {{1, 1, 128, 128}, {0, 1, 3, 2}},
	"transpose_nwhc":    {{1, 19, 3, 64}, {0, 2, 1, 3}},
	"transpose_wchn":    {{4, 3, 7, 9}, {2, 3, 1, 0}},
}

func (v *vector) transpose(t *testing.T, set *kernels.Set) {
	k := transpositions[v.name]
	got := runOp(t, set, Transpose, Attrs{IntsAttr("perm", k[1]...)}, tensor.Int8, operand{v.array("input_tensor"), tensor.MakeShape(k[0]...)})
	equalCodes(t, got, v.array("output"))
}

func (v *vector) softmax(t *testing.T, set *kernels.Set) {
	rows, n, dmin := v.def("NUM_ROWS", 1), v.def("ROW_SIZE", 1), int32(v.def("DIFF_MIN", 0))
	s := &rowsStep{x: 0, y: 1, most: n, exp: expCodes(int32(v.def("INPUT_MULT", 0)), int32(v.def("INPUT_LEFT_SHIFT", 0)), dmin), dmin: dmin, run: runSoftmaxS8S16}
	want, shape := v.array("output_ref"), tensor.MakeShape(rows, n)
	v.runStep(t, s, tensor.Int16, want, 1, []tensor.Buffer{codesBuffer(tensor.Int8, v.array("input")), tensor.Alloc(2 * len(want))}, []tensor.Shape{shape, shape})
}

// network runs the layers of a keyword spotter one after the other.
func (v *vector) network(t *testing.T, set *kernels.Set) {
	layer := func(number, kind string, more map[string]float64) *vector {
		l := &vector{name: v.name + "_layer_" + number + "_" + kind, Arrays: v.Arrays, Defines: map[string]any{}}
		for k, d := range v.Defines {
			if name, ok := strings.CutPrefix(k, strings.ToUpper(kind)+"_"+number+"_"); ok {
				l.Defines[strings.ToUpper(l.name)+"_"+name] = d
			}
		}
		for k, d := range more {
			l.Defines[strings.ToUpper(l.name)+"_"+k] = d
		}
		return l
	}
	x := v.array("input")
	for i, number := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		if i%2 == 0 {
			x = layer(number, "conv_2d", nil).convolve(t, set, x)
		} else {
			x = layer(number, "depthwise_conv_2d", map[string]float64{"CH_MULT": 1}).convolve(t, set, x)
		}
	}
	x = runOp(t, set, AveragePool2D, Attrs{IntsAttr("kernel", 25, 5)}, tensor.Int8, operand{x, tensor.MakeShape(1, 25, 5, 64)})
	// The channels of the last layer are given the other way round.
	x = layer("12", "fully_connected", map[string]float64{"OUT_CH": 12, "ACCUMULATION_DEPTH": 64}).connect(t, set, x)
	num := func(name string) int32 { return int32(v.Defines["SOFTMAX_13_"+name].(float64)) }
	s := &rowsStep{x: 0, y: 1, most: len(x), exp: expCodes(num("MULT"), num("SHIFT"), num("DIFF_MIN")), dmin: num("DIFF_MIN"), softmaxS8: set.SoftmaxS8, run: runSoftmaxS8}
	y, shape := tensor.Alloc(len(x)), tensor.MakeShape(1, len(x))
	runStep(s, []tensor.Buffer{codesBuffer(tensor.Int8, x), y}, []tensor.Shape{shape, shape})
	equalCodes(t, codes(y, tensor.Int8, len(x)), v.array("output_ref"))
}
