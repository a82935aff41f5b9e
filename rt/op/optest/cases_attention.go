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
	return all
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
