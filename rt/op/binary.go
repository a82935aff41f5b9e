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

// binaryStep runs an elementwise operator of two operands over runs of both.
type binaryStep struct {
	slots
	kernel      string
	packedBytes int
	run         func(*Frame, *Worker, part)
}

// part is one run as kernels take it: n elements of y from n of operand a and, by step (1, or 0 to repeat one), of b.
// Where the first operand of the node is the one that repeats, the two are exchanged and reverse is 1.
type part struct {
	a, b, y int // where they begin
	slotA   int
	slotB   int
	slotY   int
	n, step int
	reverse int
}

func (s *binaryStep) Info() Info         { return Info{Kernel: s.kernel, PackedBytes: s.packedBytes} }
func (s *binaryStep) Tasks(f *Frame) int { r := s.runs(f); return r.tasks() }

func (s *binaryStep) Run(f *Frame, w *Worker, task int) {
	r := s.runs(f)
	p := part{slotA: s.a, slotB: s.b, slotY: s.y, step: r.stepB}
	if r.stepA == 0 {
		p.slotA, p.slotB, p.step, p.reverse = s.b, s.a, 0, 1
	}
	if r.outer == 1 {
		p.y, p.n = chunk(task, r.n)
		p.a, p.b = p.y, p.y*p.step
		s.run(f, w, p)
		return
	}
	p.n = r.n
	first, last := r.span(task)
	for i := first; i < last; i++ {
		p.a, p.b = r.at(i)
		if p.reverse != 0 {
			p.a, p.b = p.b, p.a
		}
		p.y = i * r.n
		s.run(f, w, p)
	}
}

func newBinary(p *Prepare) *binaryStep {
	return &binaryStep{slots: slots{p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot}, kernel: p.Kernels.Name}
}

// runF32 runs a float32 kernel with the node's fused activation.
func (s *binaryStep) runF32(attrs Attrs, kernel func(*abi.BinaryF32)) *binaryStep {
	clamp, lo, hi := clampF32(attrs)
	s.run = func(f *Frame, w *Worker, p part) {
		a := &w.BinaryF32
		a.A, a.B, a.Y = &f.Buf[p.slotA].F32()[p.a], &f.Buf[p.slotB].F32()[p.b], &f.Buf[p.slotY].F32()[p.y]
		a.N, a.BStep, a.Reverse, a.Clamp, a.Lo, a.Hi = p.n, p.step, p.reverse, clamp, lo, hi
		kernel(a)
	}
	return s
}

// runAddS8 runs a kernel of AddS8's class.
func (s *binaryStep) runAddS8(form abi.AddS8, kernel func(*abi.AddS8)) *binaryStep {
	exchanged := form
	exchanged.ZA, exchanged.MA, exchanged.ShiftA, exchanged.Reverse = form.ZB, form.MB, form.ShiftB, 1
	exchanged.ZB, exchanged.MB, exchanged.ShiftB = form.ZA, form.MA, form.ShiftA
	forms := [2]abi.AddS8{form, exchanged}
	s.run = func(f *Frame, w *Worker, p part) {
		a := &w.AddS8
		*a = forms[p.reverse]
		a.A, a.B, a.Y = &f.Buf[p.slotA].I8()[p.a], &f.Buf[p.slotB].I8()[p.b], &f.Buf[p.slotY].I8()[p.y]
		a.N, a.BStep = p.n, p.step
		kernel(a)
	}
	return s
}

// runMulS8 runs the MulS8 kernel.
func (s *binaryStep) runMulS8(form abi.MulS8, kernel func(*abi.MulS8)) *binaryStep {
	exchanged := form
	exchanged.ZA, exchanged.ZB = form.ZB, form.ZA
	forms := [2]abi.MulS8{form, exchanged}
	s.run = func(f *Frame, w *Worker, p part) {
		a := &w.MulS8
		*a = forms[p.reverse]
		a.A, a.B, a.Y = &f.Buf[p.slotA].I8()[p.a], &f.Buf[p.slotB].I8()[p.b], &f.Buf[p.slotY].I8()[p.y]
		a.N, a.BStep = p.n, p.step
		kernel(a)
	}
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
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(p.Attrs, p.Kernels.AddF32), nil
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	twice := 2 * max(float64(s[0]), float64(s[1]))
	a, err := addS8(p.Attrs, s, z, [3]float64{float64(s[0]) / twice, float64(s[1]) / twice, twice / (float64(1<<addLeft) * float64(s[2]))})
	return st.runAddS8(a, p.Kernels.AddS8), err
}

// addLeft is the left shift of operands in int8 Add and Sub.
const addLeft = 20

// addS8 makes the arguments of Add or Sub from the three real multipliers: of both operands and of the result.
func addS8(attrs Attrs, s [3]float32, z [3]int32, real [3]float64) (a abi.AddS8, err error) {
	a.MA, a.ShiftA = fixed.Quantize(real[0])
	a.MB, a.ShiftB = fixed.Quantize(real[1])
	a.MY, a.ShiftY = fixed.Quantize(real[2])
	if a.ShiftY > 0 {
		return a, fmt.Errorf("output scale %g is too small for input scales %g and %g: %w", s[2], s[0], s[1], ErrUnsupported)
	}
	a.ZA, a.ZB, a.ZY = z[0], z[1], z[2]
	a.Lo, a.Hi = clampS8(attrs, s[2], z[2])
	return a, nil
}

func prepareMul(p *Prepare) (Step, error) {
	st := newBinary(p)
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(p.Attrs, p.Kernels.MulF32), nil
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	var m abi.MulS8
	m.M, m.Shift = fixed.Quantize(float64(s[0]) * float64(s[1]) / float64(s[2]))
	m.ZA, m.ZB, m.ZY = z[0], z[1], z[2]
	m.Lo, m.Hi = clampS8(p.Attrs, s[2], z[2])
	return st.runMulS8(m, p.Kernels.MulS8), nil
}
