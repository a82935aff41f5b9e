package op

import (
	"fmt"
	"math"
	"slices"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// Quantize gives codes of the output's quantization: of reals (float32, halves away from zero, saturating, NaN as 0), or
// of other codes (TFLite's requantization). Attribute to is the tensor.DType of the output: int8 unless given, uint8,
// int16 or int32. Codes that are requantized have one of these types too.
var Quantize = register(Def{
	Code: 14, Name: "Quantize", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: []AttrSpec{{Name: "to", Kind: Int}},
	Infer: func(n *Node) error {
		to := tensor.DType(n.Attrs.Int("to", int(tensor.Int8)))
		if !slices.Contains(codeTypes, to) {
			return fmt.Errorf("quantize to %v: %w", to, ErrUnsupported)
		}
		n.Out[0].DType, n.Out[0].Shape = to, n.In[0].Shape
		return nil
	},
	Quant: Quantization{Kind: OwnRange},
	Prepare: func(p *Prepare) (Step, error) {
		x, y := &p.In[0], &p.Out[0]
		switch x.DType {
		case tensor.Int8, tensor.UInt8, tensor.Int16, tensor.Int32:
			return prepareRequant(p, inDouble)
		case tensor.Float32:
			if y.DType != tensor.Int8 {
				return prepareQuantize(p)
			}
			scale, zero, err := perTensor("output", &y.Type)
			if err != nil {
				return nil, err
			}
			return &quantizeStep{x.Slot, y.Slot, scale, zero, p.Kernels.QuantizeS8, p.Kernels.Name}, nil
		}
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	},
})

type quantizeStep struct {
	x, y   int
	scale  float32
	zero   int32
	run    func(*abi.QuantizeS8)
	kernel string
}

func (s *quantizeStep) Info() Info         { return Info{Kernel: s.kernel} }
func (s *quantizeStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *quantizeStep) Run(f *Frame, w *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	a := &w.QuantizeS8
	a.X, a.Y, a.N, a.Scale, a.ZeroPoint = &f.Buf[s.x].F32()[first], &f.Buf[s.y].I8()[first], n, s.scale, s.zero
	s.run(a)
}

// Dequantize is y = scale·(x − zero), rounded to float32. x has codes of 8, 16 or 32 bits.
var Dequantize = register(Def{
	Code: 15, Name: "Dequantize", MinIn: 1, MaxIn: 1, Outs: 1,
	Infer: func(n *Node) error {
		n.Out[0].DType, n.Out[0].Shape = tensor.Float32, n.In[0].Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		x, y := &p.In[0], &p.Out[0]
		if x.DType != tensor.Int8 {
			return prepareDequantize(p)
		}
		scale, zero, err := perTensor("input", &x.Type)
		if err != nil {
			return nil, err
		}
		return &dequantizeStep{x.Slot, y.Slot, scale, zero, p.Kernels.DequantizeS8, p.Kernels.Name}, nil
	},
})

type dequantizeStep struct {
	x, y   int
	scale  float32
	zero   int32
	run    func(*abi.DequantizeS8)
	kernel string
}

func (s *dequantizeStep) Info() Info         { return Info{Kernel: s.kernel} }
func (s *dequantizeStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *dequantizeStep) Run(f *Frame, w *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	a := &w.DequantizeS8
	a.X, a.Y, a.N, a.Scale, a.ZeroPoint = &f.Buf[s.x].I8()[first], &f.Buf[s.y].F32()[first], n, s.scale, s.zero
	s.run(a)
}

// Cast converts element types: to an integer it truncates toward zero and saturates, NaN gives 0; to bool it tests
// for nonzero. With wrap 1 integers that become narrower ones, or ones of other sign, keep their low bits instead, as in
// C. Attribute to is the tensor.DType.
var Cast = register(Def{
	Code: 16, Name: "Cast", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "to", Kind: Int, Required: true}, {Name: "wrap", Kind: Int}},
	Infer: func(n *Node) error {
		to := tensor.DType(n.Attrs.Int("to", 0))
		for _, d := range []tensor.DType{n.In[0].DType, to} {
			switch d {
			case tensor.Float32, tensor.Float64, tensor.Int8, tensor.UInt8, tensor.Int16, tensor.Int32, tensor.UInt32, tensor.Int64, tensor.UInt64, tensor.Bool:
			default:
				return fmt.Errorf("cast from %v to %v: %w", n.In[0].DType, to, ErrUnsupported)
			}
		}
		n.Out[0].DType, n.Out[0].Shape = to, n.In[0].Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		return &castStep{p.In[0].Slot, p.Out[0].Slot, p.In[0].DType, p.Out[0].DType, p.Attrs.Int("wrap", 0) != 0}, nil
	},
})

