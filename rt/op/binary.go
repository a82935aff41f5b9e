package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Add is y = clamp(a + b) with numpy's broadcasting.
//
// int8 and int16: TFLite's ADD (both operands scaled up by 2^20 or 2^15, brought to a common scale, added, rescaled).
// int32, int64: it wraps and has no limits; so do Sub, Mul and Div.
var Add = register(Def{
	Code: 5, Name: "Add", MinIn: 2, MaxIn: 2, Outs: 1, Attrs: clampAttrs, InPlace: []int{0, 1},
	Infer: inferBinary, Prepare: prepareAdd, Quant: Quantization{Kind: OwnRange},
})

// Mul is y = clamp(a · b) with numpy's broadcasting. int8 and int16: TFLite's MUL.
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
	size [3]int // bytes of an element of a, b and y
	info Info
	run  func(*Worker, part)
}

// part is one run as kernels take it: n elements of y from n of operand a and, by step (1, or 0 to repeat one), of b.
// Where the first operand of the node is the one that repeats, the two are exchanged and reverse is 1.
type part struct {
	a, b, y tensor.Buffer
	n, step int
	reverse int
}

// tileElements is the length up to which a short run of b that repeats is copied behind itself, so that one call of a
// kernel serves many runs of a: a value per channel against few channels of many pixels.
const tileElements = 1024

func (s *binaryStep) Info() Info         { return s.info }
func (s *binaryStep) Tasks(f *Frame) int { r := s.runs(f); return r.tasks() }

func (s *binaryStep) Run(f *Frame, w *Worker, task int) {
	r := s.runs(f)
	a, b, y := f.Buf[s.a], f.Buf[s.b], f.Buf[s.y]
	sizeA, sizeB, sizeY := s.size[0], s.size[1], s.size[2]
	p := part{step: r.stepB}
	if r.stepA == 0 {
		p.step = 0
	}
	if r.repeatsA() {
		a, b, sizeA, sizeB, p.reverse = b, a, sizeB, sizeA, 1
	}
	at := func(buf tensor.Buffer, i, n, size int) tensor.Buffer { return buf.Slice(i*size, n*size) }
	if r.outer == 1 {
		first, n := chunk(task, r.n)
		p.a, p.b, p.y, p.n = at(a, first, n, sizeA), at(b, first*p.step, 1+(n-1)*p.step, sizeB), at(y, first, n, sizeY), n
		s.run(w, p)
		return
	}
	tile := 1
	if p.step == 1 && s.info.ScratchBytes > 0 {
		tile = max(1, min(r.dim[0], tileElements/r.n))
	}
	tiled := -1 // the run of b that scratch holds
	for i, last := r.span(task); i < last; {
		m := min(tile, last-i, r.dim[0]-i%r.dim[0])
		inA, inB := r.at(i)
		if p.reverse != 0 {
			inA, inB = inB, inA
		}
		p.n = m * r.n
		p.a, p.b, p.y = at(a, inA, p.n, sizeA), at(b, inB, 1+(r.n-1)*p.step, sizeB), at(y, i*r.n, p.n, sizeY)
		if tile > 1 {
			if inB != tiled {
				repeat(w.Scratch.Bytes()[:tile*r.n*sizeB], p.b.Bytes())
				tiled = inB
			}
			p.b = w.Scratch
		}
		s.run(w, p)
		i += m
	}
}

