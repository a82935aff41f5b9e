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

// TestConvolutionVectors feeds the int8 convolutions and depthwise convolutions of CMSIS-NN's test data to every kernel
// set. The files give multipliers and shifts, not scales, so the layers are prepared below their operator.
func TestConvolutionVectors(t *testing.T) {
	convolutions, depthwise := 0, 0
	eachVector(t, func(v *vector) {
		switch {
		case v.Arrays[v.name+"_input"].Type != "int8_t" || strings.Contains(v.name, "int4") || strings.Contains(v.name, "transpose") ||
			v.array("output_mult") == nil || v.def("FILTER_X", 0) == 0 || v.def("OUTPUT_W", 0) == 0:
			return
		case v.def("CH_MULT", 0) > 0:
			depthwise++
		default:
			convolutions++
		}
		for _, set := range kernels.All() {
			t.Run(v.name+"/"+set.Name, func(t *testing.T) { v.check(t, set) })
		}
	})
	if convolutions < 15 || depthwise < 8 {
		t.Errorf("%d convolutions and %d depthwise ones found, want 15 and 8", convolutions, depthwise)
	}
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

func (v *vector) check(t *testing.T, set *kernels.Set) {
	n, h, wide, c, o := v.def("INPUT_BATCHES", 1), v.def("INPUT_H", 1), v.def("INPUT_W", 1), v.def("IN_CH", 0), v.def("OUT_CH", 0)
	win := window{
		kernel: [2]int{v.def("FILTER_Y", 1), v.def("FILTER_X", 1)}, stride: [2]int{v.def("STRIDE_Y", 1), v.def("STRIDE_X", 1)},
		dilation: [2]int{v.def("DILATION_Y", 1), v.def("DILATION_X", 1)}, in: [2]int{h, wide},
		out: [2]int{v.def("OUTPUT_H", 1), v.def("OUTPUT_W", 1)}, pad: [4]int{v.def("PAD_Y", 0), v.def("PAD_X", 0)},
	}
	weights := i8(v.array("weights"))
	mult, shift, bias := v.array("output_mult"), v.array("output_shift"), v.array("biases")
	x, want := i8(v.array("input")), i8(v.array("output_ref"))
	// The interpreter's channels count groups in some files: the arrays say what they are.
	c, o = len(x)/(n*h*wide), len(mult)
	if bias == nil {
		bias = make([]int32, o)
	}
	win.channels = c
	for i := range 2 {
		win.pad[i+2] = max(0, win.span(i)-win.in[i]-win.pad[i])
	}
	depth := len(weights) / (o * win.taps())
	groups := c / depth
	if v.def("CH_MULT", 0) > 0 { // [1,H,W,O] to [O,H,W,1]
		depth, groups = 1, c
		ohw := make([]int8, len(weights))
		for i, w := range weights {
			ohw[i%o*win.taps()+i/o] = w
		}
		weights = ohw
	}
	p := &Prepare{Kernels: set, Node: &Node{
		In:  []Arg{{Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(n, h, wide, c)}, Slot: 0}},
		Out: []Arg{{Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(n, win.out[0], win.out[1], o)}, Slot: 1}},
	}}
	step := convStepS8(p, win, groups, &gemmS8Params{bias: bias, mult: mult, shift: shift, taps: win.taps(), k: depth,
		zx: int32(-v.def("INPUT_OFFSET", 0)), zy: int32(v.def("OUTPUT_OFFSET", 0)),
		lo: int32(v.def("OUT_ACTIVATION_MIN", -128)), hi: int32(v.def("OUT_ACTIVATION_MAX", 127)), inSlot: 0, outSlot: 1}, [][]int8{weights})

	f := &Frame{Buf: []tensor.Buffer{tensor.Alloc(len(x)), tensor.Alloc(len(want))}, Shape: []tensor.Shape{p.In[0].Shape, p.Out[0].Shape}}
	if len(want) != p.Out[0].Shape.Elements() {
		t.Fatalf("%d outputs, want %v", len(want), p.Out[0].Shape)
	}
	copy(f.Buf[0].I8(), x)
	w := &Worker{Scratch: tensor.Alloc(step.Info().ScratchBytes)}
	for task := range step.Tasks(f) {
		step.Run(f, w, task)
	}
	for i, y := range f.Buf[1].I8() {
		if y != want[i] {
			t.Fatalf("%s: output %d is %d, want %d", step.Info().Kernel, i, y, want[i])
		}
	}
}
