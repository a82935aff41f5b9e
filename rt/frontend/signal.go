package frontend

import (
	"fmt"
	"math"
	"slices"

	"edgerun/kernels/fixed"
)

// signal holds the tables and buffers of the kinds for signals.
type signal struct {
	spec          Spec // filled
	before        int  // padding in front of the samples
	offset        int  // of a window in its span
	frames, width int
	emphasis      float32

	statistics []int // by their places in the table
	moments    *moments

	samples  []float32 // one channel, padded
	window   []float64 // nil: rectangular
	frame    []float64 // one frame, zeros behind it up to FFT
	spectrum *fixed.Spectrum
	bins     []fixed.Bin
	energy   []float64 // of bins
	bands    []band
	values   []float32 // all frames of one channel, before dct
	rows     int       // values a frame
	dct      []float64 // [Coefficients, Mels]
}

func newSignal(s Spec) *signal {
	f := &signal{spec: s, frames: s.frames(), width: s.width(), emphasis: float32(s.PreEmphasis), window: window(s.Window, s.Frame, s.Symmetric)}
	before, total := s.padded()
	f.before, f.samples, f.frame = before, make([]float32, total), make([]float64, max(s.Frame, s.FFT))
	f.rows = f.width
	if isSpectral(s.Kind) {
		f.offset = (s.span() - s.Frame) / 2
		f.spectrum = fixed.NewSpectrum(s.FFT)
		f.bins, f.energy = make([]fixed.Bin, f.spectrum.Bins()), make([]float64, f.spectrum.Bins())
	}
	if hasMels(s.Kind) {
		f.bands, f.rows = melBands(&s), s.Mels
	}
	if s.Kind == KindStatistics {
		f.moments = &moments{}
		for _, name := range s.Statistics {
			f.statistics = append(f.statistics, slices.Index(statisticNames(), name))
		}
	}
	if s.Kind == KindMFCC {
		f.dct = dct(&s)
	}
	f.values = make([]float32, f.frames*f.rows)
	return f
}

// ApplySignal writes the features of one input to dst, which holds the elements of Spec.Shape. x are its samples,
// those of all channels side by side; what is longer than Spec.Length is cut, what is shorter is followed by zeros.
// Each sample should be a finite number. It allocates nothing and keeps no state, so a window that slides over a
// stream may be given again and again.
func (f *FrontEnd) ApplySignal(dst, x []float32) error {
	g := f.signal
	if g == nil {
		return fmt.Errorf("frontend: signal given; kind %q wants none", f.spec.Kind)
	}
	channels := g.spec.Channels
	if len(x)%channels != 0 {
		return fmt.Errorf("frontend: signal of %d samples; wanted a multiple of its %d channels", len(x), channels)
	}
	if want := g.frames * g.width * channels; len(dst) != want {
		return fmt.Errorf("frontend: tensor of %d elements; wanted %d for %v", len(dst), want, f.spec.Shape())
	}
	for c := range channels {
		g.gather(x, c)
		for t := range g.frames {
			g.row(g.values[t*g.rows:][:g.rows], t)
		}
		if g.spec.RefMax || g.spec.TopDB != 0 {
			g.limit()
		}
		for t := range g.frames {
			g.store(dst, t, c)
		}
	}
	return nil
}

// gather brings channel c of x, padded, into samples.
func (g *signal) gather(x []float32, c int) {
	channels, length := g.spec.Channels, g.spec.Length
	own := g.samples[g.before:][:length]
	n := min(len(x)/channels, length)
	last := float32(0)
	for i := range n {
		v := x[i*channels+c]
		own[i] = v - float32(g.emphasis*last)
		last = v
	}
	clear(own[n:])
	if n < length && n > 0 {
		own[n] = 0 - float32(g.emphasis*last)
	}
	if g.spec.Padding == PadReflect {
		for i := range g.before {
			g.samples[g.before-1-i] = own[i+1]
			g.samples[g.before+length+i] = own[length-2-i]
		}
	} // other padding is zero from the start
}

// row computes frame t up to the logarithm.
func (g *signal) row(dst []float32, t int) {
	s := &g.spec
	x := g.samples[t*s.Hop+g.offset:][:s.Frame]
	switch {
	case s.Kind == KindStatistics:
		g.moments.describe(dst, x, g.statistics)
		return
	case s.Kind == KindWindow && g.window == nil:
		copy(dst, x)
		return
	case s.Kind == KindWindow:
		for i, v := range x {
			dst[i] = float32(float64(v) * g.window[i])
		}
		return
	}
	if g.window == nil {
		for i, v := range x {
			g.frame[i] = float64(v)
		}
	} else {
		for i, v := range x {
			g.frame[i] = float64(float64(v) * g.window[i])
		}
	}
	g.spectrum.Transform(g.bins, g.frame)
	for k, b := range g.bins {
		e := float64(b.Re*b.Re) + float64(b.Im*b.Im)
		if s.Power == 1 {
			e = math.Sqrt(e)
		}
		g.energy[k] = e
	}
	if g.bands == nil {
		for k, e := range g.energy {
			dst[k] = g.log(e)
		}
		return
	}
	for m := range g.bands {
		dst[m] = g.log(g.bands[m].sum(g.energy))
	}
}

// log is the logarithm that the specification asks for.
func (g *signal) log(v float64) float32 {
	s := &g.spec
	if s.Log == LogNone {
		return float32(v)
	}
	v += s.Offset
	if v < s.Floor {
		v = s.Floor
	}
	v = fixed.LogF64(v)
	switch s.Log {
	case Log10:
		v *= math.Log10E
	case LogDB:
		v *= (20 / float64(s.Power)) * math.Log10E
	}
	return float32(v)
}

// limit makes values relative to their largest and raises those too far below it.
func (g *signal) limit() {
	top := g.values[0]
	for _, v := range g.values {
		top = max(top, v)
	}
	lowest := float32(math.Inf(-1))
	if g.spec.TopDB != 0 {
		lowest = top - float32(g.spec.TopDB)
	}
	if !g.spec.RefMax {
		top = 0
	}
	for i, v := range g.values {
		g.values[i] = max(v, lowest) - top
	}
}

// store writes the features of frame t, channel c.
func (g *signal) store(dst []float32, t, c int) {
	s := &g.spec
	features := g.width * s.Channels
	at, step := t*features+c*g.width, 1
	if s.Layout == FeatureMajor {
		at, step = c*g.width*g.frames+t, g.frames
	}
	row := g.values[t*g.rows:][:g.rows]
	for k := range g.width {
		v := float32(0)
		if g.dct == nil {
			v = row[k]
		} else {
			sum := 0.0
			for m, w := range g.dct[k*g.rows:][:g.rows] {
				sum += float64(w * float64(row[m]))
			}
			v = float32(sum)
		}
		dst[at] = s.normalise(v, c*g.width+k)
		at += step
	}
}
