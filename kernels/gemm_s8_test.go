package kernels_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// problemS8 is an int8 product before any class has packed it.
type problemS8 struct {
	rows, cols, taps, k int
	x                   []int8
	pixel               []int32 // [rows][taps] byte offsets into x, −1 for a padded tap
	w                   []int8
	bias, mult, shift   []int32
	zx, zy, lo, hi      int32
}

func (p *problemS8) String() string {
	return fmt.Sprintf("%dx%d taps %d k %d zx %d zy %d clamp [%d,%d]", p.rows, p.cols, p.taps, p.k, p.zx, p.zy, p.lo, p.hi)
}

// newProblemS8 makes weights from lo on.
func newProblemS8(g *guard, rows, cols, taps, k int, lo int32) *problemS8 {
	p := &problemS8{rows: rows, cols: cols, taps: taps, k: k, zx: g.zeroPoint(), zy: g.zeroPoint()}
	p.lo, p.hi = g.limits(p.zy)
	pixels := rows + taps + 2
	stride := k + g.IntN(3)
	p.x = input[int8](g, (pixels-1)*stride+k, abi.Slack)
	g.codes(p.x, -128)
	p.pixel = make([]int32, rows*taps)
	for i := range p.pixel {
		p.pixel[i] = int32(g.IntN(pixels) * stride)
		if g.IntN(5) == 0 {
			p.pixel[i] = -1
		}
	}
	p.pixel[0] = int32((pixels - 1) * stride)
	p.w = make([]int8, cols*taps*k)
	g.codes(p.w, lo)
	p.bias, p.mult, p.shift = make([]int32, cols), make([]int32, cols), make([]int32, cols)
	exponents, odd := g.IntN(3), g.IntN(cols) // any; no zero; one zero among others: kernels have a form without
	for n := range cols {
		sum, magnitude := int32(0), int64(0)
		for _, w := range p.w[n*taps*k : (n+1)*taps*k] {
			sum += int32(w)
			magnitude += max(int64(w), -int64(w))
		}
		bias := g.between(-30000, 30000)
		if g.IntN(8) == 0 { // as large as the contract allows
			bias = [2]int32{1, -1}[g.IntN(2)] * int32(1<<31-256-255*magnitude)
		}
		accMax := max(int64(bias), -int64(bias)) + 255*magnitude
		p.mult[n] = g.multiplier()
		p.shift[n] = g.rightShift(int32(bits.Len64(uint64(accMax))) - 9)
		for !abi.Fits(p.mult[n], p.shift[n], accMax) {
			p.shift[n]++
		}
		if exponents > 0 && p.shift[n] == 0 {
			p.shift[n] = -1
		}
		if exponents == 2 && n == odd {
			p.shift[n] = 0
		}
		p.bias[n] = bias - p.zx*sum
	}
	return p
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// args packs the problem for a class. dx moves X away from the data and Shift back.
func (p *problemS8) args(g *guard, c *abi.GemmS8Class, yStride int) (*abi.GemmS8, []int8) {
	k := roundUp(p.k, c.KR)
	zero := input[int8](g, k, abi.Slack)
	for i := range zero {
		zero[i] = int8(p.zx)
	}
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
	panels := (p.cols + c.NR - 1) / c.NR
	panelBytes := c.Panel(p.taps, k)
	w := input[byte](g, panels*panelBytes, abi.Slack)
	for i := range w {
		w[i] = byte(g.Uint32())
	}
	kk := p.taps * p.k
	for i := range panels {
		n0, n1 := i*c.NR, min((i+1)*c.NR, p.cols)
		c.Pack(w[i*panelBytes:][:panelBytes:panelBytes], &abi.GemmS8Panel{W: p.w[n0*kk : n1*kk], Bias: p.bias[n0:n1], Mult: p.mult[n0:n1],
			Shift: p.shift[n0:n1], Taps: p.taps, K: p.k})
	}
	y := output[int8](g, (p.rows-1)*yStride+p.cols)
	return &abi.GemmS8{X: at(p.x, dx), Zero: &zero[0], Off: &off[0], W: &w[0], Y: &y[0], Shift: shift, PanelBytes: panelBytes,
		YStride: yStride, Rows: p.rows, Cols: p.cols, Taps: p.taps, K: k, ZeroPoint: p.zy, Lo: p.lo, Hi: p.hi}, y
}

func TestGemmS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		c := &set.GemmS8
		check := func(rows, cols, taps, k int) {
			g.reset()
			lo := int32(-127)
			if c.Weight128 {
				lo -= int32(g.IntN(2))
			}
			p := newProblemS8(g, rows, cols, taps, k, lo)
			yStride := cols + [...]int{0, 1, 29}[g.IntN(3)]
			want, wantY := p.args(g, &truth.GemmS8, yStride)
			truth.GemmS8.Run(want)
			got, gotY := p.args(g, c, yStride)
			what := fmt.Sprintf("%s %v stride %d", c.Name, p, yStride)
			g.call(what, func() { c.Run(got) })
			g.same8(what, gotY, wantY)
		}
		for _, rows := range sizes(c.MR) {
			for _, cols := range sizes(c.NR) {
				for _, taps := range []int{1, 2, 9} {
					check(rows, cols, taps, 1+g.IntN(40))
				}
			}
			for _, k := range append(sizes(c.KR), sizes(16)...) {
				check(rows, 1+g.IntN(2*c.NR), 1+g.IntN(3), k)
			}
		}
		for range 40 * rounds() {
			check(1+g.IntN(20), 1+g.IntN(80), 1+g.IntN(4), 1+g.IntN(100))
		}
		check(1, 35, 1, 2309) // matrix times vector
		check(11, 33, 1, 4608)
	})
}

