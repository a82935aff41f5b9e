package tflite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"edgerun/quant/foreign"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// The part of TFLite's schema that the importer reads. Fields are numbers here as in the file. Source: TensorFlow's
// schema.fbs, version 3.

// model is a decoded file. Buffers and options are the file's own memory.
type model struct {
	codes     []opCode
	subgraphs []*subgraph // of others than the first one, content is decoded when it is wanted
	buffers   [][]byte
}

// opCode says which operator a number in the file stands for.
type opCode struct {
	name    string // of a builtin operator, or the custom operator's own
	custom  bool
	version int32
}

type subgraph struct {
	name            string
	fields          table
	tensors         []*tensorInfo
	inputs, outputs []int32
	ops             []*operator
}

// tensorInfo is a tensor of the file.
type tensorInfo struct {
	name     string
	dims     []int32
	free     []int32 // dims with −1 for one that may vary; nil where none may
	hasShape bool    // no dims mean one number, not an unknown shape
	code     byte    // element type
	buffer   int
	variable bool
	sparse   table // zero: dense

	scale []float32
	zero  []int64
	axis  int32
	// custom marks a quantization that scale and zero do not describe.
	custom bool
}

type operator struct {
	opCode
	in, out []int32 // −1: an optional one left out
	fields  table
}

const (
	magic   = "TFL3"
	version = 3
)

// decode reads a model's tables. The identifier is optional in a FlatBuffer.
func decode(data []byte) (*model, *reader, error) {
	identified := len(data) >= 8 && string(data[4:8]) == magic
	if what := foreign.Describe(data); what != "" && !identified {
		return nil, nil, fmt.Errorf("not a TFLite model: %s", what)
	}
	r := newReader(data)
	m := decodeModel(r)
	switch {
	case r.err == nil:
		return m, r, nil
	case identified:
		return nil, nil, fmt.Errorf("damaged: %w", r.err)
	}
	return nil, nil, fmt.Errorf("no identifier %q, and not a TFLite model: %w", magic, r.err)
}

func decodeModel(r *reader) *model {
	root := r.root("model")
	if v := root.int32(0, 0); r.err == nil && v != version {
		r.fail("schema version %d %w, want %d", v, op.ErrUnsupported, version)
	}
	m := &model{}
	for _, t := range root.tables(1, "operator code") {
		m.codes = append(m.codes, decodeOpCode(t))
	}
	for i, t := range root.tables(4, "buffer") {
		b := t.bytes(0, "buffer's data")
		// Models over 2 GiB keep data behind the tables.
		if off, n := t.uint64(1), t.uint64(2); off > 1 {
			if len(b) > 0 || off > uint64(len(r.data)) || n > uint64(len(r.data))-off {
				r.fail("buffer %d: %d bytes at 0x%x beside %d within, the file has %d", i, n, off, len(b), len(r.data))
				break
			}
			b = r.slice(int(off), int(n))
		}
		m.buffers = append(m.buffers, b)
	}
	graphs := root.tables(2, "subgraph")
	if len(graphs) == 0 {
		r.fail("model has no subgraph")
	}
	for i, t := range graphs {
		s := &subgraph{name: t.string(4, "subgraph's name"), fields: t}
		if i == 0 {
			decodeSubgraph(s, m)
		}
		m.subgraphs = append(m.subgraphs, s)
	}
	return m
}

// placeholder in the old byte-sized field says that the number is in the new one.
const placeholder = 127

func decodeOpCode(t table) opCode {
	code := max(int32(int8(t.byte(0))), t.int32(3, 0))
	c := opCode{version: t.int32(2, 1), name: fmt.Sprintf("operator %d", code)}
	if code >= 0 && int(code) < len(builtins) && code != placeholder {
		c.name = builtins[code]
	}
	if c.name == "CUSTOM" {
		c.custom = true
		c.name = t.string(1, "custom operator's name")
	}
	return c
}

// decodeSubgraph reads a subgraph's content, once.
func decodeSubgraph(s *subgraph, m *model) {
	t, r := s.fields, s.fields.r
	if s.tensors != nil {
		return
	}
	for _, tt := range t.tables(0, "tensor") {
		s.tensors = append(s.tensors, decodeTensor(tt, m))
	}
	index := func(list []int32, least int32, what string) []int32 {
		for _, i := range list {
			if i < least || int(i) >= len(s.tensors) {
				r.fail("%s: tensor %d outside [%d,%d)", what, i, least, len(s.tensors))
				return nil
			}
		}
		return list
	}
	s.inputs = index(t.int32s(1, "inputs"), 0, "inputs")
	s.outputs = index(t.int32s(2, "outputs"), 0, "outputs")
	for i, ot := range t.tables(3, "operator") {
		if r.err != nil {
			return
		}
		code := ot.int32(0, 0)
		if code < 0 || int(code) >= len(m.codes) {
			r.fail("operator %d: code %d outside [0,%d)", i, code, len(m.codes))
			return
		}
		o := &operator{opCode: m.codes[code], fields: ot}
		o.in = index(ot.int32s(1, "operator's inputs"), -1, fmt.Sprintf("operator %d (%s): inputs", i, o.name))
		o.out = index(ot.int32s(2, "operator's outputs"), 0, fmt.Sprintf("operator %d (%s): outputs", i, o.name))
		s.ops = append(s.ops, o)
	}
}

