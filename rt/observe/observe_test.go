package observe_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"edgerun/rt/observe"
)

var inf = float32(math.Inf(1))

// values are of many magnitudes and both signs.
func values(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * math.Ldexp(1, r.IntN(12)-6))
	}
	return x
}

func of(x ...float32) *observe.Histogram {
	h := observe.NewHistogram()
	h.Add(x)
	return h
}

// TestOrder: values in any order, any pieces and any number of merged histograms give the same histogram.
func TestOrder(t *testing.T) {
	for seed := range uint64(20) {
		x := values(seed, 3000)
		x = append(x, float32(math.NaN()), inf, -inf, 0, float32(math.Copysign(0, -1)))
		if seed%3 == 0 {
			for i := range x {
				x[i] = max(x[i], 0) // as after a ReLU
			}
		}
		want := of(x...)
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
		parts := []*observe.Histogram{observe.NewHistogram(), observe.NewHistogram(), observe.NewHistogram()}
		for rest := x; len(rest) > 0; {
			n := min(1+r.IntN(50), len(rest))
			parts[r.IntN(2)].Add(rest[:n])
			rest = rest[n:]
		}
		parts[2].Merge(parts[0])
		parts[2].Merge(parts[1])
		if !reflect.DeepEqual(parts[2], want) {
			t.Fatalf("seed %d: order or pieces matter", seed)
		}
	}
	twice, h := of(1, 2, -3), of(1, 2, -3)
	twice.Add([]float32{1, 2, -3})
	if h.Merge(h); !reflect.DeepEqual(h, twice) {
		t.Error("merging a histogram into itself")
	}
}

func TestExact(t *testing.T) {
	h := of(3, float32(math.NaN()), -1.5, inf, 0.25, -inf, inf)
	if h.Min() != -1.5 || h.Max() != 3 || h.Count() != 3 || h.NaNs() != 1 || h.Infs() != 3 {
		t.Errorf("min %v, max %v, count %d, NaN %d, Inf %d", h.Min(), h.Max(), h.Count(), h.NaNs(), h.Infs())
	}
	if h := of(float32(math.NaN()), inf); h.Min() != 0 || h.Max() != 0 || h.Count() != 0 {
		t.Errorf("no finite value: [%v, %v], count %d", h.Min(), h.Max(), h.Count())
	}
	if h := of(float32(math.Copysign(0, -1))); math.Signbit(float64(h.Min())) || math.Signbit(float64(h.Max())) {
		t.Error("negative zero is kept")
	}
	for _, x := range [][]float32{
		{math.MaxFloat32, -math.MaxFloat32}, {math.MaxFloat32}, {math.SmallestNonzeroFloat32, 0}, {-math.SmallestNonzeroFloat32},
		{1e38, 1e-38, -1e-45}, {0}, {1, math.Nextafter32(1, 2)},
	} {
		h := of(x...)
		lo, hi := h.Percentile(100)
		s := h.Summary()
		if err := s.Check(); err != nil || lo != h.Min() || hi != h.Max() || s.Count != uint64(len(x)) {
			t.Errorf("%v: percentile 100 is [%v, %v], summary %+v: %v", x, lo, hi, s, err)
		}
	}
}

