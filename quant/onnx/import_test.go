package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

const testdata = "../../testdata"

// npy is a float32 array.
type npy struct {
	shape []int
	data  []float32
}

func readNpy(t testing.TB, path string) npy {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int(binary.LittleEndian.Uint16(b[8:]))
	header, body := string(b[10:10+size]), b[10+size:]
	if !strings.Contains(header, "'<f4'") || !strings.Contains(header, "'fortran_order': False") {
		t.Fatalf("%s: %s", path, header)
	}
	var a npy
	dims := regexp.MustCompile(`\(([^)]*)\)`).FindStringSubmatch(header)[1]
	for _, d := range strings.FieldsFunc(dims, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(d)
		if err != nil {
			t.Fatal(err)
		}
		a.shape = append(a.shape, n)
	}
	for i := 0; i < len(body); i += 4 {
		a.data = append(a.data, math.Float32frombits(binary.LittleEndian.Uint32(body[i:])))
	}
	return a
}

// run computes the graph's first output.
func run(t testing.TB, g *graph.Graph, inputs ...npy) npy {
	t.Helper()
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	for i, in := range inputs {
		if got := len(s.Input(i).F32()); got != len(in.data) {
			t.Fatalf("input %d has %d elements, want %d", i, got, len(in.data))
		}
		copy(s.Input(i).F32(), in.data)
	}
	s.Run()
	shape := s.OutputShape(0)
	return npy{append([]int{}, shape.Dims()...), append([]float32{}, s.Output(0).F32()...)}
}

func compare(got, want npy, relative, absolute float64) error {
	if fmt.Sprint(got.shape) != fmt.Sprint(want.shape) {
		return fmt.Errorf("shape %v, want %v", got.shape, want.shape)
	}
	for i, w := range want.data {
		g := got.data[i]
		if g == w || g != g && w != w {
			continue
		}
		if d := math.Abs(float64(g) - float64(w)); !(d <= absolute+float64(relative*math.Abs(float64(w)))) {
			return fmt.Errorf("element %d is %g, want %g", i, g, w)
		}
	}
	return nil
}

func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(testdata + "/onnx/*.onnx")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	return append(files, testdata+"/onnx/ext/model.onnx")
}

