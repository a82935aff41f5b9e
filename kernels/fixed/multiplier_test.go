package fixed_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"edgerun/kernels/fixed"
)

// srdhm and rdpot are gemmlowp's text, in int64.
func srdhm(a, b int64) int64 {
	if a == math.MinInt32 && b == math.MinInt32 {
		return math.MaxInt32
	}
	nudge := int64(1 << 30)
	if a*b < 0 {
		nudge = 1 - 1<<30
	}
	return (a*b + nudge) / (1 << 31)
}

func rdpot(x int64, e uint) int64 {
	mask := int64(1)<<e - 1
	remainder, threshold := x&mask, mask>>1
	if x < 0 {
		threshold++
	}
	y := x >> e
	if remainder > threshold {
		y++
	}
	return y
}

// oneShift is both roundings of MBQM in one expression, for m ≥ 0: what the vector kernels compute.
func oneShift(x, m int32, e uint) int32 {
	c := int64(1) << 30
	if e > 0 {
		c += 1 << (30 + e)
		if x < 0 {
			c -= 1 << 31
		}
	}
	return int32((int64(x)*int64(m) + c) >> (31 + e))
}

func TestMBQM(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	mantissas := []int32{0, 1 << 30, 1<<30 + 1, math.MaxInt32, math.MaxInt32 - 1, 3 << 29}
	check := func(x, m int32, e uint) {
		want := int32(rdpot(srdhm(int64(x), int64(m)), e))
		if got := fixed.MBQM(x, m, -int32(e)); got != want {
			t.Fatalf("MBQM(%d, %d, %d) = %d, want %d", x, m, -int32(e), got, want)
		}
		if m >= 0 {
			if got := oneShift(x, m, e); got != want {
				t.Fatalf("one shift of (%d, %d, %d) = %d, want %d", x, m, e, got, want)
			}
		}
	}
	n := 3000000
	if testing.Short() {
		n /= 20
	}
	for i := range n {
		m := 1<<30 + r.Int32N(1<<30)
		if i%4 == 0 {
			m = mantissas[r.IntN(len(mantissas))]
		}
		e := uint(r.IntN(32))
		x := int32(r.Uint32()) >> r.IntN(32)
		switch i % 8 {
		case 1: // near a half of the second rounding
			x = int32((int64(2*r.IntN(1<<12)-1<<12+1) << (e + 30) / int64(max(m, 1))) + int64(r.IntN(5)-2))
		case 2:
			x = [...]int32{math.MinInt32, math.MaxInt32, 0, -1, 1}[r.IntN(5)]
		case 3:
			m = -m
		}
		check(x, m, e)
	}
	for _, e := range []uint{0, 1, 2, 5, 31} {
		for x := int32(-300); x <= 300; x++ {
			for _, m := range mantissas {
				check(x, m, e)
			}
		}
	}
	// A left shift wraps, then multiplies.
	if got := fixed.MBQM(3, 1<<30, 2); got != 6 {
		t.Errorf("MBQM(3, 2^30, 2) = %d, want 6", got)
	}
	if got := fixed.SRDHM(math.MinInt32, math.MinInt32); got != math.MaxInt32 {
		t.Errorf("SRDHM(−2^31, −2^31) = %d", got)
	}
}

func TestQuantize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		d := math.Ldexp(r.Float64()+0.5, r.IntN(61)-30)
		m, s := fixed.Quantize(d)
		if m < 1<<30 {
			t.Fatalf("Quantize(%g) has mantissa %d", d, m)
		}
		if e := math.Abs(math.Ldexp(float64(m), int(s)-31)-d) / d; e > math.Ldexp(1, -31) {
			t.Fatalf("Quantize(%g) = %d·2^(%d−31), off by %g", d, m, s, e)
		}
	}
	for _, c := range []struct {
		d    float64
		m, s int32
	}{{0, 0, 0}, {1, 1 << 30, 1}, {0.5, 1 << 30, 0}, {math.Nextafter(1, 0), 1 << 30, 1}, {math.Ldexp(1, -33), 0, 0}, {math.Ldexp(1, -32), 1 << 30, -31}, {-1, -1 << 30, 1}} {
		if m, s := fixed.Quantize(c.d); m != c.m || s != c.s {
			t.Errorf("Quantize(%g) = %d, %d, want %d, %d", c.d, m, s, c.m, c.s)
		}
	}
}

func TestExpQ(t *testing.T) {
	worst := 0.0
	for _, ib := range []uint{5, 6} {
		for a := int64(math.MinInt32); a <= 0; a += 10007 {
			want := math.Exp(math.Ldexp(float64(a), int(ib)-31))
			worst = max(worst, math.Abs(math.Ldexp(float64(fixed.ExpQ(int32(a), ib)), -31)-want))
		}
	}
	t.Logf("at most %g", worst)
	if got := fixed.ExpQ(0, 5); got != math.MaxInt32 {
		t.Errorf("ExpQ(0) = %d", got)
	}
	if worst > expQBound {
		t.Errorf("off by %g, want at most %g", worst, expQBound)
	}
}

func TestReciprocal(t *testing.T) {
	worst := 0.0
	check := func(x int32) {
		const d = 12
		r, n := fixed.Reciprocal(x, d)
		want := 1 / math.Ldexp(float64(x), d-31)
		worst = max(worst, math.Abs(math.Ldexp(float64(r), -31-n)/want-1))
	}
	for x := int32(1); x < 5000; x++ {
		check(x)
	}
	for x := int64(5000); x < math.MaxInt32; x += 9973 {
		check(int32(x))
	}
	t.Logf("relative error at most %g", worst)
	if worst > reciprocalBound {
		t.Errorf("relative error %g, want at most %g", worst, reciprocalBound)
	}
}

func TestLogQ(t *testing.T) {
	worst := 0.0
	for x := int64(1 << 19); x <= math.MaxInt32; x += 10007 { // 1 in Q12.19
		want := math.Log(math.Ldexp(float64(x), -19))
		worst = max(worst, math.Abs(math.Ldexp(float64(fixed.LogQ(int32(x))), -26)-want))
	}
	t.Logf("at most %g", worst)
	if worst > logQBound {
		t.Errorf("off by %g, want at most %g", worst, logQBound)
	}
}

// Measured bounds of the reference's integer functions, rounded up: they tell a slip from an approximation.
const (
	expQBound       = 3e-7
	reciprocalBound = 5e-9
	logQBound       = 5e-8
)

func TestInputRadius(t *testing.T) {
	for _, c := range []struct {
		ib   uint
		ls   int32
		want int32
	}{{5, 26, 31}, {5, 20, 1984}, {5, 25, 62}, {4, 27, 15}} {
		if got := fixed.InputRadius(c.ib, c.ls); got != c.want {
			t.Errorf("InputRadius(%d, %d) = %d, want %d", c.ib, c.ls, got, c.want)
		}
	}
}