// repeat fills dst with copies of src.
func repeat(dst, src []byte) {
	for n := copy(dst, src); n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

func newBinary(p *Prepare) *binaryStep {
	s := &binaryStep{slots: slots{p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot}, info: Info{Kernel: p.Kernels.Name}}
	for i, t := range []*tensor.Type{&p.In[0].Type, &p.In[1].Type, &p.Out[0].Type} {
		s.size[i] = t.DType.SizeBytes(1)
	}
	if p.In[0].Shape != p.In[1].Shape {
		s.info.ScratchBytes = tileElements * max(s.size[0], s.size[1])
	}
	return s
}

// runF32 runs a float32 kernel with the node's fused activation.
func (s *binaryStep) runF32(attrs Attrs, kernel func(*abi.BinaryF32)) *binaryStep {
	clamp, lo, hi := clampF32(attrs)
	s.run = func(w *Worker, p part) {
		a := &w.BinaryF32
		a.A, a.B, a.Y = p.a.PtrF32(), p.b.PtrF32(), p.y.PtrF32()
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
	s.run = func(w *Worker, p part) {
		a := &w.AddS8
		*a = forms[p.reverse]
		a.A, a.B, a.Y = p.a.PtrI8(), p.b.PtrI8(), p.y.PtrI8()
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
	s.run = func(w *Worker, p part) {
		a := &w.MulS8
		*a = forms[p.reverse]
		a.A, a.B, a.Y = p.a.PtrI8(), p.b.PtrI8(), p.y.PtrI8()
		a.N, a.BStep = p.n, p.step
		kernel(a)
	}
	return s
}

// binaryS8 is binaryCodes of int8.
func binaryS8(p *Prepare) (s [3]float32, z [3]int32, err error) {
	return binaryCodes(p, tensor.Int8, tensor.Int8, tensor.Int8)
}

func prepareAdd(p *Prepare) (Step, error) {
	st := newBinary(p)
	if st.runIntegers(p, func(a, b int64) int64 { return a + b }) {
		return st, nil
	}
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(p.Attrs, p.Kernels.AddF32), nil
	}
	s, z, err := sumCodes(p)
	if err != nil {
		return nil, err
	}
	wide := p.In[0].DType == tensor.Int16
	a, err := addS8(p, s, z, sumScales(s, wide))
	if wide {
		return st.runSumS16(a, 1), err
	}
	return st.runAddS8(a, p.Kernels.AddS8), err
}

// sumCodes returns the scales and zero points of Add's or Sub's operands and result, all int8 or all int16.
func sumCodes(p *Prepare) (s [3]float32, z [3]int32, err error) {
	if d := p.In[0].DType; d == tensor.Int16 {
		return binaryCodes(p, d, d, d)
	}
	return binaryS8(p)
}

// addLeft is the left shift of operands in int8 Add and Sub.
const addLeft = 20

func sumLeft(wide bool) int {
	if wide {
		return sumLeft16
	}
	return addLeft
}

// sumScales returns the real multipliers of both operands and of the result, computed in float64.
func sumScales(s [3]float32, wide bool) [3]float64 {
	twice, left := 2*max(float64(s[0]), float64(s[1])), float64(int(1)<<sumLeft(wide))
	return [3]float64{float64(s[0]) / twice, float64(s[1]) / twice, twice / (left * float64(s[2]))}
}

// addS8 makes the arguments of Add or Sub from the three real multipliers: of both operands and of the result.
func addS8(p *Prepare, s [3]float32, z [3]int32, real [3]float64) (a abi.AddS8, err error) {
	a.MA, a.ShiftA = fixed.Quantize(real[0])
	a.MB, a.ShiftB = fixed.Quantize(real[1])
	a.MY, a.ShiftY = fixed.Quantize(real[2])
	if a.ShiftY > 0 {
		return a, fmt.Errorf("output scale %g is too small for input scales %g and %g: %w", s[2], s[0], s[1], ErrUnsupported)
	}
	a.ZA, a.ZB, a.ZY = z[0], z[1], z[2]
	a.Lo, a.Hi = clampCodes(p.Attrs, p.Out[0].DType, s[2], z[2])
	return a, nil
}

func prepareMul(p *Prepare) (Step, error) {
	st := newBinary(p)
	if st.runIntegers(p, func(a, b int64) int64 { return a * b }) {
		return st, nil
	}
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(p.Attrs, p.Kernels.MulF32), nil
	}
	if p.In[0].DType == tensor.Int16 {
		return prepareMulS16(p, st)
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	var m abi.MulS8
	m.M, m.Shift = fixed.Quantize(float64(s[0]) * float64(s[1]) / float64(s[2]))
	if m.Shift > 31 {
		return nil, productError(s)
	}
	m.ZA, m.ZB, m.ZY = z[0], z[1], z[2]
	m.Lo, m.Hi = clampS8(p.Attrs, s[2], z[2])
	return st.runMulS8(m, p.Kernels.MulS8), nil
}
