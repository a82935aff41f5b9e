// Package quant turns a trained float network into an int8 one on the host: Convert runs the stages in order.
//
//	float graph ─pass.Float▶ fused NHWC graph ─calibrate▶ ranges ─lower▶ int8 graph
//
// Calibration is the runtime itself running the float graph under an observer. Nothing here is needed on a device.
package quant

import (
	"errors"
	"fmt"

	"edgerun/kernels"
	"edgerun/quant/calib"
	"edgerun/quant/pass"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/observe"
	"edgerun/rt/tensor"
)

// Options choose how ranges are found.
type Options struct {
	Method     calib.Method // how a range follows from what was seen; the zero value is min-max
	Percentile float64      // for calib.Percentile
	Kernels    *kernels.Set // for calibration; nil: the fastest set of this CPU. The result does not depend on it.
	Pool       *rt.Pool     // threads for calibration; nil is one
	Progress   func(done, total int)
	// Continues reports whether sample i goes on with the sequence that the one before it began, for a network that keeps a
	// state: variables keep what they hold. nil: each sample is a sequence of its own.
	Continues func(i int) bool
}

// Samples feeds calibration: Len samples, each written into the network's inputs.
type Samples interface {
	Len() int
	// Fill writes sample i into the session's inputs.
	Fill(i int, s *rt.Session) error
}

// Result is a quantized network with what calibration saw.
type Result struct {
	Float  *graph.Graph // fused, in the layout of the int8 graph
	Int8   *graph.Graph
	Ranges map[string]*observe.Histogram // of activations, by value name
	Issues []string                      // what stays float32, and why
	Why    map[string]string             // reasons that Islands cannot tell from the graph, by node
}

// ErrNoSamples marks an empty or missing calibration set.
var ErrNoSamples = errors.New("no calibration samples")

// Convert quantizes g, which it leaves as it is. But for calib.Moving, which weighs samples by when they came, the
// result does not depend on the order of samples.
func Convert(g *graph.Graph, samples Samples, o Options) (*Result, error) {
	if samples == nil || samples.Len() == 0 {
		return nil, fmt.Errorf("quant: %w", ErrNoSamples)
	}
	float, err := Prepare(g)
	if err != nil {
		return nil, err
	}
	collectors, err := calibrate(float, samples, o)
	if err != nil {
		return nil, err
	}
	r := &Result{Float: float, Ranges: map[string]*observe.Histogram{}}
	found := map[*graph.Value]bounds{}
	for v, c := range collectors {
		lo, hi := c.Range()
		found[v] = bounds{lo, hi}
		r.Ranges[v.Name] = c.Histogram()
	}
	kept := delays(float, found)
	tie(float, found, kept)
	ranges := map[*graph.Value]tensor.Quant{}
	for v, b := range found {
		ranges[v] = tensor.AsymmetricQuant(b.lo, b.hi)
	}
	l, err := lower(float, ranges, kept)
	if err != nil {
		return nil, err
	}
	r.Int8, r.Issues, r.Why = l.out, l.issues, l.why
	return r, nil
}

// Prepare returns a copy of a float graph after all passes: what is calibrated, compared and, for a float network, run.
func Prepare(g *graph.Graph) (*graph.Graph, error) {
	c := g.Clone()
	if err := pass.Float(c); err != nil {
		return nil, fmt.Errorf("quant: %w", err)
	}
	return c, nil
}

// calibrate runs all samples through the float graph and collects what is to know of every activation. Memory does
// not grow with the number of samples.
func calibrate(g *graph.Graph, samples Samples, o Options) (map[*graph.Value]*calib.Collector, error) {
	prog, err := rt.Compile(g, rt.Options{Kernels: o.Kernels})
	if err != nil {
		return nil, err
	}
	s := prog.NewSession(o.Pool)
	collectors := map[*graph.Value]*calib.Collector{}
	collector := func(v *graph.Value) *calib.Collector {
		c := collectors[v]
		if c == nil {
			c = calib.NewCollector(o.Method, o.Percentile)
			collectors[v] = c
		}
		return c
	}
	s.SetObserver(func(_ int, n *graph.Node, out []tensor.Buffer) {
		for i, v := range n.Out {
			if v.DType == tensor.Float32 {
				collector(v).Add(out[i].F32())
			}
		}
	})
	for i := range samples.Len() {
		if err := samples.Fill(i, s); err != nil {
			return nil, fmt.Errorf("quant: calibration: %w", err)
		}
		for k, v := range g.Inputs {
			if v.DType == tensor.Float32 {
				collector(v).Add(s.Input(k).F32())
			}
		}
		if o.Continues == nil || !o.Continues(i) {
			s.Reset()
		}
		s.Run()
		if o.Progress != nil {
			o.Progress(i+1, samples.Len())
		}
	}
	masks := addedMasks(g)
	for v, c := range collectors {
		bad := c.Histogram().NaNs()
		if !masks[v] {
			bad += c.Histogram().Infs()
		}
		if bad > 0 {
			return nil, fmt.Errorf("quant: value %q was NaN or infinite %d times during calibration", v.Name, bad)
		}
	}
	return collectors, nil
}
