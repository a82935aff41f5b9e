package kernels_test

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

func TestSoftmaxS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		// Long rows of one code wrap the sum around and shift by more than 31.
		const flat = 3000
		for _, n := range append(lengths()[1:], flat, 4095, 4096, 5000, 8191, 8192, 8193) {
			g.reset()
			rows := 1 + g.IntN(3)
			x := input[int8](g, rows*n, abi.Slack)
			g.codes(x, -128)
			if n >= flat {
				for i := range x {
					x[i] = x[0]
				}
			}
			// The table as the operator makes it: beta·scale as a multiplier into 5 integer bits.
			m, left := fixed.Quantize(min(math.Exp(g.NormFloat64()-2)*(1<<26), 1<<31-1))
			table := new([256]int32)
			dMin := -fixed.InputRadius(5, left)
			for d := range int32(256) {
				if d-255 >= dMin {
					table[d] = fixed.ExpQ(fixed.MBQM(d-255, m, left), 5)
				}
			}
			got, want := output[int8](g, rows*n), output[int8](g, rows*n)
			args := abi.SoftmaxS8{X: at(x, 0), Y: at(want, 0), Rows: rows, N: n, Exp: table, DMin: dMin}
			truth.SoftmaxS8(&args)
			args.Y = at(got, 0)
			what := describe("SoftmaxS8", args)
			g.call(what, func() { set.SoftmaxS8(&args) })
			g.same8(what, got, want)
		}
	})
}

func TestSoftmaxF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths()[1:] {
				g.reset()
				rows := 1 + g.IntN(3)
				x := input[float32](g, rows*n, abi.Slack)
				spread := float32(math.Exp(2 * g.NormFloat64()))
				odd := g.IntN(5) == 0
				for i := range x {
					x[i] = spread * float32(g.NormFloat64())
					if odd && g.IntN(n) == 0 {
						x[i] = g.float()
					}
				}
				got, want := output[float32](g, rows*n), output[float32](g, rows*n)
				args := abi.SoftmaxF32{X: at(x, 0), Y: at(want, 0), Rows: rows, N: n, Log: g.IntN(2)}
				truth.SoftmaxF32(&args)
				args.Y = at(got, 0)
				what := describe("SoftmaxF32", args)
				g.call(what, func() { set.SoftmaxF32(&args) })
				g.same32(what, got, want, false)
				args.X = args.Y // in place
				copy(got, x)
				g.call(what, func() { set.SoftmaxF32(&args) })
				g.same32(what+" in place", got, want, false)
			}
		}
	})
}
