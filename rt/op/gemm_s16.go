package op

import (
	"fmt"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// gemmS16Params is gemmS8Params for int16 activations: biases are int64, and sums too unless narrow.
type gemmS16Params struct {
	gemmS8Params
	bias   []int64
	narrow bool
}

// channelRange returns the parameters of output channels [c0,c1).
func (p *gemmS16Params) channelRange(c0, c1 int) *gemmS16Params {
	c := *p
	c.bias, c.mult, c.shift = p.bias[c0:c1], p.mult[c0:c1], p.shift[c0:c1]
	return &c
}

// fold returns the biases less zeroPoint(x)·Σw. It refuses channels whose rescaling is not defined for every sum.
func (p *gemmS16Params) fold() ([]int64, error) {
	kk := p.taps * p.k
	bias := make([]int64, len(p.bias))
	for c := range bias {
		sum, magnitude := int64(0), int64(0)
		for _, w := range p.w[c*kk : (c+1)*kk] {
			sum += int64(w)
			magnitude += max(int64(w), -int64(w))
		}
		bias[c] = p.bias[c] - int64(p.zx)*sum
		const most = 1 << 47
		switch {
		case p.narrow && p.shift[c] > 31, !p.narrow && p.shift[c] > 7:
			return nil, fmt.Errorf("output channel %d rescales by 2^%d: %w", c, p.shift[c], ErrUnsupported)
		case !p.narrow && (p.bias[c] <= -most || p.bias[c] >= most || max(p.bias[c], -p.bias[c])+(1<<16)*magnitude >= most):
			return nil, fmt.Errorf("bias %d of output channel %d leads to sums over 2^47: %w", p.bias[c], c, ErrUnsupported)
		}
	}
	return bias, nil
}

// biasS16 returns the bias of an operator on int16: int32, which makes its sums int32 too, or int64. None counts as
// int64 zeros. Source: TFLite Micro's CONV_2D and FULLY_CONNECTED.
func biasS16(b *Arg, channels int) (bias []int64, narrow bool, err error) {
	switch {
	case b == nil:
		return make([]int64, channels), false, nil
	case b.Const == nil || b.Shape.Elements() != channels:
	case b.DType == tensor.Int64:
		return b.Const.Data.I64(), false, nil
	case b.DType == tensor.Int32:
		for _, v := range b.Const.Data.I32() {
			bias = append(bias, int64(v))
		}
		return bias, true, nil
	}
	return nil, false, fmt.Errorf("bias is %v, want constant int32 or int64 [%d]: %w", b.Type, channels, ErrUnsupported)
}

// gemmS16 is the form for int16 activations and int8 weights.
type gemmS16 struct {
	gemm
	class     abi.GemmS16Class
	narrow    int
	zeroPoint int32
	lo, hi    int32
}

// newGemmS16 folds the input's zero point into the bias and packs the weights.
func newGemmS16(set *kernels.Set, p *gemmS16Params) (*gemmS16, error) {
	bias, err := p.fold()
	if err != nil {
		return nil, err
	}
	class, cols, kk := set.GemmS16, len(bias), p.taps*p.k
	k := (p.k + class.KR - 1) / class.KR * class.KR
	g := &gemmS16{
		gemm: gemm{cols: cols, taps: p.taps, k: k, mr: class.MR, nr: class.NR, panelBytes: class.Panel(p.taps, k),
			x: p.inSlot, y: p.outSlot, name: fmt.Sprintf("%s %dx%dc%d s16", class.Name, class.MR, class.NR, class.KR)},
		class: class, narrow: btoi(p.narrow), zeroPoint: p.zy, lo: p.lo, hi: p.hi,
	}
	g.packed = tensor.Alloc(g.panels() * g.panelBytes)
	for i := range g.panels() {
		c0, c1 := i*g.nr, min((i+1)*g.nr, cols)
		class.Pack(g.packed.Bytes()[i*g.panelBytes:(i+1)*g.panelBytes], &abi.GemmS16Panel{
			W: p.w[c0*kk : c1*kk], Bias: bias[c0:c1], Mult: p.mult[c0:c1], Shift: p.shift[c0:c1], Taps: p.taps, K: p.k,
		})
	}
	g.zero = tensor.Alloc(2 * k)
	for i := range g.zero.I16() {
		g.zero.I16()[i] = int16(p.zx)
	}
	g.ind = p.buildRows(class.MR)
	return g, nil
}

// run and multiply are gemmS8's.
func (g *gemmS16) run(f *Frame, w *Worker, b *block, rows, grp, groups, xShift, yRow, yCol, yStride int) {
	y := f.Buf[g.y].I16()[(yRow+b.first)*yStride+yCol:]
	g.multiply(w, f.Buf[g.x].PtrI16(), xShift+b.shift, g.ind.tables[b.table], y, yStride, rows, grp, groups)
}

func (g *gemmS16) multiply(w *Worker, x *int16, shift int, off []int32, y []int16, yStride, rows, grp, groups int) {
	a := &w.GemmS16
	a.X, a.Shift, a.Zero = x, shift, g.zero.PtrI16()
	a.Narrow, a.ZeroPoint, a.Lo, a.Hi = g.narrow, g.zeroPoint, g.lo, g.hi
	a.PanelBytes, a.YStride, a.Taps, a.K = g.panelBytes, yStride, g.taps, g.k
	rowStep, panelStep := g.chunks(rows)
	first, last := grp*g.panels()/groups, (grp+1)*g.panels()/groups
	for p := first; p < last; p += panelStep {
		a.W = &g.packed.Bytes()[p*g.panelBytes]
		c0 := p * g.nr
		a.Cols = min(min(p+panelStep, last)*g.nr, g.cols) - c0
		for r := 0; r < rows; r += rowStep {
			a.Rows = min(rowStep, rows-r)
			a.Off = &off[r*g.taps]
			a.Y = &y[r*yStride+c0]
			g.class.Run(a)
		}
	}
}

// convS16 is convS8 for int16 activations. Their zero points are 0: the reference does not look at them.
func convS16(p *Prepare) (*gemmS16Params, error) {
	x, w, y := &p.In[0], &p.In[1], &p.Out[0]
	sx, zx, err := codesOf("input", &x.Type, tensor.Int16)
	if err != nil {
		return nil, err
	}
	sy, zy, err := codesOf("output", &y.Type, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if zx != 0 || zy != 0 {
		return nil, fmt.Errorf("zero points %d and %d of int16, want 0: %w", zx, zy, ErrUnsupported)
	}
	if err := symmetricS8(w); err != nil {
		return nil, err
	}
	channels := w.Shape.Dim[0]
	g := &gemmS16Params{gemmS8Params: gemmS8Params{inSlot: x.Slot, outSlot: y.Slot}}
	if g.bias, g.narrow, err = biasS16(optional(p.Node, 2), channels); err != nil {
		return nil, err
	}
	g.mult, g.shift = channelMultipliers(sx, w.Quant.Scale, sy, channels)
	g.lo, g.hi = clampCodes(p.Attrs, tensor.Int16, sy, zy)
	return g, nil
}

// convStepS16 chooses the form of an int16 convolution.
func convStepS16(p *Prepare, win window, groups int, all *gemmS16Params) (Step, error) {
	if isDepthwise(win, groups, len(all.bias)) {
		return newDepthwiseS16(p, win, all)
	}
	s := newConvStep(p, win, len(all.bias))
	per, kk := len(all.bias)/groups, all.taps*all.k
	for g := range groups {
		c0, c1 := g*per, (g+1)*per
		q := all.channelRange(c0, c1)
		q.w, q.buildRows = all.w[c0*kk:c1*kk], groupRows(win, g*all.k)
		m, err := newGemmS16(p.Kernels, q)
		if err != nil {
			return nil, err
		}
		s.groups = append(s.groups, m)
	}
	s.split()
	return s, nil
}

// depthwiseS16 is a depthwise convolution of int16: blocks of output pixels find their taps through offsets, as pools do.
type depthwiseS16 struct {
	x, y        int
	win         window
	ind         indirection
	w           []int8 // [taps][channels]
	bias        []int64
	mult, shift []int32
	narrow      int
	zy, lo, hi  int32
	run         func(*abi.DWConvS16)
	kernel      string
}

func newDepthwiseS16(p *Prepare, win window, q *gemmS16Params) (Step, error) {
	bias, err := q.fold()
	if err != nil {
		return nil, err
	}
	d := &depthwiseS16{x: q.inSlot, y: q.outSlot, win: win, ind: win.indirect(1), bias: bias, mult: q.mult, shift: q.shift,
		narrow: btoi(q.narrow), zy: q.zy, lo: q.lo, hi: q.hi, run: p.Kernels.DWConvS16, kernel: "generic depthwise s16"}
	taps, c := win.taps(), win.channels
	d.w = make([]int8, taps*c)
	for i, v := range q.w {
		d.w[i%taps*c+i/taps] = v
	}
	return d, nil
}

func (d *depthwiseS16) Info() Info {
	return Info{Kernel: d.kernel, PackedBytes: len(d.w) + 16*len(d.bias) + d.ind.sizeBytes(), ScratchBytes: 8 * d.win.channels}
}

func (d *depthwiseS16) Tasks(f *Frame) int { return f.Shape[d.x].Dim[0] * len(d.ind.blocks) }

func (d *depthwiseS16) Run(f *Frame, w *Worker, task int) {
	picture, b := task/len(d.ind.blocks), &d.ind.blocks[task%len(d.ind.blocks)]
	c := d.win.channels
	a := &w.DWConvS16
	a.X, a.Shift = f.Buf[d.x].PtrI16(), picture*d.win.in[0]*d.win.in[1]*c+b.shift
	a.Y, a.YStride = &f.Buf[d.y].I16()[(picture*d.win.pixels()+b.first)*c], c
	a.W, a.Bias, a.Mult, a.Exp = &d.w[0], &d.bias[0], &d.mult[0], &d.shift[0]
	a.Off, a.Acc = &d.ind.tables[b.table][0], w.Scratch.PtrI64()
	a.Rows, a.Taps, a.C = b.rows, d.win.taps(), c
	a.Narrow, a.ZeroPoint, a.Lo, a.Hi = d.narrow, d.zy, d.lo, d.hi
	d.run(a)
}
