package fixed

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestNormS8 compares rows of all kinds with the definition in float64.
func TestNormS8(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 64, 1000, 1 << 14} {
		for kind := range 6 {
			x := make([]int8, n)
			for i := range x {
				switch kind {
				case 0:
					x[i] = int8(r.IntN(256) - 128)
				case 1:
					x[i] = int8(r.IntN(2))
				case 2:
					x[i] = -128
				case 3:
					x[i] = int8(r.IntN(2)*255 - 128)
				case 4:
					if i == 0 {
						x[i] = 127
					}
				case 5:
					x[i] = int8(r.IntN(5) + 100)
				}
			}
			for _, center := range []bool{true, false} {
				const scale, zero, epsilon = 0.02, -7, 1e-5
				s := NewNormS8(n, scale, zero, epsilon, center)
				codes, squares := int64(0), int64(0)
				for _, v := range x {
					codes += int64(v)
					squares += int64(v) * int64(v)
				}
				less, inv, shift := s.Row(codes, squares)
				mean, square := 0.0, 0.0
				for _, v := range x {
					mean += scale * float64(int(v)-zero) / float64(n)
				}
				if !center {
					mean = 0
				}
				for _, v := range x {
					d := scale*float64(int(v)-zero) - mean
					square += d * d / float64(n)
				}
				// W is rounded to its unit, of which small rows have few.
				unit := 0.5 * scale * scale / (square + epsilon) / float64(n) / float64(n)
				for _, v := range x {
					want := (scale*float64(int(v)-zero) - mean) / math.Sqrt(square+epsilon)
					got := float64(NormAt(v, int32(n), less, inv, shift)) / (1 << zBits)
					if !(math.Abs(got-want) <= 1.0/(1<<zBits)+(1e-6+unit)*math.Abs(want)) {
						t.Fatalf("%d codes of kind %d: %g, want %g", n, kind, got, want)
					}
				}
			}
		}
	}
}

// TestAffine: codes are off by a rounding at most, and scales past all bounds are refused.
func TestAffine(t *testing.T) {
	scale, bias := []float32{1, -0.25, 1e-6, 3}, []float32{0, 1, -2, 1e-7}
	a, err := NewAffine(scale, bias, 0.05, 11)
	if err != nil {
		t.Fatal(err)
	}
	for i := range scale {
		for z := int64(-20000); z < 20000; z += 77 {
			want := min(max((float64(z)/(1<<zBits)*float64(scale[i])+float64(bias[i]))/float64(float32(0.05))+11, -128), 127)
			if got := float64(AffineAt(z, a.M[i], a.B[i], a.Shift, a.Zero)); math.Abs(got-want) > 0.501 {
				t.Fatalf("channel %d, z %d: %g, want %g", i, z, got, want)
			}
		}
	}
	// Where the root is a power of two its reciprocal would be 2^31.
	one := NewNormS8(1, 1, 0, 1<<20, false)
	if less, inv, shift := one.Row(0, 0); NormAt(3, 1, less, inv, shift) != 3<<zBits>>10 {
		t.Errorf("3/√(2^20) is %d·(3−%d)>>%d", inv, less, shift)
	}
	if _, err := NewAffine([]float32{1e30}, []float32{0}, 1e-20, 0); err == nil {
		t.Error("a scale of 1e50 units is accepted")
	}
}

func TestIsqrt(t *testing.T) {
	for _, x := range []uint64{0, 1, 2, 3, 4, 1<<60 - 1, 1 << 60, 1<<62 - 1, 3037000499 * 3037000499 / 4, (1<<31 - 1) * (1<<31 - 1), (1<<31-1)*(1<<31-1) - 1} {
		r := isqrt(x)
		if r*r > x || (r+1)*(r+1) <= x {
			t.Errorf("isqrt(%d) = %d", x, r)
		}
	}
}
