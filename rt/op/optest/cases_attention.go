package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// attentionCases are those of the operators of attention networks.
func attentionCases() []*Case {
	var all []*Case
	for _, def := range []*op.Def{op.LayerNorm, op.RMSNorm} {
		for _, k := range []struct {
			name  string
			x     tensor.Shape
			attrs op.Attrs
			bias  bool
		}{
			{"one row", shape(37), nil, true},
			{"rows", shape(2, 9, 64), op.Attrs{op.FloatAttr("epsilon", 1e-3)}, true},
			{"without bias", shape(130, 48), nil, false},
			{"many rows", shape(300, 100), nil, true},
		} {
			c := &Case{Name: def.Name + "/" + k.name, Def: def, Attrs: k.attrs, In: []tensor.Shape{k.x, shape(k.x.Dim[k.x.Rank-1])}, Want: norm,
				Const: []bool{false, true}, Jump: 0.05}
			if k.bias {
				c.In, c.Const = append(c.In, c.In[1]), append(c.Const, true)
			}
			all = append(all, c)
		}
	}
	return append(all, sdpaCases()...)
}

func norm(in [][]float64, c *Case) []float64 {
	n := len(in[1])
	y := make([]float64, len(in[0]))
	for r := 0; r < len(y); r += n {
		mean, square := 0.0, 0.0
		for _, v := range in[0][r : r+n] {
			mean += v / float64(n)
		}
		if c.Def == op.RMSNorm {
			mean = 0
		}
		for _, v := range in[0][r : r+n] {
			square += (v - mean) * (v - mean) / float64(n)
		}
		for i, v := range in[0][r : r+n] {
			y[r+i] = (v - mean) / math.Sqrt(square+float64(c.Attrs.Float("epsilon", 1e-5))) * in[1][i]
			if len(in) > 2 {
				y[r+i] += in[2][i]
			}
		}
	}
	return y
}

func sdpaCases() []*Case {
	var all []*Case
	for _, k := range []struct {
		name    string
		q, k, v tensor.Shape
		mask    []tensor.Shape
		attrs   op.Attrs
	}{
		{"one", shape(1, 1, 1), shape(1, 1, 1), shape(1, 1, 1), nil, nil},
		{"leading axes", shape(3, 5, 8), shape(3, 7, 8), shape(3, 7, 6), nil, nil},
		{"rank 4", shape(2, 3, 70, 16), shape(2, 3, 9, 16), shape(2, 3, 9, 16), nil, op.Attrs{op.FloatAttr("scale", 0.5)}},
		{"heads", shape(2, 9, 24), shape(2, 11, 24), shape(2, 11, 24), nil, op.Attrs{op.IntAttr("heads", 4)}},
		{"causal", shape(1, 12, 32), shape(1, 12, 32), shape(1, 12, 32), nil, op.Attrs{op.IntAttr("heads", 2), op.IntAttr("causal", 1)}},
		{"sequence first", shape(9, 2, 24), shape(6, 2, 24), shape(6, 2, 12), nil, op.Attrs{op.IntAttr("heads", 4), op.IntAttr("sequenceFirst", 1)}},
		{"shared keys", shape(2, 9, 24), shape(2, 5, 12), shape(2, 5, 12), nil, op.Attrs{op.IntAttr("heads", 4), op.IntAttr("kvHeads", 2)}},
		{"masked", shape(2, 9, 24), shape(2, 11, 24), shape(2, 11, 24), []tensor.Shape{shape(2, 1, 1, 11)}, op.Attrs{op.IntAttr("heads", 3)}},
		{"masked leading axes", shape(3, 9, 8), shape(3, 2, 8), shape(3, 2, 8), []tensor.Shape{shape(3, 9, 2)}, nil},
		{"mask of queries", shape(1, 2, 9, 8), shape(1, 2, 7, 8), shape(1, 2, 7, 8), []tensor.Shape{shape(9, 1)}, nil},
		{"many keys", shape(1, 3, 8), shape(1, 600, 8), shape(1, 600, 8), nil, nil},
		{"long elements", shape(1, 70, 300), shape(1, 5, 300), shape(1, 5, 40), nil, nil},
	} {
		in := append([]tensor.Shape{k.q, k.k, k.v}, k.mask...)
		c := &Case{Name: "Attention/" + k.name, Def: op.Attention, Attrs: k.attrs, In: in, Want: sdpa, Jump: 0.25}
		if k.mask != nil {
			c.As = []tensor.DType{tensor.Float32, tensor.Float32, tensor.Float32, tensor.Bool}
		}
		all = append(all, c)
	}
	return append(all, &Case{Name: "AttentionBias/heads", Def: op.AttentionBias, Want: sdpa, Attrs: op.Attrs{op.IntAttr("heads", 2)},
		In: []tensor.Shape{shape(2, 5, 16), shape(2, 6, 16), shape(2, 6, 16), shape(2, 1, 5, 6)}})
}

