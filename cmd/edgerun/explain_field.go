package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// Kinds of samples that explain shows.
const (
	pictureKind = "picture"
	seriesKind  = "series"
	valuesKind  = "values"
	textKind    = "text"
)

// sampled is a data set of one sample.
type sampled struct{ one }

type one = calib.Sample

func (s sampled) Len() int                         { return 1 }
func (s sampled) Sample(int) (calib.Sample, error) { return s.one, nil }

// grid is an array of rows and columns with channels, one channel after the other or side by side.
type grid struct {
	rows, cols, channels int
	planar               bool
}

func (g grid) at(y, x, c int) int {
	if g.planar {
		return (c*g.rows+y)*g.cols + x
	}
	return (y*g.cols+x)*g.channels + c
}

func (g grid) size() int { return g.rows * g.cols * g.channels }

// field is a sample, divided into cells of which heat is told.
type field struct {
	kind       string
	sample     sampled
	raw        grid // how the sample lies
	input      grid // how the network's input does
	in         *graph.Value
	spec       *frontend.Spec
	rows, cols int // cells
	seconds    float64
	words      []string
	mean       []float32 // of a channel
}

const (
	cellsOfPicture = 64 // at most, of a side
	cellsOfTime    = 100
)

// newField finds out what a sample is.
func newField(s calib.Sample, spec *frontend.Spec, in *graph.Value) (*field, error) {
	if spec == nil {
		spec = &frontend.Spec{Kind: frontend.KindNone}
	}
	f := &field{sample: sampled{s}, spec: spec, in: in}
	if s.IsText() {
		f.kind, f.words = textKind, strings.Fields(s.Text)
		f.rows, f.cols = len(f.words), 1
		if f.rows == 0 {
			return nil, fmt.Errorf("%s: a text without words", s.Name)
		}
		return f, nil
	}
	f.kind, f.input = inputGrid(spec, in.Shape)
	n := len(s.Bytes) + len(s.Numbers)
	f.raw = f.input
	switch channels := max(spec.Channels, 1); {
	case spec.Kind == frontend.KindPicture && s.Bytes != nil:
		p, err := s.Picture()
		if err != nil {
			return nil, err
		}
		f.raw = grid{rows: p.H, cols: p.W, channels: p.C}
		f.sample.Shape, f.sample.Bytes = []int{p.H, p.W, p.C}, p.Pix
	case s.Rate != 0:
		f.raw = grid{rows: s.Shape[0], cols: 1, channels: s.Shape[1]}
		f.seconds = float64(s.Shape[0]) / float64(s.Rate)
	case spec.Signals() && (n != f.input.size() || n == spec.Length*channels):
		f.raw = grid{rows: n / channels, cols: 1, channels: channels}
		if spec.SampleRate > 0 {
			f.seconds = float64(f.raw.rows) / float64(spec.SampleRate)
		}
	}
	if n != f.raw.size() || n == 0 {
		return nil, fmt.Errorf("%s: %d values of shape %v; wanted %d", s.Name, n, s.Shape, f.raw.size())
	}
	f.rows, f.cols = min(f.raw.rows, cellsOfTime), 1
	if f.kind == pictureKind {
		f.rows, f.cols = min(f.raw.rows, cellsOfPicture), min(f.raw.cols, cellsOfPicture)
	}
	f.average()
	return f, nil
}

// inputGrid says what a network's input is.
func inputGrid(spec *frontend.Spec, shape tensor.Shape) (string, grid) {
	if spec.Kind == frontend.KindPicture {
		return pictureKind, grid{spec.Height, spec.Width, spec.Channels, spec.Layout == frontend.NCHW}
	}
	if spec.Signals() {
		d := spec.Shape().Dim
		if spec.Layout == frontend.FeatureMajor {
			return seriesKind, grid{d[2], 1, d[1], true}
		}
		return seriesKind, grid{d[1], 1, d[2], false}
	}
	d := shape.Dims()
	if len(d) == 4 && d[0] == 1 && d[2] > 1 && d[3] > 1 && (d[1] == 1 || d[1] == 3) {
		return pictureKind, grid{d[2], d[3], d[1], true}
	}
	if len(d) == 4 && d[0] == 1 && d[1] > 1 && d[2] > 1 && (d[3] == 1 || d[3] == 3) {
		return pictureKind, grid{d[1], d[2], d[3], false}
	}
	d = slices.DeleteFunc(slices.Clone(d), func(n int) bool { return n == 1 })
	if len(d) == 2 && d[0] >= d[1] { // time is what is longer
		return seriesKind, grid{d[0], 1, d[1], false}
	}
	if len(d) == 2 {
		return seriesKind, grid{d[1], 1, d[0], true}
	}
	return valuesKind, grid{shape.Elements(), 1, 1, false}
}

