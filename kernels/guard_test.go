package kernels_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

// TestRequiredSets fails where a set named in EDGERUN_REQUIRE_SETS (comma-separated) is missing: without it a CPU
// that lacks the instructions would pass by testing nothing.
func TestRequiredSets(t *testing.T) {
	have := map[string]bool{}
	for _, s := range kernels.All() {
		have[s.Name] = true
	}
	for _, name := range strings.Split(os.Getenv("EDGERUN_REQUIRE_SETS"), ",") {
		if name != "" && !have[name] {
			t.Errorf("kernel set %q did not run: this CPU does not have it", name)
		}
	}
}

// eachSet runs f as a subtest for every set of this CPU. The seed depends on nothing, so a failure repeats.
func eachSet(t *testing.T, f func(t *testing.T, g *guard, set, truth *kernels.Set)) {
	for _, s := range kernels.All() {
		t.Run(s.Name, func(t *testing.T) {
			g := &guard{t: t, Rand: rand.New(rand.NewPCG(1, 2))}
			defer g.free()
			f(t, g, s, kernels.Generic())
		})
	}
}

// guard hands out buffers between unreadable pages, so that a kernel which reads past what the abi allows faults.
//
// Half of the time a buffer ends, with its slack, where the next page is unreadable; half of the time it begins behind
// such a page.
type guard struct {
	*rand.Rand
	t       *testing.T
	regions [][]byte
	used    int
	canary  []canary
}

// canaryByte surrounds outputs; the bytes between the rows of an output hold it as well.
const canaryByte = 0xa5

type canary struct {
	what string
	all  []byte
	n    int // bytes of the output; the rest must stay
}

// reset takes all buffers back; the next case may reuse their memory.
func (g *guard) reset() { g.used, g.canary = 0, g.canary[:0] }

func (g *guard) free() {
	for _, r := range g.regions {
		unmapGuarded(r)
	}
}

// region returns n writable bytes with an unreadable page behind or in front of them.
func (g *guard) region(n int) []byte {
	if g.used == len(g.regions) {
		g.regions = append(g.regions, nil)
	}
	r := g.regions[g.used]
	if len(r) < n {
		unmapGuarded(r)
		r = mapGuarded(max(n, 1<<14))
		g.regions[g.used] = r
	}
	g.used++
	if g.IntN(2) == 0 {
		return r[:n]
	}
	return r[len(r)-n:]
}

// input returns a buffer of n elements with slack readable bytes of noise behind it.
func input[T any](g *guard, n, slack int) []T {
	size := n * int(unsafe.Sizeof(*new(T)))
	b := g.region(size + slack)
	for i := range slack {
		b[size+i] = byte(g.Uint32())
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// output returns a buffer of n elements filled with the canary, with canaries on both sides.
func output[T any](g *guard, n int) []T {
	const side = abi.Slack
	size := n * int(unsafe.Sizeof(*new(T)))
	b := g.region(size + 2*side)
	for i := range b {
		b[i] = canaryByte
	}
	g.canary = append(g.canary, canary{"output", b, size})
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b[side:]))), n)
}

// call runs a kernel, turning a fault on a guard page into a failure that names the case, then checks the canaries.
func (g *guard) call(what string, f func()) {
	g.t.Helper()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if e := recover(); e != nil {
			g.t.Fatalf("%s: %v", what, e)
		}
	}()
	f()
	for _, c := range g.canary {
		for i, b := range c.all {
			if (i < abi.Slack || i >= abi.Slack+c.n) && b != canaryByte {
				g.t.Fatalf("%s: wrote byte %d of an output of %d", what, i-abi.Slack, c.n)
			}
		}
	}
}

// at is the address of element i of x, which may lie past its end.
func at[T any](x []T, i int) *T {
	p := unsafe.Pointer(unsafe.SliceData(x))
	return (*T)(unsafe.Add(p, i*int(unsafe.Sizeof(*new(T)))))
}

func (g *guard) same8(what string, got, want []int8) {
	g.t.Helper()
	for i := range want {
		if got[i] != want[i] {
			g.t.Fatalf("%s: y[%d] = %d, want %d", what, i, got[i], want[i])
		}
	}
}

// same32 compares bits; a NaN equals a NaN unless bits is set.
func (g *guard) same32(what string, got, want []float32, bits bool) {
	g.t.Helper()
	for i := range want {
		a, b := math.Float32bits(got[i]), math.Float32bits(want[i])
		if a != b && (bits || got[i] == got[i] || want[i] == want[i]) {
			g.t.Fatalf("%s: y[%d] = %g (%#08x), want %g (%#08x)", what, i, got[i], a, want[i], b)
		}
	}
}

