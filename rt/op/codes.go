package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// codeTypes are the element types of quantized activations, inputs and outputs.
var codeTypes = []tensor.DType{tensor.Int8, tensor.UInt8, tensor.Int16, tensor.Int32}

// code is an element of codeTypes.
type code interface {
	int8 | uint8 | int16 | int32
}

// codeStep is an integer function of one code, for types whose codes are too many for a table.
type codeStep struct {
	x, y     int
	from, to tensor.DType
	zx       int32
	lo, hi   int32
	f        func(v int32) int32
}

// newCodes makes the step of f, which gets x − zx; results are limited to the output's type.
func newCodes(p *Prepare, zx int32, f func(v int32) int32) Step {
	x, y := &p.In[0], &p.Out[0]
	if x.DType.SizeBytes(1) == 1 && y.DType.SizeBytes(1) == 1 {
		return newLut(p, byteTable(x.DType, y.DType, zx, f))
	}
	s := &codeStep{x: x.Slot, y: y.Slot, from: x.DType, to: y.DType, zx: zx, f: f}
	s.lo, s.hi = codeRange(y.DType)
	return s
}

func (s *codeStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *codeStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *codeStep) Run(f *Frame, _ *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	switch x := f.Buf[s.x]; s.from {
	case tensor.Int8:
		codesTo(s, f.Buf[s.y], first, x.I8()[first:first+n])
	case tensor.UInt8:
		codesTo(s, f.Buf[s.y], first, x.Bytes()[first:first+n])
	case tensor.Int16:
		codesTo(s, f.Buf[s.y], first, x.I16()[first:first+n])
	case tensor.Int32:
		codesTo(s, f.Buf[s.y], first, x.I32()[first:first+n])
	}
}

func codesTo[X code](s *codeStep, y tensor.Buffer, first int, x []X) {
	switch s.to {
	case tensor.Int8:
		mapCodes(s, y.I8()[first:], x)
	case tensor.UInt8:
		mapCodes(s, y.Bytes()[first:], x)
	case tensor.Int16:
		mapCodes(s, y.I16()[first:], x)
	case tensor.Int32:
		mapCodes(s, y.I32()[first:], x)
	}
}

func mapCodes[X, Y code](s *codeStep, y []Y, x []X) {
	for i, v := range x {
		y[i] = Y(min(max(s.f(int32(v)-s.zx), s.lo), s.hi))
	}
}

// prepareRequant makes the step of y = clamp(MBQM(x − zx) + zy), real being the multiplier; a sum that leaves 32 bits
// saturates. Source: TFLite RELU and QUANTIZE of integers.
func prepareRequant(p *Prepare, real func(sx, sy float32) float64) (Step, error) {
	x, y := &p.In[0].Type, &p.Out[0].Type
	sx, zx, err := codesOf("input", x, codeTypes...)
	if err != nil {
		return nil, err
	}
	sy, zy, err := codesOf("output", y, codeTypes...)
	if err != nil {
		return nil, err
	}
	m, e := fixed.Quantize(real(sx, sy))
	if e > 31 {
		return nil, scaleError(sx, sy)
	}
	lo, hi := clampCodes(p.Attrs, y.DType, sy, zy)
	return newCodes(p, zx, func(v int32) int32 { return min(max(addSat(fixed.MBQM(v, m, e), zy), lo), hi) }), nil
}

// inDouble and inFloat are the ratio of two scales, the quotient rounded to float64 or to float32.
func inDouble(sx, sy float32) float64 { return float64(sx) / float64(sy) }
func inFloat(sx, sy float32) float64  { return float64(sx / sy) }

func addSat(a, b int32) int32 {
	lo, hi := codeRange(tensor.Int32)
	return int32(min(max(int64(a)+int64(b), int64(lo)), int64(hi)))
}

// unaryCodes returns the scales and zero points of input and output, which have type d both.
func unaryCodes(n *Node, d tensor.DType) (sx, sy float32, zx, zy int32, err error) {
	if sx, zx, err = codesOf("input", &n.In[0].Type, d); err != nil {
		return
	}
	sy, zy, err = codesOf("output", &n.Out[0].Type, d)
	return
}

// symmetric refuses int16 tensors with zero points, which operators of the reference take for 0.
func symmetric(zeros ...int32) error {
	for _, z := range zeros {
		if z != 0 {
			return fmt.Errorf("zero point %d of int16, want 0: %w", z, ErrUnsupported)
		}
	}
	return nil
}
