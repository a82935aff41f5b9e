package main

import (
	"fmt"
	"slices"

	"edgerun/rt/finetune"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
)

// activation brings a class activation map to the cells.
func (f *field) activation(v *graph.Value, write func([]float32)) ([]float32, error) {
	d := slices.Clone(v.Shape.Dims())
	g := grid{rows: 1, cols: 1, channels: 1}
	switch {
	case len(d) == 4 && d[0] == 1:
		g.rows, g.cols = d[1], d[2]
	case len(d) == 3:
		g.rows, g.cols = d[0], d[1]
	case len(d) == 2:
		g.rows = d[0]
	}
	if g.size() != v.Shape.Elements()/d[len(d)-1] || g.size() < 2 {
		return nil, fmt.Errorf("%q is %v and has no places to show", v.Name, v.Type)
	}
	m := make([]float32, g.size())
	write(m)
	return f.spread(m, g)
}

// contributions brings gradient × value to the cells.
func (f *field) contributions(a *finetune.Attribution, v *graph.Value) ([]float32, error) {
	each := make([]float32, v.Shape.Elements())
	g := f.input
	if f.kind == textKind {
		g = grid{rows: f.in.Shape.Dim[f.in.Shape.Rank-1], cols: 1}
		if g.rows == 0 || v.Shape.Rank != 3 || v.Shape.Dim[1] != g.rows {
			return nil, fmt.Errorf("%q is %v, which has no place for each token", v.Name, v.Type)
		}
		g.channels = v.Shape.Dim[2]
	} else if v.Shape != f.in.Shape {
		return nil, fmt.Errorf("%q is %v, the input %v", v.Name, v.Type, f.in.Type)
	}
	a.GradientTimesValue(each)
	m := make([]float32, g.rows*g.cols)
	for y := range g.rows {
		for x := range g.cols {
			for c := range g.channels {
				m[y*g.cols+x] += each[g.at(y, x, c)]
			}
		}
	}
	return f.spread(m, grid{rows: g.rows, cols: g.cols, channels: 1})
}

// spread brings a map of places inside the network to the cells, between which it is linear.
func (f *field) spread(m []float32, g grid) ([]float32, error) {
	switch f.kind {
	case textKind:
		return f.ofWords(m)
	case seriesKind, valuesKind:
		if g.cols > 1 && (g.rows == 1 || f.input.planar) { // columns are times
			t := make([]float32, len(m))
			for i, v := range m {
				t[i%g.cols*g.rows+i/g.cols] = v
			}
			m, g.rows, g.cols = t, g.cols, g.rows
		}
		if g.cols > 1 {
			for y := range g.rows {
				sum := float32(0)
				for _, v := range m[y*g.cols : (y+1)*g.cols] {
					sum += v
				}
				m[y] = sum
			}
			m, g.cols = m[:g.rows], 1
		}
	}
	out := make([]float32, f.rows*f.cols)
	for y := range f.rows {
		v, inY := f.frame(float64(y)+0.5, f.rows, true)
		for x := range f.cols {
			u, inX := f.frame(float64(x)+0.5, f.cols, false)
			if inX && inY {
				out[y*f.cols+x] = bilinear(m, g, v, u)
			}
		}
	}
	return out, nil
}

// frame returns which share of the network's input, down or across, a place in n cells of the sample is at, and whether it is in it.
func (f *field) frame(at float64, n int, down bool) (share float64, within bool) {
	share = at / float64(n)
	s := f.spec
	switch {
	case f.raw == f.input:
	case f.kind == pictureKind && s.Resize != frontend.Squash:
		w, h := float64(f.raw.cols), float64(f.raw.rows)
		scale := min(float64(s.Width)/w, float64(s.Height)/h)
		if s.Resize == frontend.FitShortest {
			crop := s.Crop
			if crop == 0 {
				crop = 1
			}
			scale = max(float64(s.Width)/crop/w, float64(s.Height)/crop/h)
		}
		size, seen := w, float64(s.Width)/scale
		if down {
			size, seen = h, float64(s.Height)/scale
		}
		share = (float64(share*size) - float64((size-seen)/2)) / seen
	case f.kind == seriesKind && down:
		length := float64(s.Length)
		if f.sample.Rate != 0 && s.SampleRate != 0 {
			length = length / float64(s.SampleRate) * float64(f.sample.Rate)
		}
		share = float64(share * float64(f.raw.rows) / length)
	}
	return share, share >= 0 && share <= 1
}

// bilinear returns the map at shares of its height and width.
func bilinear(m []float32, g grid, v, u float64) float32 {
	between := func(share float64, n int) (i, j int, t float64) {
		p := min(max(float64(share*float64(n))-0.5, 0), float64(n-1))
		i = int(p)
		return i, min(i+1, n-1), p - float64(i)
	}
	y0, y1, ty := between(v, g.rows)
	x0, x1, tx := between(u, g.cols)
	row := func(y int) float64 {
		return float64((1-tx)*float64(m[y*g.cols+x0])) + float64(tx*float64(m[y*g.cols+x1]))
	}
	return float32(float64((1-ty)*row(y0)) + float64(ty*row(y1)))
}

// ofWords adds up what a word's tokens have.
func (f *field) ofWords(m []float32) ([]float32, error) {
	t, err := frontend.NewTokenizer(*f.spec)
	if err != nil {
		return nil, err
	}
	spec := t.Spec()
	all, err := t.Append(nil, f.sample.Text, len(m))
	if err != nil {
		return nil, err
	}
	start, frame := 0, 0
	if spec.StartToken != "" {
		start, frame = 1, 1
	}
	if spec.EndToken != "" {
		frame++
	}
	at := start
	out := make([]float32, len(f.words))
	for i, w := range f.words {
		tokens, err := t.Append(nil, w, len(m))
		if err != nil {
			return nil, err
		}
		for range len(tokens) - frame {
			if at-start < len(all)-frame { // what is longer was cut
				out[i] += m[at]
				at++
			}
		}
	}
	if at-start != len(all)-frame {
		return nil, fmt.Errorf("the tokens of %q are not those of its words", f.sample.Text)
	}
	return out, nil
}
