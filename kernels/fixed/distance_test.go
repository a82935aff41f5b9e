package fixed_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"edgerun/kernels/fixed"
)

// TestDistance compares with Sum16 over differences made beforehand, whose order is the definition, and with float64.
func TestDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for n := range 70 {
		x, y, squares, abs := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		sum, largest := 0.0, float32(0)
		for i := range x {
			x[i], y[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
			d := x[i] - y[i]
			squares[i], abs[i] = float32(d*d), float32(math.Abs(float64(d)))
			sum += float64(d) * float64(d)
			largest = max(largest, abs[i])
		}
		got := fixed.Sum16Squares(x, y)
		if got != fixed.Sum16(squares) || math.Abs(float64(got)-sum) > 1e-6*sum {
			t.Errorf("%d: squares %v, want %v", n, got, sum)
		}
		if got := fixed.Sum16Abs(x, y); got != fixed.Sum16(abs) {
			t.Errorf("%d: absolute differences %v, want %v", n, got, fixed.Sum16(abs))
		}
		if got := fixed.MaxAbs(x, y); got != largest {
			t.Errorf("%d: largest %v, want %v", n, got, largest)
		}
	}
	nan := float32(math.NaN())
	if v := fixed.MaxAbs([]float32{1, nan, 3}, []float32{0, 0, 0}); v == v {
		t.Errorf("NaN gives %v", v)
	}
}
