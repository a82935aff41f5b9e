package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func apply(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

// limit applies the case's fused activation.
func limit(c *Case, y []float64) []float64 {
	lo := float64(c.Attrs.Float("min", float32(math.Inf(-1))))
	hi := float64(c.Attrs.Float("max", float32(math.Inf(1))))
	return apply(y, func(v float64) float64 { return min(max(v, lo), hi) })
}

func clamp(in [][]float64, c *Case) []float64 { return limit(c, in[0]) }

func two(a op.Attrs, name string, def int) (int, int) {
	if v := a.Ints(name); len(v) >= 2 {
		return v[0], v[1]
	}
	return def, def
}

func pads(a op.Attrs) (top, left, bottom, right int) {
	if v := a.Ints("pads"); len(v) == 4 {
		return v[0], v[1], v[2], v[3]
	}
	return 0, 0, 0, 0
}

// OutShape returns the output's shape of the case.
func OutShape(c *Case) tensor.Shape {
	g, err := c.Graph(1)
	if err != nil {
		panic(err)
	}
	return g.Outputs[0].Shape
}

func conv2D(in [][]float64, c *Case) []float64 {
	x, w, o := c.In[0], c.In[1], OutShape(c)
	sh, sw := two(c.Attrs, "strides", 1)
	dh, dw := two(c.Attrs, "dilations", 1)
	top, left, _, _ := pads(c.Attrs)
	groups := c.Attrs.Int("groups", 1)
	per, depth := w.Dim[0]/groups, w.Dim[3]
	y := make([]float64, 0, o.Elements())
	for n := range o.Dim[0] {
		for oy := range o.Dim[1] {
			for ox := range o.Dim[2] {
				for oc := range o.Dim[3] {
					sum := 0.0
					if len(in) > 2 {
						sum = in[2][oc]
					}
					for ky := range w.Dim[1] {
						for kx := range w.Dim[2] {
							iy, ix := oy*sh-top+ky*dh, ox*sw-left+kx*dw
							if iy < 0 || iy >= x.Dim[1] || ix < 0 || ix >= x.Dim[2] {
								continue
							}
							for ic := range depth {
								sum += in[0][((n*x.Dim[1]+iy)*x.Dim[2]+ix)*x.Dim[3]+oc/per*depth+ic] *
									in[1][((oc*w.Dim[1]+ky)*w.Dim[2]+kx)*depth+ic]
							}
						}
					}
					y = append(y, sum)
				}
			}
		}
	}
	return limit(c, y)
}

func fullyConnected(in [][]float64, c *Case) []float64 {
	o, k := c.In[1].Dim[0], c.In[1].Dim[1]
	var y []float64
	for r := 0; r < len(in[0]); r += k {
		for j := range o {
			sum := 0.0
			if len(in) > 2 {
				sum = in[2][j]
			}
			for i := range k {
				sum += in[0][r+i] * in[1][j*k+i]
			}
			y = append(y, sum)
		}
	}
	return limit(c, y)
}

func batchMatMul(in [][]float64, c *Case) []float64 {
	a, b, o := c.In[0], c.In[1], OutShape(c)
	m, n := o.Dim[o.Rank-2], o.Dim[o.Rank-1]
	adjX, adjY := c.Attrs.Int("adjX", 0) != 0, c.Attrs.Int("adjY", 0) != 0
	k := a.Dim[a.Rank-1]
	if adjX {
		k = a.Dim[a.Rank-2]
	}
	batches := o.Elements() / (m * n)
	batchesA, batchesB := a.Elements()/(m*k), b.Elements()/(n*k)
	var y []float64
	for t := range batches {
		// The cases broadcast leading axes only, so a batch index wraps.
		x, w := in[0][t%batchesA*m*k:], in[1][t%batchesB*n*k:]
		for i := range m {
			for j := range n {
				sum := 0.0
				for l := range k {
					p, q := i*k+l, l*n+j
					if adjX {
						p = l*m + i
					}
					if adjY {
						q = j*k + l
					}
					sum += x[p] * w[q]
				}
				y = append(y, sum)
			}
		}
	}
	return y
}

func binary(in [][]float64, c *Case, f func(a, b float64) float64) []float64 {
	o := OutShape(c)
	at := func(s tensor.Shape, i int) int {
		pos, stride := 0, 1
		for k := 1; k <= o.Rank; k++ {
			j := i % o.Dim[o.Rank-k]
			i /= o.Dim[o.Rank-k]
			if k <= s.Rank {
				if s.Dim[s.Rank-k] != 1 {
					pos += j * stride
				}
				stride *= s.Dim[s.Rank-k]
			}
		}
		return pos
	}
	y := make([]float64, o.Elements())
	for i := range y {
		y[i] = f(in[0][at(c.In[0], i)], in[1][at(c.In[1], i)])
	}
	return limit(c, y)
}

func pool2D(in [][]float64, c *Case) []float64 {
	x, o := c.In[0], OutShape(c)
	kh, kw := two(c.Attrs, "kernel", 1)
	sh, sw := two(c.Attrs, "strides", 1)
	dh, dw := two(c.Attrs, "dilations", 1)
	top, left, bottom, right := pads(c.Attrs)
	var y []float64
	for n := range o.Dim[0] {
		for oy := range o.Dim[1] {
			for ox := range o.Dim[2] {
				for ch := range o.Dim[3] {
					sum, count, padded, top1 := 0.0, 0.0, 0.0, math.Inf(-1)
					for ky := range kh {
						for kx := range kw {
							iy, ix := oy*sh-top+ky*dh, ox*sw-left+kx*dw
							if iy < x.Dim[1]+bottom && ix < x.Dim[2]+right {
								padded++
							}
							if iy < 0 || iy >= x.Dim[1] || ix < 0 || ix >= x.Dim[2] {
								continue
							}
							v := in[0][((n*x.Dim[1]+iy)*x.Dim[2]+ix)*x.Dim[3]+ch]
							sum += v
							count++
							top1 = max(top1, v)
						}
					}
					switch {
					case c.Def == op.MaxPool2D:
						y = append(y, top1)
					case c.Attrs.Int("includePad", 0) != 0:
						y = append(y, sum/padded)
					default:
						y = append(y, sum/count)
					}
				}
			}
		}
	}
	return limit(c, y)
}

func transpose(in [][]float64, c *Case) []float64 {
	x, o, perm := c.In[0], OutShape(c), c.Attrs.Ints("perm")
	y := make([]float64, o.Elements())
	for i := range y {
		var index [tensor.MaxRank]int
		for k, rest := o.Rank-1, i; k >= 0; k-- {
			index[perm[k]] = rest % o.Dim[k]
			rest /= o.Dim[k]
		}
		pos := 0
		for k := range x.Rank {
			pos = pos*x.Dim[k] + index[k]
		}
		y[i] = in[0][pos]
	}
	return y
}

func softmax(in [][]float64, c *Case) []float64 {
	n := c.In[0].Dim[c.In[0].Rank-1]
	y := make([]float64, len(in[0]))
	for r := 0; r < len(y); r += n {
		sum := 0.0
		for _, v := range in[0][r : r+n] {
			sum += math.Exp(v)
		}
		for i, v := range in[0][r : r+n] {
			y[r+i] = math.Exp(v) / sum
			if c.Def == op.LogSoftmax {
				y[r+i] = v - math.Log(sum)
			}
		}
	}
	return y
}

func quantize(in [][]float64, c *Case) []float64 {
	return apply(in[0], func(v float64) float64 { return min(max(math.Round(v*64)+3, -128), 127) })
}

func dequantize(in [][]float64, c *Case) []float64 {
	return apply(quantize(in, c), func(v float64) float64 { return (v - 3) / 64 })
}
