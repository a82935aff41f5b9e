package calib_test

import (
	"edgerun/rt/tensor"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"edgerun/quant/calib"
)

func collect(m calib.Method, p float64, batches ...[]float32) *calib.Collector {
	c := calib.NewCollector(m, p)
	for _, b := range batches {
		c.Add(b)
	}
	return c
}

func TestRange(t *testing.T) {
	var batches [][]float32
	for i := range 20000 {
		batches = append(batches, []float32{float32(i%100) / 100})
	}
	batches = append(batches, []float32{-7})
	if lo, hi := collect(calib.MinMax, 50, batches...).Range(); lo != -7 || hi != 0.99 {
		t.Errorf("min-max [%v, %v]", lo, hi)
	}
	for _, p := range []float64{0, math.NaN(), -1, 101, calib.DefaultPercentile} { // one of 20001 may be left out
		if lo, hi := collect(calib.Percentile, p, batches...).Range(); lo < -0.01 || lo > 0 || hi != 0.99 {
			t.Errorf("percentile %v: [%v, %v]", p, lo, hi)
		}
	}
	for _, m := range methods {
		if got, err := calib.ParseMethod(m.String()); err != nil || got != m {
			t.Errorf("%v: %v, %v", m, got, err)
		}
		if lo, hi := calib.NewCollector(m, 0).Range(); lo != 0 || hi != 0 {
			t.Errorf("%v of nothing: [%v, %v]", m, lo, hi)
		}
		if lo, hi := collect(m, 0, []float32{3, 3, 3}).Range(); lo != 3 || hi != 3 {
			t.Errorf("%v of one value: [%v, %v]", m, lo, hi)
		}
	}
	if _, err := calib.ParseMethod("kl"); err == nil {
		t.Error("unknown method: no error")
	}
}

// TestActivation holds TFLite's choice for ranges worked out by hand.
func TestActivation(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		lo, hi, scale float32
		zero          int32
	}{
		{0, 255, 1, -128},
		{-255, 0, 1, 127},
		{-128, 127, 1, 0},
		{0, 1, 1.0 / 255, -128},
		{-1, 1, 2.0 / 255, -1}, // 127 − 127½ = −½: half away from zero
		{3, 6, 6.0 / 255, -128},
		{-6, -3, 6.0 / 255, 127},
		{-1, 3, 4.0 / 255, -64}, // −128 + 63¾
		{0, 0, 1, 0},
		{nan, nan, 1, 0},
		{nan, 255, 1, -128},
		{5, -5, 1, 0}, // upside down: both ends on the wrong side of 0
		{0, 1e-45, 1, 0},
		{0, 255 * 0x1p-126, 0x1p-126, -128},
		{-inf, inf, float32(2 * math.MaxFloat32 / 255), -1},
	} {
		q := tensor.AsymmetricQuant(c.lo, c.hi)
		if len(q.Scale) != 1 || q.Scale[0] != c.scale || q.Zero[0] != c.zero {
			t.Errorf("[%v, %v]: %v, %v; want %v, %v", c.lo, c.hi, q.Scale, q.Zero, c.scale, c.zero)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		lo := float32(r.NormFloat64() * math.Ldexp(1, r.IntN(200)-100))
		hi := float32(r.NormFloat64() * math.Ldexp(1, r.IntN(200)-100))
		q := tensor.AsymmetricQuant(lo, hi)
		s, z := float64(q.Scale[0]), float64(q.Zero[0])
		if s < 0x1p-126 || z < -128 || z > 127 {
			t.Fatalf("[%v, %v]: scale %v, zero %v", lo, hi, s, z)
		}
		// Both ends are within half a code of the codes' range, but for the scale's rounding.
		if a, b := math.Min(float64(lo), 0)/s+z, math.Max(float64(hi), 0)/s+z; a < -128.501 || b > 127.501 {
			t.Fatalf("[%v, %v]: codes [%v, %v]", lo, hi, a, b)
		}
	}
}

func TestWeights(t *testing.T) {
	inf := float32(math.Inf(1))
	w := []float32{127, -63.5, 0.5, -0.5, 0, 0, 0, 0, -2.54, 1, 0.025, -0.035}
	scales := tensor.SymmetricScales(w, 3)
	if want := []float32{1, 1, float32(float64(float32(2.54)) / 127)}; !reflect.DeepEqual(scales, want) {
		t.Errorf("scales %v, want %v", scales, want)
	}
	codes := make([]int8, len(w))
	tensor.SymmetricCodes(codes, w, scales)
	if want := []int8{127, -64, 1, -1, 0, 0, 0, 0, -127, 50, 1, -2}; !reflect.DeepEqual(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	tensor.SymmetricCodes(codes[:4], []float32{-200, 200, -1.5, 2.5}, []float32{1, 1}) // a scale that is too small saturates
	if want := []int8{-127, 127, -2, 3}; !reflect.DeepEqual(codes[:4], want) {
		t.Errorf("codes %v, want %v", codes[:4], want)
	}
	for _, c := range [][]float32{{1e-45}, {inf, 1}, {math.MaxFloat32}} {
		if s := tensor.SymmetricScales(c, 1)[0]; !(s >= 0x1p-126 && s < inf) {
			t.Errorf("%v: scale %v", c, s)
		}
	}
}
