package main

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
)

// draw writes a picture of the sample with its heat.
func (f *field) draw(w io.Writer, r *explained) error {
	if f.kind == pictureKind {
		return png.Encode(w, f.drawPicture(r))
	}
	return png.Encode(w, f.drawSeries(r))
}

// heatColour is the colour of heat in [−1,1]: from dark red by orange to yellow for what speaks for the class, blue for what
// speaks against it.
func heatColour(v float32) color.RGBA {
	stops := [...][3]float32{{40, 0, 30}, {170, 20, 30}, {250, 120, 20}, {255, 240, 90}}
	if v < 0 {
		stops = [...][3]float32{{20, 10, 50}, {30, 50, 140}, {40, 120, 220}, {130, 220, 255}}
		v = -v
	}
	p := float32(min(v, 1) * float32(len(stops)-1))
	i := min(int(p), len(stops)-2)
	t := p - float32(i)
	var c [3]uint8
	for k := range c {
		c[k] = uint8(float32(stops[i][k]*(1-t)) + float32(stops[i+1][k]*t) + 0.5)
	}
	return color.RGBA{c[0], c[1], c[2], 255}
}

// most is the largest magnitude of a map, by which it is shown; 1 for a map of nothing.
func (h *heatMap) most() float32 {
	var m float32
	for _, v := range h.Values {
		m = max(m, v, -v)
	}
	if m == 0 {
		return 1
	}
	return m
}

const (
	panelLeast = 224 // pixels of a panel's longer side
	panelMost  = 800
	panelGap   = 8
)

