package kernels_test

import (
	"fmt"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// TestGemvS8 holds every set to sums written out, for shifts to both sides and x that ends where memory does.
func TestGemvS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, _ *kernels.Set) {
		for _, k := range []int{1, 2, 3, 4, 7, 15, 16, 17, 33, 100, 128} {
			for _, cols := range []int{1, 31, 32, 33, 130} {
				g.reset()
				w, bias := make([]int8, cols*k), make([]int32, cols)
				mult, shift := make([]int32, cols), make([]int32, cols)
				most := g.IntN(2)
				g.codes(w, int32(most-128))
				for n := range bias {
					bias[n], mult[n] = g.between(-1<<20, 1<<20), g.multiplier()
					switch g.IntN(3) {
					case 0:
						shift[n] = g.between(-31, 8)
					case 1:
						shift[n] = g.between(-9, 0)
					}
				}
				rows, gap := 1+g.IntN(3), g.IntN(5)
				x := input[int8](g, rows*k+(rows-1)*gap, abi.Slack)
				g.codes(x, -128)
				panels := (cols + abi.GemvNR - 1) / abi.GemvNR
				c := &set.GemvS8
				packed := input[byte](g, c.Bytes(cols, k), abi.Slack)
				clear(packed)
				c.Pack(packed, w, bias, mult, shift, k)
				y := output[int16](g, rows*panels*abi.GemvNR)
				a := &abi.GemvS8{X: &x[(rows-1)*(k+gap)], W: &packed[0], Y: &y[0], K: c.Round(k), Panels: panels,
					Rows: rows, XStride: -k - gap, YStride: panels * abi.GemvNR, Most127: most}
				g.call(fmt.Sprintf("%d columns of %d", cols, k), func() { c.Run(a) })
				for m := range rows {
					for n, sum := range bias {
						for i, v := range x[(rows-1-m)*(k+gap):][:k] {
							sum += int32(v) * int32(w[n*k+i])
						}
						if got, want := y[m*a.YStride+n], fixed.Saturate16(fixed.MBQM(sum, mult[n], shift[n])); got != want {
							t.Fatalf("%d columns of %d: output %d of row %d is %d, want %d", cols, k, n, m, got, want)
						}
					}
				}
			}
		}
	})
}
