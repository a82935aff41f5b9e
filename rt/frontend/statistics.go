package frontend

import "math"

// statistics are the numbers that KindStatistics gives for n samples x of mean m, with second, third and fourth central
// moments m2, m3, m4 (sums over n). Where a number is not defined, for a constant signal, it is 0.
var statistics = []struct {
	name string
	of   func(s *moments, x []float32) float64
}{
	{"mean", func(s *moments, _ []float32) float64 { return s.mean }},
	{"std", func(s *moments, _ []float32) float64 { return math.Sqrt(s.m2) }}, // of the population
	{"min", func(s *moments, _ []float32) float64 { return s.min }},
	{"max", func(s *moments, _ []float32) float64 { return s.max }},
	{"peak-to-peak", func(s *moments, _ []float32) float64 { return s.max - s.min }},
	{"rms", func(s *moments, _ []float32) float64 { return s.rms }},
	{"crest", func(s *moments, _ []float32) float64 { return ratio(max(s.max, -s.min), s.rms) }}, // largest magnitude / rms
	{"skewness", func(s *moments, _ []float32) float64 { return ratio(s.m3, s.m2*math.Sqrt(s.m2)) }},
	{"kurtosis", func(s *moments, _ []float32) float64 { // excess: 0 for a normal distribution
		if s.m2 == 0 {
			return 0
		}
		return s.m4/float64(s.m2*s.m2) - 3
	}},
	{"mean-abs", func(_ *moments, x []float32) float64 {
		sum := 0.0
		for _, v := range x {
			sum += math.Abs(float64(v))
		}
		return sum / float64(len(x))
	}},
	{"mean-abs-diff", func(_ *moments, x []float32) float64 { // from sample to sample
		sum := 0.0
		for i := 1; i < len(x); i++ {
			sum += math.Abs(float64(x[i]) - float64(x[i-1]))
		}
		return ratio(sum, float64(len(x)-1))
	}},
	// Crossings are shares of the n−1 steps from sample to sample at which x ≥ 0, or x ≥ mean, changes.
	{"zero-crossings", func(_ *moments, x []float32) float64 { return crossings(x, 0) }},
	{"mean-crossings", func(s *moments, x []float32) float64 { return crossings(x, s.mean) }},
}

func statisticNames() []string {
	var names []string
	for _, s := range statistics {
		names = append(names, s.name)
	}
	return names
}

// moments are what several statistics need.
type moments struct{ mean, min, max, rms, m2, m3, m4 float64 }

// describe writes the statistics of x with the given places in the table to dst.
func (s *moments) describe(dst []float32, x []float32, which []int) {
	*s = moments{min: float64(x[0]), max: float64(x[0])}
	n, squares := float64(len(x)), 0.0
	for _, f := range x {
		v := float64(f)
		s.mean += v
		squares += float64(v * v)
		s.min, s.max = min(s.min, v), max(s.max, v)
	}
	s.mean /= n
	s.rms = math.Sqrt(squares / n)
	for _, f := range x {
		d := float64(f) - s.mean
		d2 := float64(d * d)
		s.m2 += d2
		s.m3 += float64(d2 * d)
		s.m4 += float64(d2 * d2)
	}
	s.m2, s.m3, s.m4 = s.m2/n, s.m3/n, s.m4/n
	if s.min == s.max { // its mean may be rounded
		s.mean, s.m2, s.m3, s.m4 = s.min, 0, 0, 0
	}
	for i, k := range which {
		dst[i] = float32(statistics[k].of(s, x))
	}
}

// ratio is a/b, and 0 where b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func crossings(x []float32, level float64) float64 {
	n := 0
	for i := 1; i < len(x); i++ {
		if (float64(x[i]) >= level) != (float64(x[i-1]) >= level) {
			n++
		}
	}
	return ratio(float64(n), float64(len(x)-1))
}
