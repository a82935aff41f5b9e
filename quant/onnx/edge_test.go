package onnx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Messages in wire format, for models that no fixture holds.

func num(field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), uint64(v))
}

func text(field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), s)
}

func sub(field protowire.Number, parts ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), slices.Concat(parts...))
}

// nodeMsg makes a node in the given field from "op: in in > out out" or "domain.op: …"; a "-" stands for a missing name.
func nodeMsg(field protowire.Number, spec string, attrs ...[]byte) []byte {
	kind, rest, _ := strings.Cut(spec, ":")
	ins, outs, _ := strings.Cut(rest, ">")
	domain, name, found := strings.Cut(kind, ".")
	if !found {
		domain, name = "", kind
	}
	parts := [][]byte{text(4, name), text(7, domain)}
	for i, names := range []string{ins, outs} {
		for _, s := range strings.Fields(names) {
			parts = append(parts, text(protowire.Number(i+1), strings.TrimPrefix(s, "-")))
		}
	}
	return sub(field, append(parts, attrs...)...)
}

func intAttr(name string, v int64) []byte { return sub(5, text(1, name), num(3, v), num(20, 2)) }

func intsAttr(name string, v ...int64) []byte {
	parts := [][]byte{text(1, name), num(20, 7)}
	for _, x := range v {
		parts = append(parts, num(8, x))
	}
	return sub(5, parts...)
}

// valueMsg makes an input or output; a dimension is a number or a name, "?" for one without.
func valueMsg(field protowire.Number, name string, dtype int64, dims ...any) []byte {
	var shape [][]byte
	for _, d := range dims {
		switch d := d.(type) {
		case int:
			shape = append(shape, sub(1, num(1, int64(d))))
		case string:
			shape = append(shape, sub(1, text(2, strings.TrimPrefix(d, "?"))))
		}
	}
	return sub(field, text(1, name), sub(2, sub(1, num(1, dtype), sub(2, shape...))))
}

func floatInit(name string, values []float32, dims ...int64) []byte {
	var raw []byte
	for _, v := range values {
		raw = protowire.AppendFixed32(raw, math.Float32bits(v))
	}
	parts := [][]byte{text(8, name), num(2, 1), sub(9, raw)}
	for _, d := range dims {
		parts = append(parts, num(1, d))
	}
	return sub(5, parts...)
}

// model makes one of graph parts with operator set 13; more are fields of the model itself.
func model(graphParts [][]byte, more ...[]byte) []byte {
	return slices.Concat(append([][]byte{num(1, 8), sub(8, num(2, 13)), sub(7, graphParts...)}, more...)...)
}