// drawPicture puts the picture and, beside it, the picture under each map.
func (f *field) drawPicture(r *explained) image.Image {
	w, h := f.raw.cols, f.raw.rows
	if side := max(w, h); side < panelLeast {
		k := (panelLeast + side - 1) / side
		w, h = w*k, h*k
	} else if side > panelMost {
		w, h = max(1, w*panelMost/side), max(1, h*panelMost/side)
	}
	lo, hi := float32(0), float32(255)
	if f.sample.Bytes == nil {
		lo, hi = bounds(f.sample.Numbers)
	}
	img := image.NewRGBA(image.Rect(0, 0, w*(1+len(r.Maps))+panelGap*len(r.Maps), h))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := range h {
		for x := range w {
			var c [3]float32
			for k := range c {
				v := f.value(f.raw.at(y*f.raw.rows/h, x*f.raw.cols/w, min(k, f.raw.channels-1)))
				c[k] = (v - lo) / (hi - lo) * 255
			}
			img.SetRGBA(x, y, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
			for k, m := range r.Maps {
				v := bilinear(m.Values, grid{rows: f.rows, cols: f.cols}, (float64(y)+0.5)/float64(h), (float64(x)+0.5)/float64(w)) / m.most()
				heat, a := heatColour(v), float32(0.8*max(v, -v))
				mix := func(a8 float32, b uint8) uint8 { return uint8(float32(a8*0.8*(1-a)) + float32(float32(b)*a)) }
				img.SetRGBA((k+1)*(w+panelGap)+x, y, color.RGBA{mix(c[0], heat.R), mix(c[1], heat.G), mix(c[2], heat.B), 255})
			}
		}
	}
	return img
}

func bounds(x []float32) (lo, hi float32) {
	lo, hi = x[0], x[0]
	for _, v := range x {
		lo, hi = min(lo, v), max(hi, v)
	}
	if hi == lo {
		hi = lo + 1
	}
	return lo, hi
}

const (
	curveHigh = 200
	stripHigh = 40
	curvesMax = 8 // channels; more are drawn as a picture of grey levels
)

// drawSeries draws the series as curves, and below a strip of heat for each map.
func (f *field) drawSeries(r *explained) image.Image {
	const w = panelMost
	img := image.NewRGBA(image.Rect(0, 0, w, curveHigh+len(r.Maps)*(stripHigh+panelGap)))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	lo, hi := float32(0), float32(255)
	if f.sample.Bytes == nil {
		lo, hi = bounds(f.sample.Numbers)
	}
	level := func(v float32) float32 { return (v - lo) / (hi - lo) }
	for x := range w {
		y0 := x * f.raw.rows / w
		y1 := max(y0+1, (x+1)*f.raw.rows/w)
		if y0 > 0 {
			y0-- // curves have no gaps
		}
		for c := range f.raw.channels {
			if f.raw.channels > curvesMax {
				top, end := curveHigh-(c+1)*curveHigh/f.raw.channels, curveHigh-c*curveHigh/f.raw.channels
				g := uint8(255 * level(f.value(f.raw.at(y1-1, 0, c))))
				for y := top; y < end; y++ {
					img.SetRGBA(x, y, color.RGBA{g, g, g, 255})
				}
				continue
			}
			a, b := float32(1), float32(0)
			for y := y0; y < y1; y++ {
				v := level(f.value(f.raw.at(y, 0, c)))
				a, b = min(a, v), max(b, v)
			}
			pen := []color.RGBA{{30, 60, 120, 255}, {170, 60, 40, 255}, {40, 130, 70, 255}, {130, 80, 160, 255}, {120, 110, 30, 255}, {30, 130, 140, 255}, {90, 90, 90, 255}, {200, 110, 160, 255}}[c%curvesMax]
			for y := int((1 - b) * (curveHigh - 1)); y <= int((1-a)*(curveHigh-1)); y++ {
				img.SetRGBA(x, y, pen)
			}
		}
		for k, m := range r.Maps {
			heat := heatColour(bilinear(m.Values, grid{rows: f.rows, cols: 1}, (float64(x)+0.5)/w, 0.5) / m.most())
			top := curveHigh + k*(stripHigh+panelGap) + panelGap
			for y := top; y < top+stripHigh; y++ {
				img.SetRGBA(x, y, heat)
			}
		}
	}
	return img
}

// print writes the maps as text.
func (f *field) print(out io.Writer, r *explained, terminal bool) error {
	w := bufio.NewWriter(out)
	name := r.Label
	if name == "" {
		name = fmt.Sprint("output ", r.Class)
	}
	if r.Probability {
		fmt.Fprintf(w, "%s[%d]: %s %.1f %%\n", r.File, r.Sample, name, float64(100*r.Score))
	} else {
		fmt.Fprintf(w, "%s[%d]: %s %g\n", r.File, r.Sample, name, r.Score)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	for i := range r.Maps {
		m := &r.Maps[i]
		fmt.Fprintf(w, "\n%s", m.Method)
		if m.Layer != "" {
			fmt.Fprintf(w, " at %s", m.Layer)
		}
		fmt.Fprintf(w, ", the most %.4g\n", m.most())
		if f.kind == pictureKind {
			f.printPicture(w, m, terminal)
		} else {
			f.printLines(w, m)
		}
	}
	return w.Flush()
}

// printPicture writes heat in colours on a terminal, elsewhere in percent of the most.
func (f *field) printPicture(w io.Writer, m *heatMap, terminal bool) {
	cols := min(f.cols, 28)
	rows := max(1, min(f.rows, (cols*f.raw.rows/f.raw.cols+1)/2*2))
	if !terminal {
		cols = min(f.cols, 14)
		rows = max(1, min(f.rows, 28, cols*f.raw.rows/f.raw.cols))
	}
	for y := range rows {
		for x := range cols {
			v := f.meanHeat(m, y*f.rows/rows, max(y*f.rows/rows+1, (y+1)*f.rows/rows), x*f.cols/cols, max(x*f.cols/cols+1, (x+1)*f.cols/cols)) / m.most()
			if terminal {
				c := heatColour(v)
				fmt.Fprintf(w, "\x1b[48;2;%d;%d;%dm  ", c.R, c.G, c.B)
			} else {
				fmt.Fprintf(w, "%5d", int(math.Round(float64(100*v))))
			}
		}
		if terminal {
			fmt.Fprint(w, "\x1b[0m")
		}
		fmt.Fprintln(w)
	}
}

// meanHeat is the mean heat of cells.
func (f *field) meanHeat(m *heatMap, y0, y1, x0, x1 int) float32 {
	var sum float32
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			sum += m.Values[y*f.cols+x]
		}
	}
	return sum / float32((y1-y0)*(x1-x0))
}

// printLines writes a line with a bar for each word, or for each part of the time.
func (f *field) printLines(w io.Writer, m *heatMap) {
	n := f.rows
	if f.kind != textKind {
		n = min(n, 20)
	}
	var names []string
	wide := 0
	for i := range n {
		y0, y1 := i*f.raw.rows/n, (i+1)*f.raw.rows/n
		var name string
		switch {
		case f.kind == textKind:
			name = f.words[i]
		case f.seconds > 0:
			name = fmt.Sprintf("%.2f-%.2f s", f.seconds*float64(y0)/float64(f.raw.rows), f.seconds*float64(y1)/float64(f.raw.rows))
		case y1 == y0+1:
			name = fmt.Sprint(y0)
		default:
			name = fmt.Sprintf("%d-%d", y0, y1-1)
		}
		names = append(names, name)
		wide = max(wide, len([]rune(name)))
	}
	for i, name := range names {
		v := f.meanHeat(m, i*f.rows/n, max(i*f.rows/n+1, (i+1)*f.rows/n), 0, 1)
		bar := strings.Repeat("█", int(math.Round(float64(24*max(0, v)/m.most()))))
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %s%s  %+9.4f  %s", name, strings.Repeat(" ", wide-len([]rune(name))), v, bar), " "))
	}
}
