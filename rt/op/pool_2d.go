package op

import (
	"fmt"
	"math"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

var poolAttrs = append([]AttrSpec{{Name: "kernel", Kind: Ints, Required: true}, {Name: "strides", Kind: Ints},
	{Name: "pads", Kind: Ints}, {Name: "dilations", Kind: Ints}, {Name: "ceil", Kind: Int}}, clampAttrs...)

// MaxPool2D is the largest value of each window and channel; padded taps do not count. x: [N,H,W,C].
//
// float32: NaN propagates. int8 and int16: TFLite's MAX_POOL_2D, input and output share their quantization.
var MaxPool2D = register(Def{
	Code: 8, Name: "MaxPool2D", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: poolAttrs,
	Infer: inferPool, Quant: Quantization{Kind: SameRange},
	Prepare: func(p *Prepare) (Step, error) { return preparePool(p, false) },
})

// AveragePool2D is the mean of each window and channel. x: [N,H,W,C]. With includePad, padded taps count as zeros,
// up to the end padding; otherwise they do not count.
//
// float32: taps ascending from +0, then one division. int8: TFLite's AVERAGE_POOL_2D: raw codes are summed and divided
// with halves away from code 0, or, with attribute unsigned, halves up, as the uint8 operator does whose codes are 128 more.
// int16: as int8. Input and output share their quantization.
var AveragePool2D = register(Def{
	Code: 9, Name: "AveragePool2D", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: append([]AttrSpec{{Name: "includePad", Kind: Int}, {Name: "unsigned", Kind: Int}}, poolAttrs...),
	Infer: inferPool, Quant: Quantization{Kind: SameRange},
	Prepare: func(p *Prepare) (Step, error) { return preparePool(p, true) },
})

func poolWindow(n *Node) (window, error) {
	k := n.Attrs.Ints("kernel")
	if len(k) != 2 {
		return window{}, fmt.Errorf("kernel %v, want 2 values", k)
	}
	w, err := parseWindow(n.Attrs, n.In[0].Shape, [2]int{k[0], k[1]}, n.Attrs.Int("ceil", 0) != 0)
	if err != nil {
		return w, err
	}
	for i := range 2 {
		// A window that sees nothing but padding has no maximum and no mean.
		reach := (w.kernel[i] - 1) * w.dilation[i]
		last := (w.out[i]-1)*w.stride[i] - w.pad[i]
		if w.pad[i] > reach || last >= w.in[i] || w.in[i] == 0 {
			return w, fmt.Errorf("pads %v put a window of %v outside the input %v", w.pad, w.kernel, w.in)
		}
	}
	return w, nil
}

func inferPool(n *Node) error {
	w, err := poolWindow(n)
	if err != nil {
		return err
	}
	x := n.In[0].Shape
	n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, tensor.MakeShape(x.Dim[0], w.out[0], w.out[1], x.Dim[3])
	return nil
}

// poolStep pools block by block of output pixels.
type poolStep struct {
	x, y    int
	win     window
	ind     indirection
	counts  []int32 // per output pixel; average only
	average bool
	// padded makes each padded tap of an int8 average add zero, the code that stands for 0.
	padded bool
	zero   int32
	s16    bool
	// unsigned averages round as uint8 codes, which are 128 more, do.
	unsigned bool
	clamp    int
	flo, fhi float32
	lo, hi   int32
	s8       func(*abi.PoolS8)
	f32      func(*abi.PoolF32)
	kernel   string
}

func preparePool(p *Prepare, average bool) (Step, error) {
	win, err := poolWindow(p.Node)
	if err != nil {
		return nil, err
	}
	x, y := &p.In[0], &p.Out[0]
	s := &poolStep{x: x.Slot, y: y.Slot, win: win, average: average, ind: win.indirect(1), kernel: p.Kernels.Name}
	s.clamp, s.flo, s.fhi = clampF32(p.Attrs)
	if average {
		s.padded = p.Attrs.Int("includePad", 0) != 0
		s.count()
	} else if err := s.fillPadding(); err != nil {
		return nil, err
	}
	switch x.DType {
	case tensor.Float32:
		s.f32 = p.Kernels.MaxPoolF32
		if average {
			s.f32 = p.Kernels.AvgPoolF32
		}
	case tensor.Int8, tensor.Int16:
		scale, zero, err := codesOf("input", &x.Type, x.DType)
		if err != nil {
			return nil, err
		}
		if !x.Quant.Equal(y.Quant) {
			return nil, fmt.Errorf("input %v and output %v differ in quantization: %w", x.Type, y.Type, ErrUnsupported)
		}
		s.lo, s.hi = clampCodes(p.Attrs, x.DType, scale, zero)
		s.zero = zero
		s.unsigned = p.Attrs.Int("unsigned", 0) != 0
		s.s16 = x.DType == tensor.Int16
		switch {
		case s.s16 || s.unsigned || s.padded && zero != 0:
			s.kernel = "portable"
		case average:
			s.s8 = p.Kernels.AvgPoolS8
		default:
			s.s8 = p.Kernels.MaxPoolS8
		}
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
	return s, nil
}

// fillPadding lets each padded tap repeat a valid one, which changes no maximum.
func (s *poolStep) fillPadding() error {
	taps := s.win.taps()
	for _, t := range s.ind.tables {
		for r := 0; r < len(t); r += taps {
			valid := int32(-1)
			for _, off := range t[r : r+taps] {
				valid = max(valid, off)
			}
			if valid < 0 {
				return fmt.Errorf("a window of %v lies between the pixels", s.win.kernel)
			}
			for i, off := range t[r : r+taps] {
				if off < 0 {
					t[r+i] = valid
				}
			}
		}
	}
	return nil
}

// count finds each output pixel's divisor.
func (s *poolStep) count() {
	w := &s.win
	inside := func(o, axis, pad, end int) int32 {
		n := int32(0)
		for k := range w.kernel[axis] {
			i := o*w.stride[axis] - w.pad[axis] + k*w.dilation[axis]
			if i >= -pad && i < w.in[axis]+end {
				n++
			}
		}
		return n
	}
	for oy := range w.out[0] {
		for ox := range w.out[1] {
			if s.padded {
				s.counts = append(s.counts, inside(oy, 0, w.pad[0], w.pad[2])*inside(ox, 1, w.pad[1], w.pad[3]))
			} else {
				s.counts = append(s.counts, inside(oy, 0, 0, 0)*inside(ox, 1, 0, 0))
			}
		}
	}
}

func (s *poolStep) Info() Info {
	i := Info{Kernel: s.kernel, PackedBytes: s.ind.sizeBytes() + 4*len(s.counts)}
	if s.average && s.s8 != nil {
		i.ScratchBytes = 4 * s.win.channels
	}
	return i
}

func (s *poolStep) Tasks(f *Frame) int { return f.Shape[s.x].Dim[0] * len(s.ind.blocks) }

func (s *poolStep) Run(f *Frame, w *Worker, task int) {
	picture, blk := task/len(s.ind.blocks), task%len(s.ind.blocks)
	b := &s.ind.blocks[blk]
	c := s.win.channels
	shift := picture*s.win.in[0]*s.win.in[1]*c + b.shift
	y0 := (picture*s.win.pixels() + b.first) * c
	if s.f32 != nil {
		a := &w.PoolF32
		a.X, a.Y, a.Off = f.Buf[s.x].PtrF32(), &f.Buf[s.y].F32()[y0], &s.ind.tables[b.table][0]
		a.Shift, a.YStride, a.Rows, a.Taps, a.C = shift, c, b.rows, s.win.taps(), c
		a.Clamp, a.Lo, a.Hi = s.clamp, s.flo, s.fhi
		if s.average {
			a.Count = &s.counts[b.first]
		}
		s.f32(a)
		return
	}
	switch {
	case s.s16:
		poolCodes(s, f.Buf[s.y].I16()[y0:], f.Buf[s.x].I16(), b, shift)
		return
	case s.s8 == nil:
		poolCodes(s, f.Buf[s.y].I8()[y0:], f.Buf[s.x].I8(), b, shift)
		return
	}
	a := &w.PoolS8
	a.X, a.Y, a.Off = f.Buf[s.x].PtrI8(), &f.Buf[s.y].I8()[y0], &s.ind.tables[b.table][0]
	a.Shift, a.YStride, a.Rows, a.Taps, a.C = shift, c, b.rows, s.win.taps(), c
	a.Lo, a.Hi = s.lo, s.hi
	if s.average {
		a.Count, a.Acc = &s.counts[b.first], w.Scratch.PtrI32()
	}
	s.s8(a)
}

// poolCodes is the portable form of both pools, for what has no kernel of its own: int16, averages that round as uint8 does,
// and int8 averages whose padded taps add the zero point's code (TFLite never counts padding).
func poolCodes[T int8 | int16](s *poolStep, y, x []T, b *block, shift int) {
	c, taps := s.win.channels, s.win.taps()
	for r := range b.rows {
		offsets := s.ind.tables[b.table][r*taps : (r+1)*taps]
		for ch := range c {
			sum, seen, top := int32(0), int32(0), int32(math.MinInt32)
			for _, off := range offsets {
				if off >= 0 {
					v := int32(x[shift+int(off)+ch])
					sum += v
					seen++
					top = max(top, v)
				}
			}
			if s.average {
				n := s.counts[b.first+r]
				if s.padded {
					sum += (n - seen) * s.zero
				}
				top = s.mean(sum, n)
			}
			y[r*c+ch] = T(min(max(top, s.lo), s.hi))
		}
	}
}

// mean divides, halves away from code 0 or, where the codes are uint8 ones less 128, up.
func (s *poolStep) mean(sum, n int32) int32 {
	switch {
	case s.unsigned:
		return (sum+128*n+n/2)/n - 128
	case sum > 0:
		return (sum + n/2) / n
	}
	return (sum - n/2) / n
}