func mustParse(t *testing.T, data []byte, o Options) *graph.Graph {
	t.Helper()
	g, err := Parse(data, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func wantError(t *testing.T, data []byte, want string) {
	t.Helper()
	if _, err := Parse(data, nil, Options{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestSortsNodes(t *testing.T) {
	g := mustParse(t, model([][]byte{
		nodeMsg(1, "Relu: b > y"), nodeMsg(1, "Flatten: a > b"), nodeMsg(1, "Identity: x > a"),
		valueMsg(11, "x", 1, 2, 3), valueMsg(12, "y", 1, 2, 3),
	}), Options{})
	if got := list(g); got != "Reshape b(x)\nClamp y(b)\n" {
		t.Error(got)
	}
}

func TestDims(t *testing.T) {
	data := model([][]byte{
		nodeMsg(1, "Relu: x > y"), valueMsg(11, "x", 1, "batch", "?", 3), valueMsg(12, "y", 1),
	})
	g := mustParse(t, data, Options{Dims: map[string]int{"batch": 8, "x.dim1": 5}})
	if x := g.Inputs[0]; fmt.Sprintf("%v %q", x.Shape, x.Sym) != `[8 5 3] ["batch" "x.dim1" ""]` {
		t.Errorf("%v %q", x.Shape, x.Sym)
	}
	if g := mustParse(t, data, Options{}); fmt.Sprint(g.Inputs[0].Shape) != "[1 1 3]" {
		t.Error(g.Inputs[0].Shape)
	}
	if _, err := Parse(data, nil, Options{Dims: map[string]int{"batch": 0}}); err == nil {
		t.Error("bound 0 accepted")
	}
}

func TestBatchStaysOpen(t *testing.T) {
	for spec, want := range map[string]string{"Flatten: x > y": "[0 -1]", "Unsqueeze: x axes > y": "[1 -1 3 4]", "Unsqueeze: x last > y": "[0 0 0 1]"} {
		g := mustParse(t, model([][]byte{
			nodeMsg(1, spec), valueMsg(11, "x", 1, "n", 3, 4), valueMsg(12, "y", 1),
			sub(5, text(8, "axes"), num(2, 7), num(1, 1), num(7, 0)), sub(5, text(8, "last"), num(2, 7), num(1, 1), num(7, -1)),
		}), Options{Dims: map[string]int{"n": 7}})
		if got := g.Nodes[0].Attrs.Ints("shape"); fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", spec, got, want)
		}
	}
}

func TestOutputsShareAValue(t *testing.T) {
	g := mustParse(t, model([][]byte{
		nodeMsg(1, "Relu: x > h"), nodeMsg(1, "Identity: h > a"), nodeMsg(1, "Identity: h > b"), nodeMsg(1, "Identity: x > c"),
		valueMsg(11, "x", 1, 2), valueMsg(12, "a", 1), valueMsg(12, "b", 1), valueMsg(12, "c", 1),
	}), Options{})
	names := []string{g.Inputs[0].Name}
	for _, v := range g.Outputs {
		names = append(names, v.Name)
	}
	if fmt.Sprint(names) != "[x a b c]" {
		t.Error(names)
	}
	if got := run(t, g, npy{[]int{2}, []float32{-1, 2}}); got.data[0] != 0 || got.data[1] != 2 {
		t.Error(got)
	}
}

func TestFunctionNames(t *testing.T) {
	// The inner name "h" of the call that makes "h" would be "h/h", which the graph has, too.
	f := sub(25, text(1, "F"), text(10, "local"), text(4, "a"), text(5, "b"), sub(9, num(2, 13)),
		nodeMsg(7, "Relu: a > h"), nodeMsg(7, "Relu: h > b"))
	g := mustParse(t, model([][]byte{
		nodeMsg(1, "local.F: x > h"), nodeMsg(1, "Relu: h > h/h"), nodeMsg(1, "local.F: h/h > y"),
		valueMsg(11, "x", 1, 2), valueMsg(12, "y", 1),
	}, f), Options{})
	want := "Clamp h/Relu_0(x)\nClamp h/Relu_1(h/h_2)\nClamp h/h(h)\nClamp y/Relu_0(h/h)\nClamp y/Relu_1(y/h)\n"
	if got := list(g); got != want {
		t.Errorf("%swant\n%s", got, want)
	}
}

func TestFunctionDepth(t *testing.T) {
	for depth, want := range map[int]string{maxCallDepth: "", maxCallDepth + 1: "more than 64 deep"} {
		var fs [][]byte
		for i := range depth {
			body := nodeMsg(7, fmt.Sprintf("local.F%d: a > b", i+1))
			if i == depth-1 {
				body = nodeMsg(7, "Relu: a > b")
			}
			fs = append(fs, sub(25, text(1, fmt.Sprintf("F%d", i)), text(10, "local"), text(4, "a"), text(5, "b"), body))
		}
		for _, order := range []string{"callers first", "callees first"} {
			calls := [][]byte{nodeMsg(1, "local.F0: x > y"), valueMsg(11, "x", 1, 2), valueMsg(12, "y", 1)}
			if order == "callees first" { // measured one by one, from the innermost
				for i := range depth {
					calls = slices.Insert(calls, 0, nodeMsg(1, fmt.Sprintf("local.F%d: x > unused%d", i, i)))
				}
			}
			_, err := Parse(model(calls, fs...), nil, Options{})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%d functions, %s: %v", depth, order, err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	x, y := valueMsg(11, "x", 1, 1, 2, 4, 4), valueMsg(12, "y", 1)
	one := func(parts ...[]byte) []byte { return model(append(parts, x, y)) }
	wantError(t, one(nodeMsg(1, "Relu: x > y", intAttr("alpha", 1))), `node "y" (Relu, opset 13): attribute "alpha" unsupported`)
	wantError(t, one(nodeMsg(1, "AveragePool: x > y", intsAttr("kernel_shape", 2, 2), intsAttr("dilations", 2, 2))), `dilations [2 2] unsupported`)
	wantError(t, one(nodeMsg(1, "MaxPool: x > y i", intsAttr("kernel_shape", 2, 2)), nodeMsg(1, "Cast: i > j", intAttr("to", 1))), `output "i" unsupported`)
	wantError(t, one(nodeMsg(1, "Conv: x x > y")), `weight that is not constant unsupported`)
	wantError(t, one(nodeMsg(1, "MaxPool: x > y", intsAttr("kernel_shape", 2, 2), intsAttr("strides", 0, 1))), `strides [0 1] outside [1,65536]`)
	wantError(t, one(nodeMsg(1, "MaxPool: x > y", intsAttr("kernel_shape", 1<<62, 1<<62))), `outside [1,65536]`)
	wantError(t, one(nodeMsg(1, "Transpose: x > y", intsAttr("perm", 0, 0, 1, 2))), `perm [0 0 1 2] does not permute`)
	wantError(t, one(nodeMsg(1, "Dropout: x - t > y"), sub(5, text(8, "t"), num(2, 9), sub(9, []byte{1}))), `training_mode unsupported`)
	wantError(t, model([][]byte{nodeMsg(1, "Relu: x > y"), valueMsg(11, "x", 10, 2), y}), `input "x": element type float16 unsupported, want float32`)
	wantError(t, model([][]byte{nodeMsg(1, "Relu: x > y"), valueMsg(11, "x", 7, 2), y}), `input 0: element type int64 unsupported`)
	wantError(t, slices.Concat(num(1, 8), sub(8, num(2, 28)), sub(7, x)), `operator set 28 unsupported, want 1 to 27`)
	wantError(t, slices.Concat(num(1, 14), sub(7, x)), `IR version 14 unsupported, want 1 to 13`)
	wantError(t, one(nodeMsg(1, "Relu: x > "+strings.Repeat("n", 1025))), `name of 1025 bytes, want at most 1024`)
	if _, err := Parse(one(nodeMsg(1, "Conv: x x > y")), nil, Options{}); !errors.Is(err, op.ErrUnsupported) {
		t.Errorf("%v does not match ErrUnsupported", err)
	}
}

// TestConstantBomb unrolls a constant of 256 KiB into many.
func TestConstantBomb(t *testing.T) {
	parts := [][]byte{floatInit("c0", make([]float32, 1<<16), 256, 256), valueMsg(11, "x", 1, 256, 256), valueMsg(12, "y", 1)}
	for i := range 2000 {
		parts = append(parts, nodeMsg(1, fmt.Sprintf("Transpose: c%d > c%d", i, i+1)))
	}
	parts = append(parts, nodeMsg(1, "Add: x c2000 > y"))
	wantError(t, model(parts), "constants need more than")
}

func TestExternalFiles(t *testing.T) {
	folder := t.TempDir()
	dir := filepath.Join(folder, "model")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(filepath.Join(folder, "secret.bin"), make([]byte, 8), 0o644),
		os.WriteFile(filepath.Join(dir, "data.bin"), []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, 0o644),
		os.Symlink("data.bin", filepath.Join(dir, "inside.bin")),
		os.Symlink("../secret.bin", filepath.Join(dir, "outside.bin")),
		syscall.Mkfifo(filepath.Join(dir, "pipe.bin"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"data.bin": "", "inside.bin": "", "./data.bin": "",
		"outside.bin": "escapes", "pipe.bin": "not a regular file",
	} {
		file := filepath.Join(dir, "m.onnx")
		data := model([][]byte{
			nodeMsg(1, "Add: x w > y"), valueMsg(11, "x", 1, 2), valueMsg(12, "y", 1),
			sub(5, text(8, "w"), num(2, 1), num(1, 2), num(14, 1), sub(13, text(1, "location"), text(2, name))),
		})
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		var g *graph.Graph
		var err error
		done := make(chan bool)
		go func() {
			g, err = Import(file, Options{})
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: reading blocks", name)
		}
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v", name, err)
		case err == nil:
			if w := g.Nodes[0].In[1].Const.Data.F32(); w[0] != 1 || w[1] != 2 {
				t.Errorf("%s: %v", name, w)
			}
		}
		if _, err := Parse(data, nil, Options{}); err == nil {
			t.Error("external data without a folder")
		}
	}
}

func TestFloat16(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 5.9604645e-08, 0x03ff: 6.097555e-05, 0x0400: 6.1035156e-05,
		0x7c00: float32(math.Inf(1)), 0x3555: 0.33325195,
	} {
		if got := float16(bits); got != want {
			t.Errorf("%#x: %g, want %g", bits, got, want)
		}
	}
	if v := float16(0x8000); v != 0 || !math.Signbit(float64(v)) {
		t.Error("−0 lost its sign")
	}
	if v := float16(0x7e00); v == v {
		t.Error("NaN is a number")
	}
}

func TestCastConstants(t *testing.T) {
	nan := float32(math.NaN())
	in := tensor.FromF32(tensor.MakeShape(6), []float32{1.9, -1.9, 300, -300, nan, 3e9})
	if got := fmt.Sprint(cast(in, tensor.Int8).Data.I8()); got != "[1 -1 127 -128 0 127]" {
		t.Error("int8", got)
	}
	if got := fmt.Sprint(cast(in, tensor.UInt8).Data.Bytes()); got != "[1 0 255 0 0 255]" {
		t.Error("uint8", got)
	}
	if got := fmt.Sprint(cast(in, tensor.Int32).Data.I32()); got != "[1 -1 300 -300 0 2147483647]" {
		t.Error("int32", got)
	}
	if got := fmt.Sprint(cast(in, tensor.Bool).Data.Bytes()); got != "[1 1 1 1 1 1]" {
		t.Error("bool", got)
	}
	big := tensor.FromI64(tensor.MakeShape(2), []int64{1<<32 + 5, -1})
	if got := fmt.Sprint(cast(big, tensor.Int32).Data.I32()); got != "[5 -1]" {
		t.Error("int64 to int32", got)
	}
	if got := fmt.Sprint(cast(big, tensor.Float32).Data.F32()); got != "[4.2949673e+09 -1]" {
		t.Error("int64 to float32", got)
	}
}