// BenchmarkGemmS8 splits the work as operators do: calls of about 2^18 MACs.
func BenchmarkGemmS8(b *testing.B) {
	shapes := []struct{ m, n, taps, k int }{
		{784, 64, 9, 64}, {12544, 64, 1, 32}, {3136, 128, 1, 64}, {784, 256, 1, 256}, {196, 512, 1, 512}, {49, 1024, 1, 1024},
		{49, 512, 9, 512}, {12544, 16, 1, 32}, {784, 16, 1, 96}, {12544, 64, 7, 21}, {4, 256, 1, 256}, {2, 256, 1, 256}, {1, 1000, 1, 1024}, {1, 128, 1, 9216},
	}
	for _, set := range kernels.All() {
		c := &set.GemmS8
		for _, s := range shapes {
			if set.Name == "generic" && s.m > 100 {
				continue
			}
			b.Run(fmt.Sprintf("%s/M%dN%dK%dx%d", set.Name, s.m, s.n, s.taps, s.k), func(b *testing.B) {
				k := roundUp(s.k, c.KR)
				x := make([]int8, s.m*s.k+s.taps*s.k+abi.Slack+64)
				for i := range x {
					x[i] = int8(rand.Uint32())
				}
				tiles := (s.m + c.MR - 1) / c.MR
				off := make([]int32, tiles*s.taps*c.MR)
				for m := range tiles * c.MR {
					for tap := range s.taps {
						off[(m/c.MR*s.taps+tap)*c.MR+m%c.MR] = int32((min(m, s.m-1) + tap) * s.k)
					}
				}
				panels, size := (s.n+c.NR-1)/c.NR, c.Panel(s.taps, k)
				w := aligned(panels * size)
				kk := s.taps * s.k
				for i := range panels {
					n := min(c.NR, s.n-i*c.NR)
					p := abi.GemmS8Panel{W: make([]int8, n*kk), Bias: make([]int32, n), Mult: make([]int32, n), Shift: make([]int32, n), Taps: s.taps, K: s.k}
					for j := range p.W {
						p.W[j] = int8(rand.IntN(255) - 127)
					}
					for j := range n {
						p.Mult[j], p.Shift[j] = 1<<30+rand.Int32N(1<<30), -9
					}
					c.Pack(w[i*size:][:size], &p)
				}
				y := make([]int8, s.m*s.n+64)
				zero := make([]int8, k+abi.Slack)
				a := &abi.GemmS8{X: &x[0], Zero: &zero[0], PanelBytes: size, YStride: s.n, Taps: s.taps, K: k, Lo: -128, Hi: 127}
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

// chunks is rt/op's rule: at most 2^18 MACs a call, whole row tiles.
func chunks(rows, mr, rowMACs int) (rowStep, panelStep int) {
	const callMACs = 1 << 18
	rowStep = max(1, callMACs/(rowMACs*mr)) * mr
	rowStep = min(rowStep, roundUp(rows, mr))
	return rowStep, max(1, callMACs/(rowMACs*rowStep))
}

// aligned is n bytes at a multiple of 64, with slack behind them, as the arena gives.
func aligned(n int) []byte {
	b := make([]byte, n+abi.Slack+63)
	for i := range b {
		if addr(&b[i])%64 == 0 {
			return b[i:][:n]
		}
	}
	panic("unreachable")
}
