package op

// strip is a convolution over few channels. A row of its window is contiguous in the input, so it is one tap of KW·C
// elements instead of KW taps that the kernel would round up to its group one by one.
//
// Where even that would multiply more by the zeros of rounding up than a copy costs, the rows of the windows of
// stripRows pixels at a time are copied side by side.
type strip struct {
	bands
	x, y     int // slots
	s8       *gemmS8
	f32      *gemmF32
	colTasks int
	offsets  []int32
	packed   []int32 // offsets of packed rows; nil where windows are read in place
}

const stripRows = 64

// packRowMACs is what copying one row of one window costs: 190 modelled cycles on a Cortex-A53, which has 4
// multiply-adds in each, 50 on an A72, which has 8.
const packRowMACs = 768

// worthStrip reports whether a convolution without groups should run as a strip.
func worthStrip(win window) bool {
	return win.kernel[1] > 1 && win.dilation[1] == 1 && (win.channels <= 32 || win.pad == [4]int{})
}

func newStrip(p *Prepare, win window, zero int8, cols int) *strip {
	s := &strip{x: p.In[0].Slot, y: p.Out[0].Slot}
	s.bands = newBands(win, p.In[0].DType, zero, win.out[1]*cols*win.taps()*win.channels)
	return s
}

func newStripS8(p *Prepare, win window, q *gemmS8Params) *strip {
	s := newStrip(p, win, int8(q.zx), len(q.bias))
	kr := p.Kernels.GemmS8.KR
	up := func(n int) int { return (n + kr - 1) / kr * kr }
	kh, k := win.kernel[0], win.kernel[1]*win.channels
	q.taps, q.k = kh, k
	pack := (kh*up(k)-up(kh*k))*len(q.bias) >= packRowMACs*kh
	if pack {
		q.taps, q.k = 1, kh*k
	}
	q.buildRows = s.indirect
	s.s8 = newGemmS8(p.Kernels, q)
	if pack {
		s.packed = linear(stripRows, s.s8.k, s.s8.mr).tables[0]
	}
	s.colTasks = s.s8.colGroups(s.count())
	return s
}

func newStripF32(p *Prepare, win window, w, bias []float32) *strip {
	s := newStrip(p, win, 0, len(bias))
	s.f32 = newGemmF32(p.Kernels, w, bias, win.kernel[0], win.kernel[1]*win.channels, p.Attrs, s.indirect, s.x, s.y)
	s.colTasks = s.f32.colGroups(s.count())
	return s
}

// indirect lists where the pixels of a band find the rows of their windows: the same in every band.
func (s *strip) indirect(mr int) indirection {
	win, kh := &s.win, s.win.kernel[0]
	pixels := s.step * win.out[1]
	table := make([]int32, (pixels+mr-1)/mr*mr*kh)
	for i := range (pixels + mr - 1) / mr * mr {
		y, x := min(i, pixels-1)/win.out[1], min(i, pixels-1)%win.out[1]
		for t := range kh {
			table[(i/mr*kh+t)*mr+i%mr] = int32((y*win.stride[0]+t*win.dilation[0])*s.pitch + x*win.stride[1]*win.channels)
		}
	}
	return indirection{blocks: []block{{rows: pixels}}, tables: [][]int32{table}}
}

func (s *strip) gemm() *gemm {
	if s.s8 != nil {
		return &s.s8.gemm
	}
	return &s.f32.gemm
}

func (s *strip) Info() Info {
	in := s.gemm().info()
	in.PackedBytes += s.zeros.Len()
	in.ScratchBytes = s.dtype.SizeBytes(s.scratchElements())
	if s.packed != nil {
		in.Kernel += " packed"
		in.PackedBytes += 4 * len(s.packed)
		in.ScratchBytes += stripRows * s.s8.k
	}
	return in
}

func (s *strip) Tasks(f *Frame) int { return f.Shape[s.x].Dim[0] * s.count() * s.colTasks }

func (s *strip) Run(f *Frame, w *Worker, task int) {
	col, task := task%s.colTasks, task/s.colTasks
	picture, band := task/s.count(), task%s.count()
	first, rows := s.rows(band)
	in := picture * s.win.in[0] * s.win.in[1] * s.win.channels
	g := s.gemm()
	out, pixels := (picture*s.win.pixels()+first*s.win.out[1])*g.cols, rows*s.win.out[1]
	if s.f32 != nil {
		x := s.inputF32(w, f.Buf[s.x].F32()[in:], band)
		s.f32.multiply(w, &x[0], 0, g.ind.tables[0], f.Buf[s.y].F32()[out:], g.cols, pixels, col, s.colTasks)
		return
	}
	x := s.inputS8(w, f.Buf[s.x].I8()[in:], band)
	y := f.Buf[s.y].I8()[out:]
	if s.packed == nil {
		s.s8.multiply(w, &x[0], 0, g.ind.tables[0], y, g.cols, pixels, col, s.colTasks)
		return
	}
	packed := w.Scratch.I8()[s.scratchElements():]
	for p := 0; p < pixels; p += stripRows {
		n := min(stripRows, pixels-p)
		s.pack(packed, x, p, n)
		s.s8.multiply(w, &packed[0], 0, s.packed, y[p*g.cols:], g.cols, n, col, s.colTasks)
	}
}

// pack copies the windows of n pixels side by side.
func (s *strip) pack(dst, x []int8, first, n int) {
	win := &s.win
	k, rowStep := win.kernel[1]*win.channels, win.dilation[0]*s.pitch
	oy, ox := first/win.out[1], first%win.out[1]
	for i := range n {
		row := dst[i*s.s8.k:]
		from := oy*win.stride[0]*s.pitch + ox*win.stride[1]*win.channels
		for range win.kernel[0] {
			copy(row[:k], x[from:])
			row, from = row[k:], from+rowStep
		}
		if ox++; ox == win.out[1] {
			oy, ox = oy+1, 0
		}
	}
}
