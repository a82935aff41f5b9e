package observe

import (
	"fmt"
	"math"
)

// SummaryBins is the largest number of bins of a Summary.
const SummaryBins = 64

// Summary is a histogram's short form, for a model file. Bin k counts the values v with floor(v / 2^Exp) = f + k,
// where f = floor(Min / 2^Exp); Bins holds the bins from Min's to Max's, and Exp is the smallest exponent for which
// those are no more than SummaryBins. A summary of no values has no bins.
type Summary struct {
	Min, Max float32
	Count    uint64 // finite values: the sum of Bins
	Exp      int
	Bins     []uint64
}

// Summary returns the short form. Like the histogram it depends on the set of values only.
func (h *Histogram) Summary() Summary {
	s := Summary{Min: h.min, Max: h.max, Count: h.count}
	if h.count == 0 {
		return s
	}
	s.Exp = max(exponent(h.min, h.max, SummaryBins), h.exp)
	base, top := span(h.min, h.max, s.Exp)
	s.Bins = make([]uint64, top-base+1)
	first, last := h.span(h.exp)
	for i := first; i <= last; i++ {
		s.Bins[i>>(s.Exp-h.exp)-base] += h.at(i)
	}
	return s
}

// Edges returns the lower end of each bin and, last, the upper end of the last one.
func (s *Summary) Edges() []float64 {
	if len(s.Bins) == 0 {
		return nil
	}
	first, _ := span(s.Min, s.Max, s.Exp)
	e := make([]float64, len(s.Bins)+1)
	for k := range e {
		e[k] = math.Ldexp(float64(first+k), s.Exp)
	}
	return e
}

// Check reports a summary that no histogram gives: a decoder's guard.
func (s *Summary) Check() error {
	sum := uint64(0)
	for _, n := range s.Bins {
		if sum+n < sum {
			return fmt.Errorf("observe: summary: counts pass 2^64")
		}
		sum += n
	}
	switch {
	case s.Min-s.Min != 0 || s.Max-s.Max != 0 || s.Min > s.Max:
		return fmt.Errorf("observe: summary: range [%g, %g]", s.Min, s.Max)
	case sum != s.Count:
		return fmt.Errorf("observe: summary: bins hold %d values, count says %d", sum, s.Count)
	case s.Count == 0:
		if s.Min != 0 || s.Max != 0 || s.Exp != 0 || len(s.Bins) != 0 {
			return fmt.Errorf("observe: summary: no values, but a range or bins")
		}
		return nil
	}
	if want := exponent(s.Min, s.Max, SummaryBins); s.Exp != want {
		return fmt.Errorf("observe: summary: exponent %d, wanted %d for [%g, %g]", s.Exp, want, s.Min, s.Max)
	}
	if first, last := span(s.Min, s.Max, s.Exp); len(s.Bins) != last-first+1 {
		return fmt.Errorf("observe: summary: %d bins, wanted %d", len(s.Bins), last-first+1)
	}
	return nil
}
