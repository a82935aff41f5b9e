package calib

import (
	"fmt"
	"math"

	"edgerun/rt/observe"
	"edgerun/rt/tensor"
)

// Method says how a range follows from what was seen of a value.
type Method uint8

const (
	MinMax     Method = iota // all values
	Percentile               // all but the outermost at both ends
	Moving                   // the ends of each batch, averaged: observe.MovingRange
	Entropy                  // the codes' distribution is closest to that of the values
	MSE                      // the codes' expected squared error is least
)

// DefaultPercentile is the share of values that Percentile keeps where none is given.
const DefaultPercentile = 99.99

var methods = [...]string{MinMax: "minmax", Percentile: "percentile", Moving: "moving", Entropy: "entropy", MSE: "mse"}

// String returns the name that ParseMethod takes.
func (m Method) String() string {
	if int(m) < len(methods) {
		return methods[m]
	}
	return fmt.Sprintf("method(%d)", uint8(m))
}

// ParseMethod returns the method of that name.
func ParseMethod(name string) (Method, error) {
	for m, s := range methods {
		if s == name {
			return Method(m), nil
		}
	}
	return 0, fmt.Errorf("range method %q unknown; wanted one of %q", name, methods)
}

// Collector sees the values of one activation, batch by batch, and chooses its range.
type Collector struct {
	method     Method
	percentile float64
	histogram  *observe.Histogram
	moving     observe.MovingRange
}

// NewCollector returns a collector that has seen nothing. p is for Percentile, in percent; outside of (0, 100] it stands
// for DefaultPercentile.
func NewCollector(m Method, p float64) *Collector {
	if !(p > 0 && p <= 100) {
		p = DefaultPercentile
	}
	return &Collector{method: m, percentile: p, histogram: observe.NewHistogram()}
}

// Add counts the values of x, which are one batch. It allocates nothing.
func (c *Collector) Add(x []float32) {
	c.histogram.Add(x)
	if c.method == Moving {
		c.moving.Add(x)
	}
}

// Histogram returns the histogram of all values so far.
func (c *Collector) Histogram() *observe.Histogram { return c.histogram }

// Range returns the range of real values that codes should cover; [0, 0] where nothing was seen. Only that of Moving
// depends on the order of batches.
func (c *Collector) Range() (lo, hi float32) {
	switch c.method {
	case Percentile:
		return c.histogram.Percentile(c.percentile)
	case Moving:
		return c.moving.Range()
	case Entropy:
		return entropyRange(c.histogram)
	case MSE:
		return mseRange(c.histogram)
	}
	return c.histogram.Min(), c.histogram.Max()
}

// minScale is the smallest normal float32. Values that would need a smaller scale count as zeros, whose scale is 1.
const minScale = 0x1p-126

// Activation returns asymmetric int8 quantization for values in [lo, hi]: one scale for the tensor, and a zero point
// in [−128, 127] that stands for 0 exactly. The range is first widened to hold 0; [0, 0] (and what is closer to it than
// a normal float32 scale can tell) gives scale 1 and zero point 0; a NaN end counts as 0, an infinite one as the
// largest float32.
//
//	scale = (hi − lo)/255,  zero point = round(127 − hi/scale) or round(−128 − lo/scale)
//
// whichever loses less, halves away from zero, all in float64. Source: TFLite ChooseQuantizationParams.
func Activation(lo, hi float32) tensor.Quant {
	const qmin, qmax = -128, 127
	rmin, rmax := 0.0, 0.0
	if lo < 0 {
		rmin = max(float64(lo), -math.MaxFloat32)
	}
	if hi > 0 {
		rmax = min(float64(hi), math.MaxFloat32)
	}
	scale := (rmax - rmin) / (qmax - qmin)
	if scale < minScale {
		return tensor.PerTensor(1, 0)
	}
	below, above := -rmin/scale, rmax/scale // codes wanted on both sides of zero
	zero := qmax - above
	if -qmin+below < qmax+above {
		zero = qmin + below
	}
	return tensor.PerTensor(float32(scale), int32(math.Round(min(max(zero, qmin), qmax))))
}

// Weights returns the scales of symmetric int8 quantization, one for each channel of w, which holds the channels one
// after the other: max|w|/127, so that codes lie in [−127, 127]. A channel of zeros has scale 1.
func Weights(w []float32, channels int) []float32 {
	scales := make([]float32, channels)
	per := len(w) / channels
	for c := range scales {
		top := float32(0)
		for _, v := range w[c*per : (c+1)*per] {
			top = max(top, max(v, -v))
		}
		scales[c] = 1
		if s := min(float64(top), math.MaxFloat32) / 127; s >= minScale {
			scales[c] = float32(s)
		}
	}
	return scales
}

// Codes writes the int8 codes of w, whose channels have the given scales: round(w/scale), halves away from zero,
// limited to [−127, 127].
func Codes(dst []int8, w, scales []float32) {
	per := len(w) / len(scales)
	for i, v := range w {
		q := math.Round(float64(v) / float64(scales[i/per]))
		dst[i] = int8(min(max(q, -127), 127))
	}
}
