package op

import (
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Pad puts pads[i] elements before and pads[rank+i] behind axis i; a negative number removes elements. mode says what
// the new ones are: constant (value, 0 unless given), edge (the nearest element), reflect (mirrored about the first
// and last element, which do not repeat), symmetric (mirrored, and they do) or wrap (from the other end). Any element type of whole bytes.
//
// int8 and int16: input and output share their quantization; the constant is quantized like the input.
var Pad = register(Def{
	Code: 29, Name: "Pad", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "pads", Kind: Ints, Required: true}, {Name: "mode", Kind: String}, {Name: "value", Kind: Float}},
	Quant: Quantization{Kind: TiedRange},
	Infer: func(n *Node) error {
		pads, x := n.Attrs.Ints("pads"), n.In[0].Shape
		if len(pads) != 2*x.Rank {
			return fmt.Errorf("%d pads, want two for each axis of %v", len(pads), x)
		}
		mode, ok := padModes[n.Attrs.String("mode", "constant")]
		if !ok {
			return fmt.Errorf("mode %q, want constant, edge, reflect, symmetric or wrap", n.Attrs.String("mode", ""))
		}
		out := x
		for i, d := range x.Dims() {
			before, after := pads[i], pads[x.Rank+i]
			if before < -tensor.MaxDim || before > tensor.MaxDim || after < -tensor.MaxDim || after > tensor.MaxDim || d+before+after < 0 {
				return fmt.Errorf("pads %v do not fit shape %v", pads, x)
			}
			// What is mirrored or repeated must be there.
			if most := max(before, after); most > 0 && (mode != padConstant && d == 0 || mode == padReflect && most >= d || mode == padSymmetric && most > d) {
				return fmt.Errorf("pads %v by %s do not fit shape %v", pads, n.Attrs.String("mode", ""), x)
			}
			out.Dim[i] = d + before + after
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
	Prepare: preparePad,
})

type padMode uint8

const (
	padConstant padMode = iota
	padEdge
	padReflect
	padSymmetric
	padWrap
)

var padModes = map[string]padMode{"constant": padConstant, "edge": padEdge, "reflect": padReflect, "symmetric": padSymmetric, "wrap": padWrap}

// source maps position i before, in or behind an axis of extent d to the element that it repeats; −1 for the constant.
func (m padMode) source(i, d int) int {
	if i >= 0 && i < d {
		return i
	}
	switch m {
	case padEdge:
		return min(max(i, 0), d-1)
	case padReflect:
		if i < 0 {
			return -i
		}
		return 2*(d-1) - i
	case padSymmetric:
		if i < 0 {
			return -1 - i
		}
		return 2*d - 1 - i
	case padWrap:
		return ((i % d) + d) % d
	}
	return -1
}

type padStep struct {
	x, y   int
	before [tensor.MaxRank]int
	mode   padMode
	size   int
	last   int // the last axis that is padded
	fill   [8]byte
}

func preparePad(p *Prepare) (Step, error) {
	x := &p.In[0]
	size, err := elementSize(&x.Type)
	if err != nil {
		return nil, err
	}
	s := &padStep{x: x.Slot, y: p.Out[0].Slot, mode: padModes[p.Attrs.String("mode", "constant")], size: size}
	pads, rank := p.Attrs.Ints("pads"), x.Shape.Rank
	copy(s.before[:], pads[:rank])
	for i := range rank {
		if pads[i] != 0 || pads[rank+i] != 0 {
			s.last = i
		}
	}
	if x.DType == tensor.Int8 && !x.Quant.Equal(p.Out[0].Quant) {
		return nil, fmt.Errorf("input %v and output %v differ in quantization: %w", x.Type, p.Out[0].Type, ErrUnsupported)
	}
	value := p.Attrs.Float("value", 0)
	if s.mode != padConstant || value == 0 && !x.Quant.Quantized() {
		return s, nil
	}
	one := tensor.Of(s.fill[:])
	switch {
	case x.DType == tensor.Float32:
		one.F32()[0] = value
	case x.DType == tensor.Int8 && x.Quant.Quantized():
		scale, zero, err := perTensor("input", &x.Type)
		if err != nil {
			return nil, err
		}
		one.I8()[0] = fixed.QuantizeF32(value, scale, zero)
	case x.DType == tensor.Int16 && x.Quant.Quantized():
		scale, zero, err := codesOf("input", &x.Type, tensor.Int16)
		if err != nil {
			return nil, err
		}
		one.I16()[0] = fixed.Saturate16(codeOf(value, scale, zero))
	case x.DType == tensor.Int32 && float32(math.Trunc(float64(value))) == value:
		one.I32()[0] = int32(truncate(float64(value)))
	case x.DType == tensor.Int64 && float32(math.Trunc(float64(value))) == value:
		one.I64()[0] = truncate(float64(value))
	default:
		return nil, fmt.Errorf("value %g in %v: %w", value, x.DType, ErrUnsupported)
	}
	return s, nil
}

func (s *padStep) Info() Info { return Info{Kernel: "copy"} }

// lines returns how many lines along the last padded axis there are, and the elements of one of its positions.
func (s *padStep) lines(f *Frame) (lines, inner int) {
	y := &f.Shape[s.y]
	lines, inner = 1, 1
	for i, d := range y.Dims() {
		if i < s.last {
			lines *= d
		} else if i > s.last {
			inner *= d
		}
	}
	return lines, inner
}

func (s *padStep) lineBytes(f *Frame, inner int) int {
	if f.Shape[s.y].Rank == 0 {
		return s.size
	}
	return f.Shape[s.y].Dim[s.last] * inner * s.size
}

func (s *padStep) Tasks(f *Frame) int {
	if f.Shape[s.y].Elements() == 0 {
		return 0
	}
	lines, inner := s.lines(f)
	per := rowsPerTask(s.lineBytes(f, inner))
	return (lines + per - 1) / per
}

func (s *padStep) Run(f *Frame, _ *Worker, task int) {
	lines, inner := s.lines(f)
	per := rowsPerTask(s.lineBytes(f, inner))
	in, out := &f.Shape[s.x], &f.Shape[s.y]
	x, y := f.Buf[s.x].Bytes(), f.Buf[s.y].Bytes()
	if out.Rank == 0 {
		copy(y, x)
		return
	}
	block := inner * s.size
	d, n := in.Dim[s.last], out.Dim[s.last]
	for line := task * per; line < min((task+1)*per, lines); line++ {
		to := y[line*n*block : (line+1)*n*block]
		from, rest, stride := 0, line, d
		for i := s.last - 1; i >= 0 && from >= 0; i-- {
			k := s.mode.source(rest%out.Dim[i]-s.before[i], in.Dim[i])
			rest /= out.Dim[i]
			from += k * stride
			stride *= in.Dim[i]
			if k < 0 {
				from = -1
			}
		}
		if from < 0 {
			s.set(to)
			continue
		}
		src := x[from*block : (from+d)*block]
		// Positions [a,b) of the line are the input's own, side by side.
		before := s.before[s.last]
		a := min(max(before, 0), n)
		b := max(a, min(before+d, n))
		for _, span := range [2][2]int{{0, a}, {b, n}} {
			if s.mode == padConstant {
				s.set(to[span[0]*block : span[1]*block])
				continue
			}
			for i := span[0]; i < span[1]; i++ {
				k := s.mode.source(i-before, d)
				copy(to[i*block:(i+1)*block], src[k*block:])
			}
		}
		if a < b {
			copy(to[a*block:b*block], src[(a-before)*block:])
		}
	}
}

// set fills b with the constant.
func (s *padStep) set(b []byte) {
	n := copy(b, s.fill[:s.size])
	for n < len(b) {
		n += copy(b[n:], b[:n])
	}
}