// TestPercentile: at least p percent inside, no more than (100−p)/2 outside at each end, and ends no further than one
// bin from what sorting gives.
func TestPercentile(t *testing.T) {
	x := make([]float32, 0, 10001)
	for i := range 10001 {
		x = append(x, float32(i-5000)/5000) // −1 … 1
	}
	h := of(x...)
	const bin = 1.0 / 512 // the smallest power of two that cuts [−1, 1] into 2048 bins at most
	for _, p := range []float64{100, 99.99, 99.9, 99, 90, 50} {
		lo, hi := h.Percentile(p)
		cut := float32((100 - p) / 100) // 2·(100−p)/200
		if lo > -1+cut || lo < -1+cut-bin || hi < 1-cut-0.0002 || hi > 1-cut+bin {
			t.Errorf("percentile %v: [%v, %v]", p, lo, hi)
		}
	}
	// 9998 zeros, one outlier at each end.
	h = observe.NewHistogram()
	h.Add(make([]float32, 9998))
	h.Add([]float32{-100, 50})
	if lo, hi := h.Percentile(99.98); lo != 0 || hi != 0.125 { // bins are 1/8 wide
		t.Errorf("outliers: [%v, %v]", lo, hi)
	}
	if lo, hi := h.Percentile(99.99); lo != -100 || hi != 50 {
		t.Errorf("half a value may not be left out: [%v, %v]", lo, hi)
	}
	if lo, hi := observe.NewHistogram().Percentile(99); lo != 0 || hi != 0 {
		t.Errorf("empty: [%v, %v]", lo, hi)
	}
	if lo, hi := of(2).Percentile(0); lo != 2 || hi != 2 {
		t.Errorf("percentile 0 of one value: [%v, %v]", lo, hi)
	}
}

func TestSummary(t *testing.T) {
	s := of(-1, -0.5, 0, 0.5, 0.5, 1).Summary()
	want := observe.Summary{Min: -1, Max: 1, Count: 6, Exp: -4, Bins: make([]uint64, 33)} // 65 bins of 2^−5 are too many
	want.Bins[0], want.Bins[8], want.Bins[16], want.Bins[24], want.Bins[32] = 1, 1, 1, 2, 1
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if e := s.Edges(); len(e) != 34 || e[0] != -1 || e[33] != 1.0625 {
		t.Errorf("edges %v", e)
	}
	for seed := range uint64(10) {
		h := of(values(seed, 1000)...)
		s := h.Summary()
		if err := s.Check(); err != nil || len(s.Bins) > observe.SummaryBins || len(s.Bins) < observe.SummaryBins/2 {
			t.Errorf("%d bins: %v", len(s.Bins), err)
		}
	}
	empty := observe.NewHistogram().Summary()
	if err := empty.Check(); err != nil || empty.Edges() != nil {
		t.Errorf("empty summary: %v", err)
	}
	for want, change := range map[string]func(*observe.Summary){
		"range":     func(s *observe.Summary) { s.Min = float32(math.NaN()) },
		"bins hold": func(s *observe.Summary) { s.Count++ },
		"exponent":  func(s *observe.Summary) { s.Exp = -1 << 30 },
		"bins, w":   func(s *observe.Summary) { s.Bins = append(s.Bins, 0) },
		"2^64":      func(s *observe.Summary) { s.Bins[1] = math.MaxUint64 },
		"no value":  func(s *observe.Summary) { s.Count, s.Bins = 0, nil },
	} {
		s := of(-1, -0.5, 0, 0.5, 0.5, 1).Summary()
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestAllocations(t *testing.T) {
	h, o := observe.NewHistogram(), of(1e6)
	x := values(1, 100)
	scale := float32(1)
	if n := testing.AllocsPerRun(20, func() {
		for i := range x {
			x[i] *= scale // the range grows in each run
		}
		scale = 1.5
		h.Add(x)
		h.Merge(o)
	}); n != 0 {
		t.Errorf("Add and Merge allocate %v times", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	h, x := observe.NewHistogram(), values(1, 10000)
	for b.Loop() {
		h.Add(x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/value")
}

// Two threads watch an activation; the range follows from both, one outlier aside.
func Example() {
	a, b := observe.NewHistogram(), observe.NewHistogram()
	for i := range 10000 {
		a.Add([]float32{float32(i%64) / 64})
		b.Add([]float32{-float32(i%64) / 64})
	}
	b.Add([]float32{1000})
	a.Merge(b)
	lo, hi := a.Percentile(99.9)
	fmt.Println(a.Count(), a.Min(), a.Max())
	fmt.Println(lo, hi)
	// Output:
	// 20001 -0.984375 1000
	// -0.984375 1
}
