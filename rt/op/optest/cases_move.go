package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// moveCases are the operators that move, reduce and spread elements.
func moveCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	axis := func(k int) op.Attrs { return op.Attrs{op.IntAttr("axis", k)} }
	add(op.Concat, "channels", concat, axis(3), shape(2, 5, 6, 7), shape(2, 5, 6, 16), shape(2, 5, 6, 1))
	add(op.Concat, "first axis", concat, axis(0), shape(2, 5), shape(3, 5))
	add(op.Concat, "middle", concat, axis(1), shape(4, 1, 9), shape(4, 300, 9))
	add(op.Concat, "one", concat, axis(0), shape(70))
	add(op.Concat, "long", concat, axis(1), shape(3, 40000), shape(3, 1))
	add(op.Concat, "with a constant", concat, axis(1), shape(3, 4), shape(3, 5)).Const = []bool{false, true}

	slice := func(name string, x tensor.Shape, attrs ...op.Attr) { add(op.Slice, name, sliced, attrs, x) }
	slice("channels", shape(2, 5, 6, 16), ints("starts", 3), ints("ends", 9), ints("axes", 3))
	slice("picture", shape(2, 9, 8, 5), ints("starts", 1, 2), ints("ends", -1, 100), ints("axes", 1, 2))
	slice("every second", shape(1, 9, 8, 5), ints("starts", 1, 0), ints("ends", 9, 8), ints("axes", 1, 2), ints("steps", 2, 2))
	slice("backwards", shape(3, 70), ints("starts", -1), ints("ends", -1000), ints("axes", 1), ints("steps", -1))
	slice("backwards by 3", shape(3, 70, 2), ints("starts", 1, 60), ints("ends", 3, 4), ints("axes", 0, 1), ints("steps", 1, -3))
	slice("first axes", shape(7, 5, 3), ints("starts", 2, 1), ints("ends", 6, 2))

	pad := func(name string, x tensor.Shape, attrs ...op.Attr) { add(op.Pad, name, padded, attrs, x) }
	pad("picture", shape(2, 5, 6, 7), ints("pads", 0, 1, 2, 0, 0, 3, 1, 0))
	pad("value", shape(5, 60), ints("pads", 1, 2, 3, 4), op.FloatAttr("value", 1.5))
	pad("channels", shape(2, 3, 70), ints("pads", 0, 0, 1, 0, 0, 9))
	pad("cropped", shape(6, 7, 3), ints("pads", -1, 2, 0, 1, -3, 0))
	pad("nothing", shape(4, 9), ints("pads", 0, 0, 0, 0))
	for _, mode := range []string{"edge", "reflect", "symmetric", "wrap"} {
		pad(mode, shape(1, 5, 6, 3), ints("pads", 0, 2, 1, 0, 0, 3, 4, 0), op.StringAttr("mode", mode))
		pad(mode+" channels", shape(4, 9), ints("pads", 1, 3, 2, -2), op.StringAttr("mode", mode))
	}

	mean := func(name string, x tensor.Shape, attrs ...op.Attr) { add(op.Mean, name, meanOf, attrs, x) }
	mean("picture", shape(2, 7, 7, 70), ints("axes", 1, 2))
	mean("kept", shape(2, 7, 7, 1100), ints("axes", 1, 2), op.IntAttr("keepDims", 1))
	mean("rows", shape(5, 131), ints("axes", 1))
	mean("channels first", shape(3, 8, 7, 6), ints("axes", 2, 3))
	mean("alternate", shape(3, 8, 7, 6), ints("axes", 0, 2))
	mean("alternate to the last", shape(3, 8, 7, 6), ints("axes", 1, 3))
	mean("all", shape(3, 8, 40))
	mean("none", shape(3, 8), ints("axes"))
	mean("batch", shape(9, 5), ints("axes", 0))

	resize := func(name string, x tensor.Shape, attrs ...op.Attr) { add(op.Resize, name, resized, attrs, x) }
	coordinates := func(s string) op.Attr { return op.StringAttr("coordinates", s) }
	linear := op.StringAttr("mode", "linear")
	resize("nearest twice", shape(2, 5, 6, 7), ints("size", 10, 12), coordinates("asymmetric"), op.StringAttr("rounding", "floor"))
	for _, r := range []string{"floor", "ceil", "round_prefer_floor", "round_prefer_ceil", "tflite"} {
		resize("nearest "+r, shape(1, 5, 6, 3), ints("size", 7, 4), op.StringAttr("rounding", r))
	}
	for _, c := range []string{"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners"} {
		resize("nearest "+c, shape(1, 5, 6, 3), ints("size", 13, 4), coordinates(c))
		resize("linear "+c, shape(2, 5, 6, 19), ints("size", 13, 4), coordinates(c), linear)
		resize("linear up "+c, shape(1, 4, 3, 5), ints("size", 8, 6), coordinates(c), linear)
		resize("linear to one "+c, shape(1, 4, 3, 5), ints("size", 1, 1), coordinates(c), linear)
	}
	resize("linear given scales", shape(1, 4, 5, 6), ints("size", 2, 12), op.FloatsAttr("scales", 0.6, 2.5), linear)
	resize("nearest given scales", shape(1, 4, 5, 6), ints("size", 2, 12), op.FloatsAttr("scales", 0.6, 2.5))

	for _, k := range []struct {
		name  string
		x, w  tensor.Shape
		attrs op.Attrs
		bias  bool
	}{
		{"2x2 twice", shape(2, 5, 6, 24), shape(17, 2, 2, 24), op.Attrs{ints("strides", 2, 2)}, true},
		{"3x3", shape(1, 5, 6, 8), shape(5, 3, 3, 8), nil, true},
		{"4x4 padded", shape(1, 6, 7, 16), shape(9, 4, 4, 16), op.Attrs{ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)}, true},
		{"uneven", shape(1, 4, 5, 6), shape(7, 3, 4, 6), op.Attrs{ints("strides", 2, 3), ints("pads", 1, 1, 0, 2), ints("outputPadding", 1, 0)}, true},
		{"dilated", shape(1, 4, 5, 6), shape(7, 3, 3, 6), op.Attrs{ints("strides", 3, 2), ints("dilations", 2, 3)}, false},
		{"gaps", shape(1, 4, 5, 6), shape(7, 1, 2, 6), op.Attrs{ints("strides", 2, 3), ints("outputPadding", 1, 1)}, true},
		{"grouped", shape(2, 5, 4, 12), shape(6, 3, 3, 4), op.Attrs{ints("strides", 2, 2), op.IntAttr("groups", 3)}, true},
		{"depthwise", shape(1, 5, 4, 6), shape(6, 4, 4, 1), op.Attrs{ints("strides", 2, 2), ints("pads", 1, 1, 1, 1), op.IntAttr("groups", 6)}, true},
		{"clamped", shape(1, 3, 3, 4), shape(4, 2, 2, 4), op.Attrs{ints("strides", 2, 2), op.FloatAttr("min", 0), op.FloatAttr("max", 1.5)}, true},
		{"one pixel", shape(1, 1, 1, 9), shape(3, 4, 4, 9), nil, true},
		{"many rows", shape(1, 40, 3, 8), shape(40, 3, 3, 8), op.Attrs{ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)}, true},
	} {
		in := []tensor.Shape{k.x, k.w}
		if k.bias {
			in = append(in, shape(k.w.Dim[0]))
		}
		add(op.TransposeConv2D, k.name, transposeConv2D, k.attrs, in...).Const = []bool{false, true, true}[:len(in)]
	}
	return all
}

