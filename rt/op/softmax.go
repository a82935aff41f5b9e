package op

import (
	"fmt"
	"math"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Softmax is y = e^(beta·(x − max x)) / Σ e^(beta·(x − max x)) over the last axis. Attribute beta is for codes only;
// attribute to is the tensor.DType of the output where it is not the input's.
//
// int8: TFLite's SOFTMAX; the output has scale 1/256 and zero point −128, or is int16 of scale 1/65536 and zero point
// −32768. int16: the output has scale 1/32768 and zero point 0.
var Softmax = register(Def{
	Code: 12, Name: "Softmax", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0},
	Attrs: []AttrSpec{{Name: "beta", Kind: Float}, {Name: "to", Kind: Int}},
	Infer: func(n *Node) error {
		if err := inferLastAxis(n); err != nil {
			return err
		}
		x := n.In[0].DType
		to := tensor.DType(n.Attrs.Int("to", int(x)))
		if to != x && (x != tensor.Int8 || to != tensor.Int16) {
			return fmt.Errorf("from %v to %v: %w", x, to, ErrUnsupported)
		}
		n.Out[0].DType = to
		return nil
	},
	Prepare: prepareSoftmax,
	Quant:   Quantization{Kind: FixedOutput, Scale: 1.0 / 256, Zero: -128},
})

// LogSoftmax is y = x − max x − ln Σ e^(x − max x) over the last axis.
//
// int8: TFLite's LOG_SOFTMAX; the output has scale 16/256 and zero point 127, so it ends at −15.9375.
var LogSoftmax = register(Def{
	Code: 13, Name: "LogSoftmax", MinIn: 1, MaxIn: 1, Outs: 1, InPlace: []int{0},
	Infer: inferLastAxis, Prepare: prepareLogSoftmax,
	Quant: Quantization{Kind: FixedOutput, Scale: 16.0 / 256, Zero: 127},
})

func inferLastAxis(n *Node) error {
	x := n.In[0].Shape
	if x.Rank < 1 || x.Dim[x.Rank-1] < 1 {
		return fmt.Errorf("input has shape %v, want a last axis", x)
	}
	return inferSame(n)
}

// rowsStep runs an operator over the rows of the last axis.
type rowsStep struct {
	x, y   int
	most   int // elements of a row at the bounds
	kernel string
	run    func(s *rowsStep, f *Frame, w *Worker, first, rows, n int)

	softmaxF32 func(*abi.SoftmaxF32)
	log        int
	softmaxS8  func(*abi.SoftmaxS8)
	exp        *[256]int32
	dmin       int32
	logS8      *logSoftmaxS8
}

func (s *rowsStep) Info() Info { return Info{Kernel: s.kernel, PackedBytes: 1024 * btoi(s.exp != nil)} }

// rows returns the rows of the moment, their length and how many are a task.
func (s *rowsStep) rows(f *Frame) (rows, n, perTask int) {
	x := &f.Shape[s.x]
	n = x.Dim[x.Rank-1]
	return x.Elements() / n, n, max(1, chunkElements/4/n)
}

func (s *rowsStep) Tasks(f *Frame) int {
	rows, _, per := s.rows(f)
	return (rows + per - 1) / per
}

func (s *rowsStep) Run(f *Frame, w *Worker, task int) {
	rows, n, per := s.rows(f)
	first := task * per
	s.run(s, f, w, first, min(per, rows-first), n)
}

func newRows(p *Prepare) *rowsStep {
	x := &p.In[0]
	return &rowsStep{x: x.Slot, y: p.Out[0].Slot, most: x.Shape.Dim[x.Shape.Rank-1], kernel: p.Kernels.Name}
}

func runSoftmaxF32(s *rowsStep, f *Frame, w *Worker, first, rows, n int) {
	a := &w.SoftmaxF32
	a.X, a.Y = &f.Buf[s.x].F32()[first*n], &f.Buf[s.y].F32()[first*n]
	a.Rows, a.N, a.Log = rows, n, s.log
	s.softmaxF32(a)
}

func runSoftmaxS8(s *rowsStep, f *Frame, w *Worker, first, rows, n int) {
	a := &w.SoftmaxS8
	a.X, a.Y = &f.Buf[s.x].I8()[first*n], &f.Buf[s.y].I8()[first*n]
	a.Rows, a.N, a.Exp, a.DMin = rows, n, s.exp, s.dmin
	s.softmaxS8(a)
}

