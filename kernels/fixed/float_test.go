package fixed_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"edgerun/kernels/fixed"
)

func bits(b uint32) float32 { return math.Float32frombits(b) }

// exactFMA is a·b+c rounded once, by arithmetic that is long enough to be exact.
func exactFMA(a, b, c float32) float32 {
	x, y, z := float64(a), float64(b), float64(c)
	if p := x * y; math.IsInf(p, 0) || math.IsNaN(p) || math.IsInf(z, 0) || math.IsNaN(z) {
		return float32(p + z) // the product of two finite float32 is finite
	}
	const exact = 700 // bits from 2^256 down to 2^−298
	p := new(big.Float).SetPrec(exact).Mul(big.NewFloat(x).SetPrec(exact), big.NewFloat(y).SetPrec(exact))
	r, _ := p.Add(p, big.NewFloat(z).SetPrec(exact)).Float32()
	return r
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestFMA32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	any := func() float32 { return bits(r.Uint32()) }
	scaled := func(lo, hi int) float32 { // significand of any kind, exponent in [lo, hi]
		s := 1 + math.Ldexp(float64(r.Uint32()>>9), -23)
		if r.IntN(2) == 0 {
			s = 1 + math.Ldexp(float64(r.IntN(16)), -4)
		}
		if r.IntN(2) == 0 {
			s = -s
		}
		return float32(math.Ldexp(s, lo+r.IntN(hi-lo+1)))
	}
	special := []float32{0, bits(1 << 31), 1, -1, bits(1), bits(0x80000001), bits(0x007fffff), bits(0x00800000), math.MaxFloat32, -math.MaxFloat32,
		bits(0x7f800000), bits(0xff800000), bits(0x7fc00000)}
	classes := []struct {
		name string
		next func() (a, b, c float32)
	}{
		{"any bits", func() (a, b, c float32) { return any(), any(), any() }},
		{"typical", func() (a, b, c float32) {
			return float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())
		}},
		{"cancellation", func() (a, b, c float32) {
			a, b = scaled(-8, 8), scaled(-8, 8)
			return a, b, bits(math.Float32bits(-a*b) + uint32(r.IntN(5)-2))
		}},
		{"half-ulp neighbours", func() (a, b, c float32) {
			// c plus half its last place, plus or minus something far smaller.
			c = scaled(-20, 20)
			_, exp := math.Frexp(float64(c))
			a = float32(math.Ldexp(1, exp-25-r.IntN(2)))
			b = 1
			p := func(n int) float32 { return float32(math.Ldexp(1, n)) }
			switch r.IntN(4) {
			case 0: // 1 − 2^−46
				a, b = a*(1+p(-23)), 1-p(-23)
			case 1: // 1 + 2^−46
				a, b = a*(1+p(-11)+p(-23)), 1-p(-11)+p(-23)
			case 2: // 1 − 2^−24
				a, b = a*(1+p(-12)), 1-p(-12)
			}
			if r.IntN(2) == 0 {
				a = -a
			}
			return a, b, c
		}},
		{"tiny product beside a midpoint", func() (a, b, c float32) {
			return scaled(-140, -60), scaled(-60, 0), scaled(-30, 30)
		}},
		{"subnormal", func() (a, b, c float32) { return scaled(-80, -60), scaled(-80, -60), scaled(-148, -120) }},
		{"subnormal midpoints", func() (a, b, c float32) {
			return float32(2*r.IntN(1<<12) + 1), bits(0x80000000&r.Uint32()) + float32(math.Ldexp(1, -149)), float32(math.Ldexp(float64(r.IntN(1<<20)), -149))
		}},
		{"subnormal halves", func() (a, b, c float32) {
			return scaled(-75, -70), scaled(-80, -72), bits(r.Uint32() & 0x807fffff)
		}},
		{"overflow", func() (a, b, c float32) { return scaled(60, 66), scaled(58, 64), scaled(120, 127) }},
		{"overflow midpoint", func() (a, b, c float32) {
			return float32(math.Ldexp(1, 52)) * float32(1+r.IntN(3)), float32(math.Ldexp(1, 50)), math.MaxFloat32
		}},
		{"special", func() (a, b, c float32) {
			pick := func() float32 { return special[r.IntN(len(special))] }
			return pick(), pick(), pick()
		}},
		{"integers", func() (a, b, c float32) {
			return float32(r.IntN(1<<24) - 1<<23), float32(r.IntN(1<<13) - 1<<12), float32(r.IntN(1<<24) - 1<<23)
		}},
	}
	n := 40000
	if testing.Short() {
		n = 4000
	}
	for _, class := range classes {
		for range n {
			a, b, c := class.next()
			if got, want := fixed.FMA32(a, b, c), exactFMA(a, b, c); !same(got, want) {
				t.Fatalf("%s: FMA32(%x, %x, %x) = %x, want %x", class.name, a, b, c, got, want)
			}
		}
	}
	// float32(math.FMA(…)) rounds twice; if it passed here, the classes would be too easy.
	twice := 0
	for _, class := range classes {
		for range 4000 {
			a, b, c := class.next()
			if !same(float32(math.FMA(float64(a), float64(b), float64(c))), exactFMA(a, b, c)) {
				twice++
			}
		}
	}
	if twice == 0 {
		t.Error("no case tells one rounding from two")
	}
}

// ulps is the distance of got from want in units of the last place of a float32 of want's size.
func ulps(got float32, want float64) float64 {
	_, exp := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exp-24, -149))
}

