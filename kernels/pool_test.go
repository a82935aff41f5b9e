package kernels_test

import (
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// window lists the offsets of rows × taps runs of c elements in pixels pixels; with padding some are negative.
func window(g *guard, rows, taps, c, pixels, shift int, padding bool) (off, count []int32) {
	off, count = input[int32](g, rows*taps, 0), input[int32](g, rows, 0)
	for r := range rows {
		n := int32(0)
		for i := range taps {
			o := int32(g.IntN(pixels)*c - shift)
			if padding && g.IntN(4) == 0 {
				o = -1
			} else {
				n++
			}
			off[r*taps+i] = o
		}
		if n == 0 || g.IntN(4) == 0 { // padding counted
			n = int32(taps)
		}
		count[r] = n
	}
	return off, count
}

// poolCases calls f with channels, taps and rows; some averages go past what int16 sums and float32 divisions hold.
func poolCases(g *guard, f func(rows, taps, c int)) {
	for _, c := range append(lengths()[1:], 1000) {
		for _, taps := range []int{1, 2, 4, 9} {
			f(1+g.IntN(3), taps, c)
		}
	}
	for _, c := range []int{1, 5, 16, 31, 64, 65} {
		for _, taps := range []int{49, 255, 256, 257, 258, 600} {
			f(2, taps, c)
		}
	}
	f(1, 140000, 3)
	f(2, 66000, 18)
}

func testPoolS8(t *testing.T, name string, average bool, pick func(*kernels.Set) func(*abi.PoolS8)) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		poolCases(g, func(rows, taps, c int) {
			g.reset()
			pixels := 1 + g.IntN(20)
			x := input[int8](g, pixels*c, abi.Slack)
			g.codes(x, -128)
			shift := [...]int{0, -37}[g.IntN(2)]
			off, count := window(g, rows, taps, c, pixels, shift, average)
			yStride := c + [...]int{0, 1, 29}[g.IntN(3)]
			got, want := output[int8](g, (rows-1)*yStride+c), output[int8](g, (rows-1)*yStride+c)
			acc := output[int32](g, c)
			args := abi.PoolS8{X: at(x, 0), Y: at(want, 0), Off: at(off, 0), Count: at(count, 0), Acc: at(acc, 0), Shift: shift, YStride: yStride,
				Rows: rows, Taps: taps, C: c}
			args.Lo, args.Hi = g.limits(g.zeroPoint())
			pick(truth)(&args)
			args.Y = at(got, 0)
			what := describe(name, args)
			g.call(what, func() { pick(set)(&args) })
			g.same8(what, got, want)
		})
	})
}

func TestMaxPoolS8(t *testing.T) {
	testPoolS8(t, "MaxPoolS8", false, func(s *kernels.Set) func(*abi.PoolS8) { return s.MaxPoolS8 })
}

func TestAvgPoolS8(t *testing.T) {
	testPoolS8(t, "AvgPoolS8", true, func(s *kernels.Set) func(*abi.PoolS8) { return s.AvgPoolS8 })
}

// TestAvgPoolS8Divisions holds every sum of up to 9 codes and its divisor against the definition.
func TestAvgPoolS8Divisions(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for n := 1; n <= 9; n++ {
			g.reset()
			c := 255*n + 1 // channel i sums to −128·n + i
			x := input[int8](g, n*c, abi.Slack)
			off := input[int32](g, n, 0)
			for tap := range n {
				off[tap] = int32(tap * c)
				for i := range c {
					x[tap*c+i] = int8(-128 + (i+tap)/n)
				}
			}
			count := []int32{int32(n)}
			got, want := output[int8](g, c), output[int8](g, c)
			acc := output[int32](g, c)
			args := abi.PoolS8{X: at(x, 0), Y: at(want, 0), Off: at(off, 0), Count: &count[0], Acc: at(acc, 0), YStride: c, Rows: 1, Taps: n, C: c,
				Lo: -128, Hi: 127}
			truth.AvgPoolS8(&args)
			args.Y = at(got, 0)
			what := describe("AvgPoolS8", args)
			g.call(what, func() { set.AvgPoolS8(&args) })
			g.same8(what, got, want)
		}
	})
}

func testPoolF32(t *testing.T, name string, average bool, pick func(*kernels.Set) func(*abi.PoolF32)) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		poolCases(g, func(rows, taps, c int) {
			g.reset()
			pixels := 1 + g.IntN(20)
			x := input[float32](g, pixels*c, abi.Slack)
			g.floats(x)
			shift := [...]int{0, -37}[g.IntN(2)]
			off, count := window(g, rows, taps, c, pixels, shift, average)
			yStride := c + [...]int{0, 1, 29}[g.IntN(3)]
			got, want := output[float32](g, (rows-1)*yStride+c), output[float32](g, (rows-1)*yStride+c)
			args := abi.PoolF32{X: at(x, 0), Y: at(want, 0), Off: at(off, 0), Count: at(count, 0), Shift: shift, YStride: yStride,
				Rows: rows, Taps: taps, C: c}
			args.Clamp, args.Lo, args.Hi = g.limitsF32()
			pick(truth)(&args)
			args.Y = at(got, 0)
			what := describe(name, args)
			g.call(what, func() { pick(set)(&args) })
			g.same32(what, got, want, true)
		})
	})
}

func TestMaxPoolF32(t *testing.T) {
	testPoolF32(t, "MaxPoolF32", false, func(s *kernels.Set) func(*abi.PoolF32) { return s.MaxPoolF32 })
}

func TestAvgPoolF32(t *testing.T) {
	testPoolF32(t, "AvgPoolF32", true, func(s *kernels.Set) func(*abi.PoolF32) { return s.AvgPoolF32 })
}
