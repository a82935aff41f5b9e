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
