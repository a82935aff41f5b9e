package kernels_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// dwShape is the geometry of a depthwise convolution over a picture of its own, without padding.
type dwShape struct {
	rows, cols, c, kh, kw, stride, dilation int
	gap                                     int // elements between two rows of pixels, of x and of y
}

func (s dwShape) xRow() int { return ((s.cols-1)*s.stride+(s.kw-1)*s.dilation+1)*s.c + s.gap }
func (s dwShape) x() int {
	return ((s.rows-1)*s.stride+(s.kh-1)*s.dilation)*s.xRow() + s.xRow() - s.gap
}
func (s dwShape) y() int { return (s.rows-1)*(s.cols*s.c+s.gap) + s.cols*s.c }

func (g *guard) dwShape() dwShape {
	s := dwShape{rows: 1 + g.IntN(4), cols: 1 + g.IntN(9), c: 1 + g.IntN(150), kh: 1 + g.IntN(5), kw: 1 + g.IntN(5), stride: 1 + g.IntN(3), dilation: 1 + g.IntN(2), gap: g.IntN(2) * 7}
	if g.IntN(3) > 0 { // what kernels have forms of their own for
		s.kh = 3 + 2*g.IntN(2)
		s.kw, s.dilation = s.kh, 1
	}
	return s
}

func TestDWConvS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		check := func(s dwShape) {
			g.reset()
			taps := s.kh * s.kw
			x := input[int8](g, s.x(), abi.Slack)
			g.codes(x, -128)
			w := make([]int8, s.c*taps)
			lowest := int32(-127)
			if set.DWConvS8.Weight128 {
				lowest -= int32(g.IntN(2))
			}
			g.codes(w, lowest)
			zx, zy := g.zeroPoint(), g.zeroPoint()
			lo, hi := g.limits(zy)
			bias, mult, shift := make([]int32, s.c), make([]int32, s.c), make([]int32, s.c)
			exponents := g.IntN(2) // any; no zero
			for n := range s.c {
				sum, magnitude := int32(0), int64(0)
				for _, v := range w[n*taps : (n+1)*taps] {
					sum += int32(v)
					magnitude += max(int64(v), -int64(v))
				}
				b := g.between(-3000, 3000)
				if g.IntN(8) == 0 { // as large as the contract allows
					b = [2]int32{1, -1}[g.IntN(2)] * int32(1<<31-256-255*magnitude)
				}
				accMax := max(int64(b), -int64(b)) + 255*magnitude
				mult[n] = g.multiplier()
				shift[n] = g.rightShift(int32(bits.Len64(uint64(accMax))) - 9)
				for !abi.Fits(mult[n], shift[n], accMax) {
					shift[n]++
				}
				if exponents > 0 && shift[n] == 0 {
					shift[n] = -1
				}
				bias[n] = b - zx*sum
			}
			run := func(c *abi.DWConvS8Class) []int8 {
				size := c.Panel(s.kh, s.kw)
				panels := (s.c + c.NR - 1) / c.NR
				packed := input[byte](g, panels*size, abi.Slack)
				for i := range packed {
					packed[i] = byte(g.Uint32())
				}
				for i := range panels {
					c0, c1 := i*c.NR, min((i+1)*c.NR, s.c)
					c.Pack(packed[i*size:][:size:size], &abi.DWConvS8Panel{W: w[c0*taps : c1*taps], Bias: bias[c0:c1], Mult: mult[c0:c1], Shift: shift[c0:c1], KH: s.kh, KW: s.kw})
				}
				y := output[int8](g, s.y())
				a := &abi.DWConvS8{X: &x[0], W: &packed[0], Y: &y[0], XRow: s.dilation * s.xRow(), XTap: s.dilation * s.c, XStep: s.stride * s.c,
					XNext: s.stride * s.xRow(), YStep: s.c, YNext: s.cols*s.c + s.gap, PanelBytes: size, Rows: s.rows, Cols: s.cols,
					KH: s.kh, KW: s.kw, C: s.c, ZeroPoint: zy, Lo: lo, Hi: hi}
				g.call(fmt.Sprintf("%s %+v", c.Name, s), func() { c.Run(a) })
				return y
			}
			want := run(&truth.DWConvS8)
			g.same8(fmt.Sprintf("%s %+v zx %d zy %d clamp [%d,%d]", set.DWConvS8.Name, s, zx, zy, lo, hi), run(&set.DWConvS8), want)
		}
		for _, c := range sizes(set.DWConvS8.NR) {
			if c == 0 {
				continue
			}
			for _, k := range []int{1, 2, 3, 5} {
				for _, stride := range []int{1, 2} {
					for _, cols := range []int{1, 2, 3, 4, 5, 7, 8, 9} {
						check(dwShape{rows: 1 + cols%3, cols: cols, c: c, kh: k, kw: k, stride: stride, dilation: 1})
					}
				}
			}
		}
		for range 100 * rounds() {
			check(g.dwShape())
		}
	})
}

