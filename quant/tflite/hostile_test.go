package tflite

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgerun/rt"
	"edgerun/rt/op"
)

func floats(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func int32s(v ...int32) []byte {
	var b []byte
	for _, k := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(k))
	}
	return b
}

// opNumber and elem return the numbers of an operator and of an element type.
func opNumber(name string) int32 {
	for i, n := range builtins {
		if n == name {
			return int32(i)
		}
	}
	panic(name)
}

func elem(name string) byte {
	for i, e := range elemTypes {
		if e.name == name {
			return byte(i)
		}
	}
	panic(name)
}

// smallModel is a fully connected layer of 2 inputs and 3 outputs with a ReLU and a reshape behind it, in int8.
func smallModel() *fileModel {
	q := func(t fileTensor, scale float32, zero int64) fileTensor {
		t.code, t.scale, t.zero = elem("int8"), []float32{scale}, []int64{zero}
		return t
	}
	return &fileModel{
		tensors: []fileTensor{
			q(fileTensor{name: "x", shape: []int32{1, 2}}, 0.5, -3),
			q(fileTensor{name: "w", shape: []int32{3, 2}, data: []byte{1, 2, 3, 4, 0xfb, 6}}, 0.25, 0),
			{name: "b", shape: []int32{3}, code: elem("int32"), data: int32s(10, -20, 30)},
			q(fileTensor{name: "y", shape: []int32{1, 3}}, 0.5, 4),
			{name: "shape", shape: []int32{3}, code: elem("int32"), data: int32s(1, 3, 1)},
			q(fileTensor{name: "z", shape: []int32{1, 3, 1}}, 0.5, 4),
		},
		ops: []fileOp{
			{code: opNumber("FULLY_CONNECTED"), in: []int32{0, 1, 2}, out: []int32{3}, kind: 8, options: fbTable{byte(1), byte(0), false}},
			{code: opNumber("RESHAPE"), in: []int32{3, 4}, out: []int32{5}},
		},
		inputs: []int32{0}, outputs: []int32{5},
	}
}

// TestSmall computes a layer by hand: of x + 3 = (10, 6), the rows give 32, 34 and 16, of which a quarter, halves away from
// zero, and 4 are the codes.
func TestSmall(t *testing.T) {
	g, err := Parse(smallModel().bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g.Inputs[0].Name != "x" || g.Outputs[0].Name != "z" || g.Nodes[0].Name != "y" {
		t.Errorf("names %q, %q, %q", g.Inputs[0].Name, g.Outputs[0].Name, g.Nodes[0].Name)
	}
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		copy(s.Input(0).I8(), []int8{7, 3})
		s.Run()
		if got := s.Output(0).I8(); !slices.Equal(got, []int8{12, 13, 8}) {
			t.Errorf("outputs %v, want 12, 13, 8", got)
		}
		if n := testing.AllocsPerRun(10, s.Run); n != 0 {
			t.Errorf("%v allocations in Run", n)
		}
	})
}

