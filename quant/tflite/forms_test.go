package tflite

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"edgerun/rt"
)

// quantized makes a tensor's codes mean reals.
func quantized(t fileTensor, scale float32, zero int64) fileTensor {
	t.scale, t.zero = []float32{scale}, []int64{zero}
	return t
}

// codesOfBytes are codes of 8 bits.
func codesOfBytes(v ...int) []byte {
	var b []byte
	for _, c := range v {
		b = append(b, byte(c))
	}
	return b
}

// runOne runs a model of one operator whose first inputs are the graph's on every kernel set, and compares its output.
func runOne(t *testing.T, o fileOp, vary int, in []fileTensor, want fileTensor) {
	t.Helper()
	m := &fileModel{}
	for i, x := range in {
		x.name = string(rune('a' + i))
		if i < vary {
			x.data = nil
			m.inputs = append(m.inputs, int32(i))
		}
		m.tensors, o.in = append(m.tensors, x), append(o.in, int32(i))
	}
	y := want
	y.name, y.data = "y", nil
	o.out = []int32{int32(len(m.tensors))}
	m.tensors, m.outputs, m.ops = append(m.tensors, y), o.out, []fileOp{o}
	g, err := Parse(m.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		for i := range vary {
			copy(s.Input(i).Bytes(), in[i].data)
		}
		s.Run()
		if got := s.Output(0).Bytes(); !bytes.Equal(got, want.data) {
			t.Errorf("got % x, want % x", got, want.data)
		}
	})
}

// TestForms checks forms of operators that the reference's cases leave out against numbers by hand.
func TestForms(t *testing.T) {
	arg := func(kind string, data []byte, shape ...int32) fileTensor { return constantArg(kind, data, shape...) }
	u8 := func(scale float32, zero int64, v ...int) fileTensor {
		return quantized(arg("uint8", codesOfBytes(v...), int32(len(v))), scale, zero)
	}
	i8 := func(scale float32, zero int64, v ...int) fileTensor {
		return quantized(arg("int8", codesOfBytes(v...), int32(len(v))), scale, zero)
	}
	i32 := func(v ...int32) fileTensor { return arg("int32", int32s(v...), int32(len(v))) }
	f32 := func(v ...float32) fileTensor { return arg("float32", floats(v...), int32(len(v))) }
	shaped := func(x fileTensor, shape ...int32) fileTensor {
		x.shape = shape
		return x
	}
	tanh := func(x float64) float32 { return float32(math.Tanh(x)) }
	for _, c := range []struct {
		name, op string
		kind     byte
		options  fbTable
		vary     int
		in       []fileTensor
		want     fileTensor
	}{
		{"uint8 of other scales", "CONCATENATION", 10, fbTable{int32(0)}, 2,
			[]fileTensor{u8(0.5, 10, 10, 20, 255), u8(0.25, 0, 3, 4, 255)}, u8(0.5, 0, 0, 10, 245, 2, 2, 128)},
		{"int32 ignores its limit", "ADD", 11, fbTable{byte(1)}, 2, []fileTensor{i32(1, -5), i32(2, 3)}, i32(3, -2)},
		{"int32 limited", "MUL", 21, fbTable{byte(3)}, 2, []fileTensor{i32(1, -5, 4), i32(2, 3, 4)}, i32(2, 0, 6)},
		{"int32 limited", "DIV", 29, fbTable{byte(1)}, 2, []fileTensor{i32(7, -5), i32(2, 3)}, i32(3, 0)},
		{"tanh of int8", "ADD", 11, fbTable{byte(4)}, 2, []fileTensor{i8(1, 0, 1, 100), i8(1, 0, 2, 27)}, i8(1, 0, 3, 127)},
		{"sign bit of int8", "MUL", 21, fbTable{byte(5)}, 2, []fileTensor{i8(1, 0, 1, -100), i8(1, 0, 2, 1)}, i8(1, 0, 2, -100)},
		{"tanh", "SUB", 28, fbTable{byte(4)}, 2, []fileTensor{f32(1, 0), f32(0, 1)}, f32(tanh(1), tanh(-1))},
		{"computed weights", "FULLY_CONNECTED", 8, fbTable{byte(1)}, 2,
			[]fileTensor{shaped(f32(1, 2), 1, 2), shaped(f32(1, 1, 2, 3), 2, 2), f32(-4, 10)}, shaped(f32(0, 18), 1, 2)},
		{"computed weights of int8", "FULLY_CONNECTED", 8, fbTable{byte(1)}, 2,
			[]fileTensor{shaped(i8(1, 0, 1, 2), 1, 2), shaped(i8(1, 0, 1, 1, -2, -3), 2, 2), i32(0, 0)}, shaped(i8(1, 0, 3, 0), 1, 2)},
		{"int32", "PADV2", 43, fbTable{}, 1, []fileTensor{i32(1, 2), shaped(i32(1, 1), 1, 2), i32(7)}, i32(7, 1, 2, 7)},
		{"constant int16", "DEQUANTIZE", 38, fbTable{}, 0, []fileTensor{quantized(arg("int16", []byte{3, 0, 0xff, 0xff}, 2), 0.5, 0)}, f32(1.5, -0.5)},
		{"uint8 codes", "CAST", 37, fbTable{}, 1, []fileTensor{u8(0.5, 10, 0, 255)}, i32(0, 255)},
		{"int32", "SQUEEZE", 30, fbTable{[]int32{0}}, 1, []fileTensor{shaped(i32(5), 1)}, shaped(i32(5))},
		{"rank 0", "NEG", 42, fbTable{}, 1, []fileTensor{shaped(i32(5))}, shaped(i32(-5))},
		{"one condition a row", "SELECT", 47, fbTable{}, 3, []fileTensor{arg("bool", bools(1, 0), 2), shaped(i32(1, 2, 3, 4), 2, 2), shaped(i32(5, 6, 7, 8), 2, 2)}, shaped(i32(1, 2, 7, 8), 2, 2)},
		{"int64 positions", "ARG_MAX", 40, fbTable{elem("int64")}, 1, []fileTensor{f32(1, 3, 2), i32(0)}, arg("int64", []byte{1, 0, 0, 0, 0, 0, 0, 0})},
		{"broadcast", "BATCH_MATMUL", 101, fbTable{}, 2, []fileTensor{shaped(f32(1, 2, 3, 4), 2, 1, 2), shaped(f32(1, 1), 2, 1)}, shaped(f32(3, 7), 2, 1, 1)},
	} {
		t.Run(c.op+" "+c.name, func(t *testing.T) {
			runOne(t, fileOp{code: opNumber(c.op), kind: c.kind, options: c.options}, c.vary, c.in, c.want)
		})
	}
}

