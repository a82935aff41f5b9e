package op

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/generic"
	"edgerun/rt/tensor"
)

// depthwise is a Conv2D whose every output channel reads one input channel of its own.
//
// It cuts the bands of large pictures into parts, for copying a band takes about as long as its products: the windows that
// lie within the picture read it in place, and only what the rows and columns around them read is copied.
type depthwise struct {
	bands
	split      bool
	x, y       int // slots
	panelBytes int
	name       string
	packed     tensor.Buffer

	s8       abi.DWConvS8Class
	zy       int32
	qlo, qhi int32

	f32    abi.DWConvF32Class
	clamp  int
	lo, hi float32
}

func newDepthwise(p *Prepare, win window, zero int8) *depthwise {
	d := &depthwise{x: p.In[0].Slot, y: p.Out[0].Slot}
	rowWork := dwCost * win.out[1] * win.channels * win.taps()
	d.bands = newBands(win, p.In[0].DType, zero, rowWork)
	top, bottom := win.inside(0)
	left, right := win.inside(1)
	picture := d.dtype.SizeBytes(win.in[0] * win.in[1] * win.channels)
	if d.padded && picture >= splitBytes && min(bottom-top, right-left) >= splitPixels {
		d.split = true
		d.step = bandRows(win, rowWork)
	}
	return d
}

// A picture of splitBytes with splitPixels rows and columns of windows within it is worth more calls of the kernel.
// Smaller ones are copied from a near cache.
const splitPixels, splitBytes = 24, 256 << 10

// parts cuts a band into the rectangle whose windows lie within the picture and those around it; any may be empty.
func (d *depthwise) parts(band int) [5]rect {
	first, rows := d.rows(band)
	if !d.split {
		return [5]rect{{first, rows, 0, d.win.out[1]}}
	}
	end, cols := first+rows, d.win.out[1]
	top, bottom := d.win.inside(0)
	left, right := d.win.inside(1)
	top = min(max(top, first), end)
	bottom = max(min(bottom, end), top)
	return [5]rect{
		{first, top - first, 0, cols},
		{top, bottom - top, 0, left},
		{top, bottom - top, left, right - left},
		{top, bottom - top, right, cols - right},
		{bottom, end - bottom, 0, cols},
	}
}

// partInput returns the input of a part and its pitch: the picture or, where windows leave it, a copy.
func partInput[T int8 | float32](win *window, zeros, scratch, picture []T, r rect) (x []T, pitch int) {
	in := win.reads(r)
	if win.contains(in) {
		return picture[(in.row*win.in[1]+in.col)*win.channels:], win.in[1] * win.channels
	}
	enclose(scratch, picture, zeros, win, in)
	return scratch, in.cols * win.channels
}

// dwCost is about how many multiply-adds of a matrix product take the time of one of a depthwise convolution.
const dwCost = 8

func newDepthwiseS8(p *Prepare, win window, q *gemmS8Params) *depthwise {
	d := newDepthwise(p, win, int8(q.zx))
	d.s8, d.zy, d.qlo, d.qhi = p.Kernels.DWConvS8, q.zy, q.lo, q.hi
	bias, fits := q.fold(d.s8.Weight128)
	if !fits {
		d.s8 = generic.DWConvS8
	}
	d.name = d.s8.Name + " depthwise"
	taps, kh, kw, nr := win.taps(), win.kernel[0], win.kernel[1], d.s8.NR
	d.panelBytes = d.s8.Panel(kh, kw)
	panels := (win.channels + nr - 1) / nr
	d.packed = tensor.Alloc(panels * d.panelBytes)
	for i := range panels {
		c0, c1 := i*nr, min((i+1)*nr, win.channels)
		d.s8.Pack(d.packed.Bytes()[i*d.panelBytes:(i+1)*d.panelBytes], &abi.DWConvS8Panel{
			W: q.w[c0*taps : c1*taps], Bias: bias[c0:c1], Mult: q.mult[c0:c1], Shift: q.shift[c0:c1], KH: kh, KW: kw})
	}
	return d
}

func newDepthwiseF32(p *Prepare, win window, w, bias []float32) *depthwise {
	d := newDepthwise(p, win, 0)
	d.f32 = p.Kernels.DWConvF32
	d.name = d.f32.Name + " depthwise"
	d.clamp, d.lo, d.hi = clampF32(p.Attrs)
	nr := d.f32.NR
	d.panelBytes = 4 * nr * (1 + win.taps())
	d.packed = tensor.Alloc((win.channels + nr - 1) / nr * d.panelBytes)
	packF32(d.packed.F32(), w, bias, nr, win.taps())
	return d
}

