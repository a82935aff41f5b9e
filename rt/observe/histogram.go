// Package observe collects statistics of streams of numbers in memory that does not grow: what calibration, tuning and
// drift monitors share.
//
//	values ──Add──▶ Histogram ──Percentile, Counts──▶ range of an activation
//	          │         └───────Summary─────────▶ a few dozen numbers, kept in the model file
//	          └───▶ MovingRange ──▶ range of an activation
//
// A Histogram depends on which values it was given, and on nothing else: not on their order, not on how they were cut
// into calls of Add, not on how many histograms were merged. Calibration may so use any number of threads.
package observe

import "math"

// Bins is the number of bins of a Histogram, a power of two.
const Bins = 2048

// Histogram counts float32 values. The zero value is not ready: use NewHistogram. One goroutine at a time may use it.
//
// Bin i counts the values with floor(v / 2^exp) = i. The exponent is the smallest for which [Min, Max] touches no more
// than Bins bins, and for which indices stay below 2^24. When a new value asks for a larger one, bins merge pairwise:
// i becomes floor(i/2), which is the bin that its values would have gone to at once. Bins and exponent are so
// functions of the set of values, and the range is cut into more than Bins/2 − 1 bins unless its values are few.
type Histogram struct {
	exp      int
	min, max float32
	count    uint64
	nans     uint64
	infs     uint64
	bins     [Bins]uint64 // bin i is at i mod Bins
}

// minExp is the exponent of the smallest float32.
const minExp = -149

// NewHistogram returns an empty histogram: 16 KiB.
func NewHistogram() *Histogram { return &Histogram{exp: minExp} }

// Count returns the number of finite values: only these are in the bins.
func (h *Histogram) Count() uint64 { return h.count }

// NaNs returns the number of NaN.
func (h *Histogram) NaNs() uint64 { return h.nans }

// Infs returns the number of infinite values.
func (h *Histogram) Infs() uint64 { return h.infs }

// Min returns the least finite value exactly, 0 where there is none. Zeros are positive.
func (h *Histogram) Min() float32 { return h.min }

// Max returns the largest finite value exactly, 0 where there is none.
func (h *Histogram) Max() float32 { return h.max }

// Add counts the values of x. It allocates nothing.
func (h *Histogram) Add(x []float32) {
	lo, hi := float32(math.MaxFloat32), float32(-math.MaxFloat32)
	finite := 0
	for _, v := range x {
		if v-v != 0 { // NaN or infinite
			if v != v {
				h.nans++
			} else {
				h.infs++
			}
			continue
		}
		finite++
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	if finite == 0 {
		return
	}
	h.extend(lo, hi)
	h.count += uint64(finite)
	inverse := math.Ldexp(1, -h.exp)
	if finite == len(x) {
		for _, v := range x {
			h.bins[index(v, inverse)&(Bins-1)]++
		}
		return
	}
	for _, v := range x {
		if v-v == 0 {
			h.bins[index(v, inverse)&(Bins-1)]++
		}
	}
}

// Merge adds all that o counted, which gives what one histogram of both would have been.
func (h *Histogram) Merge(o *Histogram) {
	h.nans += o.nans
	h.infs += o.infs
	if o.count == 0 {
		return
	}
	first, last := o.span(o.exp)
	bins, shift := o.bins, -o.exp // a copy: o may be h
	h.extend(o.min, o.max)
	h.count += o.count
	shift += h.exp
	for i := first; i <= last; i++ {
		h.bins[i>>shift&(Bins-1)] += bins[i&(Bins-1)]
	}
}

// extend makes room for values in [lo, hi].
func (h *Histogram) extend(lo, hi float32) {
	first, last := h.span(h.exp)
	if h.count == 0 {
		h.min, h.max = lo, hi
	}
	h.min, h.max = min(h.min, lo)+0, max(h.max, hi)+0 // −0 + 0 = +0
	exp := exponent(h.min, h.max, Bins)
	if h.count == 0 || exp == h.exp {
		h.exp = exp
		return
	}
	old := h.bins
	h.bins = [Bins]uint64{}
	for i := first; i <= last; i++ {
		h.bins[i>>(exp-h.exp)&(Bins-1)] += old[i&(Bins-1)]
	}
	h.exp = exp
}

// span returns the first and last bin in use when bins are 2^exp wide.
func (h *Histogram) span(exp int) (first, last int) { return span(h.min, h.max, exp) }

func span(lo, hi float32, exp int) (first, last int) {
	inverse := math.Ldexp(1, -exp)
	return index(lo, inverse), index(hi, inverse)
}

// exponent returns the smallest exp for which [lo, hi] touches no more than bins bins.
func exponent(lo, hi float32, bins int) int {
	_, e := math.Frexp(float64(max(-lo, hi)))
	exp := max(e-24, minExp) // |v| < 2^e
	for {
		if first, last := span(lo, hi, exp); last-first < bins {
			return exp
		}
		exp++
	}
}

// index is floor(v·inverse), inverse a power of two: the product is exact in float64.
func index(v float32, inverse float64) int {
	x := float64(v) * inverse
	i := int(x)
	if float64(i) > x {
		i--
	}
	return i
}

// Percentile returns a range that holds at least p percent of the finite values: at both ends bins are left out while
// no more than (100−p)/2 percent of the values are outside. p = 100 gives Min and Max. The ends are edges of bins,
// limited to [Min, Max].
func (h *Histogram) Percentile(p float64) (lo, hi float32) {
	if h.count == 0 {
		return 0, 0
	}
	// Values that may be left out at one end; the last factor makes up for p's rounding, as in 100 − 99.98.
	out := uint64(float64(h.count) * (max(100-p, 0) / 200) * (1 + 1e-9))
	first, last := h.span(h.exp)
	for n := h.at(first); n <= out && first < last; n += h.at(first) {
		first++
	}
	for n := h.at(last); n <= out && first < last; n += h.at(last) {
		last--
	}
	return max(edge(first, h.exp), h.min), min(edge(last+1, h.exp), h.max)
}

// Counts returns the counts of all bins from Min's to Max's, the lower end of the first, and the width of each. Without
// values there are no bins.
func (h *Histogram) Counts() (lo, width float64, counts []uint64) {
	if h.count == 0 {
		return 0, 0, nil
	}
	first, last := h.span(h.exp)
	counts = make([]uint64, 0, last-first+1)
	for i := first; i <= last; i++ {
		counts = append(counts, h.at(i))
	}
	return math.Ldexp(float64(first), h.exp), math.Ldexp(1, h.exp), counts
}

func (h *Histogram) at(i int) uint64 { return h.bins[i&(Bins-1)] }

// edge returns the lower end of bin i. Indices have no more than 25 bits, so that only +2^128 is no float32: it
// becomes +Inf, which callers limit to the largest value.
func edge(i, exp int) float32 { return float32(math.Ldexp(float64(i), exp)) }
