package calib

import (
	"fmt"
	"math"
	"slices"

	"edgerun/rt/frontend"
	"edgerun/rt/tensor"
)

// Windows is a data set of consecutive pieces of one long sequence: what a network that keeps a state takes step by step.
type Windows struct {
	data      Dataset
	name      string
	shape     []int   // of a window
	frames    frames  // of a window
	rows, hop int     // of a window, and from one to the next
	total     int     // rows of the sequence
	whole     *Sample // a sequence that is one sample, which is held
}

// NewWindows lays d's samples end to end, each of which is a row of the sequence, and cuts windows of t's shape, each hop
// rows after the one before; 0 is a window's own length, so that windows neither overlap nor leave a gap. A single sample
// that is longer than t is the sequence itself. Rows follow each other along the given axis of t's shape, be it the first
// or not; with −1 it is the one that rows fit, and an AxisError says if that is none or several.
//
// A sound file is one such sequence by itself, its rows being its samples. Where fe makes features of signals, a window
// is as long as fe's signal. Otherwise channels are mixed down to one, brought to rate samples a second unless that is 0,
// and full scale is ±1, or ±32768 for a t of int16.
func NewWindows(d Dataset, fe *frontend.Spec, t tensor.Type, axis, hop, rate int) (*Windows, error) {
	if hop < 0 {
		return nil, fmt.Errorf("hop of %d rows; wanted 1 or more", hop)
	}
	first, err := d.Sample(0)
	if err != nil {
		return nil, err
	}
	w := &Windows{data: d, name: first.Name, shape: t.Shape.Dims(), total: d.Len()}
	row := len(first.Numbers) + len(first.Bytes)
	shape := first.Shape // of a row
	switch long := squeezed(first.Shape); {
	case first.Rate != 0:
		if d.Len() != 1 {
			return nil, fmt.Errorf("%s: one of %d sounds; wanted a single file", first.Name, d.Len())
		}
		w.whole, w.total, shape = &first, first.Shape[0], nil
		if fe.Signals() {
			w.rows = fe.Length
			if fe.SampleRate != 0 {
				w.rows = (fe.Length*first.Rate + fe.SampleRate - 1) / fe.SampleRate
			}
			w.shape = []int{w.rows, first.Shape[1]}
			break
		}
		first.Numbers = mixed(first.Numbers, first.Shape[1])
		if rate != 0 {
			if first.Numbers, err = resampled(first.Numbers, 1, first.Rate, rate, math.MaxInt32); err != nil {
				return nil, fmt.Errorf("%s: %w", first.Name, err)
			}
			w.total = len(first.Numbers)
		}
		first.Rate, first.decoded = 0, false
		if t.DType == tensor.Int16 {
			first.DType = tensor.Int16
			for i, v := range first.Numbers {
				first.Numbers[i] = float32(min(math.RoundToEven(float64(v)*(1<<15)), math.MaxInt16))
			}
		}
	case first.isText:
		return nil, fmt.Errorf("%s: a text; wanted a sequence: a .npy, .csv or .wav file", first.Name)
	case first.decoded:
		return nil, fmt.Errorf("%s: a picture; wanted a sequence: a .npy, .csv or .wav file", first.Name)
	case d.Len() == 1 && row > t.Shape.Elements() && len(long) > 0:
		w.whole, w.total, shape = &first, long[0], long[1:]
		if own := longAxis(first.Shape, w.shape); own >= 0 && (axis < 0 || axis == own) {
			dims := w.shape
			axis, shape = own, slices.Delete(slices.Clone(dims), own, own+1)
			w.total = row / product(shape)
			first.Numbers = swapped(first.Numbers, product(dims[:own]), w.total, product(dims[own+1:]))
			first.Bytes = swapped(first.Bytes, product(dims[:own]), w.total, product(dims[own+1:]))
		}
	}
	if w.rows == 0 {
		if w.frames, err = findFrames(w.shape, axis, shape); err != nil {
			return nil, fmt.Errorf("%s: %w", first.Name, err)
		}
		w.rows = w.frames.rows
	}
	if w.hop = hop; hop == 0 {
		w.hop = w.rows
	}
	if w.total < w.rows {
		return nil, fmt.Errorf("%s: %d rows; the network takes %d at once", first.Name, w.total, w.rows)
	}
	return w, nil
}

// Len is the number of whole windows.
func (w *Windows) Len() int { return (w.total-w.rows)/w.hop + 1 }

// Rest is how many rows at the end are in no window.
func (w *Windows) Rest() int { return max(0, w.total-(w.Len()-1)*w.hop-w.rows) }

// Sample reads window i.
func (w *Windows) Sample(i int) (Sample, error) {
	name := fmt.Sprintf("%s, window %d", w.name, i)
	if w.whole != nil {
		s := *w.whole
		row := (len(s.Numbers) + len(s.Bytes)) / w.total
		from, to := i*w.hop*row, (i*w.hop+w.rows)*row
		if s.Name, s.Shape = name, w.shape; s.Bytes != nil {
			s.Bytes = s.Bytes[from:to]
		} else {
			s.Numbers = s.Numbers[from:to]
		}
		return w.turned(s), nil
	}
	out := Sample{Name: name, Shape: w.shape}
	for k := range w.rows {
		s, err := w.data.Sample(i*w.hop + k)
		if err != nil {
			return Sample{}, err
		}
		out.DType, out.Label = s.DType, s.Label
		out.Bytes = append(out.Bytes, s.Bytes...)
		out.Numbers = append(out.Numbers, s.Numbers...)
	}
	return w.turned(out), nil
}

// turned brings a window's rows into the order of the network's input.
func (w *Windows) turned(s Sample) Sample {
	if f := w.frames; f.outer > 1 {
		s.Numbers = swapped(s.Numbers, f.extent, f.outer, f.inner)
		s.Bytes = swapped(s.Bytes, f.extent, f.outer, f.inner)
	}
	return s
}
