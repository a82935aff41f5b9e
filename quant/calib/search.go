package calib

import (
	"edgerun/rt/tensor"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/observe"
)

// Both searches move one end of the range at a time, the other one fixed, until neither moves: the two ends depend on
// each other only through the scale, so few rounds do. All is float64 in a fixed order: equal histograms give equal
// ranges on every machine.
const maxRounds = 8

// levels is the number of int8 codes.
const levels = 256

// entropyRange returns the range whose codes keep most of the histogram's information: it minimises the Kullback–Leibler
// divergence of the values' distribution, with what is cut off moved to the outermost bins, from that of the codes,
// spread again over the bins that had values.
//
// Ranges of fewer bins than there are codes are not tried: the histogram cannot tell what they lose. The bin of 0 is left
// out, as 0 always has a code of its own and after a ReLU would outweigh all other values. Source: S. Migacz, "8-bit
// inference with TensorRT", GTC 2017; there for symmetric ranges and 128 codes.
func entropyRange(h *observe.Histogram) (lo, hi float32) {
	start, width, counts := h.Counts()
	if len(counts) <= levels {
		return h.Min(), h.Max()
	}
	if zero := int(math.Floor(-start / width)); zero >= 0 && zero < len(counts) {
		counts[zero] = 0
	}
	first, last := 0, len(counts)-1
	for range maxRounds {
		f, l := first, last
		if h.Max() > 0 {
			last = leastFrom(l, first+levels-1, len(counts)-1, func(i int) float64 { return divergence(counts, first, i) })
		}
		if h.Min() < 0 {
			first = leastFrom(f, 0, last-levels+1, func(i int) float64 { return divergence(counts, i, last) })
		}
		if f == first && l == last {
			break
		}
	}
	return float32(max(start+float64(float64(first)*width), float64(h.Min()))),
		float32(min(start+float64(float64(last+1)*width), float64(h.Max())))
}

// leastFrom returns the i in [lo, hi] with the least cost: the best of every 8th, and then of those around it. Where
// costs are equal the range stays what it is, or else is the wider one.
func leastFrom(now, lo, hi int, cost func(int) float64) int {
	best, least := now, cost(now)
	try := func(i int) {
		if c := cost(i); c < least || c == least && best != now && (i-best)*(now-lo-(hi-now)) > 0 {
			best, least = i, c
		}
	}
	const step = 8
	for i := lo; i <= hi; i += step {
		try(i)
	}
	for i, end := max(lo, best-step+1), min(hi, best+step-1); i <= end; i++ {
		try(i)
	}
	return best
}

// divergence returns Σ p·ln(p/q) over bins [first, last]: p are the counts, the outermost ones with all that lies
// outside; q are those inside, in as many groups as there are codes, spread evenly over the bins of a group that hold
// any; both of sum 1. A bin that only the cut-off values fill has q = 0 and counts as holding a ten-thousandth of p's sum,
// since no code stands for its values.
func divergence(counts []uint64, first, last int) float64 {
	var below, above, inside uint64
	for i, n := range counts {
		switch {
		case i < first:
			below += n
		case i > last:
			above += n
		default:
			inside += n
		}
	}
	total := float64(below + above + inside)
	if inside == 0 {
		return math.Inf(1)
	}
	bins := last - first + 1
	sum := 0.0
	for level := range levels {
		from, to := first+level*bins/levels, first+(level+1)*bins/levels
		var n, filled uint64
		for _, c := range counts[from:to] {
			n += c
			if c > 0 {
				filled++
			}
		}
		even := float64(n) / float64(max(filled, 1)) / float64(inside)
		for i := from; i < to; i++ {
			p, q := counts[i], even
			if i == first {
				p += below
			}
			if i == last {
				p += above
			}
			if p == 0 {
				continue
			}
			if counts[i] == 0 {
				q = 1e-4
			}
			share := float64(p) / total
			sum += float64(share * fixed.LogF64(share/q))
		}
	}
	return sum
}

// mseRange returns the range whose codes have the least expected squared error, where values are spread evenly within
// each bin. Ends are tried in steps of 4 %, down to a thousandth of the extremes.
func mseRange(h *observe.Histogram) (lo, hi float32) {
	lo, hi = h.Min(), h.Max()
	bins := binsOf(h)
	for range maxRounds {
		a, b := lo, hi
		hi = shrink(h.Max(), hi, func(v float32) float64 { return squaredError(bins, lo, v) })
		lo = -shrink(-h.Min(), -lo, func(v float32) float64 { return squaredError(bins, -v, hi) })
		if a == lo && b == hi {
			break
		}
	}
	return lo, hi
}

// shrink returns the positive end of a range, from its extreme downwards, of the least cost; now where that costs no
// more, or where the range has no such end.
func shrink(extreme, now float32, cost func(float32) float64) float32 {
	if extreme <= 0 {
		return now
	}
	const steps, ratio = 160, 0.9576 // 2^(−1/16)
	best, least := now, cost(now)
	v := extreme
	for range steps {
		if c := cost(v); c < least {
			best, least = v, c
		}
		v *= ratio
	}
	return best
}

// bin is a bin that holds values, its ends no further out than the extremes.
type bin struct{ lo, hi, count float64 }

func binsOf(h *observe.Histogram) []bin {
	start, width, counts := h.Counts()
	var bins []bin
	for i, n := range counts {
		if n > 0 {
			a := start + float64(float64(i)*width)
			bins = append(bins, bin{max(a, float64(h.Min())), min(a+width, float64(h.Max())), float64(n)})
		}
	}
	return bins
}

// squaredError returns the sum of squared errors of the codes that Activation gives for [lo, hi].
func squaredError(bins []bin, lo, hi float32) float64 {
	q := tensor.AsymmetricQuant(lo, hi)
	scale, zero := float64(q.Scale[0]), float64(q.Zero[0])
	least, most := -128-zero, 127-zero // the codes, counted from that of 0
	sum := 0.0
	for _, b := range bins {
		u, v := b.lo/scale, b.hi/scale
		// The parts of the bin that are below the codes' range, in it and above it: a code covers half a step on each side.
		x, y := min(max(u, least-0.5), most+0.5), min(max(v, least-0.5), most+0.5)
		if u == v {
			e := u - min(max(math.Round(u), least), most)
			sum += float64(b.count * e * e)
			continue
		}
		e := cube(v-most) - cube(max(u, most+0.5)-most)
		if v <= most+0.5 {
			e = 0
		}
		if u < least-0.5 {
			e += cube(min(v, least-0.5)-least) - cube(u-least)
		}
		e += rounding(y) - rounding(x)
		sum += float64(b.count * e / (v - u))
	}
	return float64(float64(sum*scale) * scale)
}

// cube is ∫x² from 0 to u.
func cube(u float64) float64 { return u * u * u / 3 }

// rounding is ∫(x − round(x))² from 0 to u: a twelfth for each whole step.
func rounding(u float64) float64 {
	n := math.Round(u)
	return n/12 + cube(u-n)
}
