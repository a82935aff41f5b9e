package op

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/generic"
	"edgerun/rt/tensor"
)

// depthwise is a Conv2D whose every output channel reads one input channel of its own.
type depthwise struct {
	bands
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
	d.bands = newBands(win, p.In[0].DType, zero, dwCost*win.out[1]*win.channels*win.taps())
	return d
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
	return Info{Kernel: d.name, PackedBytes: d.packed.Len() + d.zeros.Len(), ScratchBytes: d.dtype.SizeBytes(d.scratchElements())}
}

func (d *depthwise) Tasks(f *Frame) int { return f.Shape[d.x].Dim[0] * d.count() }

func (d *depthwise) Run(f *Frame, w *Worker, task int) {
	win := &d.win
	picture, band := task/d.count(), task%d.count()
	first, rows := d.rows(band)
	in := picture * win.in[0] * win.in[1] * win.channels
	out := (picture*win.out[0] + first) * win.out[1] * win.channels
	if d.dtype == tensor.Int8 {
		d.runS8(&w.DWConvS8, d.inputS8(w, f.Buf[d.x].I8()[in:], band), f.Buf[d.y].I8()[out:], rows)
	} else {
		d.runF32(&w.DWConvF32, d.inputF32(w, f.Buf[d.x].F32()[in:], band), f.Buf[d.y].F32()[out:], rows)
	}
}

// call is how many output rows and channels one kernel call computes: see callMACs. Rows come first, for each call
// reads its channels' weights anew.
func (d *depthwise) call(rows, nr int) (callRows, channels int) {
	rowPanel := dwCost * d.win.out[1] * nr * d.win.taps()
	callRows = min(rows, max(1, callMACs/rowPanel))
	return callRows, max(1, callMACs/(callRows*rowPanel)) * nr
}

func (d *depthwise) runS8(a *abi.DWConvS8, x, y []int8, rows int) {
	win, c := &d.win, d.win.channels
	a.XRow, a.XTap, a.XStep, a.XNext = win.dilation[0]*d.pitch, win.dilation[1]*c, win.stride[1]*c, win.stride[0]*d.pitch
	a.YStep, a.YNext = c, win.out[1]*c
	a.PanelBytes = d.panelBytes
	a.KH, a.KW, a.Cols = win.kernel[0], win.kernel[1], win.out[1]
	a.ZeroPoint, a.Lo, a.Hi = d.zy, d.qlo, d.qhi
	rowStep, step := d.call(rows, d.s8.NR)
	for r := 0; r < rows; r += rowStep {
		a.Rows = min(rowStep, rows-r)
		for ch := 0; ch < c; ch += step {
			a.C = min(step, c-ch)
			a.X, a.Y, a.W = &x[r*a.XNext+ch], &y[r*a.YNext+ch], &d.packed.Bytes()[ch/d.s8.NR*d.panelBytes]
			d.s8.Run(a)
		}
	}
}

func (d *depthwise) runF32(a *abi.DWConvF32, x, y []float32, rows int) {
	win, c := &d.win, d.win.channels
	a.XRow, a.XTap, a.XStep, a.XNext = win.dilation[0]*d.pitch, win.dilation[1]*c, win.stride[1]*c, win.stride[0]*d.pitch
	a.YStep, a.YNext = c, win.out[1]*c
	a.PanelBytes = d.panelBytes
	a.KH, a.KW, a.Cols = win.kernel[0], win.kernel[1], win.out[1]
	a.Clamp, a.Lo, a.Hi = d.clamp, d.lo, d.hi
	rowStep, step := d.call(rows, d.f32.NR)
	for r := 0; r < rows; r += rowStep {
		a.Rows = min(rowStep, rows-r)
		for ch := 0; ch < c; ch += step {
			a.C = min(step, c-ch)
			a.X, a.Y, a.W = &x[r*a.XNext+ch], &y[r*a.YNext+ch], &d.packed.F32()[ch/d.f32.NR*(d.panelBytes/4)]
			d.f32.Run(a)
		}
	}
}