type castStep struct {
	x, y     int
	from, to tensor.DType
	wrap     bool
}

func (s *castStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *castStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *castStep) Run(f *Frame, w *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	x, y := f.Buf[s.x], f.Buf[s.y]
	for i := first; i < first+n; i++ {
		// An integer travels as int64, a float as float64: both hold every source value exactly. Of uint64 what passes
		// int64 counts as its largest.
		var k int64
		var r float64
		real := s.from == tensor.Float32 || s.from == tensor.Float64
		switch s.from {
		case tensor.Float32:
			r = float64(x.F32()[i])
		case tensor.Float64:
			r = x.F64()[i]
		case tensor.Int8:
			k = int64(x.I8()[i])
		case tensor.UInt8, tensor.Bool:
			k = int64(x.Bytes()[i])
		case tensor.Int16:
			k = int64(x.I16()[i])
		case tensor.Int32:
			k = int64(x.I32()[i])
		case tensor.UInt32:
			k = int64(tensor.View[uint32](x)[i])
		case tensor.Int64:
			k = x.I64()[i]
		case tensor.UInt64:
			u := tensor.View[uint64](x)[i]
			if k = int64(min(u, math.MaxInt64)); s.wrap {
				k = int64(u)
			}
			if s.to == tensor.UInt64 {
				tensor.View[uint64](y)[i] = u
				continue
			}
		}
		switch s.to {
		case tensor.Float32:
			if real {
				y.F32()[i] = float32(r)
			} else {
				y.F32()[i] = float32(k)
			}
			continue
		case tensor.Float64:
			if real {
				y.F64()[i] = r
			} else {
				y.F64()[i] = float64(k)
			}
			continue
		case tensor.Bool:
			y.Bytes()[i] = byte(btoi(k != 0 || r != 0))
			continue
		}
		if real {
			k = truncate(r)
		} else if s.wrap {
			k = lowBits(k, s.to)
		}
		switch s.to {
		case tensor.Int8:
			y.I8()[i] = int8(min(max(k, math.MinInt8), math.MaxInt8))
		case tensor.UInt8:
			y.Bytes()[i] = uint8(min(max(k, 0), math.MaxUint8))
		case tensor.Int16:
			y.I16()[i] = int16(min(max(k, math.MinInt16), math.MaxInt16))
		case tensor.Int32:
			y.I32()[i] = int32(min(max(k, math.MinInt32), math.MaxInt32))
		case tensor.UInt32:
			tensor.View[uint32](y)[i] = uint32(min(max(k, 0), math.MaxUint32))
		case tensor.Int64:
			y.I64()[i] = k
		case tensor.UInt64:
			if !s.wrap || real {
				k = max(k, 0)
			}
			tensor.View[uint64](y)[i] = uint64(k)
		}
	}
}

// lowBits returns the number that an integer type makes of k's low bits.
func lowBits(k int64, to tensor.DType) int64 {
	switch to {
	case tensor.Int8:
		return int64(int8(k))
	case tensor.UInt8:
		return int64(uint8(k))
	case tensor.Int16:
		return int64(int16(k))
	case tensor.Int32:
		return int64(int32(k))
	case tensor.UInt32:
		return int64(uint32(k))
	}
	return k
}

func truncate(r float64) int64 {
	switch {
	case r != r:
		return 0
	case r >= 1<<63:
		return math.MaxInt64
	case r < -1<<63:
		return math.MinInt64
	}
	return int64(r)
}