func TestDWConvF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		check := func(s dwShape) {
			g.reset()
			taps := s.kh * s.kw
			x := input[float32](g, s.x(), abi.Slack)
			g.floats(x)
			w, bias := make([]float32, s.c*taps), make([]float32, s.c)
			g.floats(w)
			g.floats(bias)
			clamp, lo, hi := g.limitsF32()
			run := func(c *abi.DWConvF32Class) []float32 {
				size := c.NR * (1 + taps)
				panels := (s.c + c.NR - 1) / c.NR
				packed := input[float32](g, panels*size, abi.Slack)
				clear(packed)
				packF32(packed, w, bias, c.NR, taps)
				y := output[float32](g, s.y())
				a := &abi.DWConvF32{X: &x[0], W: &packed[0], Y: &y[0], XRow: s.dilation * s.xRow(), XTap: s.dilation * s.c, XStep: s.stride * s.c,
					XNext: s.stride * s.xRow(), YStep: s.c, YNext: s.cols*s.c + s.gap, PanelBytes: 4 * size, Rows: s.rows, Cols: s.cols,
					KH: s.kh, KW: s.kw, C: s.c, Clamp: clamp, Lo: lo, Hi: hi}
				g.call(fmt.Sprintf("%s %+v", c.Name, s), func() { c.Run(a) })
				return y
			}
			want := run(&truth.DWConvF32)
			g.same32(fmt.Sprintf("%s %+v clamp %d [%g,%g]", set.DWConvF32.Name, s, clamp, lo, hi), run(&set.DWConvF32), want, false)
		}
		for _, c := range sizes(set.DWConvF32.NR) {
			if c == 0 {
				continue
			}
			for _, k := range []int{1, 3, 5} {
				for _, cols := range []int{1, 2, 3, 4, 5, 8, 9} {
					check(dwShape{rows: 1 + cols%3, cols: cols, c: c, kh: k, kw: k, stride: 1 + cols%2, dilation: 1})
				}
			}
		}
		for range 100 * rounds() {
			check(g.dwShape())
		}
	})
}

// BenchmarkDWConvS8 runs layers of MobileNets, a few rows a call.
func BenchmarkDWConvS8(b *testing.B) {
	for _, set := range kernels.All() {
		c := &set.DWConvS8
		for _, s := range []dwShape{
			{rows: 4, cols: 112, c: 32, kh: 3, kw: 3, stride: 1, dilation: 1}, {rows: 4, cols: 56, c: 64, kh: 3, kw: 3, stride: 2, dilation: 1},
			{rows: 4, cols: 14, c: 512, kh: 3, kw: 3, stride: 1, dilation: 1}, {rows: 7, cols: 7, c: 1024, kh: 3, kw: 3, stride: 1, dilation: 1},
			{rows: 4, cols: 14, c: 240, kh: 5, kw: 5, stride: 1, dilation: 1}, {rows: 7, cols: 7, c: 576, kh: 5, kw: 5, stride: 1, dilation: 1},
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d k%d s%d", set.Name, s.rows, s.cols, s.c, s.kh, s.stride), func(b *testing.B) {
				x := make([]int8, s.x()+abi.Slack)
				for i := range x {
					x[i] = int8(rand.Uint32())
				}
				taps, size := s.kh*s.kw, c.Panel(s.kh, s.kw)
				panels := (s.c + c.NR - 1) / c.NR
				w := aligned(panels * size)
				for i := range panels {
					n := min(c.NR, s.c-i*c.NR)
					p := abi.DWConvS8Panel{W: make([]int8, n*taps), Bias: make([]int32, n), Mult: make([]int32, n), Shift: make([]int32, n), KH: s.kh, KW: s.kw}
					for j := range p.W {
						p.W[j] = int8(rand.IntN(255) - 127)
					}
					for j := range n {
						p.Mult[j], p.Shift[j] = 1<<30+rand.Int32N(1<<30), -7
					}
					c.Pack(w[i*size:][:size], &p)
				}
				y := make([]int8, s.y())
				a := &abi.DWConvS8{X: &x[0], W: &w[0], Y: &y[0], XRow: s.xRow(), XTap: s.c, XStep: s.stride * s.c, XNext: s.stride * s.xRow(),
					YStep: s.c, YNext: s.cols * s.c, PanelBytes: size, Rows: s.rows, Cols: s.cols, KH: s.kh, KW: s.kw, C: s.c, ZeroPoint: -128, Lo: -128, Hi: 127}
				for b.Loop() {
					c.Run(a)
				}
				b.ReportMetric(float64(s.rows*s.cols*s.c*taps)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
