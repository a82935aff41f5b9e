package op

import (
	"fmt"
	"math"
	"math/bits"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Mean is the arithmetic mean over axes, all of them unless given. With keepDims the axes stay with extent 1.
//
// float32: the sum starts from +0 and ascends over the reduced axes; where the last axes are reduced, each of their
// contiguous rows is first summed as fixed.Sum16 does. One division at the end; the mean of nothing is NaN.
// int8 and int16: TFLite's MEAN: int32 sums, 1/n folded into the multiplier with truncation; the mean of nothing is 0.
var Mean = register(Def{
	Code: 30, Name: "Mean", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: reduceAttrs,
	Infer: inferReduced, Prepare: func(p *Prepare) (Step, error) { return prepareMean(p, false) },
	Quant: Quantization{Kind: OwnRange},
})

// reducedAxes returns the axes as bits.
func reducedAxes(a Attrs, x *tensor.Shape) (int, error) {
	if !a.Has("axes") {
		return 1<<x.Rank - 1, nil
	}
	axes, set := a.Ints("axes"), 0
	for _, k := range axes {
		if k < 0 || k >= x.Rank || set>>k&1 == 1 {
			return 0, fmt.Errorf("axes %v do not fit shape %v", axes, *x)
		}
		set |= 1 << k
	}
	return set, nil
}

// meanStep computes Mean, or Sum: it sums blocks of meanBlock outputs that lie side by side in the input too, or, where the last axis is reduced,
// one output after the other.
type meanStep struct {
	x, y      int
	reduced   int
	sum       bool
	add       func(*abi.BinaryF32) // nil: int8
	kernel    string
	s16       bool
	zx, zy    int32
	lo, hi    int32
	mult, exp int32
}

// meanBlock outputs' sums stay in the first-level cache while the input passes by.
const meanBlock = 1 << 10

func prepareMean(p *Prepare, sum bool) (Step, error) {
	x, y := &p.In[0], &p.Out[0]
	reduced, err := reducedAxes(p.Attrs, &x.Shape)
	if err != nil {
		return nil, err
	}
	s := &meanStep{x: x.Slot, y: y.Slot, reduced: reduced, sum: sum, kernel: p.Kernels.Name}
	switch x.DType {
	case tensor.Float32:
		s.add = p.Kernels.AddF32
	case tensor.Int8, tensor.Int16:
		s.kernel, s.s16 = "portable", x.DType == tensor.Int16
		sx, sy, zx, zy, err := unaryCodes(p.Node, x.DType)
		if err != nil {
			return nil, err
		}
		s.zx, s.zy = zx, zy
		s.lo, s.hi = codeRange(x.DType)
		s.mult, s.exp = fixed.Quantize(float64(sx) / float64(sy))
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
	return s, nil
}

func (s *meanStep) Info() Info {
	i := Info{Kernel: s.kernel}
	if s.add == nil {
		i.ScratchBytes = 4 * meanBlock
	}
	return i
}

// meanLoops is what the extents of the moment say: each output is a step of one walk over the input and sums the
// elements that another one visits from there.
type meanLoops struct {
	kept, summed walk
	n            int // elements of one mean
	side         bool
}

func (s *meanStep) loops(f *Frame) meanLoops { return reduceLoops(&f.Shape[s.x], s.reduced) }

func reduceLoops(x *tensor.Shape, reduced int) meanLoops {
	stride := strides(x)
	var dim, step [2][tensor.MaxRank]int
	var rank [2]int
	for i, d := range x.Dims() {
		k := reduced >> i & 1
		dim[k][rank[k]], step[k][rank[k]] = d, stride[i]
		rank[k]++
	}
	l := meanLoops{kept: makeWalk(dim[0][:rank[0]], step[0][:rank[0]], 0), summed: makeWalk(dim[1][:rank[1]], step[1][:rank[1]], 0)}
	l.n = l.summed.rows() * l.summed.n
	l.side = l.kept.step == 1 && (l.summed.step != 1 || l.summed.n == 1)
	return l
}

// outputs is how many single outputs one task computes.
func (l *meanLoops) outputs() int { return max(1, chunkElements/max(1, l.n)) }

// blocks is how many blocks a row of outputs side by side has.
func (l *meanLoops) blocks() int { return (l.kept.n + meanBlock - 1) / meanBlock }

func (s *meanStep) Tasks(f *Frame) int {
	n := f.Shape[s.y].Elements()
	if n == 0 {
		return 0
	}
	l := s.loops(f)
	if l.side && l.n > 0 {
		return l.kept.rows() * l.blocks()
	}
	return (n + l.outputs() - 1) / l.outputs()
}

func (s *meanStep) Run(f *Frame, w *Worker, task int) {
	l := s.loops(f)
	if l.side && l.n > 0 {
		row, first := task/l.blocks(), task%l.blocks()*meanBlock
		n := min(meanBlock, l.kept.n-first)
		c := l.kept.seek(row)
		s.block(f, w, &l, c.off+first, row*l.kept.n+first, n)
		return
	}
	first := task * l.outputs()
	for i := first; i < min(first+l.outputs(), f.Shape[s.y].Elements()); i++ {
		c := l.kept.seek(i / l.kept.n)
		s.single(f, &l, c.off+i%l.kept.n*l.kept.step, i)
	}
}

// block computes n outputs side by side.
func (s *meanStep) block(f *Frame, w *Worker, l *meanLoops, from, to, n int) {
	var sums []int32
	if s.add != nil {
		y := f.Buf[s.y].F32()[to : to+n]
		clear(y)
		a := &w.BinaryF32
		a.A, a.Y, a.N, a.BStep, a.Clamp = &y[0], &y[0], n, 1, 0
	} else {
		sums = w.Scratch.I32()[:n]
		clear(sums)
	}
	c := l.summed.seek(0)
	for range l.summed.rows() {
		for k := range l.summed.n {
			off := from + c.off + k*l.summed.step
			if s.add != nil {
				w.BinaryF32.B = &f.Buf[s.x].F32()[off]
				s.add(&w.BinaryF32)
				continue
			}
			if s.s16 {
				for i, v := range f.Buf[s.x].I16()[off : off+n] {
					sums[i] += int32(v)
				}
				continue
			}
			for i, v := range f.Buf[s.x].I8()[off : off+n] {
				sums[i] += int32(v)
			}
		}
		l.summed.next(&c)
	}
	if s.add != nil {
		if !s.sum {
			y := f.Buf[s.y].F32()[to : to+n]
			for i := range y {
				y[i] /= float32(l.n)
			}
		}
		return
	}
	mult, exp := s.multiplier(l.n)
	for i, sum := range sums {
		s.store(f, to+i, s.code(sum, l.n, mult, exp))
	}
}

// single computes one output from rows of the last axis.
func (s *meanStep) single(f *Frame, l *meanLoops, from, to int) {
	if l.n == 0 {
		switch {
		case s.add == nil:
			s.store(f, to, 0)
		case s.sum:
			f.Buf[s.y].F32()[to] = 0
		default:
			f.Buf[s.y].F32()[to] = float32(math.NaN())
		}
		return
	}
	real, sum := float32(0), int32(0)
	c := l.summed.seek(0)
	for range l.summed.rows() {
		off, n := from+c.off, l.summed.n
		switch {
		case s.add != nil:
			real += fixed.Sum16(f.Buf[s.x].F32()[off : off+n])
		case s.s16:
			for _, v := range f.Buf[s.x].I16()[off : off+n] {
				sum += int32(v)
			}
		default:
			for _, v := range f.Buf[s.x].I8()[off : off+n] {
				sum += int32(v)
			}
		}
		l.summed.next(&c)
	}
	if s.add != nil {
		if !s.sum {
			real /= float32(l.n)
		}
		f.Buf[s.y].F32()[to] = real
		return
	}
	mult, exp := s.multiplier(l.n)
	s.store(f, to, s.code(sum, l.n, mult, exp))
}

func (s *meanStep) store(f *Frame, i int, code int32) {
	if s.s16 {
		f.Buf[s.y].I16()[i] = int16(code)
	} else {
		f.Buf[s.y].I8()[i] = int8(code)
	}
}

// multiplier folds a mean's 1/n into the ratio of scales. Source: TFLite reduce.h, QuantizedMeanOrSum.
func (s *meanStep) multiplier(n int) (mult, exp int32) {
	if s.sum {
		return s.mult, s.exp
	}
	shift := min(int32(bits.Len(uint(n))-1), 32, 31+s.exp)
	return int32((int64(s.mult) << shift) / int64(n)), s.exp - shift
}

func (s *meanStep) code(sum int32, n int, mult, exp int32) int32 {
	return min(max(fixed.MBQM(sum-s.zx*int32(n), mult, exp)+s.zy, s.lo), s.hi)
}