// index returns the coordinates of element i, and at the place of an element.
func index(s tensor.Shape, i int) (at [tensor.MaxRank]int) {
	for k := s.Rank - 1; k >= 0; k-- {
		at[k] = i % s.Dim[k]
		i /= s.Dim[k]
	}
	return at
}

func place(s tensor.Shape, at [tensor.MaxRank]int) int {
	i := 0
	for k, d := range s.Dims() {
		i = i*d + at[k]
	}
	return i
}

func concat(in [][]float64, c *Case) []float64 {
	o, axis := OutShape(c), c.Attrs.Int("axis", 0)
	y := make([]float64, o.Elements())
	for i := range y {
		at := index(o, i)
		k := 0
		for at[axis] >= c.In[k].Dim[axis] {
			at[axis] -= c.In[k].Dim[axis]
			k++
		}
		y[i] = in[k][place(c.In[k], at)]
	}
	return y
}

// sliced follows Python: x[start:end:step].
func sliced(in [][]float64, c *Case) []float64 {
	x, keep := c.In[0], [tensor.MaxRank][]int{}
	for k, d := range x.Dims() {
		for i := range d {
			keep[k] = append(keep[k], i)
		}
	}
	for i, start := range c.Attrs.Ints("starts") {
		axis, step, end := i, 1, c.Attrs.Ints("ends")[i]
		if a := c.Attrs.Ints("axes"); a != nil {
			axis = a[i]
		}
		if s := c.Attrs.Ints("steps"); s != nil {
			step = s[i]
		}
		d := x.Dim[axis]
		if start < 0 {
			start += d
		}
		if end < 0 {
			end += d
		}
		keep[axis] = nil
		for k := start; step > 0 && k < end || step < 0 && k > end; k += step {
			if k >= 0 && k < d {
				keep[axis] = append(keep[axis], k)
			}
		}
	}
	o := x
	for k := range o.Rank {
		o.Dim[k] = len(keep[k])
	}
	y := make([]float64, o.Elements())
	for i := range y {
		at := index(o, i)
		for k := range o.Rank {
			at[k] = keep[k][at[k]]
		}
		y[i] = in[0][place(x, at)]
	}
	return y
}