// TestComputedStart: a subgraph that initializes may compute.
func TestComputedStart(t *testing.T) {
	m := counter()
	i := m.more[0]
	i.tensors = append(i.tensors, fileTensor{name: "sum", shape: []int32{2}, code: elem("float32")})
	i.ops = []fileOp{i.ops[0], {code: opNumber("ADD"), in: []int32{1, 1}, out: []int32{2}}, i.ops[1]}
	i.ops[2].in[1] = 2
	g, err := Parse(m.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		s.Run()
		if got := s.Output(0).F32(); !slices.Equal(got, []float32{20, -20}) {
			t.Errorf("starts from %v, want 20 and -20", got)
		}
	})
}

// TestVaryingBatch: what Keras writes for Flatten, a shape computed from the input's, follows the batch.
func TestVaryingBatch(t *testing.T) {
	f, i := elem("float32"), elem("int32")
	m := &fileModel{tensors: []fileTensor{
		{name: "x", shape: []int32{1, 2, 2}, free: []int32{-1, 2, 2}, code: f},
		{name: "shape", shape: []int32{3}, code: i},
		{name: "zero", shape: []int32{1}, code: i, data: int32s(0)},
		{name: "one", shape: []int32{1}, code: i, data: int32s(1)},
		{name: "batch", shape: []int32{}, code: i},
		{name: "four", shape: []int32{}, code: i, data: int32s(4)},
		{name: "flat", shape: []int32{2}, code: i},
		{name: "y", shape: []int32{1, 4}, free: []int32{-1, 4}, code: f},
		{name: "zeros", shape: []int32{1, 4}, free: []int32{-1, 4}, code: f},
	}, ops: []fileOp{
		{code: opNumber("SHAPE"), in: []int32{0}, out: []int32{1}, kind: 55, options: fbTable{i}},
		{code: opNumber("STRIDED_SLICE"), in: []int32{1, 2, 3, 3}, out: []int32{4}, kind: 32, options: fbTable{int32(0), int32(0), int32(0), int32(0), int32(1)}},
		{code: opNumber("PACK"), in: []int32{4, 5}, out: []int32{6}, kind: 59, options: fbTable{int32(2), int32(0)}},
		{code: opNumber("RESHAPE"), in: []int32{0, 6}, out: []int32{7}},
		{code: opNumber("ZEROS_LIKE"), in: []int32{7}, out: []int32{8}},
	}, inputs: []int32{0}, outputs: []int32{7, 8}}
	g, err := Parse(m.bytes(), Options{Dims: map[string]int{"x.dim0": 3}})
	if err != nil {
		t.Fatal(err)
	}
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
		for n := 3; n > 0; n-- {
			shape := g.Inputs[0].Shape
			shape.Dim[0] = n
			if err := s.Resize(0, shape); err != nil {
				t.Fatal(err)
			}
			copy(s.Input(0).F32(), x)
			s.Run()
			if got := s.Output(0).F32(); !slices.Equal(got, x[:4*n]) {
				t.Errorf("batch of %d gives %v", n, got)
			}
			if got := s.Output(1).F32(); !slices.Equal(got, make([]float32, 4*n)) {
				t.Errorf("zeros of a batch of %d are %v", n, got)
			}
		}
	})
}

// TestDeclaredShape: an operator's output may be declared in another shape of as many elements, and a RESHAPE whose
// options say nothing takes the declared one.
func TestDeclaredShape(t *testing.T) {
	x := quantized(constantArg("int8", codesOfBytes(1, 2, 3, 4), 4), 0.5, 0)
	runOne(t, fileOp{code: opNumber("ADD"), kind: 11, options: fbTable{}}, 2, []fileTensor{x, x},
		quantized(constantArg("int8", codesOfBytes(2, 4, 6, 8), 2, 2), 0.5, 0))
	runOne(t, fileOp{code: opNumber("RESHAPE"), kind: 17, options: fbTable{}}, 1, []fileTensor{x},
		quantized(constantArg("int8", codesOfBytes(1, 2, 3, 4), 2, 2), 0.5, 0))
}
