package fixed

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// ulps is how far got is from want, in units of want's last place.
func ulps(got, want float64) float64 {
	if got == want {
		return 0
	}
	_, e := math.Frexp(want)
	return math.Abs(got-want) / math.Ldexp(1, e-53)
}

func TestSinCosTurn(t *testing.T) {
	worst := 0.0
	for _, n := range []int64{1, 2, 3, 4, 5, 7, 8, 12, 400, 512, 1000, 4097, 1 << 20} {
		for i := range int64(2000) {
			k := i * max(1, n/2000)
			s, c := SinCosTurn(k, n)
			angle := 2 * math.Pi * float64(k%n) / float64(n) // its own error reaches 2^-52·2π
			worst = max(worst, math.Abs(s-math.Sin(angle)), math.Abs(c-math.Cos(angle)))
			if s2, c2 := SinCosTurn(-k, n); s2 != -s || c2 != c {
				t.Fatalf("%d/%d turns back: %v %v, want %v %v", k, n, s2, c2, -s, c)
			}
			if off := math.Abs(float64(s*s) + float64(c*c) - 1); off > 1e-15 {
				t.Fatalf("%d/%d turns: sin² + cos² is off by %g", k, n, off)
			}
		}
	}
	if worst > 1.5e-15 {
		t.Errorf("off by %g", worst)
	}
	for k, want := range [][2]float64{{0, 1}, {1, 0}, {0, -1}, {-1, 0}} {
		if s, c := SinCosTurn(int64(k), 4); s != want[0] || c != want[1] {
			t.Errorf("%d quarters: %v, %v", k, s, c)
		}
	}
	if s, _ := SinCosTurn(1, 12); math.Abs(s-0.5) > 0x1p-53 {
		t.Errorf("sin 30° is %v", s)
	}
}

func TestLogExpF64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worstLog, worstExp := 0.0, 0.0
	for range 200000 {
		x := math.Exp(r.Float64()*1400 - 700)
		if r.IntN(2) == 0 {
			x = 1 + (r.Float64()-0.5)*math.Exp(-30*r.Float64())
		}
		worstLog = max(worstLog, ulps(LogF64(x), math.Log(x)))
		y := r.Float64()*1400 - 700
		worstExp = max(worstExp, ulps(ExpF64(y), math.Exp(y)))
	}
	t.Logf("against package math: log %.2f, exp %.2f ULP", worstLog, worstExp)
	if worstLog > 3 || worstExp > 3 { // math's own are below 1
		t.Errorf("log %g ULP, exp %g ULP", worstLog, worstExp)
	}
	for x, want := range map[float64]float64{0: math.Inf(-1), 1: 0, math.Inf(1): math.Inf(1), 5e-324: -744.4400719213812} {
		if got := LogF64(x); got != want {
			t.Errorf("ln %v = %v, want %v", x, got, want)
		}
	}
	if !math.IsNaN(LogF64(-1)) || !math.IsNaN(LogF64(math.NaN())) || !math.IsNaN(ExpF64(math.NaN())) {
		t.Error("NaN is lost")
	}
	if ExpF64(0) != 1 || ExpF64(1e9) != ExpF64(700) || ExpF64(-1e9) != ExpF64(-700) {
		t.Error("e^0 or the limits are wrong")
	}
	// The split of ln 2 is as good as the number.
	high, low := new(big.Float).SetPrec(200).SetFloat64(ln2High), new(big.Float).SetPrec(200).SetFloat64(ln2Low)
	sum, _ := new(big.Float).SetPrec(200).SetString("0.693147180559945309417232121458176568075500134360255")
	sum.Sub(sum, high).Sub(sum, low)
	if off, _ := sum.Float64(); math.Abs(off) > 0x1p-86 {
		t.Errorf("ln2's parts are off by %g", off)
	}
}

// TestSpectrum compares all sizes up to 128, and some that are in use, with the sum by definition.
func TestSpectrum(t *testing.T) {
	sizes := []int{160, 200, 250, 256, 320, 343, 400, 480, 512, 625, 640, 729, 1024}
	for n := 1; n <= 128; n++ {
		sizes = append(sizes, n)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range sizes {
		if !SpectrumFits(n) {
			continue
		}
		f := NewSpectrum(n)
		in, out := make([]float64, n), make([]Bin, f.Bins())
		for i := range in {
			in[i] = r.Float64() - 0.5
		}
		for range 2 { // the buffers' old contents do not matter
			f.Transform(out, in)
		}
		limit := 0x1p-50 * math.Log2(float64(n)+1) * float64(n)
		for k := range out {
			var re, im float64
			for i, v := range in {
				s, c := SinCosTurn(int64(k*i), int64(n))
				re += v * c
				im -= v * s
			}
			if math.Hypot(out[k].Re-re, out[k].Im-im) > limit {
				t.Fatalf("n = %d, bin %d: %v, want %v %v", n, k, out[k], re, im)
			}
		}
	}
	for _, n := range []int{0, -1, 11, 2 * 13, 1<<20 + 1, 1 << 21} {
		if SpectrumFits(n) {
			t.Errorf("%d fits", n)
		}
	}
	f := NewSpectrum(400)
	in, out := make([]float64, 400), make([]Bin, f.Bins())
	if n := testing.AllocsPerRun(10, func() { f.Transform(out, in) }); n != 0 {
		t.Errorf("Transform allocates %v times", n)
	}
}

func BenchmarkSpectrum512(b *testing.B) { benchmarkSpectrum(b, 512) }
func BenchmarkSpectrum400(b *testing.B) { benchmarkSpectrum(b, 400) }

func benchmarkSpectrum(b *testing.B, n int) {
	f := NewSpectrum(n)
	in, out := make([]float64, n), make([]Bin, f.Bins())
	for i := range in {
		in[i] = float64(i%17) - 8
	}
	for b.Loop() {
		f.Transform(out, in)
	}
}