func (d *depthwise) Info() Info {
	elements := 0
	for band := range d.count() {
		for _, r := range d.parts(band) {
			if in := d.win.reads(r); r.rows > 0 && r.cols > 0 && !d.win.contains(in) {
				elements = max(elements, in.rows*in.cols*d.win.channels)
			}
		}
	}
	return Info{Kernel: d.name, PackedBytes: d.packed.Len() + d.zeros.Len(), ScratchBytes: d.dtype.SizeBytes(elements)}
}

func (d *depthwise) Tasks(f *Frame) int { return f.Shape[d.x].Dim[0] * d.count() }

func (d *depthwise) Run(f *Frame, w *Worker, task int) {
	win := &d.win
	picture := task / d.count()
	in := picture * win.in[0] * win.in[1] * win.channels
	out := picture * win.out[0] * win.out[1] * win.channels
	for _, r := range d.parts(task % d.count()) {
		if r.rows == 0 || r.cols == 0 {
			continue
		}
		y := out + (r.row*win.out[1]+r.col)*win.channels
		if d.dtype == tensor.Int8 {
			x, pitch := partInput(win, d.zeros.I8(), w.Scratch.I8(), f.Buf[d.x].I8()[in:], r)
			d.runS8(&w.DWConvS8, x, f.Buf[d.y].I8()[y:], pitch, r)
		} else {
			x, pitch := partInput(win, d.zeros.F32(), w.Scratch.F32(), f.Buf[d.x].F32()[in:], r)
			d.runF32(&w.DWConvF32, x, f.Buf[d.y].F32()[y:], pitch, r)
		}
	}
}

// call is how many output rows and channels one kernel call computes: see callMACs. Rows come first, for each call
// reads its channels' weights anew.
func (d *depthwise) call(r rect, nr int) (callRows, channels int) {
	rowPanel := dwCost * r.cols * nr * d.win.taps()
	callRows = min(r.rows, max(1, callMACs/rowPanel))
	return callRows, max(1, callMACs/(callRows*rowPanel)) * nr
}

func (d *depthwise) runS8(a *abi.DWConvS8, x, y []int8, pitch int, r rect) {
	win, c := &d.win, d.win.channels
	a.XRow, a.XTap, a.XStep, a.XNext = win.dilation[0]*pitch, win.dilation[1]*c, win.stride[1]*c, win.stride[0]*pitch
	a.YStep, a.YNext = c, win.out[1]*c
	a.PanelBytes = d.panelBytes
	a.KH, a.KW, a.Cols = win.kernel[0], win.kernel[1], r.cols
	a.ZeroPoint, a.Lo, a.Hi = d.zy, d.qlo, d.qhi
	rowStep, step := d.call(r, d.s8.NR)
	for row := 0; row < r.rows; row += rowStep {
		a.Rows = min(rowStep, r.rows-row)
		for ch := 0; ch < c; ch += step {
			a.C = min(step, c-ch)
			a.X, a.Y, a.W = &x[row*a.XNext+ch], &y[row*a.YNext+ch], &d.packed.Bytes()[ch/d.s8.NR*d.panelBytes]
			d.s8.Run(a)
		}
	}
}

func (d *depthwise) runF32(a *abi.DWConvF32, x, y []float32, pitch int, r rect) {
	win, c := &d.win, d.win.channels
	a.XRow, a.XTap, a.XStep, a.XNext = win.dilation[0]*pitch, win.dilation[1]*c, win.stride[1]*c, win.stride[0]*pitch
	a.YStep, a.YNext = c, win.out[1]*c
	a.PanelBytes = d.panelBytes
	a.KH, a.KW, a.Cols = win.kernel[0], win.kernel[1], r.cols
	a.Clamp, a.Lo, a.Hi = d.clamp, d.lo, d.hi
	rowStep, step := d.call(r, d.f32.NR)
	for row := 0; row < r.rows; row += rowStep {
		a.Rows = min(rowStep, r.rows-row)
		for ch := 0; ch < c; ch += step {
			a.C = min(step, c-ch)
			a.X, a.Y, a.W = &x[row*a.XNext+ch], &y[row*a.YNext+ch], &d.packed.F32()[ch/d.f32.NR*(d.panelBytes/4)]
			d.f32.Run(a)
		}
	}
}
