package kernels_test

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// operandsS8 allocates a, b (one element where step is 0) and two outputs.
func operandsS8(g *guard, n, step int) (a, b, got, want []int8) {
	g.reset()
	a, b = input[int8](g, n, abi.Slack), input[int8](g, max(1+(n-1)*step, step), abi.Slack)
	g.codes(a, -128)
	g.codes(b, -128)
	return a, b, output[int8](g, n), output[int8](g, n)
}

func TestAddS8(t *testing.T) {
	testAddS8(t, "AddS8", func(s *kernels.Set) func(*abi.AddS8) { return s.AddS8 })
}

func testAddS8(t *testing.T, name string, pick func(*kernels.Set) func(*abi.AddS8)) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				step := g.IntN(2)
				a, b, got, want := operandsS8(g, n, step)
				args := abi.AddS8{A: at(a, 0), B: at(b, 0), N: n, BStep: step, Reverse: g.IntN(2), ZA: g.zeroPoint(), ZB: g.zeroPoint(), ZY: g.zeroPoint(),
					MA: g.multiplier(), MB: g.multiplier(), MY: g.multiplier(),
					ShiftA: g.rightShift(1), ShiftB: g.rightShift(1), ShiftY: g.rightShift(18)}
				args.Lo, args.Hi = g.limits(args.ZY)
				reference := args
				args.Y, reference.Y = at(got, 0), at(want, 0)
				pick(truth)(&reference)
				what := describe(name, args)
				g.call(what, func() { pick(set)(&args) })
				g.same8(what, got, want)
			}
		}
	})
}

func TestMulS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				step := g.IntN(2)
				a, b, got, want := operandsS8(g, n, step)
				args := abi.MulS8{A: at(a, 0), B: at(b, 0), N: n, BStep: step, ZA: g.zeroPoint(), ZB: g.zeroPoint(), ZY: g.zeroPoint(),
					M: g.multiplier(), Shift: g.rightShift(7)}
				if g.IntN(4) == 0 {
					args.M = -args.M
				}
				if g.IntN(4) == 0 {
					args.Shift = -args.Shift
				}
				args.Lo, args.Hi = g.limits(args.ZY)
				if args.Shift >= 0 { // y + ZY must not wrap
					args.ZY = 0
				}
				reference := args
				args.Y, reference.Y = at(got, 0), at(want, 0)
				truth.MulS8(&reference)
				what := describe("MulS8", args)
				g.call(what, func() { set.MulS8(&args) })
				g.same8(what, got, want)
			}
		}
	})
}

func TestLutS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for _, n := range append(lengths(), 4096) {
			x, _, got, want := operandsS8(g, n, 1)
			for i := range x {
				x[i] = int8(i * 37)
			}
			table := (*[256]int8)(input[int8](g, 256, 0))
			for i := range table {
				table[i] = int8(g.Uint32())
			}
			reference := abi.LutS8{X: at(x, 0), Y: at(want, 0), N: n, Table: table}
			truth.LutS8(&reference)
			args := reference
			args.Y = at(got, 0)
			what := describe("LutS8", args)
			g.call(what, func() { set.LutS8(&args) })
			g.same8(what, got, want)
			args.X = args.Y // in place
			copy(got, x)
			g.call(what, func() { set.LutS8(&args) })
			g.same8(what+" in place", got, want)
		}
	})
}

func TestQuantizeS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		check := func(x []float32, scale float32, zero int32) {
			got, want := output[int8](g, len(x)), output[int8](g, len(x))
			args := abi.QuantizeS8{X: at(x, 0), Y: at(want, 0), N: len(x), Scale: scale, ZeroPoint: zero}
			truth.QuantizeS8(&args)
			args.Y = at(got, 0)
			what := describe("QuantizeS8", args)
			g.call(what, func() { set.QuantizeS8(&args) })
			g.same8(what, got, want)
		}
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				x := input[float32](g, n, abi.Slack)
				scale := [...]float32{1, 0.5, 1.0 / 255, float32(math.Exp(3 * g.NormFloat64())), 1e-38, 1e30}[g.IntN(6)]
				g.floats(x)
				if g.IntN(2) == 0 { // near the halves, where rounding decides
					for i := range x {
						half := scale * (float32(g.IntN(600)-300) + 0.5)
						x[i] = math.Float32frombits(math.Float32bits(half) + uint32(g.IntN(7)-3))
					}
				}
				check(x, scale, g.zeroPoint())
			}
		}
		// Every float32 whose code is neither 0 nor saturated, at a stride; each half and its neighbours.
		g.reset()
		var list []float32
		for b := uint32(0x3e000000); b < 0x44000000; b += 1021 {
			list = append(list, math.Float32frombits(b), math.Float32frombits(b|1<<31))
		}
		for i := range uint32(1100) {
			for d := range uint32(5) {
				b := math.Float32bits(float32(i)/2) + d - 2
				list = append(list, math.Float32frombits(b), math.Float32frombits(b^1<<31))
			}
		}
		x := input[float32](g, len(list), abi.Slack)
		copy(x, list)
		check(x, 1, 0)
	})
}

func TestDequantizeS8(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for _, n := range lengths() {
			x, _, _, _ := operandsS8(g, n, 1)
			got, want := output[float32](g, n), output[float32](g, n)
			args := abi.DequantizeS8{X: at(x, 0), Y: at(want, 0), N: n, Scale: float32(math.Exp(5 * g.NormFloat64())), ZeroPoint: g.zeroPoint()}
			truth.DequantizeS8(&args)
			args.Y = at(got, 0)
			what := describe("DequantizeS8", args)
			g.call(what, func() { set.DequantizeS8(&args) })
			g.same32(what, got, want, true)
		}
	})
}
