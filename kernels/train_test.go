package kernels_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

func TestClampMaskF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				got, want := input[float32](g, n, abi.Slack), make([]float32, n)
				mask, wantMask := output[byte](g, (n+7)/8), make([]byte, (n+7)/8)
				args := abi.ClampMaskF32{X: at(want, 0), Mask: at(wantMask, 0), N: n}
				_, args.Lo, args.Hi = g.limitsF32()
				for i := range want {
					want[i] = [...]float32{g.float(), g.float(), args.Lo, args.Hi}[g.IntN(4)]
				}
				slack := copyFrom(got, want)
				truth.ClampMaskF32(&args)
				args.X, args.Mask = at(got, 0), at(mask, 0)
				what := describe("ClampMaskF32", args)
				g.call(what, func() { set.ClampMaskF32(&args) })
				g.same32(what, got, want, true)
				for i, b := range wantMask {
					if mask[i] != b {
						t.Fatalf("%s: byte %d of the mask is %#x, want %#x", what, i, mask[i], b)
					}
				}
				slack.same(t, what)
			}
		}
	})
}

func TestMaskF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				got, want := input[float32](g, n, abi.Slack), make([]float32, n)
				mask := input[byte](g, (n+7)/8, 0)
				for i := range want {
					want[i] = g.float()
				}
				for i := range mask {
					mask[i] = byte(g.Uint32()) // the unused bits too
				}
				slack := copyFrom(got, want)
				args := abi.MaskF32{X: at(want, 0), Mask: at(mask, 0), N: n}
				truth.MaskF32(&args)
				args.X = at(got, 0)
				what := describe("MaskF32", args)
				g.call(what, func() { set.MaskF32(&args) })
				g.same32(what, got, want, true)
				slack.same(t, what)
			}
		}
	})
}

func TestMulAddF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		check := func(rows, n int) {
			g.reset()
			stride := func() int { return [...]int{0, n, n + 1, 2*n + 3}[g.IntN(4)] }
			args := abi.MulAddF32{LDA: stride(), LDB: stride(), LDC: stride(), Rows: rows, N: n}
			a, b := input[float32](g, (rows-1)*args.LDA+n, abi.Slack), input[float32](g, (rows-1)*args.LDB+n, abi.Slack)
			want := make([]float32, (rows-1)*args.LDC+n)
			got := input[float32](g, len(want), abi.Slack)
			g.floats(a)
			g.floats(b)
			g.floats(want)
			slack := copyFrom(got, want)
			args.A, args.B, args.C = at(a, 0), at(b, 0), at(want, 0)
			truth.MulAddF32(&args)
			args.C = at(got, 0)
			what := describe("MulAddF32", args)
			g.call(what, func() { set.MulAddF32(&args) })
			g.same32(what, got, want, false) // between the rows too
			slack.same(t, what)
		}
		for _, n := range lengths()[1:] {
			check(1, n)
			for range rounds() {
				check(1+g.IntN(9), n)
			}
		}
	})
}

// array is n floats, ordinary ones or of every kind.
func (g *guard) array(n int) []float32 {
	x := make([]float32, n)
	g.floats(x)
	return x
}

func TestSGDF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				grad := input[float32](g, n, abi.Slack)
				g.floats(grad)
				wantW, wantV := g.array(n), g.array(n)
				w, v := input[float32](g, n, abi.Slack), input[float32](g, n, abi.Slack)
				slackW, slackV := copyFrom(w, wantW), copyFrom(v, wantV)
				args := abi.SGDF32{W: at(wantW, 0), G: at(grad, 0), V: at(wantV, 0), N: n, Nesterov: g.IntN(2),
					GScale: 1 / float32(1+g.IntN(16)), Decay: float32(g.IntN(2)) * 1e-2, Momentum: 0.9, LR: g.float()}
				plain := g.IntN(3) == 0
				if plain {
					args.V = nil
				}
				truth.SGDF32(&args)
				args.W = at(w, 0)
				if !plain {
					args.V = at(v, 0)
				}
				what := describe("SGDF32", args)
				g.call(what, func() { set.SGDF32(&args) })
				g.same32(what, w, wantW, false)
				g.same32(what+" velocity", v, wantV, plain)
				slackW.same(t, what)
				slackV.same(t, what)
			}
		}
	})
}