// TestRefused: what is wrong or unsupported in a file is said, with the place.
func TestRefused(t *testing.T) {
	change := func(f func(m *fileModel)) []byte {
		m := smallModel()
		f(m)
		return m.bytes()
	}
	for _, c := range []struct {
		name        string
		file        []byte
		want        string
		unsupported bool
	}{
		{"empty", nil, "the file is empty", false},
		{"text", []byte("hello, this is no model"), "not a TFLite model: a text", false},
		{"zip", []byte("PK\x03\x04 and so on"), "not a TFLite model: a zip archive", false},
		{"cut off", smallModel().bytes()[:100], "damaged: ", false},
		{"custom operator", change(func(m *fileModel) { m.ops[1].custom = "Mine" }), `node "z" (custom "Mine", version 1): operator unsupported`, true},
		{"two operators", change(func(m *fileModel) { m.ops[0].code, m.ops[1].code, m.ops[1].version = 113, 115, 7 }),
			"2 nodes cannot be imported:\n\tnode \"y\" (MATRIX_DIAG, version 1): operator unsupported\n\tnode \"z\" (MATRIX_SET_DIAG, version 7): operator unsupported", true},
		{"unknown operator", change(func(m *fileModel) { m.ops[0].code = 5000 }), "operator 5000", true},
		{"tensor index", change(func(m *fileModel) { m.ops[0].in[0] = 6 }), "tensor 6 outside [-1,6)", false},
		{"negative output", change(func(m *fileModel) { m.ops[0].out[0] = -1 }), "tensor -1 outside [0,6)", false},
		{"missing input", change(func(m *fileModel) { m.ops[0].in[0] = -1 }), `node "y" (FULLY_CONNECTED, version 1): input 0 is missing`, false},
		{"order", change(func(m *fileModel) { m.ops[0], m.ops[1] = m.ops[1], m.ops[0] }), `tensor "y" is neither an input nor a constant nor computed`, false},
		{"computed twice", change(func(m *fileModel) { m.ops[1].out[0] = 3 }), `output tensor "y" is an input, a constant or computed twice`, false},
		{"no output", change(func(m *fileModel) { m.outputs[0] = 4; m.tensors[4].data = nil }), `tensor "shape" is neither`, false},
		{"short weights", change(func(m *fileModel) { m.tensors[1].data = m.tensors[1].data[:5] }), `tensor "w": the buffer has another size: int8[3 2] wants 6 bytes, 5 are stored`, false},
		{"huge weights", change(func(m *fileModel) { m.tensors[1].shape = []int32{1 << 23, 1 << 23} }), "has more than", false},
		{"negative shape", change(func(m *fileModel) { m.tensors[1].shape[0] = -3 }), "dimension -3 outside", false},
		{"another output", change(func(m *fileModel) { m.tensors[3].shape[1] = 4 }), "output 0 is declared as [1 4], the operator gives [1 3]", false},
		{"another type", change(func(m *fileModel) { m.tensors[3].code = elem("int16") }), "output 0 of int16", true},
		{"scale 0", change(func(m *fileModel) { m.tensors[0].scale[0] = 0 }), "scale 0 is not positive", false},
		{"scale NaN", change(func(m *fileModel) { m.tensors[1].scale[0] = float32(math.NaN()) }), "scale NaN is not positive", false},
		{"zero point", change(func(m *fileModel) { m.tensors[0].zero[0] = 128 }), "zero point 128 outside of the codes", false},
		{"scales", change(func(m *fileModel) { m.tensors[1].scale = []float32{1, 2} }), "2 scales on axis 0 of shape [3 2]", false},
		{"activation", change(func(m *fileModel) { m.ops[0].options[0] = byte(6) }), "fused activation 6 unsupported", true},
		{"new option", change(func(m *fileModel) { m.ops[0].options = append(m.ops[0].options, nil, nil, byte(1)) }), "option 5 unsupported", true},
		{"strings", change(func(m *fileModel) { m.tensors[0].code = elem("string") }), "element type string unsupported", true},
		{"variable", change(func(m *fileModel) { m.tensors[1].variable, m.tensors[1].data = true, nil }), "computed weights of int8 with a bias unsupported", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.file, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, op.ErrUnsupported) != c.unsupported {
				t.Errorf("error %v, want %q, unsupported %v", err, c.want, c.unsupported)
			}
		})
	}
}

// TestDims bounds a dimension that may vary.
func TestDims(t *testing.T) {
	m := smallModel()
	m.tensors[0].free = []int32{-1, 2}
	g, err := Parse(m.bytes(), Options{Dims: map[string]int{"x.dim0": 4}})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Outputs[0].Shape.String(); got != "[4 3 1]" || g.Inputs[0].Sym[0] != "x.dim0" {
		t.Errorf("output %v, names %q", got, g.Inputs[0].Sym)
	}
	if _, err := Parse(m.bytes(), Options{Dims: map[string]int{"n": 4}}); err == nil || !strings.Contains(err.Error(), `no dimension is called "n"`) {
		t.Errorf("unknown dimension: %v", err)
	}
}

