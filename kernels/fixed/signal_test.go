package fixed_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"edgerun/kernels/fixed"
)

// TestRfftS16: bins are those of the exact transform, within what the stages' roundings add up to.
func TestRfftS16(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, n := range []int{4, 6, 8, 10, 12, 20, 30, 60, 64, 96, 256, 480, 512, 1000, 1024, 4096} {
		if !fixed.RfftS16Fits(n) {
			t.Fatalf("%d samples refused", n)
		}
		f, exact := fixed.NewRfftS16(n), fixed.NewSpectrum(n)
		in, real := make([]int16, n-1), make([]float64, n)
		for i := range in {
			in[i] = int16(r.IntN(1<<16) - 1<<15)
			real[i] = float64(in[i])
		}
		out, scratch, want := make([]int16, n+2), make([]int16, n), make([]fixed.Bin, n/2+1)
		f.Transform(out, in, scratch)
		exact.Transform(want, real)
		for k, w := range want {
			if re, im := w.Re/float64(n), w.Im/float64(n); math.Abs(float64(out[2*k])-re) > 8 || math.Abs(float64(out[2*k+1])-im) > 8 {
				t.Fatalf("%d samples: bin %d is %d, %d, want %g, %g", n, k, out[2*k], out[2*k+1], re, im)
			}
		}
		if a := testing.AllocsPerRun(3, func() { f.Transform(out, in, scratch) }); a != 0 {
			t.Errorf("%d samples: %g allocations", n, a)
		}
	}
	for _, n := range []int{-2, 0, 2, 5, 14, 22, 98, 1 << 17} {
		if fixed.RfftS16Fits(n) {
			t.Errorf("%d samples accepted", n)
		}
	}
}

// TestRfftS16Impulse: TFLite Micro's own case: an impulse of 2^14 gives 256 in each of 33 bins.
func TestRfftS16Impulse(t *testing.T) {
	out := make([]int16, 66)
	fixed.NewRfftS16(64).Transform(out, []int16{1 << 14}, make([]int16, 64))
	for i, v := range out {
		if want := int16(256 * (1 - i%2)); v != want {
			t.Errorf("part %d is %d, want %d", i, v, want)
		}
	}
}

// TestRfftS16Bytes keeps the transforms' bytes on every machine: sizes with thirds have twiddles halfway between codes.
func TestRfftS16Bytes(t *testing.T) {
	h := sha256.New()
	for n := 4; n <= 4096; n++ {
		if !fixed.RfftS16Fits(n) {
			continue
		}
		in, out := make([]int16, n), make([]int16, n+2)
		state := uint32(n)
		for i := range in {
			state = state*1664525 + 1013904223
			in[i] = int16(state >> 16)
		}
		fixed.NewRfftS16(n).Transform(out, in, make([]int16, n))
		binary.Write(h, binary.LittleEndian, out)
	}
	const want = "dbfd6af3812d0e93"
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

// TestSqrtU64 compares with exact square roots around squares, halves between them, and random numbers.
func TestSqrtU64(t *testing.T) {
	check := func(v uint64) {
		top := uint64(math.MaxUint32)
		if v < 1<<32 {
			top = math.MaxUint16
		}
		// The nearest integer to √v is ⌊(⌊√4v⌋+1)/2⌋.
		x := new(big.Int).Lsh(new(big.Int).SetUint64(v), 2)
		want := min((x.Sqrt(x).Uint64()+1)/2, top)
		if got := fixed.SqrtU64(v); uint64(got) != want {
			t.Fatalf("√%d is %d, want %d", v, got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		v := r.Uint64() >> r.IntN(64)
		check(v)
		root := v & math.MaxUint32
		for d := range uint64(3) {
			check(root*root + d)
			check(root*root + root + d)
			check(root*root - d)
		}
	}
	for _, v := range []uint64{0, 1, 2, 3, 1<<32 - 1, 1 << 32, math.MaxUint64} {
		check(v)
	}
}

// TestLogU32: 2^10 times the logarithm is right within three: of a segment the reference uses little but its begin.
func TestLogU32(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 20000 {
		v := r.Uint32()>>r.IntN(31) | 2
		if got, want := fixed.LogU32(v, 1<<10), 1024*math.Log(float64(v)); math.Abs(float64(got)-want) > 3 {
			t.Fatalf("log %d is %d, want %g", v, got, want)
		}
	}
	if fixed.LogU32(0, 64) != 0 || fixed.LogU32(1, 64) != 0 {
		t.Error("log of 0 or 1 is not 0")
	}
}

// TestPCAN: a table that holds a straight line gives its values, and the shrinking function has no step.
func TestPCAN(t *testing.T) {
	// Between 2^(n−1) and 2^n the curve is t0 + t1·x/1024 for x of [0,1024).
	table := make([]int16, fixed.PCANTable)
	table[1], table[2] = 1, 2
	for n := 2; n <= 32; n++ {
		if o := 4*n - 6; o+2 < len(table) {
			table[o], table[o+1] = int16(100*n), 100
		}
	}
	table[2] = 200
	for v, want := range map[uint32]int16{0: 0, 1: 1, 2: 200, 3: 250, 4: 300, 1 << 31: 3200, 3 << 30: 3250, math.MaxUint32: 3300} {
		if got := fixed.PCANGain(v, table); got != want {
			t.Errorf("gain of %d is %d, want %d", v, got, want)
		}
	}
	for snr, want := range map[uint32]uint32{0: 0, 1023: 0, 1024: 1, 8191: 63, 8192: 64, math.MaxUint32: 1<<26 - 65} {
		if got := fixed.PCANShrink(snr); got != want {
			t.Errorf("shrink of %d is %d, want %d", snr, got, want)
		}
	}
}