func TestFixtures(t *testing.T) {
	for _, file := range fixtures(t) {
		base := strings.TrimSuffix(file, ".onnx")
		t.Run(filepath.Base(base), func(t *testing.T) {
			g, err := Import(file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			inputs := []string{base + ".in.npy"}
			if len(g.Inputs) > 1 {
				inputs = nil
				for i := range g.Inputs {
					inputs = append(inputs, fmt.Sprintf("%s.in%d.npy", base, i))
				}
			}
			var xs []npy
			for _, name := range inputs {
				xs = append(xs, readNpy(t, name))
			}
			if g.Outputs[0].Name != "y" && !strings.Contains(base, "dynamo") {
				t.Errorf("output is called %q", g.Outputs[0].Name)
			}
			want := readNpy(t, base+".out.npy")
			if err := compare(run(t, g, xs...), want, 0, 1e-4*math.Max(1, peak(want.data))); err != nil {
				t.Error(err)
			}
		})
	}
}

func peak(v []float32) float64 {
	m := 0.0
	for _, x := range v {
		m = max(m, math.Abs(float64(x)))
	}
	return m
}

// TestBad holds what the error of each broken model has to say.
func TestBad(t *testing.T) {
	want := map[string]string{
		"attribute_wrong_type":   `node "y" (Flatten, opset 13): attribute "axis" is of type string, want int`,
		"cycle":                  `node "a" (Add, opset 13) is part of a cycle`,
		"cycle_self":             `node "y" (Add, opset 13) is part of a cycle`,
		"dangling_input":         `input "nobody" is neither a graph input nor a constant nor computed`,
		"dims_huge":              `tensor "w": shape [1073741824 1073741824]: dimension 1073741824 outside [0,16777216]`,
		"dims_negative":          `tensor "w": shape [-4 -4]: dimension -4 outside`,
		"dims_overflow":          `tensor "w": shape [1099511627776 1099511627776]: dimension 1099511627776 outside`,
		"dims_overflow_to_zero":  `dimension 4611686018427387904 outside`,
		"empty":                  `not an ONNX model: the file is empty`,
		"ext_absolute":           `external data in "/etc/passwd": outside of the model's folder`,
		"ext_dotdot":             `external data in "../ext/weights.bin": outside of the model's folder`,
		"ext_dotdot_inside":      `external data in "sub/../../ext/weights.bin": outside of the model's folder`,
		"ext_is_directory":       `external data in ".": not a regular file`,
		"ext_missing_file":       `nowhere.bin: no such file`,
		"ext_negative_offset":    `external data in "short.bin": offset "-8", want a number of bytes`,
		"ext_no_location":        `tensor "w": external data without a location`,
		"ext_offset_overflow":    `bytes [9223372036854775800,+64) of a file of 32 bytes`,
		"ext_offset_past_end":    `bytes [4096,+64) of a file of 32 bytes`,
		"ext_past_end":           `bytes [0,+64) of a file of 32 bytes`,
		"ext_wrong_length":       `external data in "short.bin": 32 bytes, want 64`,
		"function_explosion":     `graph is too large with its functions inlined`,
		"function_missing":       `node "y" (local.F): operator unsupported, and the model has no function of that name`,
		"function_recursive":     `function "local.F" calls itself`,
		"input_dim_negative":     `input "x": dimension 1 is -4, want 1 to 16777216`,
		"length_overflow":        `damaged: model, byte 172: field 7 wants 9223372036854775807 bytes, got 0`,
		"no_graph":               `model has no graph`,
		"no_opset":               `node "y" (Relu): no operator set of the default domain is imported`,
		"not_protobuf":           `not an ONNX model: a text`,
		"output_not_produced":    `output "y" is not computed`,
		"output_twice":           `node "y" (Identity, opset 13): output "y" is also an output of node "y" (Relu, opset 13)`,
		"shape_mismatch":         `node "y" (Gemm, opset 13): operands [2 4] and [5 4] with transA false, transB false: inner extents 4 and 5 differ`,
		"tensor_no_data":         `tensor "w": float32[4 4] holds 0 values, want 16`,
		"tensor_size_float_data": `tensor "w": float32[4 4] holds 8 values, want 16`,
		"tensor_size_raw_data":   `tensor "w": float32[4 4] holds 32 bytes, want 64`,
		"tensor_size_raw_odd":    `tensor "w": float32[4 4] holds 63 bytes, want 64`,
		"tensor_unknown_type":    `tensor "w": element type 99 unknown`,
		"truncated":              `damaged: model, byte`,
		"unsupported_ops":        `2 nodes cannot be imported:`,
	}
	files, _ := filepath.Glob(testdata + "/onnx/bad/*.onnx")
	if len(files) != len(want) {
		t.Errorf("%d files, %d expectations", len(files), len(want))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		_, err := Import(file, Options{})
		switch {
		case err == nil:
			t.Errorf("%s: no error", name)
		case want[name] == "" || !strings.Contains(err.Error(), want[name]):
			t.Errorf("%s: error %q, want %q", name, err, want[name])
		case !strings.HasPrefix(err.Error(), "onnx: "+name+".onnx: "):
			t.Errorf("%s: error %q does not name the file", name, err)
		}
	}
	_, err := Import(testdata+"/onnx/bad/unsupported_ops.onnx", Options{})
	if !errors.Is(err, op.ErrUnsupported) {
		t.Errorf("%v does not match ErrUnsupported", err)
	}
	for _, line := range []string{
		`node "nms" (NonMaxSuppression, opset 14): operator unsupported`,
		`node "custom" (com.example.Foo): operator unsupported, and the model has no function of that name`,
	} {
		if !strings.Contains(err.Error(), "\n\t"+line) {
			t.Errorf("error %q lacks %q", err, line)
		}
	}
}

func TestForeignFiles(t *testing.T) {
	for what, data := range map[string]string{
		"the file is empty": "",
		"a zip archive":     "PK\x03\x04\x14\x00",
		"a TFLite model":    "\x1c\x00\x00\x00TFL3\x14\x00",
		"an HDF5 file":      "\x89HDF\r\n\x1a\n",
		"a Git LFS pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
		"a text":            "<html><body>404</body></html>",
		"wire type":         "\xff\xd8\xff\xe0 picture \x00\x01\x02",
		"no IR version":     "\x12\x01a",
	} {
		_, err := Parse([]byte(data), nil, Options{})
		if err == nil || !strings.Contains(err.Error(), "not an ONNX model: ") || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, path := range []string{t.TempDir(), "/dev/zero", filepath.Join(t.TempDir(), "missing.onnx")} {
		if _, err := Import(path, Options{}); err == nil {
			t.Errorf("%s imported", path)
		}
	}
}

// list prints nodes as "Operator name(inputs)".
func list(g *graph.Graph) string {
	var b strings.Builder
	for _, n := range g.Nodes {
		var in []string
		for _, v := range n.In {
			in = append(in, v.Name)
		}
		fmt.Fprintf(&b, "%s %s(%s)\n", n.Op.Name, n.Name, strings.Join(in, " "))
	}
	return b.String()
}

const (
	mlpNodes = `Reshape /flatten/Flatten(input)
FullyConnected /fc1/Gemm(/flatten/Flatten_output_0 fc1.weight fc1.bias)
Clamp /Relu(/fc1/Gemm_output_0)
FullyConnected /fc2/Gemm(/Relu_output_0 fc2.weight fc2.bias)
`
	cnnNodes = `Transpose /conv1/Conv/to_nhwc(input)
Conv2D /conv1/Conv(/conv1/Conv/to_nhwc conv1.weight conv1.bias)
Transpose /conv1/Conv/to_nchw(/conv1/Conv)
Clamp /Relu(/conv1/Conv_output_0)
Transpose /conv2/Conv/to_nhwc(/Relu_output_0)
Conv2D /conv2/Conv(/conv2/Conv/to_nhwc conv2.weight conv2.bias)
Transpose /conv2/Conv/to_nchw(/conv2/Conv)
Clamp /Relu_1(/conv2/Conv_output_0)
Transpose /MaxPool/to_nhwc(/Relu_1_output_0)
MaxPool2D /MaxPool(/MaxPool/to_nhwc)
Transpose /MaxPool/to_nchw(/MaxPool)
Reshape /Flatten(/MaxPool_output_0)
FullyConnected /fc1/Gemm(/Flatten_output_0 fc1.weight fc1.bias)
Clamp /Relu_2(/fc1/Gemm_output_0)
FullyConnected /fc2/Gemm(/Relu_2_output_0 fc2.weight fc2.bias)
LogSoftmax /LogSoftmax(/fc2/Gemm_output_0)
`
)

// TestRealNetsOutputs compares with PyTorch on real pictures.
func TestRealNetsOutputs(t *testing.T) {
	const pictures = 16
	pixels, err := os.ReadFile(testdata + "/digits/test_x.npy")
	if err != nil {
		t.Fatal(err)
	}
	pixels = pixels[len(pixels)-2000*28*28:]
	x := npy{data: make([]float32, pictures*28*28)}
	for i := range x.data {
		x.data[i] = (float32(pixels[i])/255 - 0.1307) / 0.3081
	}
	for _, name := range []string{"mlp", "cnn"} {
		g, err := Import(testdata+"/digits/"+name+".onnx", Options{Dims: map[string]int{"batch": pictures}})
		if err != nil {
			t.Fatal(err)
		}
		want := readNpy(t, testdata+"/digits/"+name+"_torch.npy")
		want.shape[0], want.data = pictures, want.data[:pictures*10]
		if err := compare(run(t, g, x), want, 0, 1e-4*peak(want.data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRealNets(t *testing.T) {
	for name, want := range map[string]string{
		"mlp": mlpNodes,
		"cnn": cnnNodes,
	} {
		g, err := Import(testdata+"/digits/"+name+".onnx", Options{Dims: map[string]int{"batch": 4}})
		if err != nil {
			t.Fatal(err)
		}
		in, out := g.Inputs[0], g.Outputs[0]
		if in.Name != "input" || fmt.Sprint(in.Shape, in.Sym) != "[4 1 28 28] [batch   ]" {
			t.Errorf("%s: input %q %v %q", name, in.Name, in.Shape, in.Sym)
		}
		if out.Name != "output" || fmt.Sprint(out.Shape) != "[4 10]" {
			t.Errorf("%s: output %q %v", name, out.Name, out.Shape)
		}
		if got := list(g); got != want {
			t.Errorf("%s:\n%swant\n%s", name, got, want)
		}
	}
	_, err := Import(testdata+"/digits/mlp.onnx", Options{Dims: map[string]int{"btach": 4}})
	if err == nil || !strings.Contains(err.Error(), `no dimension is called "btach", the inputs have ["batch"]`) {
		t.Error(err)
	}
}

// TestBatch runs the convolutional net with fewer pictures than it was imported for.
func TestBatch(t *testing.T) {
	g, err := Import(testdata+"/digits/cnn.onnx", Options{Dims: map[string]int{"batch": 3}})
	if err != nil {
		t.Fatal(err)
	}
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	shape := s.InputShape(0)
	shape.Dim[0] = 2
	if err := s.Resize(0, shape); err != nil {
		t.Fatal(err)
	}
	s.Run()
	if got := s.OutputShape(0); fmt.Sprint(got) != "[2 10]" {
		t.Errorf("output %v", got)
	}
}
