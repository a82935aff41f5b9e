package calib_test

import (
	"edgerun/rt/tensor"
	"math"
	"math/rand/v2"
	"testing"

	"edgerun/quant/calib"
)

var methods = []calib.Method{calib.MinMax, calib.Percentile, calib.Moving, calib.Entropy, calib.MSE}

// draw returns n values of f.
func draw(n int, f func(r *rand.Rand) float64) []float32 {
	r := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(f(r))
	}
	return x
}

// meanSquaredError is what quantizing x to the codes of a range really costs.
func meanSquaredError(x []float32, lo, hi float32) float64 {
	q := tensor.AsymmetricQuant(lo, hi)
	s, z := float64(q.Scale[0]), float64(q.Zero[0])
	sum := 0.0
	for _, v := range x {
		c := math.Min(math.Max(math.Round(float64(v)/s)+z, -128), 127)
		e := float64(v) - s*(c-z)
		sum += e * e
	}
	return sum / float64(len(x))
}

// TestSearchUniform: values that fill their range evenly need all of it.
func TestSearchUniform(t *testing.T) {
	x := draw(200000, func(r *rand.Rand) float64 { return 4*r.Float64() - 1 })
	for _, m := range []calib.Method{calib.Entropy, calib.MSE} {
		if lo, hi := collect(m, 0, x).Range(); lo < -1 || lo > -0.97 || hi < 2.97 || hi > 3 {
			t.Errorf("%v: [%v, %v], want nearly [-1, 3]", m, lo, hi)
		}
	}
}

// TestSearchOutliers: entropy leaves out two outliers of a normal distribution and keeps the bulk. MSE weighs them by what
// they cost: it lands within 5 % of the least error that any of a grid of ranges has, for outliers near and far.
func TestSearchOutliers(t *testing.T) {
	bulk := draw(20000, (*rand.Rand).NormFloat64)
	for _, far := range []float32{0, 6, 10, 20, 60} {
		x := append(bulk[:len(bulk):len(bulk)], far, -far/2)
		lo, hi := collect(calib.MSE, 0, x).Range()
		got, least := meanSquaredError(x, lo, hi), math.Inf(1)
		for a := float32(2); a <= max(far, 5); a *= 1.1 {
			for b := float32(2); b <= max(far, 5); b *= 1.1 {
				least = min(least, meanSquaredError(x, -a, b))
			}
		}
		t.Logf("outlier at %v: mse [%v, %v]", far, lo, hi)
		if got > 1.05*least {
			t.Errorf("outlier at %v: [%v, %v] has error %g, the best of a grid %g", far, lo, hi, got, least)
		}
		if lo, hi = collect(calib.Entropy, 0, x).Range(); lo < -max(far/4, 4.5) || lo > -2.5 || hi < 2.5 || hi > max(far/4, 4.5) {
			t.Errorf("outlier at %v: entropy [%v, %v], want the bulk without it", far, lo, hi)
		}
	}
}

// TestSearchReLU: values that are never negative keep 0 as the range's end, which is the lowest code; half-normal tails
// are clipped at no less than three standard deviations.
func TestSearchReLU(t *testing.T) {
	x := draw(200000, func(r *rand.Rand) float64 { return max(r.NormFloat64(), 0) })
	for _, m := range methods {
		lo, hi := collect(m, 0, x).Range()
		if q := tensor.AsymmetricQuant(lo, hi); lo != 0 || q.Zero[0] != -128 || hi < 3 {
			t.Errorf("%v: [%v, %v], zero point %d", m, lo, hi, q.Zero[0])
		}
		for i, v := range x {
			x[i] = -v
		}
		lo, hi = collect(m, 0, x).Range()
		if q := tensor.AsymmetricQuant(lo, hi); hi != 0 || q.Zero[0] != 127 || lo > -3 {
			t.Errorf("%v, negated: [%v, %v], zero point %d", m, lo, hi, q.Zero[0])
		}
		for i, v := range x {
			x[i] = -v
		}
	}
}

// TestMoving: the first batch sets the range, later ones move it by a hundredth, and what is not finite counts nothing.
func TestMoving(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	c := collect(calib.Moving, 0, []float32{-1, nan, 3}, []float32{inf}, []float32{-11, 103})
	if lo, hi := c.Range(); lo != float32(-1.1) || hi != 4 {
		t.Errorf("[%v, %v], want [-1.1, 4]", lo, hi)
	}
	if n := testing.AllocsPerRun(10, func() { c.Add([]float32{1, 2}) }); n != 0 {
		t.Errorf("Add allocates %v times", n)
	}
}

// TestSearchOrder: the order of values is nothing to the searches.
func TestSearchOrder(t *testing.T) {
	x := draw(5000, (*rand.Rand).NormFloat64)
	for _, m := range []calib.Method{calib.MinMax, calib.Percentile, calib.Entropy, calib.MSE} {
		lo, hi := collect(m, 0, x).Range()
		if a, b := collect(m, 0, x[3000:], x[:3000]).Range(); a != lo || b != hi {
			t.Errorf("%v: [%v, %v] and [%v, %v]", m, lo, hi, a, b)
		}
	}
}