func prepareSoftmax(p *Prepare) (Step, error) {
	s := newRows(p)
	x, y := &p.In[0], &p.Out[0]
	beta := p.Attrs.Float("beta", 1)
	if !(beta > 0) || beta != 1 && x.DType == tensor.Float32 {
		return nil, fmt.Errorf("beta %g of %v: %w", beta, x.DType, ErrUnsupported)
	}
	switch {
	case x.DType == tensor.Float32:
		s.softmaxF32, s.run = p.Kernels.SoftmaxF32, runSoftmaxF32
		return s, nil
	case y.DType == tensor.Int16:
		return prepareSoftmax16(p, s)
	}
	sx, _, err := perTensor("input", &x.Type)
	if err != nil {
		return nil, err
	}
	if !y.Quant.Equal(tensor.PerTensor(1.0/256, -128)) {
		return nil, fmt.Errorf("output is %v, want scale 1/256 and zero point -128: %w", y.Type, ErrUnsupported)
	}
	s.exp, _, _, s.dmin, err = expTable(sx, beta)
	if err != nil {
		return nil, err
	}
	s.softmaxS8 = p.Kernels.SoftmaxS8
	s.run = runSoftmaxS8
	return s, nil
}

// expTable holds, for each difference d = x − max in [−255, 0], e^(d·scale·beta) in Q0.31, 0 below dmin, beside the
// multiplier that brings d to Q5.26. Source: TFLite PreprocessSoftmaxScaling and SOFTMAX.
func expTable(scale, beta float32) (exp *[256]int32, m, ls, dmin int32, err error) {
	scaled := min(float64(float64(beta)*float64(scale)*(1<<26)), 1<<31-1)
	if scaled <= 1 {
		return nil, 0, 0, 0, fmt.Errorf("input scale %g is too small: %w", scale, ErrUnsupported)
	}
	m, ls = fixed.Quantize(scaled)
	dmin = -fixed.InputRadius(5, ls)
	return expCodes(m, ls, dmin), m, ls, dmin, nil
}

func expCodes(m, ls, dmin int32) *[256]int32 {
	exp := new([256]int32)
	for i := range exp {
		if d := int32(i) - 255; d >= dmin {
			exp[i] = fixed.ExpQ(fixed.MBQM(d, m, ls), 5)
		}
	}
	return exp
}

// logSoftmaxS8 holds what TFLite's int8 LOG_SOFTMAX prepares. Its rows are short (class scores), so it has no kernel
// of its own.
type logSoftmaxS8 struct {
	exp    *[256]int32
	scaled [256]int32 // MBQM(d) for d = i−255
	dmin   int32
	rd, rs int32
}

func prepareLogSoftmax(p *Prepare) (Step, error) {
	s := newRows(p)
	x, y := &p.In[0], &p.Out[0]
	if x.DType == tensor.Float32 {
		s.softmaxF32, s.log, s.run = p.Kernels.SoftmaxF32, 1, runSoftmaxF32
		return s, nil
	}
	sx, _, err := perTensor("input", &x.Type)
	if err != nil {
		return nil, err
	}
	if !y.Quant.Equal(tensor.PerTensor(16.0/256, 127)) {
		return nil, fmt.Errorf("output is %v, want scale 16/256 and zero point 127: %w", y.Type, ErrUnsupported)
	}
	l := new(logSoftmaxS8)
	var m, ls int32
	if l.exp, m, ls, l.dmin, err = expTable(sx, 1); err != nil {
		return nil, err
	}
	for i := range l.scaled {
		if d := int32(i) - 255; d >= l.dmin {
			l.scaled[i] = fixed.MBQM(d, m, ls)
		}
	}
	l.rd, l.rs = fixed.Quantize(math.Ldexp(1, 31-int(ls)) / float64(m))
	s.logS8, s.exp = l, l.exp
	s.kernel = "portable"
	s.run = func(s *rowsStep, f *Frame, w *Worker, first, rows, n int) {
		for r := first; r < first+rows; r++ {
			s.logS8.row(f.Buf[s.y].I8()[r*n:(r+1)*n], f.Buf[s.x].I8()[r*n:(r+1)*n])
		}
	}
	return s, nil
}

func (l *logSoftmaxS8) row(y, x []int8) {
	top := int32(-128)
	for _, v := range x {
		top = max(top, int32(v))
	}
	sum := int32(0)
	for _, v := range x {
		sum += fixed.RDPOT(l.exp[int32(v)-top+255], 12)
	}
	log := fixed.LogQ(sum)
	// Below cut the result would pass the smallest code. log − 2^31 wraps as the reference's does.
	cut := max(l.dmin-1, fixed.MBQM(int32(uint32(log)-1<<31), l.rd, l.rs))
	for i, v := range x {
		d := int32(v) - top
		if d <= cut || d < l.dmin {
			y[i] = -128
			continue
		}
		q := fixed.RDPOT(l.scaled[d+255]-log, 31-5-4) + 127
		y[i] = int8(min(max(q, -128), 127))
	}
}
