package kernels_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// problemF32 is a float32 product before any class has packed it.
type problemF32 struct {
	rows, cols, taps, k int
	x                   []float32
	pixel               []int32 // [rows][taps] element offsets into x, −1 for a padded tap
	w, bias             []float32
	clamp               int
	lo, hi              float32
}

func (p *problemF32) String() string {
	return fmt.Sprintf("%dx%d taps %d k %d clamp %d [%g,%g]", p.rows, p.cols, p.taps, p.k, p.clamp, p.lo, p.hi)
}

func newProblemF32(g *guard, rows, cols, taps, k int) *problemF32 {
	p := &problemF32{rows: rows, cols: cols, taps: taps, k: k}
	p.clamp, p.lo, p.hi = g.limitsF32()
	pixels := rows + taps + 2
	stride := k + g.IntN(3)
	p.x = input[float32](g, (pixels-1)*stride+k, abi.Slack)
	g.floats(p.x)
	p.pixel = make([]int32, rows*taps)
	for i := range p.pixel {
		p.pixel[i] = int32(g.IntN(pixels) * stride)
		if g.IntN(5) == 0 {
			p.pixel[i] = -1
		}
	}
	p.pixel[0] = int32((pixels - 1) * stride)
	p.w, p.bias = make([]float32, cols*taps*k), make([]float32, cols)
	g.floats(p.w)
	g.floats(p.bias)
	if g.IntN(6) == 0 { // sums that cancel to a zero, whose sign counts
		for i := range p.w {
			p.w[i] = math.Float32frombits(1 << 31)
		}
		for i := range p.bias {
			p.bias[i] = math.Float32frombits(1 << 31)
		}
	}
	return p
}

func (p *problemF32) args(g *guard, c *abi.GemmF32Class, yStride int) (*abi.GemmF32, []float32) {
	zero := input[float32](g, p.k, abi.Slack)
	clear(zero)
	shift := [...]int{0, -37, 53}[g.IntN(3)]
	dx := min(0, -shift)
	tiles := (p.rows + c.MR - 1) / c.MR
	off := input[int32](g, tiles*p.taps*c.MR, 0)
	for m := range tiles * c.MR {
		for t := range p.taps {
			o := p.pixel[min(m, p.rows-1)*p.taps+t]
			if o >= 0 {
				o = int32(int(o) - dx - shift)
			} else if (m+t)%2 == 0 {
				o = math.MinInt32
			}
			off[(m/c.MR*p.taps+t)*c.MR+m%c.MR] = o
		}
	}
	panels, kk := (p.cols+c.NR-1)/c.NR, p.taps*p.k
	panel := c.NR * (1 + kk)
	w := input[float32](g, panels*panel, abi.Slack)
	clear(w)
	packF32(w, p.w, p.bias, c.NR, kk)
	y := output[float32](g, (p.rows-1)*yStride+p.cols)
	return &abi.GemmF32{X: at(p.x, dx), Zero: &zero[0], Off: &off[0], W: &w[0], Y: &y[0], Shift: shift, PanelBytes: 4 * panel,
		YStride: yStride, Rows: p.rows, Cols: p.cols, Taps: p.taps, K: p.k, Clamp: p.clamp, Lo: p.lo, Hi: p.hi}, y
}

// packF32 writes the panels that abi.GemmF32Class describes.
func packF32(dst, w, bias []float32, nr, kk int) {
	for n, b := range bias {
		panel := dst[n/nr*nr*(1+kk):]
		panel[n%nr] = b
		for i := range kk {
			panel[(1+i)*nr+n%nr] = w[n*kk+i]
		}
	}
}

func TestGemmF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		c := &set.GemmF32
		check := func(rows, cols, taps, k int) {
			g.reset()
			p := newProblemF32(g, rows, cols, taps, k)
			yStride := cols + [...]int{0, 1, 29}[g.IntN(3)]
			want, wantY := p.args(g, &truth.GemmF32, yStride)
			truth.GemmF32.Run(want)
			got, gotY := p.args(g, c, yStride)
			what := fmt.Sprintf("%s %v stride %d", c.Name, p, yStride)
			g.call(what, func() { c.Run(got) })
			g.same32(what, gotY, wantY, false)
		}
		for _, rows := range sizes(c.MR) {
			for _, cols := range sizes(c.NR) {
				for _, taps := range []int{1, 2, 9} {
					check(rows, cols, taps, 1+g.IntN(9))
				}
			}
			for _, k := range sizes(8) {
				check(rows, 1+g.IntN(2*c.NR), 1+g.IntN(3), k)
			}
		}
		for range 30 * rounds() {
			check(1+g.IntN(20), 1+g.IntN(80), 1+g.IntN(3), 1+g.IntN(40))
		}
		for cols := 1; cols < 5*c.NR; cols += 5 { // a vector may take several panels at a time
			check(1, cols, 1+g.IntN(2), 1+g.IntN(20))
			check(c.MR+1, cols, 1+g.IntN(2), 1+g.IntN(9)) // but not a row that others went before
		}
	})
}

func BenchmarkGemmF32(b *testing.B) {
	shapes := []struct{ m, n, taps, k int }{
		{784, 64, 9, 64}, {12544, 64, 1, 32}, {3136, 128, 1, 64}, {784, 256, 1, 256}, {196, 512, 1, 512}, {49, 1024, 1, 1024},
		{49, 512, 9, 512}, {12544, 64, 7, 21}, {4, 256, 1, 256}, {2, 256, 1, 256}, {1, 256, 1, 256}, {1, 1000, 1, 1024}, {1, 128, 1, 9216},
	}
	for _, set := range kernels.All() {
		c := &set.GemmF32
		for _, s := range shapes {
			if set.Name == "generic" && s.m > 10 {
				continue
			}
			b.Run(fmt.Sprintf("%s/M%dN%dK%dx%d", set.Name, s.m, s.n, s.taps, s.k), func(b *testing.B) {
				kk := s.taps * s.k
				x := make([]float32, s.m*s.k+kk+16)
				for i := range x {
					x[i] = float32(rand.NormFloat64())
				}
				tiles := (s.m + c.MR - 1) / c.MR
				off := make([]int32, tiles*s.taps*c.MR)
				for m := range tiles * c.MR {
					for tap := range s.taps {
						off[(m/c.MR*s.taps+tap)*c.MR+m%c.MR] = int32((min(m, s.m-1) + tap) * s.k)
					}
				}
				panels, size := (s.n+c.NR-1)/c.NR, c.NR*(1+kk)
				packed := aligned(4 * panels * size)
				w := unsafe.Slice((*float32)(unsafe.Pointer(&packed[0])), panels*size)
				for i := range w {
					w[i] = float32(rand.NormFloat64())
				}
				y := make([]float32, s.m*s.n+16)
				zero := make([]float32, s.k+16)
				a := &abi.GemmF32{X: &x[0], Zero: &zero[0], PanelBytes: 4 * size, YStride: s.n, Taps: s.taps, K: s.k, Clamp: 1, Hi: 6}
				rowStep, panelStep := chunks(s.m, c.MR, kk*c.NR)
				for b.Loop() {
					for p := 0; p < panels; p += panelStep {
						a.W, a.Cols = &w[p*size], min((p+panelStep)*c.NR, s.n)-p*c.NR
						for r := 0; r < s.m; r += rowStep {
							a.Rows, a.Off, a.Y = min(rowStep, s.m-r), &off[r*s.taps], &y[r*s.n+p*c.NR]
							c.Run(a)
						}
					}
				}
				b.ReportMetric(float64(s.m*s.n*kk)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