// sdpa is attention by the book. Masks are bools, made as optest.Case.As does, or added.
func sdpa(in [][]float64, c *Case) []float64 {
	qs, ks, vs := c.In[0], c.In[1], c.In[2]
	heads, first := c.Attrs.Int("heads", 0), c.Attrs.Int("sequenceFirst", 0)
	n, h, g := qs.Dim[0], 1, 1
	sq, sk, d, e := qs.Dim[qs.Rank-2], ks.Dim[ks.Rank-2], qs.Dim[qs.Rank-1], vs.Dim[vs.Rank-1]
	if qs.Rank == 4 {
		h, g = qs.Dim[1], ks.Dim[1]
	}
	if heads > 0 {
		h, g = heads, c.Attrs.Int("kvHeads", heads)
		n, sq, sk, d, e = qs.Dim[first], qs.Dim[1-first], ks.Dim[1-first], d/h, e/g
	}
	at := func(heads, length, width, b, head, s, i int) int {
		switch {
		case c.Attrs.Int("heads", 0) == 0:
			return ((b*heads+head)*length+s)*width + i
		case first == 1:
			return (s*n+b)*heads*width + head*width + i
		}
		return (b*length+s)*heads*width + head*width + i
	}
	scale := float64(c.Attrs.Float("scale", float32(1/math.Sqrt(float64(d)))))
	y := make([]float64, n*h*sq*e)
	for b := range n {
		for head := range h {
			kv := head * g / h
			for s := range sq {
				p, sum := make([]float64, sk), 0.0
				for j := range sk {
					dot := 0.0
					for i := range d {
						dot += in[0][at(h, sq, d, b, head, s, i)] * in[1][at(g, sk, d, b, kv, j, i)]
					}
					dot *= scale
					if c.Attrs.Int("causal", 0) != 0 && j > s {
						continue
					}
					if len(in) > 3 {
						m := masked(in[3], c.In[3], qs.Rank == 3 && heads == 0, b, head, s, j)
						if c.As == nil {
							dot += m
						} else if int(m) == 0 {
							continue
						}
					}
					p[j] = math.Exp(dot)
					sum += p[j]
				}
				for i := range e {
					total := 0.0
					for j := range sk {
						if p[j] > 0 {
							total += p[j] / sum * in[2][at(g, sk, e, b, kv, j, i)]
						}
					}
					y[at(h, sq, e, b, head, s, i)] = total
				}
			}
		}
	}
	return y
}

func masked(m []float64, s tensor.Shape, noHeads bool, index ...int) float64 {
	if noHeads {
		index = append(index[:1:1], index[2:]...)
	}
	pos := 0
	for i, d := range s.Dims() {
		k := index[len(index)-s.Rank+i]
		if d == 1 {
			k = 0
		}
		pos = pos*d + k
	}
	return m[pos]
}
