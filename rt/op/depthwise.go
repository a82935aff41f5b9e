package op

import (
	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/generic"
	"edgerun/rt/tensor"
)

// depthwise is a Conv2D whose every output channel reads one input channel of its own.
//
// Its kernels know no padding: where a window leaves the picture, the rows that a task reads are first copied to scratch
// memory with a border of zeros (zero points in int8) around them. That costs one load and one store for each input
// element, against a load for each tap.
type depthwise struct {
	x, y       int // slots
	win        window
	rowStep    int // output rows of one task
	padded     bool
	panelBytes int
	nr         int
	name       string
	packed     tensor.Buffer
	dtype      tensor.DType

	s8        abi.DWConvS8Class
	zx, zy    int32
	loS8, hi8 int32

	f32    abi.DWConvF32Class
	clamp  int
	lo, hi float32
}

// depthwiseScratch is the size in bytes that a task's bordered rows should stay within: half of a first-level cache.
const depthwiseScratch = 24 << 10

func newDepthwise(p *Prepare, win window) *depthwise {
	d := &depthwise{x: p.In[0].Slot, y: p.Out[0].Slot, win: win, padded: win.pad != [4]int{}, dtype: p.In[0].DType}
	row := d.dtype.SizeBytes(win.span(1) * win.channels)
	d.rowStep = win.out[0]
	if d.padded {
		fit := (depthwiseScratch/row-(win.kernel[0]-1)*win.dilation[0]-1)/win.stride[0] + 1
		d.rowStep = min(d.rowStep, max(fit, 4))
	}
	// Enough tasks for several threads, but not so small that handing them over costs more than they.
	work := win.out[1] * win.channels * win.taps()
	d.rowStep = min(d.rowStep, max((win.out[0]+7)/8, (taskMACs/4+work-1)/work))
	return d
}

// span is how many input elements along an axis all windows of the output cover, padding included.
func (w *window) span(axis int) int {
	return (w.out[axis]-1)*w.stride[axis] + (w.kernel[axis]-1)*w.dilation[axis] + 1
}

func newDepthwiseS8(p *Prepare, win window, q *gemmS8Params) *depthwise {
	d := newDepthwise(p, win)
	d.s8, d.zx, d.zy, d.loS8, d.hi8 = p.Kernels.DWConvS8, q.zx, q.zy, q.lo, q.hi
	bias, fits := q.fold()
	if !fits {
		d.s8 = generic.DWConvS8
	}
	d.name, d.nr = d.s8.Name+" depthwise", d.s8.NR
	taps, kh, kw := win.taps(), win.kernel[0], win.kernel[1]
	d.panelBytes = d.s8.Panel(kh, kw)
	panels := (win.channels + d.nr - 1) / d.nr
	d.packed = tensor.Alloc(panels * d.panelBytes)
	for i := range panels {
		c0, c1 := i*d.nr, min((i+1)*d.nr, win.channels)
		d.s8.Pack(d.packed.Bytes()[i*d.panelBytes:(i+1)*d.panelBytes], &abi.DWConvS8Panel{
			W: q.w[c0*taps : c1*taps], Bias: bias[c0:c1], Mult: q.mult[c0:c1], Shift: q.shift[c0:c1], KH: kh, KW: kw})
	}
	return d
}

func newDepthwiseF32(p *Prepare, win window, set *kernels.Set, w, bias []float32) *depthwise {
	d := newDepthwise(p, win)
	d.f32 = set.DWConvF32
	d.name, d.nr = d.f32.Name+" depthwise", d.f32.NR
	d.clamp, d.lo, d.hi = clampF32(p.Attrs)
	d.panelBytes = 4 * d.nr * (1 + win.taps())
	d.packed = tensor.Alloc((win.channels + d.nr - 1) / d.nr * d.panelBytes)
	packF32(d.packed.F32(), w, bias, d.nr, win.taps())
	return d
}

func (d *depthwise) Info() Info {
	in := Info{Kernel: d.name, PackedBytes: d.packed.Len()}
	if d.padded {
		in.ScratchBytes = d.dtype.SizeBytes(d.inputRows(d.rowStep) * d.win.span(1) * d.win.channels)
	}
	return in
}

// inputRows is how many rows of the (bordered) picture the given number of output rows read.
func (d *depthwise) inputRows(rows int) int {
	return (rows-1)*d.win.stride[0] + (d.win.kernel[0]-1)*d.win.dilation[0] + 1
}

