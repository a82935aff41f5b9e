package calib

import (
	"edgerun/rt/tensor"
	"math"
	"testing"
)

// TestSquaredError compares the integral with many points of each bin, inside of the range, across its ends and outside.
func TestSquaredError(t *testing.T) {
	bins := []bin{{-9, -7, 3}, {-5.2, -4.9, 10}, {-1, -0.5, 7}, {0, 0, 100}, {0.11, 0.12, 5}, {1, 4, 20}, {4.9, 5.3, 4}, {6, 9, 2}, {8, 8, 1}}
	for _, r := range [][2]float32{{-5, 5}, {-9, 9}, {-1, 5}, {-0.1, 0.1}, {0, 5}, {-5, 0}, {-300, 300}} {
		q := tensor.AsymmetricQuant(r[0], r[1])
		scale, zero := float64(q.Scale[0]), float64(q.Zero[0])
		for _, b := range bins {
			const points = 100000
			want := 0.0
			for i := range points {
				x := b.lo + (b.hi-b.lo)*(float64(i)+0.5)/points
				code := math.Min(math.Max(math.Round(x/scale)+zero, -128), 127)
				e := x - scale*(code-zero)
				want += b.count / points * e * e
			}
			if got := squaredError([]bin{b}, r[0], r[1]); math.Abs(got-want) > 1e-4*want+1e-12 {
				t.Errorf("range %v, bin %v: %g, want %g", r, b, got, want)
			}
		}
	}
}