// TestMalformed: files made to break a reader are refused, the valid one among them is not.
func TestMalformed(t *testing.T) {
	readShared(t, "malformed/valid_rect.tflite")
	files, err := filepath.Glob(sharedData + "malformed/*.tflite")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		_, err := Import(f, Options{})
		if valid := strings.HasPrefix(filepath.Base(f), "valid"); (err == nil) != valid {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// seeds are small models of several operators.
func seeds() [][]byte {
	sparse := smallModel()
	sparse.tensors[1].data = []byte{1, 2, 3, 4}
	sparse.tensors[1].sparsity = sparseSeed()
	conv := &fileModel{tensors: []fileTensor{
		{name: "x", shape: []int32{1, 4, 4, 2}, code: elem("float32")},
		{name: "w", shape: []int32{1, 3, 3, 4}, code: elem("float16"), data: make([]byte, 72)},
		{name: "w32", shape: []int32{1, 3, 3, 4}, code: elem("float32")},
		{name: "y", shape: []int32{1, 2, 2, 4}, code: elem("float32")},
		{name: "begin", shape: []int32{4}, code: elem("int32"), data: int32s(0, 1, 0, 0)},
		{name: "end", shape: []int32{4}, code: elem("int32"), data: int32s(0, 2, 0, 0)},
		{name: "step", shape: []int32{4}, code: elem("int32"), data: int32s(1, 1, 1, -1)},
		{name: "z", shape: []int32{1, 2, 4}, code: elem("float32")},
	}, ops: []fileOp{
		{code: opNumber("DEQUANTIZE"), in: []int32{1}, out: []int32{2}},
		{code: opNumber("DEPTHWISE_CONV_2D"), in: []int32{0, 2, -1}, out: []int32{3}, kind: 2, options: fbTable{byte(0), int32(2), int32(2), int32(2), byte(3)}},
		{code: opNumber("STRIDED_SLICE"), in: []int32{3, 4, 5, 6}, out: []int32{7}, kind: 32, options: fbTable{int32(13), int32(13), int32(0), int32(0), int32(2)}},
	}, inputs: []int32{0}, outputs: []int32{7}}
	blocks := &fileModel{tensors: []fileTensor{
		{name: "x", shape: []int32{1, 3, 4, 2}, code: elem("float32")},
		{name: "block", shape: []int32{2}, code: elem("int32"), data: int32s(2, 2)},
		{name: "pads", shape: []int32{2, 2}, code: elem("int32"), data: int32s(1, 0, 1, 1)},
		{name: "apart", shape: []int32{4, 2, 3, 2}, code: elem("float32")},
		{name: "y", shape: []int32{1, 3, 4, 2}, code: elem("float32")},
		{name: "axis", shape: []int32{1}, code: elem("int32"), data: int32s(-1)},
		{name: "sum", shape: []int32{1, 3, 4}, code: elem("float32")},
		{name: "back", shape: []int32{1, 3, 4}, code: elem("float32")},
		{name: "best", shape: []int32{1, 3}, code: elem("int32")},
		{name: "picked", shape: []int32{1, 3, 4, 1, 3}, code: elem("float32")},
		{name: "tile", shape: []int32{3}, code: elem("int32"), data: int32s(1, 2, 1)},
		{name: "tiled", shape: []int32{1, 6, 4}, code: elem("float32")},
	}, ops: []fileOp{
		{code: opNumber("SPACE_TO_BATCH_ND"), in: []int32{0, 1, 2}, out: []int32{3}},
		{code: opNumber("BATCH_TO_SPACE_ND"), in: []int32{3, 1, 2}, out: []int32{4}},
		{code: opNumber("SUM"), in: []int32{4, 5}, out: []int32{6}, kind: 27, options: fbTable{false}},
		{code: opNumber("REVERSE_V2"), in: []int32{6, 5}, out: []int32{7}},
		{code: opNumber("ARG_MAX"), in: []int32{7, 5}, out: []int32{8}, kind: 40, options: fbTable{byte(2)}},
		{code: opNumber("GATHER"), in: []int32{4, 8}, out: []int32{9}, kind: 23, options: fbTable{int32(3), int32(0)}},
		{code: opNumber("TILE"), in: []int32{7, 10}, out: []int32{11}},
	}, inputs: []int32{0}, outputs: []int32{4, 9, 11}}
	return [][]byte{smallModel().bytes(), sparse.bytes(), conv.bytes(), blocks.bytes(), counter().bytes(), frontModel().bytes(), indexing().bytes(), detector(nil).bytes()}
}

// indexing is a model of operators that pick, place and fill.
func indexing() *fileModel {
	f, i := elem("float32"), elem("int32")
	m := &fileModel{tensors: []fileTensor{
		{name: "x", shape: []int32{3, 4}, code: f},
		{name: "k", shape: []int32{}, code: i, data: int32s(2)},
		{name: "best", shape: []int32{3, 2}, code: f},
		{name: "at", shape: []int32{3, 2}, code: i},
		{name: "picked", shape: []int32{3}, code: f},
		{name: "shape", shape: []int32{2}, code: i, data: int32s(3, 4)},
		{name: "placed", shape: []int32{3, 4}, code: f},
		{name: "zero", shape: []int32{}, code: i, data: int32s(0)},
		{name: "one", shape: []int32{}, code: i, data: int32s(1)},
		{name: "start", shape: []int32{2}, code: i},
		{name: "written", shape: []int32{3, 4}, code: f},
		{name: "on", shape: []int32{}, code: f, data: floats(1)},
		{name: "off", shape: []int32{}, code: f, data: floats(0)},
		{name: "hot", shape: []int32{3, 2, 2}, code: f},
		{name: "full", shape: []int32{3, 4}, code: f},
		{name: "sum", shape: []int32{3, 4}, code: f},
	}, inputs: []int32{0}, outputs: []int32{4, 6, 10, 13, 15}}
	m.signatures = []fbTable{{[]fbTable{{"in", int32(0)}}, []fbTable{{"a", int32(4)}}, "run", nil, int32(0)}}
	m.ops = []fileOp{
		{code: opNumber("TOPK_V2"), in: []int32{0, 1}, out: []int32{2, 3}},
		{code: opNumber("GATHER_ND"), in: []int32{0, 3}, out: []int32{4}},
		{code: opNumber("SCATTER_ND"), in: []int32{3, 4, 5}, out: []int32{6}},
		{code: opNumber("RANGE"), in: []int32{7, 1, 8}, out: []int32{9}},
		{code: opNumber("DYNAMIC_UPDATE_SLICE"), in: []int32{0, 2, 9}, out: []int32{10}},
		{code: opNumber("ONE_HOT"), in: []int32{3, 1, 11, 12}, out: []int32{13}, kind: 61, options: fbTable{int32(-1)}},
		{code: opNumber("FILL"), in: []int32{5, 11}, out: []int32{14}},
		{code: opNumber("ADD"), in: []int32{14, 0}, out: []int32{15}, kind: 11, options: fbTable{byte(4)}},
	}
	return m
}

// TestMutations damages models in the same ways each time. Whatever comes out must be a graph or an error, soon.
func TestMutations(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i, data := range seeds() {
		if _, err := Parse(data, Options{}); err != nil {
			t.Fatalf("seed %d: %v", i, err)
		}
		start := time.Now()
		for n := range data {
			Parse(data[:n], Options{})
		}
		broken := make([]byte, len(data))
		for range 5000 {
			copy(broken, data)
			for range 1 + rng.IntN(3) {
				k := rng.IntN(len(broken))
				broken[k] = []byte{0, 1, 0x7f, 0x80, 0xff, broken[k] + 1, broken[k] - 1, byte(rng.Uint32())}[rng.IntN(8)]
			}
			Parse(broken, Options{})
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("seed %d: %v", i, d)
		}
	}
}

func FuzzTFLite(f *testing.F) {
	for _, data := range seeds() {
		f.Add(data)
	}
	files, _ := filepath.Glob(sharedData + "*/*.tflite")
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil && len(data) < 1<<16 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Parse(data, Options{})
		if (g == nil) == (err == nil) {
			t.Errorf("graph %v, error %v", g, err)
		}
	})
}
