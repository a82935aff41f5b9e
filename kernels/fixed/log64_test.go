package fixed_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"edgerun/kernels/fixed"
)

// TestLogF64 compares with math.Log, which is less than 1 ULP off.
func TestLogF64(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	check := func(x float64) {
		got, want := fixed.LogF64(x), math.Log(x)
		ulp := math.Abs(math.Nextafter(want, math.Inf(1)) - want)
		if d := math.Abs(got - want); !(d <= 3*ulp) {
			t.Errorf("ln %g = %g, want %g: %.1f ULP", x, got, want, d/ulp)
		}
	}
	for range 200000 {
		check(math.Ldexp(1+r.Float64(), r.IntN(2000)-1000))
		check(0.7 + 0.8*r.Float64())
		check(1 + float64(r.NormFloat64()*1e-8))
	}
	for _, x := range []float64{1, 2, 0x1p-1022, math.MaxFloat64, math.Sqrt2, math.Sqrt2 / 2} {
		check(x)
	}
	if v, want := fixed.LogF64(0x1p-1074), -1074*math.Ln2; math.Abs(v-want) > 1e-12 { // math.Log errs here on amd64
		t.Errorf("ln 2^−1074 = %v, want %v", v, want)
	}
	if v := fixed.LogF64(0); !math.IsInf(v, -1) {
		t.Errorf("ln 0 = %g", v)
	}
	if v := fixed.LogF64(-1); v == v {
		t.Errorf("ln −1 = %g", v)
	}
}
