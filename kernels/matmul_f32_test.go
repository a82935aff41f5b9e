package kernels_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// masksRead reports an x86 emulator that loads the lanes which a mask leaves out, as QEMU 7.2 does for VMASKMOVPS; a core
// does not touch their memory (Intel's manual, volume 2, VMASKMOV).
func masksRead() bool { return os.Getenv("EDGERUN_UNDER_QEMU") != "" && runtime.GOARCH == "amd64" }

func TestMatMulF32(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		check := func(m, n, k int) {
			g.reset()
			// Rows as they are, rows and columns exchanged, one element for all, and both strides wide.
			strides := [][2]int{{k + g.IntN(3), 1}, {1, m + g.IntN(3)}, {0, 0}, {2 + g.IntN(3), 4*m + g.IntN(5)}}[g.IntN(4)]
			args := abi.MatMulF32{AI: strides[0], AK: strides[1], LDB: n + [...]int{0, 1, 29}[g.IntN(3)],
				LDC: n + [...]int{0, 1, 29}[g.IntN(3)], M: m, N: n, K: k}
			a := input[float32](g, (m-1)*args.AI+(k-1)*args.AK+1, 0)
			b := input[float32](g, (k-1)*args.LDB+n, abi.Slack)
			got, want := output[float32](g, (m-1)*args.LDC+n), output[float32](g, (m-1)*args.LDC+n)
			g.floats(a)
			g.floats(b)
			for i := range m {
				g.floats(want[i*args.LDC:][:n])
			}
			if g.IntN(2) == 0 && !masksRead() {
				got = input[float32](g, len(want), 0) // nothing behind c may be read
			}
			copy(got, want)
			args.A, args.B, args.C = at(a, 0), at(b, 0), at(want, 0)
			what := describe("MatMulF32", args)
			truth.MatMulF32(&args)
			args.C = at(got, 0)
			first, second := args, args
			if k > 1 && g.IntN(3) == 0 { // in two calls
				first.K = 1 + g.IntN(k-1)
				second.K -= first.K
				second.A, second.B = at(a, first.K*args.AK), at(b, first.K*args.LDB)
				g.call(what, func() { set.MatMulF32(&first) })
				g.call(what, func() { set.MatMulF32(&second) })
			} else {
				g.call(what, func() { set.MatMulF32(&first) })
			}
			g.same32(what, got, want, false) // between the rows too
		}
		for _, m := range sizes(8) {
			for _, n := range append(sizes(32), 64, 129) {
				check(m, n, 1+g.IntN(9))
			}
			for _, k := range sizes(8) {
				check(m, 1+g.IntN(70), k)
			}
		}
		for n := range 140 { // every width of a single row and of a tile
			check(1, 1+n, 1+g.IntN(5))
			check(8, 1+n, 1+g.IntN(5))
		}
		for range 50 * rounds() {
			check(1+g.IntN(30), 1+g.IntN(100), 1+g.IntN(40))
		}
	})
}

// BenchmarkMatMulF32 times what training asks for: products forwards, gradients of weights (x read across its rows) and
// sums of rows.
func BenchmarkMatMulF32(b *testing.B) {
	shapes := []struct {
		name    string
		m, n, k int
	}{
		{"forward", 64, 64, 64}, {"forward", 16, 128, 1024}, {"forward", 16, 11, 64}, {"forward", 64, 48, 144},
		{"weights", 64, 64, 64}, {"weights", 64, 64, 512}, {"weights", 9216, 128, 16}, {"weights", 64, 11, 16}, {"weights", 27, 10, 64},
		{"sum", 1, 64, 512}, {"sum", 1, 11, 64},
	}
	for _, set := range kernels.All() {
		for _, s := range shapes {
			if set.Name == "generic" && s.m*s.n*s.k > 1<<20 {
				continue
			}
			b.Run(fmt.Sprintf("%s/%s/M%dN%dK%d", set.Name, s.name, s.m, s.n, s.k), func(b *testing.B) {
				floats := func(n int) []float32 {
					x := make([]float32, n+abi.Slack/4)
					for i := range x {
						x[i] = float32(rand.NormFloat64())
					}
					return x
				}
				x, w, y := floats(s.m*s.k), floats(s.k*s.n), floats(s.m*s.n)
				a := abi.MatMulF32{A: &x[0], B: &w[0], AI: s.k, AK: 1, LDB: s.n, LDC: s.n, N: s.n, K: s.k}
				switch s.name {
				case "weights":
					a.AI, a.AK = 1, s.m
				case "sum":
					a.AI, a.AK = 0, 0
				}
				rows := max(8, (1<<18)/(s.n*s.k)&^7)
				for b.Loop() {
					for i := 0; i < s.m; i += rows {
						a.A, a.C, a.M = &x[i*a.AI], &y[i*s.n], min(rows, s.m-i)
						set.MatMulF32(&a)
					}
				}
				b.ReportMetric(float64(s.m*s.n*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFMA/s")
			})
		}
	}
}