func padded(in [][]float64, c *Case) []float64 {
	x, o, before := c.In[0], OutShape(c), c.Attrs.Ints("pads")
	y := make([]float64, o.Elements())
	for i := range y {
		at, inside := index(o, i), true
		for k, d := range x.Dims() {
			p := at[k] - before[k]
			switch c.Attrs.String("mode", "constant") {
			case "edge":
				p = min(max(p, 0), d-1)
			case "reflect":
				if p < 0 {
					p = -p
				}
				if p >= d {
					p = 2*d - 2 - p
				}
			case "symmetric":
				if p < 0 {
					p = -1 - p
				}
				if p >= d {
					p = 2*d - 1 - p
				}
			case "wrap":
				p = (p + d) % d
			}
			at[k] = p
			inside = inside && p >= 0 && p < d
		}
		y[i] = float64(c.Attrs.Float("value", 0))
		if inside {
			y[i] = in[0][place(x, at)]
		}
	}
	return y
}

func meanOf(in [][]float64, c *Case) []float64 {
	x, o := c.In[0], OutShape(c)
	reduced := [tensor.MaxRank]bool{}
	for k := range x.Rank {
		reduced[k] = !c.Attrs.Has("axes")
	}
	for _, k := range c.Attrs.Ints("axes") {
		reduced[k] = true
	}
	y := make([]float64, o.Elements())
	for i, v := range in[0] {
		at, to := index(x, i), 0
		for k, d := range x.Dims() {
			if !reduced[k] {
				to = to*d + at[k]
			}
		}
		y[to] += v
	}
	return apply(y, func(v float64) float64 { return v * float64(len(y)) / float64(len(in[0])) })
}

// resized evaluates ONNX's formulas for each output as they stand.
func resized(in [][]float64, c *Case) []float64 {
	x, o := c.In[0], OutShape(c)
	position := func(axis, i int) float64 {
		inw, outw := float64(x.Dim[axis]), float64(o.Dim[axis])
		scale := outw / inw
		if s := c.Attrs.Floats("scales"); s != nil {
			scale = float64(s[axis-1])
		}
		half := (float64(i)+0.5)/scale - 0.5
		switch c.Attrs.String("coordinates", "half_pixel") {
		case "pytorch_half_pixel":
			if outw == 1 {
				return -0.5
			}
		case "half_pixel_symmetric":
			return inw/2*(1-outw/(scale*inw)) + half
		case "asymmetric":
			return float64(i) / scale
		case "align_corners":
			if outw == 1 {
				return 0
			}
			return float64(i) * (inw - 1) / (scale*inw - 1)
		}
		return half
	}
	at := func(n, iy, ix, ch int) float64 {
		iy, ix = min(max(iy, 0), x.Dim[1]-1), min(max(ix, 0), x.Dim[2]-1)
		return in[0][place(x, [tensor.MaxRank]int{n, iy, ix, ch})]
	}
	round := map[string]func(float64) float64{
		"floor": math.Floor, "ceil": math.Ceil,
		"round_prefer_floor": func(v float64) float64 { return math.Ceil(v - 0.5) },
		"round_prefer_ceil":  func(v float64) float64 { return math.Floor(v + 0.5) },
		// floor((i+½)·scale) is what TFLite takes with half_pixel.
		"tflite": func(v float64) float64 { return math.Floor(v + 0.5) },
	}[c.Attrs.String("rounding", "round_prefer_floor")]
	y := make([]float64, o.Elements())
	for i := range y {
		k := index(o, i)
		py, px := position(1, k[1]), position(2, k[2])
		if c.Attrs.String("mode", "nearest") == "nearest" {
			y[i] = at(k[0], int(round(py)), int(round(px)), k[3])
			continue
		}
		y0, x0 := math.Floor(py), math.Floor(px)
		fy, fx := py-y0, px-x0
		y[i] = (1-fy)*((1-fx)*at(k[0], int(y0), int(x0), k[3])+fx*at(k[0], int(y0), int(x0)+1, k[3])) +
			fy*((1-fx)*at(k[0], int(y0)+1, int(x0), k[3])+fx*at(k[0], int(y0)+1, int(x0)+1, k[3]))
	}
	return y
}

// transposeConv2D adds each input pixel to the outputs that it reaches.
func transposeConv2D(in [][]float64, c *Case) []float64 {
	x, w, o := c.In[0], c.In[1], OutShape(c)
	sh, sw := two(c.Attrs, "strides", 1)
	dh, dw := two(c.Attrs, "dilations", 1)
	top, left, _, _ := pads(c.Attrs)
	per, depth := w.Dim[0]/c.Attrs.Int("groups", 1), w.Dim[3]
	y := make([]float64, o.Elements())
	if len(in) > 2 {
		for i := range y {
			y[i] = in[2][i%o.Dim[3]]
		}
	}
	for i, v := range in[0] {
		at := index(x, i)
		for t, weight := range in[1] {
			k := index(w, t)
			oy, ox := at[1]*sh-top+k[1]*dh, at[2]*sw-left+k[2]*dw
			if k[0]/per*depth+k[3] == at[3] && oy >= 0 && oy < o.Dim[1] && ox >= 0 && ox < o.Dim[2] {
				y[place(o, [tensor.MaxRank]int{at[0], oy, ox, k[0]})] += v * weight
			}
		}
	}
	return limit(c, y)
}
