package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// elemType is what the importer makes of a TensorProto.DataType.
type elemType struct {
	name   string
	dtype  tensor.DType // of the tensor made from it; Invalid: unsupported
	width  int          // bytes of an element in raw_data
	stored store        // the typed field that holds it
	input  bool         // allowed as the type of a graph input
}

type store uint8

const (
	inFloats store = iota + 1
	inDoubles
	inInt32s
	inInt64s
	inUint64s
)

// elemTypes is indexed by TensorProto.DataType. Floats of other widths become float32: the network computes in it.
var elemTypes = [...]elemType{
	0:  {name: "undefined"},
	1:  {"float32", tensor.Float32, 4, inFloats, true},
	2:  {"uint8", tensor.UInt8, 1, inInt32s, true},
	3:  {"int8", tensor.Int8, 1, inInt32s, true},
	4:  {"uint16", tensor.UInt16, 2, inInt32s, true},
	5:  {"int16", tensor.Int16, 2, inInt32s, true},
	6:  {"int32", tensor.Int32, 4, inInt32s, true},
	7:  {"int64", tensor.Int64, 8, inInt64s, true},
	8:  {name: "string"},
	9:  {"bool", tensor.Bool, 1, inInt32s, true},
	10: {"float16", tensor.Float32, 2, inInt32s, false},
	11: {"double", tensor.Float32, 8, inDoubles, false},
	12: {"uint32", tensor.UInt32, 4, inUint64s, true},
	13: {"uint64", tensor.UInt64, 8, inUint64s, true},
	14: {name: "complex64"},
	15: {name: "complex128"},
	16: {"bfloat16", tensor.Float32, 2, inInt32s, false},
	17: {name: "float8e4m3fn"},
	18: {name: "float8e4m3fnuz"},
	19: {name: "float8e5m2"},
	20: {name: "float8e5m2fnuz"},
	21: {name: "uint4"},
	22: {name: "int4"},
	23: {name: "float4e2m1"},
	24: {name: "float8e8m0"},
	25: {name: "uint2"},
	26: {name: "int2"},
}

const (
	typeFloat16  = 10
	typeDouble   = 11
	typeBFloat16 = 16
	typeBool     = 9
)

func lookupElemType(code int64) (elemType, error) {
	if code < 0 || code >= int64(len(elemTypes)) {
		return elemType{}, fmt.Errorf("element type %d unknown: %w", code, op.ErrUnsupported)
	}
	t := elemTypes[code]
	if t.dtype == tensor.Invalid {
		return t, fmt.Errorf("element type %s %w", t.name, op.ErrUnsupported)
	}
	return t, nil
}

// makeShape checks dimensions from a file.
func makeShape(dims []int64) (tensor.Shape, error) {
	if len(dims) > tensor.MaxRank {
		return tensor.Shape{}, fmt.Errorf("%d dimensions, want at most %d: %w", len(dims), tensor.MaxRank, op.ErrUnsupported)
	}
	s := tensor.Shape{Rank: len(dims)}
	for i, d := range dims {
		if d < 0 || d > tensor.MaxDim {
			return s, fmt.Errorf("shape %v: dimension %d outside [0,%d]", dims, d, tensor.MaxDim)
		}
		s.Dim[i] = int(d)
	}
	return s, s.Check()
}

// tensor turns a TensorProto into a tensor, whose elements are as many as its dimensions say.
func (im *importer) tensor(t *tensorProto) (*tensor.Tensor, error) {
	e, err := lookupElemType(t.dtype)
	if err != nil {
		return nil, err
	}
	shape, err := makeShape(t.dims)
	if err != nil {
		return nil, err
	}
	if t.segment {
		return nil, fmt.Errorf("segments %w", op.ErrUnsupported)
	}
	n := shape.Elements()
	raw, isRaw := t.raw, t.hasRaw
	typed := map[store]int{inFloats: len(t.floats) / 4, inDoubles: len(t.doubles) / 8, inInt32s: len(t.int32s),
		inInt64s: len(t.int64s), inUint64s: len(t.uint64s)}
	count := typed[e.stored]
	others := t.strings - count
	for _, k := range typed {
		others += k
	}
	switch {
	case t.location != 0 && (isRaw || count+others > 0):
		return nil, fmt.Errorf("data both in the model and external")
	case t.location != 0:
		if raw, err = im.external(t.external, int64(n)*int64(e.width)); err != nil {
			return nil, err
		}
		isRaw = true
	case others != 0 || isRaw && count > 0:
		return nil, fmt.Errorf("%s%v holds data in more than one field or the wrong one", e.name, shape)
	}
	if isRaw && len(raw) != n*e.width {
		return nil, fmt.Errorf("%s%v holds %d bytes, want %d", e.name, shape, len(raw), n*e.width)
	}
	if !isRaw && count != n {
		return nil, fmt.Errorf("%s%v holds %d values, want %d", e.name, shape, count, n)
	}
	typ := tensor.Type{DType: e.dtype, Shape: shape}
	if err := im.Grow(typ.SizeBytes()); err != nil {
		return nil, err
	}
	out := tensor.New(typ)
	if !isRaw {
		raw = t.typedBytes(e)
	}
	fill(out, raw, t.dtype)
	return out, nil
}

// typedBytes returns the values of the typed field as raw_data would hold them.
func (t *tensorProto) typedBytes(e elemType) []byte {
	var ints []int64
	switch e.stored {
	case inFloats:
		return t.floats
	case inDoubles:
		return t.doubles
	case inInt32s:
		ints = t.int32s
	case inInt64s:
		ints = t.int64s
	case inUint64s:
		ints = t.uint64s
	}
	raw := make([]byte, 0, len(ints)*e.width)
	for _, v := range ints {
		switch e.width {
		case 1:
			raw = append(raw, byte(v))
		case 2:
			raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
		case 4:
			raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
		case 8:
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
	}
	return raw
}

// fill decodes raw_data of an ONNX element type into a tensor of as many elements.
func fill(out *tensor.Tensor, raw []byte, code int64) {
	switch code {
	case typeFloat16:
		for i := range out.Data.F32() {
			out.Data.F32()[i] = float16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case typeBFloat16:
		for i := range out.Data.F32() {
			out.Data.F32()[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case typeDouble:
		for i := range out.Data.F32() {
			out.Data.F32()[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	case typeBool:
		for i, b := range raw {
			out.Data.Bytes()[i] = min(b, 1)
		}
	default:
		copy(out.Data.Bytes(), raw)
	}
}