func TestAdamF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				grad := input[float32](g, n, abi.Slack)
				g.floats(grad)
				want := [3][]float32{g.array(n), g.array(n), g.array(n)}
				if g.IntN(4) > 0 { // as it is: a second moment is not negative
					for i, v := range want[2] {
						want[2][i] = max(v, -v)
					}
				}
				var got [3][]float32
				var behind [3]slack
				for i := range got {
					got[i] = input[float32](g, n, abi.Slack)
					behind[i] = copyFrom(got[i], want[i])
				}
				args := abi.AdamF32{W: at(want[0], 0), G: at(grad, 0), M: at(want[1], 0), V: at(want[2], 0), N: n,
					GScale: 1 / float32(1+g.IntN(16)), L2: float32(g.IntN(2)) * 1e-2, Shrink: float32(g.IntN(2)) * 1e-3,
					InvBeta1: 0.1, Beta2: 0.999, InvBeta2: 1e-3, StepSize: g.float(), InvSqrtBias2: 1 + g.Float32(), Eps: 1e-8}
				truth.AdamF32(&args)
				args.W, args.M, args.V = at(got[0], 0), at(got[1], 0), at(got[2], 0)
				what := describe("AdamF32", args)
				g.call(what, func() { set.AdamF32(&args) })
				for i, name := range []string{" w", " m", " v"} {
					g.same32(what+name, got[i], want[i], false)
					behind[i].same(t, what)
				}
			}
		}
	})
}

func TestSumSquaresF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for range rounds() {
			for _, n := range lengths() {
				g.reset()
				x := input[float32](g, n, abi.Slack)
				g.floats(x)
				var want [16]float32
				for i := range want { // lanes without an element stay as they are
					want[i] = [...]float32{0, math.Float32frombits(1 << 31), g.float()}[g.IntN(3)]
				}
				got := want
				args := abi.SumSquaresF32{X: at(x, 0), N: n, Sum: &want}
				truth.SumSquaresF32(&args)
				args.Sum = &got
				what := describe("SumSquaresF32", args)
				g.call(what, func() { set.SumSquaresF32(&args) })
				g.same32(what, got[:], want[:], false)

				args.Sum, args.N = new([16]float32), n/32*16
				set.SumSquaresF32(&args)
				args.X, args.N = at(x, args.N), n-args.N
				set.SumSquaresF32(&args)
				g.same32(what+" in two calls", []float32{fixed.Reduce16(args.Sum)}, []float32{fixed.SumSquares16(x)}, false)
			}
		}
	})
}

// slack is what lies behind an array that a kernel changes: it may be read, not written.
type slack struct {
	now  []byte
	then [abi.Slack]byte
}

// copyFrom fills an input with x and remembers what lies behind it.
func copyFrom(in, x []float32) (s slack) {
	copy(in, x)
	s.now = unsafe.Slice((*byte)(unsafe.Pointer(at(in, len(in)))), abi.Slack)
	copy(s.then[:], s.now)
	return s
}

func (s *slack) same(t *testing.T, what string) {
	t.Helper()
	if [abi.Slack]byte(s.now) != s.then {
		t.Fatalf("%s: wrote behind an array", what)
	}
}

// BenchmarkTraining times the elementwise kernels of training on 4096 elements in the first-level cache or near, and sums of
// products over 49 pixels of 64 channels.
func BenchmarkTraining(b *testing.B) {
	const n, rows, channels = 4096, 49, 64
	array := func() *float32 {
		x := make([]float32, n+abi.Slack/4)
		for i := range x {
			x[i] = float32(rand.NormFloat64())
		}
		return &x[0]
	}
	w, g, m, v, y, mask := array(), array(), array(), array(), array(), make([]byte, n/8)
	clamp := abi.ClampMaskF32{X: y, Mask: &mask[0], N: n, Hi: 6}
	pass := abi.MaskF32{X: y, Mask: &mask[0], N: n}
	sgd := abi.SGDF32{W: w, G: g, V: m, N: n, GScale: 1, Decay: 1e-4, Momentum: 0.9, LR: 1e-6}
	adam := abi.AdamF32{W: w, G: g, M: m, V: v, N: n, GScale: 1, Shrink: 1e-6, InvBeta1: 0.1, Beta2: 0.999, InvBeta2: 1e-3, StepSize: 1e-6, InvSqrtBias2: 1, Eps: 1e-8}
	sum := abi.SumSquaresF32{X: w, N: n, Sum: new([16]float32)}
	taps := abi.MulAddF32{A: w, B: g, C: m, LDA: channels, LDB: channels, Rows: rows, N: channels}
	pixels := abi.MulAddF32{A: w, B: g, C: m, LDA: channels, LDC: channels, Rows: rows, N: channels}
	for _, s := range kernels.All() {
		for _, k := range []struct {
			name string
			n    int
			run  func()
		}{
			{"ClampMaskF32", n, func() { s.ClampMaskF32(&clamp) }}, {"MaskF32", n, func() { s.MaskF32(&pass) }},
			{"SGDF32", n, func() { s.SGDF32(&sgd) }}, {"AdamF32", n, func() { s.AdamF32(&adam) }},
			{"SumSquaresF32", n, func() { s.SumSquaresF32(&sum) }},
			{"MulAddF32/taps", rows * channels, func() { s.MulAddF32(&taps) }}, {"MulAddF32/pixels", rows * channels, func() { s.MulAddF32(&pixels) }},
		} {
			b.Run(s.Name+"/"+k.name, func(b *testing.B) {
				for b.Loop() {
					k.run()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N*k.n), "ns/element")
			})
		}
	}
}