// stride visits every n-th float32 from lo to hi (as bits).
func stride(lo, hi, n uint32, f func(x float32)) {
	if testing.Short() {
		n = n*16 + 1
	}
	for b := uint64(lo); b <= uint64(hi); b += uint64(n) {
		f(bits(uint32(b)))
	}
}

func TestExpF32(t *testing.T) {
	worst, at := 0.0, float32(0)
	check := func(x float32) {
		if e := ulps(fixed.ExpF32(x), math.Exp(float64(x))); e > worst {
			worst, at = e, x
		}
	}
	stride(0, 0x42b17217, 1009, check)                // up to ln(MaxFloat32)
	stride(1<<31, 0x80000000|0x42d00000, 1009, check) // down to −104
	t.Logf("at most %.4f ULP, at x = %g", worst, at)
	if worst > 0.9 {
		t.Errorf("%.4f ULP at x = %g, want at most 0.9", worst, at)
	}
	inf := float32(math.Inf(1))
	for _, c := range [][2]float32{{0, 1}, {bits(1 << 31), 1}, {-inf, 0}, {inf, inf}, {-105, 0}, {-math.MaxFloat32, 0}, {89, inf}, {math.MaxFloat32, inf},
		{bits(0x42b17218), inf}, {bits(0x7f800001), bits(0x7fc00000)}, {bits(0xffc12345), bits(0x7fc00000)}} {
		if got := fixed.ExpF32(c[0]); math.Float32bits(got) != math.Float32bits(c[1]) {
			t.Errorf("ExpF32(%g) = %g, want %g", c[0], got, c[1])
		}
	}
}

func TestLogF32(t *testing.T) {
	worst, at := 0.0, float32(0)
	check := func(x float32) {
		if e := ulps(fixed.LogF32(x), math.Log(float64(x))); e > worst {
			worst, at = e, x
		}
	}
	stride(1, 0x7f7fffff, 1009, check)
	stride(0x3f000000, 0x40000000, 17, check) // near 1, where the result is small and the error largest
	t.Logf("at most %.4f ULP, at x = %g (%#08x)", worst, at, math.Float32bits(at))
	if worst > 0.83 {
		t.Errorf("%.4f ULP at x = %g, want at most 0.83", worst, at)
	}
	inf, nan := float32(math.Inf(1)), bits(0x7fc00000)
	for _, c := range [][2]float32{{0, -inf}, {bits(1 << 31), -inf}, {1, 0}, {inf, inf}, {-inf, nan}, {-1, nan}, {bits(0x80000001), nan}, {bits(0xffc12345), nan}} {
		if got := fixed.LogF32(c[0]); math.Float32bits(got) != math.Float32bits(c[1]) {
			t.Errorf("LogF32(%g) = %g, want %g", c[0], got, c[1])
		}
	}
}

func TestRound32(t *testing.T) {
	check := func(x float32) {
		if got, want := fixed.Round32(x), float32(math.Round(float64(x))); got != want && (got == got || want == want) {
			t.Fatalf("Round32(%g) = %g, want %g", x, got, want)
		}
	}
	stride(0, math.MaxUint32, 4099, check)
	for i := range uint32(1 << 12) { // each half and its neighbours
		for d := range uint32(3) {
			x := bits(math.Float32bits(float32(i)/2) + d - 1)
			check(x)
			check(-x)
		}
	}
	for _, x := range []float32{8388607.5, 8388608, 4194304.5, 4194303.75, -8388607.5} {
		check(x)
	}
}

func TestQuantizeF32(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		x, scale float32
		zero     int32
		want     int8
	}{
		{0, 1, 5, 5}, {0.5, 1, 0, 1}, {-0.5, 1, 0, -1}, {1.5, 1, 0, 2}, {-2.5, 1, 0, -3}, {0.49999997, 1, 0, 0}, {126.5, 1, 0, 127}, {1e30, 1, -128, 127},
		{-1e30, 1, 127, -128}, {inf, 1, -128, 127}, {-inf, 1, 127, -128}, {nan, 1, 9, 9}, {1, 0.5, 10, 12}, {1, 1e-40, 0, 127}, {-300, 1, 127, -128}, {-200, 1, 127, -73},
	} {
		if got := fixed.QuantizeF32(c.x, c.scale, c.zero); got != c.want {
			t.Errorf("QuantizeF32(%g, %g, %d) = %d, want %d", c.x, c.scale, c.zero, got, c.want)
		}
	}
}

func TestClampF32(t *testing.T) {
	nan, negativeZero := float32(math.NaN()), bits(1<<31)
	for _, c := range [][4]float32{{nan, 0, 6, 0}, {negativeZero, 0, 6, 0}, {0, negativeZero, 6, negativeZero}, {7, 0, 6, 6}, {-1, 0, 6, 0}, {3, 0, 6, 3}, {nan, -1, 1, -1},
		{negativeZero, -1, 0, negativeZero}, {5, 2, 2, 2}} {
		if got := fixed.ClampF32(c[0], c[1], c[2]); math.Float32bits(got) != math.Float32bits(c[3]) {
			t.Errorf("ClampF32(%g, %g, %g) = %g, want %g", c[0], c[1], c[2], got, c[3])
		}
	}
}

// TestSum16 recomputes the tree as it is described.
func TestSum16(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		var tree func(first, step int) float32
		tree = func(first, step int) float32 {
			if step == 16 {
				sum := float32(0)
				for i := first; i < n; i += 16 {
					sum += x[i]
				}
				return sum
			}
			return tree(first, 2*step) + tree(first+step, 2*step)
		}
		if got, want := fixed.Sum16(x), tree(0, 1); !same(got, want) {
			t.Errorf("n = %d: %g, want %g", n, got, want)
		}
	}
}