// value returns a number of the sample as it is.
func (f *field) value(i int) float32 {
	if f.sample.Bytes != nil {
		return float32(f.sample.Bytes[i])
	}
	return f.sample.Numbers[i]
}

// average finds what a covered part has: the mean of each channel; 0 where numbers are names of things.
func (f *field) average() {
	f.mean = make([]float32, f.raw.channels)
	if f.kind != pictureKind && isPlain(f.in) && f.spec.Kind == frontend.KindNone {
		return
	}
	for c := range f.mean {
		var sum float64
		for y := range f.raw.rows {
			for x := range f.raw.cols {
				sum += float64(f.value(f.raw.at(y, x, c)))
			}
		}
		f.mean[c] = float32(sum / float64(f.raw.rows*f.raw.cols))
	}
}

// cover writes the sample with cells [y0,y1)×[x0,x1) covered to dst, which has memory of its own.
func (f *field) cover(dst *sampled, y0, y1, x0, x1 int) {
	copy(dst.Bytes, f.sample.Bytes)
	copy(dst.Numbers, f.sample.Numbers)
	for y := y0 * f.raw.rows / f.rows; y < y1*f.raw.rows/f.rows; y++ {
		for x := x0 * f.raw.cols / f.cols; x < x1*f.raw.cols/f.cols; x++ {
			for c, v := range f.mean {
				if i := f.raw.at(y, x, c); dst.Bytes != nil {
					dst.Bytes[i] = uint8(v + 0.5)
				} else {
					dst.Numbers[i] = v
				}
			}
		}
	}
}

// occlusion covers part after part. A cell's heat is the mean of what the score loses over all parts that cover it.
func (x *explainer) occlusion(ctx context.Context, whole float32) (*heatMap, error) {
	f := x.field
	h := &heatMap{Method: "occlusion", Values: make([]float32, f.rows*f.cols)}
	if f.kind == textKind {
		for i := range f.words {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s := f.sample
			s.Text = strings.Join(slices.Concat(f.words[:i], f.words[i+1:]), " ")
			score, err := x.score(s)
			if err != nil {
				return nil, err
			}
			h.Values[i] = whole - score
		}
		return h, nil
	}
	share := x.patch
	if share == 0 {
		share = map[string]float64{pictureKind: 0.2, seriesKind: 0.1}[f.kind]
	}
	ys, high := partsOf(f.rows, share)
	xs, wide := partsOf(f.cols, share)
	covered := make([]float32, len(h.Values))
	s := f.sample
	s.Bytes, s.Numbers = slices.Clone(s.Bytes), slices.Clone(s.Numbers)
	show := progress("occlusion", len(ys)*len(xs))
	for k, y0 := range ys {
		for j, x0 := range xs {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			f.cover(&s, y0, y0+high, x0, x0+wide)
			score, err := x.score(s)
			if err != nil {
				return nil, err
			}
			for y := y0; y < y0+high; y++ {
				for x := x0; x < x0+wide; x++ {
					h.Values[y*f.cols+x] += whole - score
					covered[y*f.cols+x]++
				}
			}
			show(k*len(xs)+j+1, len(ys)*len(xs))
		}
	}
	for i, n := range covered {
		h.Values[i] /= n
	}
	return h, nil
}

// partsOf returns where overlapping parts of n cells begin, and their length.
func partsOf(n int, share float64) (begin []int, length int) {
	length = min(n, max(1, int(math.Round(share*float64(n)))))
	step := max(1, length/3)
	for i := 0; i < n-length; i += step {
		begin = append(begin, i)
	}
	return append(begin, n-length), length
}
