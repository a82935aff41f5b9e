package kernels_test

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

func TestSubF32(t *testing.T) {
	testBinaryF32(t, "SubF32", 1, func(s *kernels.Set) func(*abi.BinaryF32) { return s.SubF32 })
}

func TestDivF32(t *testing.T) {
	testBinaryF32(t, "DivF32", 1, func(s *kernels.Set) func(*abi.BinaryF32) { return s.DivF32 })
}

func TestPReluF32(t *testing.T) {
	testBinaryF32(t, "PReluF32", 0, func(s *kernels.Set) func(*abi.BinaryF32) { return s.PReluF32 })
}

func TestSubS8(t *testing.T) {
	testAddS8(t, "SubS8", func(s *kernels.Set) func(*abi.AddS8) { return s.SubS8 })
}

func TestPReluS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				step := g.IntN(2)
				a, b, got, want := operandsS8(g, n, step)
				shift := func() int32 {
					if g.IntN(4) == 0 {
						return g.between(1, 31)
					}
					return g.rightShift(5)
				}
				args := abi.PReluS8{A: at(a, 0), B: at(b, 0), N: n, BStep: step, ZA: g.zeroPoint(), ZB: g.zeroPoint(), ZY: g.zeroPoint(),
					M: g.multiplier(), Shift: shift(), MNeg: g.multiplier(), ShiftNeg: shift()}
				reference := args
				args.Y, reference.Y = at(got, 0), at(want, 0)
				truth.PReluS8(&reference)
				what := describe("PReluS8", args)
				g.call(what, func() { set.PReluS8(&args) })
				g.same8(what, got, want)
				args.A = args.Y // in place
				copy(got, a)
				g.call(what, func() { set.PReluS8(&args) })
				g.same8(what+" in place", got, want)
			}
		}
	})
}

// unaries are the classes over abi.UnaryF32.
var unaries = []struct {
	name string
	pick func(*kernels.Set) func(*abi.UnaryF32)
}{
	{"LogisticF32", func(s *kernels.Set) func(*abi.UnaryF32) { return s.LogisticF32 }},
	{"TanhF32", func(s *kernels.Set) func(*abi.UnaryF32) { return s.TanhF32 }},
	{"HardSigmoidF32", func(s *kernels.Set) func(*abi.UnaryF32) { return s.HardSigmoidF32 }},
	{"HardSwishF32", func(s *kernels.Set) func(*abi.UnaryF32) { return s.HardSwishF32 }},
	{"GeluF32", func(s *kernels.Set) func(*abi.UnaryF32) { return s.GeluF32 }},
	{"LeakyReluF32", func(s *kernels.Set) func(*abi.UnaryF32) { return s.LeakyReluF32 }},
}

func TestUnaryF32(t *testing.T) {
	for _, k := range unaries {
		t.Run(k.name, func(t *testing.T) {
			eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
				check := func(x []float32) {
					got, want := output[float32](g, len(x)), output[float32](g, len(x))
					args := abi.UnaryF32{X: at(x, 0), Y: at(want, 0), N: len(x), Alpha: float32(g.NormFloat64()), Beta: float32(g.NormFloat64())}
					k.pick(truth)(&args)
					args.Y = at(got, 0)
					what := describe(k.name, args)
					g.call(what, func() { k.pick(set)(&args) })
					g.same32(what, got, want, false)
					args.X = args.Y // in place
					copy(got, x)
					g.call(what, func() { k.pick(set)(&args) })
					g.same32(what+" in place", got, want, false)
				}
				for range rounds() {
					for _, n := range lengths() {
						g.reset()
						x := input[float32](g, n, abi.Slack)
						g.floats(x)
						spread := float32(math.Exp(2 * g.NormFloat64()))
						for i := range x {
							x[i] *= spread
						}
						check(x)
					}
				}
				// All exponents and signs at a stride.
				g.reset()
				stride := uint64(60013)
				if testing.Short() {
					stride = 600011
				}
				x := input[float32](g, int((1<<32+stride-1)/stride), abi.Slack)
				for i := range x {
					x[i] = math.Float32frombits(uint32(uint64(i) * stride))
				}
				check(x)
			})
		})
	}
}
