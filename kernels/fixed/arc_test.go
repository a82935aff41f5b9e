package fixed_test

import (
	"math"
	"testing"

	"edgerun/kernels/fixed"
)

// inverse are the functions of arcs and hyperbolas, with math's of float64.
var inverse = []struct {
	name string
	f    func(float32) float32
	want func(float64) float64
}{
	{"Tan", fixed.TanF32, math.Tan},
	{"Atan", fixed.AtanF32, math.Atan},
	{"Asin", fixed.AsinF32, math.Asin},
	{"Acos", fixed.AcosF32, math.Acos},
	{"Sinh", fixed.SinhF32, math.Sinh},
	{"Cosh", fixed.CoshF32, math.Cosh},
	{"Asinh", fixed.AsinhF32, math.Asinh},
	{"Acosh", fixed.AcoshF32, math.Acosh},
	{"Atanh", fixed.AtanhF32, math.Atanh},
}

// TestArcs: at most 0.501 ULP over all float32, densely about 1, where some of them end or begin.
func TestArcs(t *testing.T) {
	for _, f := range inverse {
		t.Run(f.name, func(t *testing.T) {
			worst, at := 0.0, float32(0)
			check := func(x float32) {
				want := f.want(float64(x))
				got := f.f(x)
				switch {
				case want != want:
					if got == got {
						t.Fatalf("%g for %g, want NaN", got, x)
					}
				case math.Abs(want) >= 0x1.ffffffp127:
					if float64(got) != math.Inf(int(math.Copysign(1, want))) {
						t.Fatalf("%g for %g, want %g", got, x, want)
					}
				default:
					if e := ulps(got, want); e > worst {
						worst, at = e, x
					}
				}
			}
			for _, sign := range []uint32{0, 1 << 31} {
				stride(sign, sign|0x7f7fffff, 9973, check)
				stride(sign|0x3f7f0000, sign|0x3f81ffff, 7, check)
			}
			if worst > 0.501 {
				t.Errorf("%.4f ULP at x = %g, want at most 0.501", worst, at)
			}
			for _, x := range []float32{inf, -inf, nan} {
				check32(t, x, f.f(x), float32(f.want(float64(x))))
			}
			if f.want(0) == 0 {
				checkBits(t, f.f, [2]float32{negativeZero, negativeZero}, [2]float32{0, 0})
			}
		})
	}
}

func check32(t *testing.T, x, got, want float32) {
	if got != want && (got == got || want == want) {
		t.Errorf("%g for %g, want %g", got, x, want)
	}
}
