package main

import (
	"encoding/binary"
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// Imported int8 networks take and give codes of their own types. Samples of the input's very type go in as they are; all
// else is brought to reals first, which become codes by the input's scale.

// codeRange returns the limits of a type of codes; ok says that it is one.
func codeRange(d tensor.DType) (lo, hi float32, ok bool) {
	switch d {
	case tensor.Int8:
		return math.MinInt8, math.MaxInt8, true
	case tensor.UInt8:
		return 0, math.MaxUint8, true
	case tensor.Int16:
		return math.MinInt16, math.MaxInt16, true
	}
	return 0, 0, false
}

// isCodes reports whether v holds codes with one scale, or plain integers.
func isCodes(v *graph.Value) bool {
	_, _, ok := codeRange(v.DType)
	return ok && len(v.Quant.Scale) <= 1
}

// scaleOf returns the scale and zero point of codes; plain integers stand for themselves.
func scaleOf(q tensor.Quant) (scale float32, zero int32) {
	if len(q.Scale) == 0 {
		return 1, 0
	}
	return q.Scale[0], q.Zero[0]
}

// isPlain reports whether v holds integers or booleans that stand for themselves, and are no codes of any network.
func isPlain(v *graph.Value) bool {
	return len(v.Quant.Scale) == 0 && (v.DType == tensor.Int32 || v.DType == tensor.Int64 || v.DType == tensor.Bool)
}

// putPlain writes whole numbers, which must be in d's range.
func putPlain(dst tensor.Buffer, d tensor.DType, numbers []float32) error {
	lo, hi := float32(math.MinInt32), float32(1<<31-128) // the last float32 below 2³¹, for int64 too
	if d == tensor.Bool {
		lo, hi = 0, 1
	}
	for i, v := range numbers {
		if !(v >= lo && v <= hi) || float32(int32(v)) != v {
			return fmt.Errorf("value %d is %v; the input takes %v", i, v, d)
		}
		switch d {
		case tensor.Int32:
			dst.I32()[i] = int32(v)
		case tensor.Int64:
			dst.I64()[i] = int64(v)
		default:
			dst.Bytes()[i] = byte(v)
		}
	}
	return nil
}

// putCodes writes numbers that are codes already.
func putCodes(dst tensor.Buffer, d tensor.DType, codes []float32) {
	lo, hi, _ := codeRange(d)
	for i, c := range codes {
		k := int32(min(max(c, lo), hi))
		if d == tensor.Int16 {
			dst.I16()[i] = int16(k)
		} else {
			dst.Bytes()[i] = byte(k)
		}
	}
}

// quantizeReals turns reals into codes in place: x/scale, halves away from zero, plus the zero point.
func quantizeReals(q tensor.Quant, x []float32) {
	scale, zero := scaleOf(q)
	for i, v := range x {
		x[i] = fixed.Round32(v/scale) + float32(zero)
	}
}

// appendReals appends the reals that v's values in b stand for.
func appendReals(dst []float32, v *graph.Value, b tensor.Buffer) ([]float32, error) {
	if v.DType == tensor.Float32 {
		return append(dst, b.F32()...), nil
	}
	if !isCodes(v) && !isPlain(v) {
		return nil, fmt.Errorf("value %q is %v, wanted float32, integers, or codes with one scale", v.Name, v.Type)
	}
	scale, zero := scaleOf(v.Quant)
	for i := range b.Len() / v.DType.SizeBytes(1) {
		var code int32
		switch v.DType {
		case tensor.Int8:
			code = int32(b.I8()[i])
		case tensor.UInt8, tensor.Bool:
			code = int32(b.Bytes()[i])
		case tensor.Int16:
			code = int32(int16(binary.LittleEndian.Uint16(b.Bytes()[2*i:])))
		case tensor.Int32:
			code = int32(binary.LittleEndian.Uint32(b.Bytes()[4*i:]))
		case tensor.Int64:
			dst = append(dst, float32(int64(binary.LittleEndian.Uint64(b.Bytes()[8*i:]))))
			continue
		}
		dst = append(dst, scale*float32(code-zero))
	}
	return dst, nil
}

// takesCodes reports whether a sample holds v's very codes, n of them, for a front end that leaves samples as they are.
func takesCodes(v *graph.Value, s *calib.Sample, fe *frontend.Spec, n int) bool {
	return fe.Kind == frontend.KindNone && isCodes(v) && s.DType == v.DType && len(s.Bytes)+len(s.Numbers) == n &&
		(!s.PictureFile() || sameExtents(s.Shape, v.Shape.Dims()))
}

// pixelCodes makes a picture's pixels the codes of v, less 128 for int8: what networks with such inputs are trained for.
func pixelCodes(s *frontend.Spec, v *graph.Value) {
	first := float32(0) // the code of a black pixel
	if v.DType == tensor.Int8 {
		first = -128
	}
	scale, zero := scaleOf(v.Quant)
	s.Scale = scale
	s.Mean = make([]float32, s.Channels)
	for c := range s.Mean {
		s.Mean[c] = s.Scale * (float32(zero) - first)
	}
}
