package kernels_test

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

func TestNormF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths()[1:] {
				g.reset()
				rows := 1 + g.IntN(3)
				x, scale, bias := input[float32](g, rows*n, abi.Slack), input[float32](g, n, abi.Slack), input[float32](g, n, abi.Slack)
				for _, v := range [][]float32{x, scale, bias} {
					g.floats(v)
				}
				got, want := output[float32](g, rows*n), output[float32](g, rows*n)
				args := abi.NormF32{X: at(x, 0), Y: at(want, 0), Scale: at(scale, 0), Bias: at(bias, 0), N: n, Rows: rows, Center: g.IntN(2), Epsilon: 1e-5 * float32(g.IntN(2))}
				truth.NormF32(&args)
				args.Y = at(got, 0)
				what := describe("NormF32", args)
				g.call(what, func() { set.NormF32(&args) })
				g.same32(what, got, want, false)
				args.X = args.Y // in place
				copy(got, x)
				g.call(what, func() { set.NormF32(&args) })
				g.same32(what+" in place", got, want, false)
			}
		}
	})
}

func TestSumsS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range append(lengths(), abi.MaxSumsS8) {
				g.reset()
				x := input[int8](g, n, abi.Slack)
				g.codes(x, -128)
				args := abi.SumsS8{X: at(x, 0), N: n}
				want := args
				truth.SumsS8(&want)
				what := describe("SumsS8", args)
				g.call(what, func() { set.SumsS8(&args) })
				if args != want {
					t.Fatalf("%s: %d and %d, want %d and %d", what, args.Sum, args.Squares, want.Sum, want.Squares)
				}
			}
		}
	})
}

// TestNormS8 normalizes rows by their own sums, and codes by any numbers within the bounds of abi.NormS8.
func TestNormS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for round := range rounds() {
			for _, n := range lengths()[1:] {
				g.reset()
				x, m, b := input[int8](g, n, abi.Slack), input[int32](g, n, abi.Slack), input[int64](g, n, abi.Slack)
				g.codes(x, -128)
				args := abi.NormS8{X: at(x, 0), M: at(m, 0), B: at(b, 0), N: n, Zero: g.zeroPoint()}
				if round%2 == 0 {
					sums := abi.SumsS8{X: at(x, 0), N: n}
					truth.SumsS8(&sums)
					norm := fixed.NewNormS8(n, float32(math.Exp(g.NormFloat64()-3)), g.zeroPoint(), 1e-5, g.IntN(2) == 0)
					var shift uint
					args.Less, args.Inv, shift = norm.Row(int64(sums.Sum), int64(sums.Squares))
					args.Size, args.ShiftZ = int32(n), int(shift)
					scale, bias := make([]float32, n), make([]float32, n)
					for i := range bias {
						scale[i], bias[i] = float32(3*g.NormFloat64()), float32(g.NormFloat64())
					}
					a, err := fixed.NewAffine(scale, bias, float32(math.Exp(g.NormFloat64()-3)), 0)
					if err != nil {
						t.Fatal(err)
					}
					copy(m, a.M)
					copy(b, a.B)
					args.ShiftY = int(a.Shift)
				} else {
					args.Size, args.Inv, args.ShiftY = g.between(1, 1<<23), g.between(1, math.MaxInt32), int(g.between(1, 62))
					args.Less = g.between(-1<<30, 1<<30-1)
					args.ShiftZ = int(g.between(40, 62))
					for i := range m {
						m[i] = g.between(-1<<24, 1<<24)
						b[i] = (g.Int64N(1<<62) - 1<<61) >> g.between(0, 60)
					}
				}
				got, want := output[int8](g, n), output[int8](g, n)
				args.Y = at(want, 0)
				truth.NormS8(&args)
				args.Y = at(got, 0)
				what := describe("NormS8", args)
				g.call(what, func() { set.NormS8(&args) })
				g.same8(what, got, want)
				args.X = args.Y // in place
				copy(got, x)
				g.call(what, func() { set.NormS8(&args) })
				g.same8(what+" in place", got, want)
			}
		}
	})
}
