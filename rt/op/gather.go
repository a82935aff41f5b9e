package op

// gather copies the taps of a block's pixels into rows of scratch memory, for convolutions over so few channels
// that reading them in place would mostly multiply by padding. It never holds more than gatherRows pixels.
type gather struct {
	gemm         *gemmS8
	win          window
	table        []int32 // offsets of gathered rows, as the kernel wants them
	rowBytes     int
	scratchBytes int
}

const gatherRows = blockPixels

func newGather(g *gemmS8, win window) *gather {
	t := &gather{gemm: g, win: win, rowBytes: g.k}
	t.table = linear(gatherRows, g.k, g.mr).tables[0]
	t.scratchBytes = (gatherRows + g.mr) * g.k
	return t
}

func (t *gather) run(f *Frame, w *Worker, b *block, col, cols, picture int) {
	g := t.gemm
	x := f.Buf[g.x].I8()[picture*t.win.in[0]*t.win.in[1]*t.win.channels:]
	y := f.Buf[g.y].I8()[(picture*t.win.pixels()+b.first)*g.cols:]
	gathered := w.Scratch.I8()
	for r := 0; r < b.rows; r += gatherRows {
		n := min(gatherRows, b.rows-r)
		for i := range n {
			t.copyRow(gathered[i*t.rowBytes:], x, b.first+r+i)
		}
		g.multiply(w, w.Scratch.PtrI8(), 0, t.table, y[r*g.cols:], g.cols, n, col, cols)
	}
}

// copyRow writes the taps of one output pixel; what lies behind them up to rowBytes meets zero weights.
func (t *gather) copyRow(dst, x []int8, pixel int) {
	win := &t.win
	oy, ox := pixel/win.out[1], pixel%win.out[1]
	c, kw := win.channels, win.kernel[1]
	x0 := ox*win.stride[1] - win.pad[1]
	inside := win.dilation[1] == 1 && x0 >= 0 && x0+kw <= win.in[1]
	zero := t.gemm.zero.I8()
	i := 0
	for ky := range win.kernel[0] {
		y := oy*win.stride[0] - win.pad[0] + ky*win.dilation[0]
		if y >= 0 && y < win.in[0] && inside {
			i += copy(dst[i:i+kw*c], x[(y*win.in[1]+x0)*c:])
			continue
		}
		for kx := range kw {
			if off := win.offset(oy, ox, ky, kx); off >= 0 {
				i += copy(dst[i:i+c], x[off:])
			} else {
				i += copy(dst[i:i+c], zero)
			}
		}
	}
}