func (d *depthwise) bands() int { return (d.win.out[0] + d.rowStep - 1) / d.rowStep }

func (d *depthwise) Tasks(f *Frame) int { return f.Shape[d.x].Dim[0] * d.bands() }

func (d *depthwise) Run(f *Frame, w *Worker, task int) {
	win := &d.win
	picture, first := task/d.bands(), task%d.bands()*d.rowStep
	rows := min(d.rowStep, win.out[0]-first)
	in := picture * win.in[0] * win.in[1] * win.channels
	out := (picture*win.out[0] + first) * win.out[1] * win.channels
	if d.dtype == tensor.Int8 {
		x, pitch := f.Buf[d.x].I8()[in:], win.in[1]*win.channels
		if d.padded {
			border(w.Scratch.I8(), x, win, first, d.inputRows(rows), int8(d.zx))
			x, pitch = w.Scratch.I8(), win.span(1)*win.channels
		} else {
			x = x[first*win.stride[0]*pitch:]
		}
		d.runS8(&w.DWConvS8, x, f.Buf[d.y].I8()[out:], pitch, rows)
		return
	}
	x, pitch := f.Buf[d.x].F32()[in:], win.in[1]*win.channels
	if d.padded {
		border(w.Scratch.F32(), x, win, first, d.inputRows(rows), 0)
		x, pitch = w.Scratch.F32(), win.span(1)*win.channels
	} else {
		x = x[first*win.stride[0]*pitch:]
	}
	d.runF32(&w.DWConvF32, x, f.Buf[d.y].F32()[out:], pitch, rows)
}

// border copies the rows of the bordered picture that output rows from first on read.
func border[T int8 | float32](dst, x []T, win *window, first, rows int, zero T) {
	c, pitch := win.channels, win.span(1)*win.channels
	left := min(win.pad[1]*c, pitch)
	inner := min(win.in[1]*c, pitch-left)
	y := first*win.stride[0] - win.pad[0]
	for r := range rows {
		row := dst[r*pitch:][:pitch]
		if y+r < 0 || y+r >= win.in[0] {
			fill(row, zero)
			continue
		}
		fill(row[:left], zero)
		copy(row[left:left+inner], x[(y+r)*win.in[1]*c:])
		fill(row[left+inner:], zero)
	}
}

func fill[T any](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}

// callRows is how many output rows one kernel call computes: see callMACs. A depthwise multiply-add costs several times
// one of a matrix product.
func (d *depthwise) callRows() int {
	return max(1, callMACs/8/(d.win.out[1]*d.win.channels*d.win.taps()))
}

func (d *depthwise) runS8(a *abi.DWConvS8, x, y []int8, pitch, rows int) {
	win, c := &d.win, d.win.channels
	a.XRow, a.XTap, a.XStep, a.XNext = win.dilation[0]*pitch, win.dilation[1]*c, win.stride[1]*c, win.stride[0]*pitch
	a.YStep, a.YNext = c, win.out[1]*c
	a.W, a.PanelBytes = &d.packed.Bytes()[0], d.panelBytes
	a.KH, a.KW, a.Cols, a.C = win.kernel[0], win.kernel[1], win.out[1], c
	a.ZeroPoint, a.Lo, a.Hi = d.zy, d.loS8, d.hi8
	step := d.callRows()
	for r := 0; r < rows; r += step {
		a.Rows = min(step, rows-r)
		a.X, a.Y = &x[r*a.XNext], &y[r*a.YNext]
		d.s8.Run(a)
	}
}

func (d *depthwise) runF32(a *abi.DWConvF32, x, y []float32, pitch, rows int) {
	win, c := &d.win, d.win.channels
	a.XRow, a.XTap, a.XStep, a.XNext = win.dilation[0]*pitch, win.dilation[1]*c, win.stride[1]*c, win.stride[0]*pitch
	a.YStep, a.YNext = c, win.out[1]*c
	a.W, a.PanelBytes = &d.packed.F32()[0], d.panelBytes
	a.KH, a.KW, a.Cols, a.C = win.kernel[0], win.kernel[1], win.out[1], c
	a.Clamp, a.Lo, a.Hi = d.clamp, d.lo, d.hi
	step := d.callRows()
	for r := 0; r < rows; r += step {
		a.Rows = min(step, rows-r)
		a.X, a.Y = &x[r*a.XNext], &y[r*a.YNext]
		d.f32.Run(a)
	}
}
