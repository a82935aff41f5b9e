package kernels_test

import (
	"testing"
	"unsafe"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

func testBinaryF32(t *testing.T, name string, reverse int, pick func(*kernels.Set) func(*abi.BinaryF32)) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				step := g.IntN(2)
				a, b := input[float32](g, n, abi.Slack), input[float32](g, max(1+(n-1)*step, step), abi.Slack)
				g.floats(a)
				g.floats(b)
				got, want := output[float32](g, n), output[float32](g, n)
				args := abi.BinaryF32{A: at(a, 0), B: at(b, 0), Y: at(want, 0), N: n, BStep: step, Reverse: g.IntN(1 + reverse)}
				args.Clamp, args.Lo, args.Hi = g.limitsF32()
				pick(truth)(&args)
				args.Y = at(got, 0)
				what := describe(name, args)
				g.call(what, func() { pick(set)(&args) })
				g.same32(what, got, want, false)
				for _, in := range []**float32{&args.A, &args.B}[:1+step] { // in place
					place := input[float32](g, n, abi.Slack)
					copy(place, unsafe.Slice(*in, n))
					inPlace := args
					inPlace.Y = at(place, 0)
					if in == &args.A {
						inPlace.A = inPlace.Y
					} else {
						inPlace.B = inPlace.Y
					}
					pick(set)(&inPlace)
					g.same32(what+" in place", place, want, false)
				}
			}
		}
	})
}

func TestAddF32(t *testing.T) {
	testBinaryF32(t, "AddF32", 1, func(s *kernels.Set) func(*abi.BinaryF32) { return s.AddF32 })
}

func TestMulF32(t *testing.T) {
	testBinaryF32(t, "MulF32", 1, func(s *kernels.Set) func(*abi.BinaryF32) { return s.MulF32 })
}

func TestClampF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				x := input[float32](g, n, abi.Slack)
				for i := range x {
					x[i] = g.float()
				}
				got, want := output[float32](g, n), output[float32](g, n)
				args := abi.ClampF32{X: at(x, 0), Y: at(want, 0), N: n}
				_, args.Lo, args.Hi = g.limitsF32()
				truth.ClampF32(&args)
				args.Y = at(got, 0)
				what := describe("ClampF32", args)
				g.call(what, func() { set.ClampF32(&args) })
				g.same32(what, got, want, true)
				args.X = args.Y // in place
				copy(got, x)
				g.call(what, func() { set.ClampF32(&args) })
				g.same32(what+" in place", got, want, true)
			}
		}
	})
}
