package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Add is y = clamp(a + b) with numpy's broadcasting.
//
// int8: TFLite's ADD (both operands scaled up by 2^20, brought to a common scale, added, rescaled).
var Add = register(Def{
	Code: 5, Name: "Add", MinIn: 2, MaxIn: 2, Outs: 1, Attrs: clampAttrs, InPlace: []int{0, 1},
	Infer: inferBinary, Prepare: prepareAdd, Quant: Quantization{Kind: OwnRange},
})

// Mul is y = clamp(a · b) with numpy's broadcasting. int8: TFLite's MUL.
var Mul = register(Def{
	Code: 6, Name: "Mul", MinIn: 2, MaxIn: 2, Outs: 1, Attrs: clampAttrs, InPlace: []int{0, 1},
	Infer: inferBinary, Prepare: prepareMul, Quant: Quantization{Kind: OwnRange},
})

func inferBinary(n *Node) error {
	a, b := &n.In[0], &n.In[1]
	if a.DType != b.DType {
		return fmt.Errorf("element types %v and %v differ", a.DType, b.DType)
	}
	s, err := broadcast(a.Shape, b.Shape)
	n.Out[0].DType, n.Out[0].Shape = a.DType, s
	return err
}

// binaryStep runs a commutative elementwise operator over runs of both operands.
type binaryStep struct {
	slots
	kernel string
	f32    func(*abi.BinaryF32)
	clamp  int
	lo, hi float32
	addS8  func(*abi.AddS8)
	mulS8  func(*abi.MulS8)
	add    abi.AddS8
	mul    abi.MulS8
}

func (s *binaryStep) Info() Info         { return Info{Kernel: s.kernel} }
func (s *binaryStep) Tasks(f *Frame) int { r := s.runs(f); return r.tasks() }

func (s *binaryStep) Run(f *Frame, w *Worker, task int) {
	r := s.runs(f)
	if r.outer == 1 {
		first, n := chunk(task, r.n)
		s.call(f, w, first*r.stepA, first*r.stepB, first, n, r.stepA, r.stepB)
		return
	}
	first, last := r.span(task)
	for i := first; i < last; i++ {
		a, b := r.at(i)
		s.call(f, w, a, b, i*r.n, r.n, r.stepA, r.stepB)
	}
}

// call runs one kernel; the operand that stands still is the kernel's b.
func (s *binaryStep) call(f *Frame, w *Worker, a, b, y, n, stepA, stepB int) {
	swap := stepA == 0
	step := stepB
	if swap {
		step = 0
		if stepB == 0 {
			step = 1 // one element
		}
	}
	switch {
	case s.f32 != nil:
		p := &w.BinaryF32
		p.A, p.B, p.Y = &f.Buf[s.a].F32()[a], &f.Buf[s.b].F32()[b], &f.Buf[s.y].F32()[y]
		p.N, p.BStep, p.Clamp, p.Lo, p.Hi = n, step, s.clamp, s.lo, s.hi
		if swap {
			p.A, p.B = p.B, p.A
		}
		s.f32(p)
	case s.addS8 != nil:
		p := &w.AddS8
		*p = s.add
		p.A, p.B, p.Y = &f.Buf[s.a].I8()[a], &f.Buf[s.b].I8()[b], &f.Buf[s.y].I8()[y]
		p.N, p.BStep = n, step
		if swap {
			p.A, p.B, p.ZA, p.ZB, p.MA, p.MB, p.ShiftA, p.ShiftB = p.B, p.A, p.ZB, p.ZA, p.MB, p.MA, p.ShiftB, p.ShiftA
		}
		s.addS8(p)
	default:
		p := &w.MulS8
		*p = s.mul
		p.A, p.B, p.Y = &f.Buf[s.a].I8()[a], &f.Buf[s.b].I8()[b], &f.Buf[s.y].I8()[y]
		p.N, p.BStep = n, step
		if swap {
			p.A, p.B, p.ZA, p.ZB = p.B, p.A, p.ZB, p.ZA
		}
		s.mulS8(p)
	}
}

func newBinary(p *Prepare) *binaryStep {
	s := &binaryStep{slots: slots{p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot}, kernel: p.Kernels.Name}
	s.clamp, s.lo, s.hi = clampF32(p.Attrs)
	return s
}

// binaryS8 returns the scales and zero points of both operands and the result.
func binaryS8(p *Prepare) (s [3]float32, z [3]int32, err error) {
	for i, t := range []*tensor.Type{&p.In[0].Type, &p.In[1].Type, &p.Out[0].Type} {
		if s[i], z[i], err = perTensor([]string{"first operand", "second operand", "output"}[i], t); err != nil {
			return s, z, err
		}
	}
	return s, z, nil
}

func prepareAdd(p *Prepare) (Step, error) {
	st := newBinary(p)
	switch p.In[0].DType {
	case tensor.Float32:
		st.f32 = p.Kernels.AddF32
		return st, nil
	case tensor.Int8:
	default:
		return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	const left = 20
	twice := 2 * max(float64(s[0]), float64(s[1]))
	a := &st.add
	a.MA, a.ShiftA = fixed.Quantize(float64(s[0]) / twice)
	a.MB, a.ShiftB = fixed.Quantize(float64(s[1]) / twice)
	a.MY, a.ShiftY = fixed.Quantize(twice / (float64(1<<left) * float64(s[2])))
	if a.ShiftY > 0 {
		return nil, fmt.Errorf("output scale %g is too small for input scales %g and %g: %w", s[2], s[0], s[1], ErrUnsupported)
	}
	a.ZA, a.ZB, a.ZY = z[0], z[1], z[2]
	a.Lo, a.Hi = clampS8(p.Attrs, s[2], z[2])
	st.addS8 = p.Kernels.AddS8
	return st, nil
}

func prepareMul(p *Prepare) (Step, error) {
	st := newBinary(p)
	switch p.In[0].DType {
	case tensor.Float32:
		st.f32 = p.Kernels.MulF32
		return st, nil
	case tensor.Int8:
	default:
		return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	m := &st.mul
	m.M, m.Shift = fixed.Quantize(float64(s[0]) * float64(s[1]) / float64(s[2]))
	m.ZA, m.ZB, m.ZY = z[0], z[1], z[2]
	m.Lo, m.Hi = clampS8(p.Attrs, s[2], z[2])
	st.mulS8 = p.Kernels.MulS8
	return st, nil
}