func decodeTensor(t table, m *model) *tensorInfo {
	v := &tensorInfo{name: t.string(3, "tensor's name"), dims: t.int32s(0, "tensor's shape"), code: t.byte(1),
		variable: t.bool(5), sparse: t.table(6, "sparsity")}
	v.hasShape = len(v.dims) > 0 || t.bool(8)
	if free := t.int32s(7, "tensor's shape signature"); len(free) == len(v.dims) {
		v.free = free
	}
	buffer := uint32(t.int32(2, 0))
	if t.r.err == nil && uint64(buffer) >= uint64(max(1, len(m.buffers))) {
		t.r.fail("tensor %s: buffer %d outside [0,%d)", foreign.Quote(v.name), buffer, len(m.buffers))
		return v
	}
	v.buffer = int(buffer)
	q := t.table(4, "quantization")
	v.scale, v.zero, v.axis = q.float32s(2, "scales"), q.int64s(3, "zero points"), q.int32(6, 0)
	v.custom = q.byte(4) != 0
	return v
}

// elemTypes are TFLite's element types by number. Those without a dtype here are not imported.
var elemTypes = [...]struct {
	name  string
	dtype tensor.DType
	bits  int
}{
	{"float32", tensor.Float32, 32}, {"float16", tensor.Float16, 16}, {"int32", tensor.Int32, 32}, {"uint8", tensor.UInt8, 8},
	{"int64", tensor.Int64, 64}, {"string", 0, 0}, {"bool", tensor.Bool, 8}, {"int16", tensor.Int16, 16}, {"complex64", 0, 0},
	{"int8", tensor.Int8, 8}, {"float64", tensor.Float64, 64}, {"complex128", 0, 0}, {"uint64", tensor.UInt64, 64},
	{"resource", 0, 0}, {"variant", 0, 0}, {"uint32", tensor.UInt32, 32}, {"uint16", tensor.UInt16, 16}, {"int4", tensor.Int4, 4},
	{"bfloat16", 0, 0},
}

// dtype returns the element type.
func (v *tensorInfo) dtype() (tensor.DType, error) { return dtypeOf(v.code) }

func dtypeOf(code byte) (tensor.DType, error) {
	if int(code) >= len(elemTypes) {
		return 0, fmt.Errorf("element type %d %w", code, op.ErrUnsupported)
	}
	e := elemTypes[code]
	if e.dtype == tensor.Invalid {
		return 0, fmt.Errorf("element type %s %w", e.name, op.ErrUnsupported)
	}
	return e.dtype, nil
}

// shape checks the dimensions.
func (v *tensorInfo) shape() (tensor.Shape, error) {
	if len(v.dims) > tensor.MaxRank {
		return tensor.Shape{}, fmt.Errorf("%d dimensions, want at most %d: %w", len(v.dims), tensor.MaxRank, op.ErrUnsupported)
	}
	s := tensor.Shape{Rank: len(v.dims)}
	for i, d := range v.dims {
		if d < 0 || d > tensor.MaxDim {
			return s, fmt.Errorf("shape %v: dimension %d outside [0,%d]", v.dims, d, tensor.MaxDim)
		}
		s.Dim[i] = int(d)
	}
	return s, s.Check()
}

// quant returns the scales and zero points of a tensor of the given shape; none where the file gives no scale.
func (v *tensorInfo) quant(shape tensor.Shape) (tensor.Quant, error) {
	var q tensor.Quant
	if v.custom {
		return q, fmt.Errorf("custom quantization %w", op.ErrUnsupported)
	}
	n := len(v.scale)
	if n == 0 {
		return q, nil
	}
	if len(v.zero) != n && len(v.zero) > 1 {
		return q, fmt.Errorf("%d scales, %d zero points", n, len(v.zero))
	}
	if n > 1 {
		if v.axis < 0 || int(v.axis) >= shape.Rank || shape.Dim[v.axis] != n {
			return q, fmt.Errorf("%d scales on axis %d of shape %v", n, v.axis, shape)
		}
		q.Axis = int(v.axis)
	}
	q.Scale = v.scale
	q.Zero = make([]int32, n)
	for i, s := range v.scale {
		if !(s > 0) || s > 1e30 {
			return q, fmt.Errorf("scale %g is not positive and finite", s)
		}
		if len(v.zero) > 0 {
			z := v.zero[min(i, len(v.zero)-1)]
			if z < math.MinInt16 || z > math.MaxInt16 {
				return q, fmt.Errorf("zero point %d outside int16", z)
			}
			q.Zero[i] = int32(z)
		}
	}
	return q, nil
}

var errSize = errors.New("the buffer has another size")

// filled decodes a buffer into a tensor of as many elements; float16 widens to float32, int4 to int8. A buffer of another
// size is refused before the tensor is made.
func filled(t tensor.Type, raw []byte, stored tensor.DType) (*tensor.Tensor, error) {
	n := t.Shape.Elements()
	if len(raw) != stored.SizeBytes(n) {
		return nil, fmt.Errorf("%w: %v%v wants %d bytes, %d are stored", errSize, stored, t.Shape, stored.SizeBytes(n), len(raw))
	}
	out := tensor.New(t)
	switch stored {
	case tensor.Float16:
		for i := range n {
			out.Data.F32()[i] = foreign.Float16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case tensor.Int4:
		for i := range n {
			out.Data.I8()[i] = int8(raw[i/2]<<(4*(1-i%2))) >> 4
		}
	case tensor.Bool:
		for i, b := range raw {
			out.Data.Bytes()[i] = min(b, 1)
		}
	default:
		copy(out.Data.Bytes(), raw)
	}
	return out, nil
}