// between is a uniform integer of [lo, hi].
func (g *guard) between(lo, hi int32) int32 { return lo + int32(g.Int64N(int64(hi)-int64(lo)+1)) }

// codes fills x with one of several kinds of int8 data.
func (g *guard) codes(x []int8, lo int32) {
	kind := g.IntN(6)
	for i := range x {
		switch kind {
		case 0:
			x[i] = int8(lo)
		case 1:
			x[i] = 127
		case 2:
			x[i] = int8([2]int32{lo, 127}[g.IntN(2)])
		default:
			x[i] = int8(g.between(lo, 127))
		}
	}
}

var oddFloats = []uint32{0, 1 << 31, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 1, 0x80000001, 0x007fffff,
	0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800000, 0x3f000000, 0xbf000000, 0x3effffff, 0x3f000001}

// float is a float32 of one of several kinds: special, any bits, half an integer, or ordinary.
func (g *guard) float() float32 {
	switch g.IntN(8) {
	case 0:
		return math.Float32frombits(oddFloats[g.IntN(len(oddFloats))])
	case 1:
		return math.Float32frombits(g.Uint32())
	case 2, 3:
		return float32(g.IntN(81)-40) / 2
	}
	return float32(g.NormFloat64())
}

// floats fills x: ordinary numbers two times out of three, else floats of every kind.
func (g *guard) floats(x []float32) {
	odd := g.IntN(3) == 0
	for i := range x {
		if odd {
			x[i] = g.float()
		} else {
			x[i] = float32(g.NormFloat64())
		}
	}
}

// zeroPoint is an int8 code, often an extreme one.
func (g *guard) zeroPoint() int32 {
	return [...]int32{-128, 127, 0, g.between(-128, 127), g.between(-128, 127)}[g.IntN(5)]
}

// limits is a clamp of int8 codes; ReLU's (lo = zero point) is a third of them.
func (g *guard) limits(zeroPoint int32) (lo, hi int32) {
	switch g.IntN(3) {
	case 0:
		return -128, 127
	case 1:
		return zeroPoint, 127
	}
	lo = g.between(-128, 127)
	return lo, g.between(lo, 127)
}

// limitsF32 is a clamp of floats; a lower limit of −0 and infinite limits are among them.
func (g *guard) limitsF32() (clamp int, lo, hi float32) {
	inf := float32(math.Inf(1))
	negativeZero := math.Float32frombits(1 << 31)
	lo = [...]float32{0, 0, negativeZero, -inf, -1, float32(g.NormFloat64())}[g.IntN(6)]
	hi = [...]float32{6, inf, lo, lo + 1, 0}[g.IntN(5)]
	return g.IntN(2), lo, max(lo, hi)
}

// multiplier is a mantissa of a quantized multiplier: 0 or in [2^30, 2^31−1].
func (g *guard) multiplier() int32 {
	return [...]int32{0, 1 << 30, math.MaxInt32, g.between(1<<30, math.MaxInt32), g.between(1<<30, math.MaxInt32),
		g.between(1<<30, math.MaxInt32)}[g.IntN(6)]
}

// rightShift is an exponent ≤ 0: all of 0 … −31, mostly those near −usual.
func (g *guard) rightShift(usual int32) int32 {
	switch g.IntN(4) {
	case 0:
		return -g.between(0, 31)
	case 1:
		return [...]int32{0, -1, -31}[g.IntN(3)]
	}
	return -min(max(usual+g.between(-3, 3), 0), 31)
}

// sizes around a tile, and primes.
func sizes(tile int) []int {
	list := []int{1, 2, 3, 7, 13, tile - 1, tile, tile + 1, 2*tile - 1, 2 * tile, 2*tile + 1, 67}
	seen := map[int]bool{0: true}
	out := list[:0]
	for _, n := range list {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// lengths are the vector lengths of elementwise tests.
func lengths() []int {
	list := []int{0}
	for n := 1; n <= 130; n++ {
		list = append(list, n)
	}
	return append(list, 191, 192, 193, 255, 256, 257, 511, 1021)
}

func rounds() int {
	if testing.Short() {
		return 1
	}
	return 6
}

func describe(name string, args any) string { return fmt.Sprintf("%s %+v", name, args) }

func addr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
