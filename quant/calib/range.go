package calib

import (
	"fmt"

	"edgerun/rt/observe"
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
