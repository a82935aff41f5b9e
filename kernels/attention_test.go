package kernels_test

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// attentionScores returns the arithmetic of attention for a unit of scores.
func attentionScores(t *testing.T, unit float64) abi.AttentionS8 {
	s, ok := fixed.NewAttentionS8(unit, 1, 0)
	if !ok {
		t.Fatalf("unit %g is refused", unit)
	}
	return abi.AttentionS8{M: s.M, Right: int(s.Right), Exp: s.Exp}
}

func TestAttentionS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range append(lengths()[1:], 1<<15) {
				g.reset()
				x := input[float32](g, n, abi.Slack)
				most := int32(1) << g.between(1, 24)
				for i := range x {
					x[i] = float32(g.between(1-most, most-1))
				}
				got, want := output[float32](g, n), append([]float32(nil), x...)
				copy(got, x)
				args := attentionScores(t, math.Exp(3*g.NormFloat64()-6))
				reference := args
				args.X, args.N = at(got, 0), n
				reference.X, reference.N = at(want, 0), n
				truth.AttentionS8(&reference)
				what := describe("AttentionS8", args)
				g.call(what, func() { set.AttentionS8(&args) })
				g.same32(what, got, want, true)
				if args.Sum != reference.Sum {
					t.Fatalf("%s: sum %d, want %d", what, args.Sum, reference.Sum)
				}
			}
		}
	})
}

// TestAttentionExp holds what every set takes for Exp to the table, for all of its places.
func TestAttentionExp(t *testing.T) {
	eachSet(t, func(t *testing.T, _ *guard, set, _ *kernels.Set) {
		a := attentionScores(t, 1.0/512)
		x := make([]float32, 4200+abi.Slack)
		for i := range x {
			x[i] = -float32(i)
		}
		a.X, a.N = &x[0], 4200
		set.AttentionS8(&a)
		for i, v := range x[:4200] {
			if want := float32(a.Exp[min(i, 4095)]); v != want {
				t.Fatalf("place %d is %g, want %g", i, v, want)
			}
		}
	})
}

func TestRowF32(t *testing.T) {
	for _, k := range []struct {
		name string
		pick func(*kernels.Set) func(*abi.RowF32)
		mix  bool
	}{
		{"DotF32", func(s *kernels.Set) func(*abi.RowF32) { return s.DotF32 }, false},
		{"MixF32", func(s *kernels.Set) func(*abi.RowF32) { return s.MixF32 }, true},
	} {
		t.Run(k.name, func(t *testing.T) {
			eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
				for range 20 * rounds() {
					g.reset()
					n, depth := 1+g.IntN(80), 1+g.IntN(80)
					rows, wide := n, depth
					if k.mix {
						rows, wide = depth, n
					}
					step := wide + g.IntN(20)
					x, w := input[float32](g, depth, abi.Slack), input[float32](g, (rows-1)*step+wide, abi.Slack)
					g.floats(x)
					g.floats(w)
					got, want := output[float32](g, n), make([]float32, n)
					args := abi.RowF32{X: at(x, 0), W: at(w, 0), Y: at(want, 0), N: n, K: depth, Step: step}
					k.pick(truth)(&args)
					args.Y = at(got, 0)
					what := describe(k.name, args)
					g.call(what, func() { k.pick(set)(&args) })
					g.same32(what, got, want, false)
				}
			})
		})
	}
}

func TestDotS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range 20 * rounds() {
			g.reset()
			n, depth := 1+g.IntN(80), 1+g.IntN(256)
			step := depth + g.IntN(20)
			x, w := input[int16](g, (depth+15)/16*16, abi.Slack), input[int8](g, (n-1)*step+depth, abi.Slack)
			clear(x)
			for i := range x[:depth] {
				x[i] = int16(g.between(-255, 255))
			}
			g.codes(w, -128)
			got, want := output[float32](g, n), make([]float32, n)
			args := abi.DotS8{X: at(x, 0), W: at(w, 0), Y: at(want, 0), N: n, K: depth, Step: step, Zero: g.zeroPoint()}
			truth.DotS8(&args)
			args.Y = at(got, 0)
			what := describe("DotS8", args)
			g.call(what, func() { set.DotS8(&args) })
			g.same32(what, got, want, true)
		}
	})
}

func TestMixS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range 20 * rounds() {
			g.reset()
			n, depth := 1+g.IntN(80), 1+g.IntN(300)
			step := n + g.IntN(20)
			x, w := input[float32](g, depth, abi.Slack), input[int8](g, (depth-1)*step+n, abi.Slack)
			for i := range x {
				x[i] = float32(g.between(0, 255))
			}
			g.codes(w, -128)
			got, want := output[int32](g, n), make([]int32, n)
			args := abi.MixS8{X: at(x, 0), W: at(w, 0), Y: at(want, 0), N: n, K: depth, Step: step, Less: g.between(-1<<30, 1<<30-1)}
			truth.MixS8(&args)
			args.Y = at(got, 0)
			what := describe("MixS8", args)
			g.call(what, func() { set.MixS8(&args) })
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s: y[%d] = %d, want %d", what, i, got[i], want[i])
				}
			}
		}
	})
}
