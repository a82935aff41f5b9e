package fixed_test

import (
	"math"
	"testing"

	"edgerun/kernels/fixed"
)

// worstULP checks f at every n-th finite float32 and logs its largest error.
func worstULP(t *testing.T, n uint32, bound float64, f func(float32) float32, want func(float64) float64) {
	t.Helper()
	worst, at := 0.0, float32(0)
	check := func(x float32) {
		if e := ulps(f(x), want(float64(x))); !(e <= worst) {
			worst, at = e, x
		}
	}
	stride(0, 0x7f7fffff, n, check)
	stride(1<<31, 0xff7fffff, n, check)
	t.Logf("at most %.4f ULP, at x = %g (%#08x)", worst, at, math.Float32bits(at))
	if !(worst <= bound) {
		t.Errorf("%.4f ULP at x = %g, want at most %g", worst, at, bound)
	}
}

// checkBits checks pairs of argument and result, to the bit.
func checkBits(t *testing.T, f func(float32) float32, pairs ...[2]float32) {
	t.Helper()
	for _, c := range pairs {
		if got := f(c[0]); math.Float32bits(got) != math.Float32bits(c[1]) {
			t.Errorf("f(%g) = %g (%#08x), want %g", c[0], got, math.Float32bits(got), c[1])
		}
	}
}

var inf, nan, negativeZero = float32(math.Inf(1)), bits(0x7fc00000), bits(1 << 31)

func TestGeluF32(t *testing.T) {
	worstULP(t, 1009, 6.5, fixed.GeluF32, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 })
	checkBits(t, fixed.GeluF32, [2]float32{0, 0}, [2]float32{negativeZero, 0}, [2]float32{inf, inf}, [2]float32{-inf, negativeZero},
		[2]float32{-20, negativeZero}, [2]float32{20, 20}, [2]float32{math.MaxFloat32, math.MaxFloat32})
	if v := fixed.GeluF32(nan); v == v {
		t.Error("NaN is lost")
	}
}

func TestLogisticF32(t *testing.T) {
	worstULP(t, 1009, 2.5, fixed.LogisticF32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) })
	checkBits(t, fixed.LogisticF32, [2]float32{0, 0.5}, [2]float32{negativeZero, 0.5}, [2]float32{inf, 1}, [2]float32{-inf, 0},
		[2]float32{nan, nan}, [2]float32{100, 1}, [2]float32{-105, 0}, [2]float32{-math.MaxFloat32, 0})
}

func TestTanhF32(t *testing.T) {
	worstULP(t, 1009, 1.4, fixed.TanhF32, math.Tanh)
	checkBits(t, fixed.TanhF32, [2]float32{0, 0}, [2]float32{negativeZero, negativeZero}, [2]float32{inf, 1}, [2]float32{-inf, -1},
		[2]float32{nan, nan}, [2]float32{50, 1}, [2]float32{-math.MaxFloat32, -1}, [2]float32{bits(1), bits(1)})
}

func TestHardSigmoidF32(t *testing.T) {
	sixth := float32(1) / 6
	f := func(x float32) float32 { return fixed.HardSigmoidF32(x, sixth, 0.5) }
	checkBits(t, f, [2]float32{0, 0.5}, [2]float32{3, 1}, [2]float32{-3, 0}, [2]float32{inf, 1}, [2]float32{-inf, 0}, [2]float32{nan, 0}, [2]float32{1.5, 0.75})
	// The sum of the rounded product, not a fused one.
	x, alpha, beta := bits(0x3f800001), bits(0x3f800001), float32(-1)
	if got, want := fixed.HardSigmoidF32(x, alpha, beta), float32(x*alpha)-1; got != want {
		t.Errorf("got %g, want %g", got, want)
	}
}

func TestHardSwishF32(t *testing.T) {
	// Tiny x aside: a subnormal product has lost bits.
	want := func(x float64) float64 { return x * (min(max(x+3, 0), 6) / 6) }
	worst := 0.0
	check := func(x float32) {
		if math.Abs(float64(x)) > 0x1p-100 {
			worst = max(worst, ulps(fixed.HardSwishF32(x), want(float64(x))))
		}
	}
	stride(0, 0x7f7fffff, 1009, check)
	stride(1<<31, 0xff7fffff, 1009, check)
	stride(0xc0300000, 0xc0500000, 17, check) // around −3, where the result vanishes
	t.Logf("at most %.4f ULP", worst)
	if worst > 2.5 {
		t.Errorf("%.4f ULP, want at most 2.5", worst)
	}
	checkBits(t, fixed.HardSwishF32, [2]float32{0, 0}, [2]float32{3, 3}, [2]float32{-3, negativeZero}, [2]float32{inf, inf}, [2]float32{math.MaxFloat32, math.MaxFloat32})
}

func TestLeakyReluF32(t *testing.T) {
	checkBits(t, func(x float32) float32 { return fixed.LeakyReluF32(x, 0.25) }, [2]float32{4, 4}, [2]float32{-4, -1}, [2]float32{nan, nan},
		[2]float32{negativeZero, negativeZero}, [2]float32{-inf, -inf})
}

// TestLogisticTanhQ compares with the functions themselves: the exponential's polynomial leaves about 2^−23.
func TestLogisticTanhQ(t *testing.T) {
	worst := 0.0
	for a := int64(-1<<31 + 1); a < 1<<31; a += 65521 {
		x := math.Ldexp(float64(a), 4-31)
		worst = max(worst, math.Abs(math.Ldexp(float64(fixed.LogisticQ(int32(a), 4)), -31)-1/(1+math.Exp(-x))),
			math.Abs(math.Ldexp(float64(fixed.TanhQ(int32(a), 4)), -31)-math.Tanh(x)))
	}
	t.Logf("at most 2^%.1f", math.Log2(worst))
	if worst > 0x1p-22 {
		t.Errorf("error 2^%.1f", math.Log2(worst))
	}
	if fixed.LogisticQ(0, 4) != 1<<30 || fixed.TanhQ(0, 4) != 0 || fixed.TanhQ(math.MinInt32, 4) > -math.MaxInt32+256 {
		t.Error("wrong at an end")
	}
}
