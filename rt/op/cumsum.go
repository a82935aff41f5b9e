package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// CumSum is the running sum along attribute axis; with reverse it runs from the end, with exclusive an element is not
// part of its own sum. float32: in that order, from +0. int32, int64: wraps.
//
// int8: TFLite Micro's CUMSUM, whose sum starts at minus the input's zero point: it is off by that much unless the
// zero point is 0, so the quantizer leaves the operator in float32.
var CumSum = register(Def{
	Code: 55, Name: "CumSum", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}, {Name: "exclusive", Kind: Int}, {Name: "reverse", Kind: Int}},
	Infer: func(n *Node) error {
		if axis := n.Attrs.Int("axis", 0); axis < 0 || axis >= n.In[0].Shape.Rank {
			return fmt.Errorf("axis %d of shape %v", axis, n.In[0].Shape)
		}
		return inferSame(n)
	},
	Prepare: func(p *Prepare) (Step, error) {
		s := &cumStep{x: p.In[0].Slot, y: p.Out[0].Slot, axis: p.Attrs.Int("axis", 0), reverse: p.Attrs.Int("reverse", 0) != 0}
		exclusive := p.Attrs.Int("exclusive", 0) != 0
		switch p.In[0].DType {
		case tensor.Float32:
			s.run = runningSum(0, exclusive, func(sum, x float32) float32 { return sum + x }, func(sum float32) float32 { return sum })
		case tensor.Int32:
			s.run = runningSum(0, exclusive, func(sum, x int32) int32 { return sum + x }, func(sum int32) int32 { return sum })
		case tensor.Int64:
			s.run = runningSum(0, exclusive, func(sum, x int64) int64 { return sum + x }, func(sum int64) int64 { return sum })
		case tensor.Int8:
			a, err := newAddend(p)
			if err != nil {
				return nil, err
			}
			s.run = runningSum(a.start, exclusive, a.add, a.code)
		default:
			return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
		}
		return s, nil
	},
})

type cumStep struct {
	x, y, axis int
	reverse    bool
	run        func(x, y tensor.Buffer, first, n, step int)
}

func (s *cumStep) Info() Info { return Info{Kernel: "portable"} }

func (s *cumStep) Tasks(f *Frame) int {
	n := f.Shape[s.x].Dim[s.axis]
	per := max(1, chunkElements/max(1, n))
	return (f.Shape[s.x].Elements()/max(1, n) + per - 1) / per
}

func (s *cumStep) Run(f *Frame, _ *Worker, task int) {
	x := &f.Shape[s.x]
	n, step := x.Dim[s.axis], strides(x)[s.axis]
	per := max(1, chunkElements/n)
	for i := task * per; i < min((task+1)*per, x.Elements()/n); i++ {
		first, by := i/step*step*n+i%step, step
		if s.reverse {
			first, by = first+(n-1)*step, -step
		}
		s.run(f.Buf[s.x], f.Buf[s.y], first, n, by)
	}
}

// runningSum sums n elements step apart.
func runningSum[T element, S int32 | int64 | float32](start S, exclusive bool, add func(S, T) S, out func(S) T) func(x, y tensor.Buffer, first, n, step int) {
	return func(x, y tensor.Buffer, first, n, step int) {
		from, to := tensor.View[T](x), tensor.View[T](y)
		sum := start
		for i := range n {
			at := first + i*step
			v := from[at]
			if exclusive {
				to[at] = out(sum)
			}
			sum = add(sum, v)
			if !exclusive {
				to[at] = out(sum)
			}
		}
	}
}

// AddN is the sum of inputs of one shape. float32: in their order. int32, int64: wraps.
//
// int8: TFLite Micro's ADD_N: all inputs share their quantization, and the sum is off by their zero point as CumSum's.
var AddN = register(Def{
	Code: 56, Name: "AddN", MinIn: 1, MaxIn: 4096, Outs: 1, InPlace: []int{0},
	Infer: func(n *Node) error {
		for i := range n.In {
			if x, first := &n.In[i], &n.In[0]; x.Missing() || x.DType != first.DType || x.Shape != first.Shape {
				return fmt.Errorf("input %d is %v%v, want %v%v", i, x.DType, x.Shape, first.DType, first.Shape)
			}
		}
		return inferSame(n)
	},
	Prepare: func(p *Prepare) (Step, error) {
		s := &addNStep{y: p.Out[0].Slot}
		for i := range p.In {
			s.x = append(s.x, p.In[i].Slot)
		}
		switch p.In[0].DType {
		case tensor.Float32:
			s.run = sumOf(s.x, 0, func(sum, x float32) float32 { return sum + x }, func(sum float32) float32 { return sum })
		case tensor.Int32:
			s.run = sumOf(s.x, 0, func(sum, x int32) int32 { return sum + x }, func(sum int32) int32 { return sum })
		case tensor.Int64:
			s.run = sumOf(s.x, 0, func(sum, x int64) int64 { return sum + x }, func(sum int64) int64 { return sum })
		case tensor.Int8:
			for i := range p.In {
				if x := &p.In[i].Type; !x.Quant.Equal(p.In[0].Quant) {
					return nil, fmt.Errorf("input %d is %v, input 0 %v: they differ in quantization: %w", i, x, p.In[0].Type, ErrUnsupported)
				}
			}
			a, err := newAddend(p)
			if err != nil {
				return nil, err
			}
			s.run = sumOf(s.x, a.start, a.add, a.code)
		default:
			return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
		}
		return s, nil
	},
})

type addNStep struct {
	x   []int
	y   int
	run func(f *Frame, y tensor.Buffer, first, n int)
}

func (s *addNStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *addNStep) Tasks(f *Frame) int { return chunks(f.Shape[s.y].Elements()) }
func (s *addNStep) Run(f *Frame, _ *Worker, task int) {
	first, n := chunk(task, f.Shape[s.y].Elements())
	s.run(f, f.Buf[s.y], first, n)
}

func sumOf[T element, S int32 | int64 | float32](slots []int, start S, add func(S, T) S, out func(S) T) func(f *Frame, y tensor.Buffer, first, n int) {
	return func(f *Frame, y tensor.Buffer, first, n int) {
		to := tensor.View[T](y)
		for i := first; i < first+n; i++ {
			sum := start
			for _, slot := range slots {
				sum = add(sum, tensor.View[T](f.Buf[slot])[i])
			}
			to[i] = out(sum)
		}
	}
}

// addend is int8 addition of values of one quantization: as Add's, in units of half the input's scale over 2^20.
// Source: TFLite CumSum and AddN.
type addend struct {
	scaled *[256]int32
	start  int32
	m, e   int32
	zero   int32
}

func newAddend(p *Prepare) (*addend, error) {
	sx, sy, zx, zy, err := unaryS8(p.Node)
	if err != nil {
		return nil, err
	}
	a := &addend{scaled: scaledCodes(zx, 0.5, addLeft), zero: zy}
	half, shift := fixed.Quantize(0.5)
	a.start = fixed.MBQM(-zx<<addLeft, half, shift)
	a.m, a.e = fixed.Quantize(2 * float64(sx) / (float64(1<<addLeft) * float64(sy)))
	if a.e > 0 {
		return nil, fmt.Errorf("output scale %g is too small for input scale %g: %w", sy, sx, ErrUnsupported)
	}
	return a, nil
}

func (a *addend) add(sum int32, x int8) int32 { return sum + a.scaled[int(x)+128] }

func (a *addend) code(sum int32) int8 {
	return int8(min(max(fixed.MBQM(sum, a.m, a.e)+a.zero, -128), 127))
}
