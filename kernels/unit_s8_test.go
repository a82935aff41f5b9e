package kernels_test

import (
	"fmt"
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// sums fills x with sums of gates: of all kinds, of extremes, and of a width in which functions are not flat.
func (g *guard) sums(x []int16) {
	most := [3]int32{math.MaxInt16, 6 << 12, 1 << 10}[g.IntN(3)]
	for i := range x {
		x[i] = int16(g.between(-most-1, most))
		if most == math.MaxInt16 && g.IntN(2) == 0 {
			x[i] = [4]int16{math.MinInt16, math.MaxInt16, 0, -1}[g.IntN(4)]
		}
	}
}

// gateLimits are those of sums, or none.
func (g *guard) gateLimits() (lo, hi int32) {
	if g.IntN(2) == 0 {
		return math.MinInt16, math.MaxInt16
	}
	hi = g.between(1, math.MaxInt16)
	return -hi, hi
}

// beside is x with n more elements, which have no meaning.
func beside[T any](g *guard, n int) []T { return input[T](g, n+abi.UnitNR, 0) }

func (g *guard) lstmUnit() *abi.LSTMUnitS8 {
	a := &abi.LSTMUnitS8{CellMax: 1 << 15, TanhMax: math.MaxInt32, Zero: g.between(-128, 127), AddM: g.multiplier(), OutM: g.multiplier(),
		AddE: g.between(0, 31), OutE: g.between(0, 31), TanhM: 3}
	if g.IntN(2) == 0 {
		a.AddE, a.OutE = g.between(0, 20), g.between(20, 25)
	}
	a.Lo, a.Hi = g.gateLimits()
	if g.IntN(2) == 0 {
		a.TanhE = g.between(0, 30)
	} else {
		a.TanhM <<= g.IntN(15)
	}
	if g.IntN(3) == 0 {
		a.TanhMax = 3 * g.between(1, math.MaxInt16)
	}
	if g.IntN(3) == 0 {
		a.CellMax = g.between(1, 1<<15)
	}
	return a
}

func TestLSTMUnitS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for round := range 400 {
			n := 1 + g.IntN(140)
			g.reset()
			a := g.lstmUnit()
			a.N = n
			x, r, c := beside[int16](g, 4*n), beside[int16](g, 4*n), beside[int16](g, n)
			g.sums(x)
			g.sums(r)
			g.sums(c)
			y, c2 := output[int8](g, n+abi.UnitNR), append([]int16(nil), c...)
			want := make([]int8, n)
			a.X, a.R, a.C, a.Y = &x[0], &r[0], &c2[0], &want[0]
			truth.LSTMUnitS8(a)
			a.C, a.Y = &c[0], &y[0]
			g.call(fmt.Sprintf("%+v", *a), func() { set.LSTMUnitS8(a) })
			for i := range want {
				if y[i] != want[i] || c[i] != c2[i] {
					t.Fatalf("round %d, %+v: unit %d is %d with cell %d, want %d with %d", round, *a, i, y[i], c[i], want[i], c2[i])
				}
			}
		}
	})
}

func TestGRUUnitS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for round := range 400 {
			n := 1 + g.IntN(140)
			g.reset()
			a := &abi.GRUUnitS8{N: n, Linear: g.IntN(2), Exp: g.between(0, 3), OutM: g.multiplier(), Zero: g.between(-128, 127)}
			switch g.IntN(3) {
			case 0:
				a.Left = g.between(0, 15)
			case 1:
				a.Right = g.between(0, 31)
			default:
				a.Right = g.between(5, 9)
			}
			if round%8 == 0 {
				a.Exp = g.between(0, 15)
			}
			a.Lo, a.Hi = g.gateLimits()
			x, r, candidate, h := beside[int16](g, 3*n), beside[int16](g, 2*n), beside[int16](g, n), beside[int16](g, n)
			for _, v := range [][]int16{x, r, candidate, h} {
				g.sums(v)
			}
			y, h2, candidate2 := output[int8](g, n+abi.UnitNR), append([]int16(nil), h...), append([]int16(nil), candidate...)
			want, wantReset := make([]int8, n), make([]int8, n)
			a.X, a.R, a.Candidate, a.H, a.Y = &x[0], &r[0], &candidate2[0], &h2[0], &wantReset[0]
			truth.GRUResetS8(a)
			a.Y = &want[0]
			truth.GRUUnitS8(a)
			a.Candidate, a.H, a.Y = &candidate[0], &h[0], &y[0]
			g.call(fmt.Sprintf("reset %+v", *a), func() { set.GRUResetS8(a) })
			for i := range want {
				if a.Linear == 0 && y[i] != wantReset[i] || candidate[i] != candidate2[i] {
					t.Fatalf("round %d, %+v: reset %d is %d or %d, want %d or %d", round, *a, i, y[i], candidate[i], wantReset[i], candidate2[i])
				}
			}
			g.call(fmt.Sprintf("unit %+v", *a), func() { set.GRUUnitS8(a) })
			for i := range want {
				if y[i] != want[i] || h[i] != h2[i] {
					t.Fatalf("round %d, %+v: unit %d is %d with state %d, want %d with %d", round, *a, i, y[i], h[i], want[i], h2[i])
				}
			}
		}
	})
}

// TestUnitActivations holds every set's functions to package fixed for all sums: h after a step of a GRU is its candidate's
// tanh where z is 0, and z of h before, where the candidate is 0.
func TestUnitActivations(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, _ *kernels.Set) {
		const n = 1 << 16
		x, r := make([]int16, 3*n+abi.UnitNR), make([]int16, 3*n+abi.UnitNR)
		h, y := make([]int16, n), make([]int8, n)
		for i := range n {
			x[i], x[2*n+i] = math.MinInt16, int16(i)
		}
		a := &abi.GRUUnitS8{X: &x[0], R: &r[0], Candidate: &r[2*n], H: &h[0], Y: &y[0], N: n, Lo: math.MinInt16, Hi: math.MaxInt16, OutM: 1 << 30}
		set.GRUUnitS8(a)
		for i, v := range h {
			z := int32(fixed.Logistic16(3 * math.MinInt16))
			if want := ((1<<15-z)*int32(fixed.Tanh16(3*int32(int16(i)))) + 1<<14) >> 15; int32(v) != want {
				t.Fatalf("tanh of %d is %d, want %d", int16(i), v, want)
			}
		}
		copy(x, x[2*n:3*n])
		clear(x[2*n:])
		for i := range h {
			h[i] = math.MaxInt16
		}
		set.GRUUnitS8(a)
		for i, v := range h {
			z := int32(fixed.Logistic16(3 * int32(int16(i))))
			if want := (z*math.MaxInt16 + 1<<14) >> 15; int32(v) != want {
				t.Fatalf("logistic of %d gives %d, want %d", int16(i), v, want)
			}
		}
	})
}
