package fixed

import (
	"math"
	"testing"
)

func TestMBQM64(t *testing.T) {
	for _, c := range []struct {
		x    int64
		m, s int32
		want int32
	}{
		{2, 1 << 30, 0, 1},   // 1
		{3, 1 << 30, 0, 2},   // 1.5, halves toward +∞
		{-3, 1 << 30, 0, -1}, // −1.5
		{-2, 1 << 30, 0, -1}, // −1
		{5, 1 << 30, -1, 1},  // 1.25
		{1 << 40, 1 << 30, -20, 1 << 19},
		{3, 1 << 30, 7, 192},                   // a left shift
		{1000, math.MaxInt32, 0, 1000},         // the mantissa saturates at 16 bits: 999.97
		{1 << 46, 1 << 30, -14, math.MinInt32}, // 2^31 keeps its lowest 32 bits
	} {
		if got := MBQM64(c.x, c.m, c.s); got != c.want {
			t.Errorf("MBQM64(%d, %d, %d) = %d, want %d", c.x, c.m, c.s, got, c.want)
		}
	}
}

// TestSigmoid16 compares both functions with the real ones over all inputs that differ, and their tables' ends.
func TestSigmoid16(t *testing.T) {
	for x := int32(-1 << 18); x <= 1<<18; x++ {
		v := float64(x) / 12288
		if got, want := float64(Logistic16(x)), 32768/(1+math.Exp(-v)); math.Abs(got-min(want, 32767)) > 4 {
			t.Fatalf("Logistic16(%d) = %g, want %g", x, got, want)
		}
		if got, want := float64(Tanh16(x)), 32768*math.Tanh(v); math.Abs(got-max(min(want, 32767), -32768)) > 8 {
			t.Fatalf("Tanh16(%d) = %g, want %g", x, got, want)
		}
	}
	for _, x := range []int32{math.MaxInt32, 1 << 30} {
		if Logistic16(x) != 32767 || Logistic16(-x) != 1 || Tanh16(x) != 32767 || Tanh16(-x) != -32767 {
			t.Errorf("ends at ±%d: %d %d %d %d", x, Logistic16(x), Logistic16(-x), Tanh16(x), Tanh16(-x))
		}
	}
}

func TestTable16(t *testing.T) {
	exp := NewTable16(ExpF32, 10.0/65535, math.MaxInt16, 2.0/65535, 0)
	for x := math.MinInt16; x <= math.MaxInt16; x++ {
		want := 32767.5 * math.Exp(float64(x-math.MaxInt16)*10/65535)
		if got := float64(exp.At(int16(x))); math.Abs(got-want) > 6 {
			t.Fatalf("e^%g: code %g, want %g", float64(x-math.MaxInt16)*10/65535, got, want)
		}
	}
}
