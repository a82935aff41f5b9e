package onnx

import (
	"encoding/binary"
	"math"

	"edgerun/rt/tensor"
)

// cast converts a constant. Floats become integers toward zero, saturating, NaN becoming 0; integers wrap, as
// everywhere in edgerun.
func cast(t *tensor.Tensor, to tensor.DType) *tensor.Tensor {
	if t.DType == to {
		return t
	}
	out := tensor.New(tensor.Type{DType: to, Shape: t.Shape})
	src, dst := t.Data.Bytes(), out.Data.Bytes()
	from, width := t.DType.SizeBytes(1), to.SizeBytes(1)
	for i := range t.Shape.Elements() {
		s, d := src[i*from:], dst[i*width:(i+1)*width]
		if t.DType == tensor.Float32 {
			putFloat(d, to, math.Float32frombits(binary.LittleEndian.Uint32(s)))
			continue
		}
		v := getInt(s, t.DType)
		switch {
		case to == tensor.Bool:
			d[0] = 0
			if v != 0 {
				d[0] = 1
			}
		case to == tensor.Float32 && t.DType == tensor.UInt64:
			binary.LittleEndian.PutUint32(d, math.Float32bits(float32(uint64(v))))
		case to == tensor.Float32:
			binary.LittleEndian.PutUint32(d, math.Float32bits(float32(v)))
		default:
			putInt(d, v)
		}
	}
	return out
}

func getInt(b []byte, d tensor.DType) int64 {
	switch d {
	case tensor.Int8:
		return int64(int8(b[0]))
	case tensor.UInt8, tensor.Bool:
		return int64(b[0])
	case tensor.Int16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case tensor.UInt16:
		return int64(binary.LittleEndian.Uint16(b))
	case tensor.Int32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case tensor.UInt32:
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// putInt stores the low bytes of v.
func putInt(b []byte, v int64) {
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
}

func putFloat(b []byte, to tensor.DType, f float32) {
	if to == tensor.Bool {
		b[0] = 0
		if f != 0 {
			b[0] = 1
		}
		return
	}
	bits := 8 * len(b)
	lo, hi := -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1)
	unsigned := to == tensor.UInt8 || to == tensor.UInt16 || to == tensor.UInt32 || to == tensor.UInt64
	if unsigned {
		lo, hi = 0, math.Ldexp(1, bits)
	}
	x := math.Trunc(float64(f))
	var v uint64
	switch {
	case x != x:
	case x <= lo:
		v = uint64(int64(lo))
	case x >= hi && unsigned:
		v = math.MaxUint64
	case x >= hi:
		v = uint64(1)<<(bits-1) - 1
	case unsigned:
		v = uint64(x)
	default:
		v = uint64(int64(x))
	}
	putInt(b, int64(v))
}
