package fixed_test

import (
	"math"
	"testing"

	"edgerun/kernels/fixed"
)

// TestFunctions: each function's error over all float32 is what its comment says.
func TestFunctions(t *testing.T) {
	normal := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for _, f := range []struct {
		name string
		f    func(float32) float32
		want func(float64) float64
	}{
		{"Sqrt", fixed.SqrtF32, math.Sqrt},
		{"Rsqrt", fixed.RsqrtF32, func(x float64) float64 { return 1 / math.Sqrt(x) }},
		{"Expm1", fixed.Expm1F32, math.Expm1},
		{"Softplus", fixed.SoftplusF32, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
		{"Mish", fixed.MishF32, func(x float64) float64 { return x * math.Tanh(max(x, 0)+math.Log1p(math.Exp(-math.Abs(x)))) }},
		{"Erf", fixed.ErfF32, math.Erf},
		{"GeluF64", func(x float32) float32 { return float32(fixed.GeluF64(float64(x))) }, func(x float64) float64 { return x * normal(x) }},
		{"GeluTanh", fixed.GeluTanhF32, func(x float64) float64 {
			return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		}},
		{"Sin", fixed.SinF32, math.Sin},
		{"Cos", fixed.CosF32, math.Cos},
		{"Cube", func(x float32) float32 { return fixed.PowF32(x, 3) }, func(x float64) float64 { return x * x * x }},
		{"Root", func(x float32) float32 { return fixed.PowF32(x, 0.3) }, func(x float64) float64 { return math.Pow(x, float64(float32(0.3))) }},
		{"Power", func(x float32) float32 { return fixed.PowF32(1.7, x) }, func(x float64) float64 { return math.Pow(float64(float32(1.7)), x) }},
	} {
		t.Run(f.name, func(t *testing.T) {
			worst, at := 0.0, float32(0)
			check := func(x float32) {
				want := f.want(float64(x))
				if want != want {
					if got := f.f(x); got == got {
						t.Fatalf("%g for %g, want NaN", got, x)
					}
					return
				}
				if math.Abs(want) >= 0x1.ffffffp127 {
					if got := f.f(x); float64(got) != math.Inf(int(math.Copysign(1, want))) {
						t.Fatalf("%g for %g, want %g", got, x, want)
					}
					return
				}
				if e := ulps(f.f(x), want); e > worst {
					worst, at = e, x
				}
			}
			stride(0, 0x7f7fffff, 9973, check)
			stride(1<<31, 0xff7fffff, 9973, check)
			if worst > 0.501 {
				t.Errorf("%.4f ULP at x = %g, want at most 0.501", worst, at)
			}
		})
	}
	for _, f := range []func(float32) float32{fixed.Expm1F32, fixed.ErfF32, fixed.GeluF32, fixed.GeluTanhF32, fixed.SoftplusF32, fixed.MishF32, fixed.SinF32, fixed.CosF32} {
		if v := f(nan); v == v {
			t.Error("NaN is lost")
		}
	}
	// The float32 nearest to multiples of π/2 for their size, and their neighbours.
	for _, b := range []uint32{0x6115cb11, 0x6f5f5f5f, 0x7f7fffff, 0x49b7b0f5, 0x3fc90fda, 0x3fc90fdb, 0x40490fdb, 0x5922aa80, 0x497fffff, 0x49800000} {
		x := math.Float32frombits(b)
		if s, c := ulps(fixed.SinF32(x), math.Sin(float64(x))), ulps(fixed.CosF32(-x), math.Cos(float64(x))); s > 0.501 || c > 0.501 {
			t.Errorf("sin and cos of %g are %.4f and %.4f ULP off", x, s, c)
		}
	}
	checkBits(t, fixed.SinF32, [2]float32{negativeZero, negativeZero}, [2]float32{0, 0})
	for _, x := range []float32{inf, -inf} {
		if s, c := fixed.SinF32(x), fixed.CosF32(x); s == s || c == c {
			t.Errorf("sin and cos of %g are %g and %g, want NaN", x, s, c)
		}
	}
	checkBits(t, fixed.RoundEvenF32, [2]float32{2.5, 2}, [2]float32{3.5, 4}, [2]float32{-0.5, negativeZero}, [2]float32{1e30, 1e30})
}

// TestPow: C's conventions for special arguments.
func TestPow(t *testing.T) {
	special := []float32{0, negativeZero, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1.5, inf, -inf, nan, 1e30, 16777216, 8388609}
	for _, x := range special {
		for _, y := range special {
			want := float32(math.Pow(float64(x), float64(y)))
			if got := fixed.PowF32(x, y); got != want && (got == got || want == want) || got == 0 && math.Signbit(float64(got)) != math.Signbit(float64(want)) {
				t.Errorf("%g^%g = %g, want %g", x, y, got, want)
			}
		}
	}
}

func TestFloorMod(t *testing.T) {
	for _, c := range [][3]float32{{7, 3, 1}, {-7, 3, 2}, {7, -3, -2}, {-7, -3, -1}, {6, 3, 0}, {1e30, 7, float32(math.Mod(float64(float32(1e30)), 7))}, {2.5, 1, 0.5}} {
		if got := fixed.FloorModF32(c[0], c[1]); got != c[2] {
			t.Errorf("%g mod %g = %g, want %g", c[0], c[1], got, c[2])
		}
	}
	if v := fixed.FloorModF32(1, 0); v == v {
		t.Error("1 mod 0 is a number")
	}
}

func TestInvSqrt(t *testing.T) {
	for v := int32(2); v > 0; v += v/97 + 1 {
		m, e := fixed.InvSqrt(v)
		got := math.Ldexp(float64(m), int(e)-31)
		if want := 1 / math.Sqrt(float64(v)); math.Abs(got/want-1) > 1e-5 {
			t.Fatalf("1/√%d = %g, want %g", v, got, want)
		}
	}
	if m, e := fixed.InvSqrt(0); m != math.MaxInt32 || e != 0 {
		t.Error("of 0:", m, e)
	}
}
