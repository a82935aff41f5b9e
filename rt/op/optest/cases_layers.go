package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// layerCases are those of recurrent layers in ONNX's form.
func layerCases() []*Case {
	var all []*Case
	gates := map[*op.Def]int{op.RNNLayer: 1, op.LSTMLayer: 4, op.GRULayer: 3}
	one := func(name string) op.Attr { return op.IntAttr(name, 1) }
	for _, k := range []struct {
		def                *op.Def
		name               string
		steps, batch, i, n int
		extra, h0          bool
		attrs              op.Attrs
	}{
		{op.RNNLayer, "one", 1, 1, 1, 1, false, false, nil},
		{op.RNNLayer, "reverse", 5, 2, 9, 7, false, true, op.Attrs{one("reverse")}},
		{op.RNNLayer, "relu", 3, 1, 6, 5, false, false, op.Attrs{op.StringAttr("candidate", "relu")}},
		{op.LSTMLayer, "one", 1, 1, 1, 1, false, false, nil},
		{op.LSTMLayer, "long", 19, 1, 13, 33, false, false, nil},
		{op.LSTMLayer, "batch first reverse", 5, 3, 4, 16, false, true, op.Attrs{one("batchFirst"), one("reverse")}},
		{op.LSTMLayer, "peepholes", 4, 2, 5, 8, true, true, nil},
		{op.LSTMLayer, "peepholes clipped", 4, 1, 5, 8, true, false, op.Attrs{op.FloatAttr("clip", 0.7)}},
		{op.LSTMLayer, "coupled", 4, 1, 5, 8, false, true, op.Attrs{one("inputForget")}},
		{op.GRULayer, "one", 1, 1, 1, 1, false, false, nil},
		{op.GRULayer, "long", 18, 1, 11, 34, false, false, nil},
		{op.GRULayer, "linear", 6, 2, 11, 20, true, true, op.Attrs{one("linearBeforeReset"), one("batchFirst")}},
		{op.GRULayer, "linear reverse", 6, 1, 3, 5, false, false, op.Attrs{one("linearBeforeReset"), one("reverse")}},
		{op.GRULayer, "clipped", 3, 2, 3, 5, false, true, op.Attrs{op.FloatAttr("clip", 0.5)}},
	} {
		g := gates[k.def]
		x := shape(k.steps, k.batch, k.i)
		if k.attrs.Has("batchFirst") {
			x = shape(k.batch, k.steps, k.i)
		}
		in := []tensor.Shape{x, shape(g*k.n, k.i), shape(g*k.n, k.n), shape(g * k.n)}
		isConst := []bool{false, true, true, true}
		if k.extra || k.h0 {
			switch {
			case g == 4:
				in, isConst = append(in, shape(3*k.n)), append(isConst, true)
			case g == 3 && k.attrs.Has("linearBeforeReset"):
				in, isConst = append(in, shape(k.n)), append(isConst, true)
			default:
				in, isConst = append(in, tensor.Shape{}), append(isConst, true)
			}
		}
		for range map[bool]int{false: 0, true: 1 + g/4}[k.h0] {
			in, isConst = append(in, shape(k.batch, k.n)), append(isConst, false)
		}
		c := &Case{Name: k.def.Name + "/" + k.name, Def: k.def, Attrs: k.attrs, In: in, Const: isConst, Want: layer, Gain: 0.25}
		c.Absent = make([]bool, len(in))
		if len(in) > 4 {
			c.Absent[4] = !k.extra
		}
		all = append(all, c)
	}
	return all
}

// layer runs a recurrent layer unit by unit.
func layer(in [][]float64, c *Case) []float64 {
	x, a := c.In[0].Dim, c.Attrs
	n := c.In[2].Dim[1]
	batches, steps, k := x[1], x[0], x[2]
	if a.Has("batchFirst") {
		batches, steps = steps, batches
	}
	clip := float64(a.Float("clip", 0))
	limit := func(v float64) float64 {
		if clip > 0 {
			return min(max(v, -clip), clip)
		}
		return v
	}
	logistic := func(v float64) float64 { return 1 / (1 + math.Exp(-limit(v))) }
	tanh := func(v float64) float64 { return math.Tanh(limit(v)) }
	if a.String("candidate", "") == "relu" {
		tanh = func(v float64) float64 { return max(v, 0) }
	}
	extra := make([]float64, 3*n)
	if len(in) > 4 && !c.Absent[4] {
		extra = in[4]
	}
	y := make([]float64, batches*steps*n)
	for b := range batches {
		h, cell := make([]float64, n), make([]float64, n)
		if len(in) > 5 {
			copy(h, in[5][b*n:])
		}
		if len(in) > 6 {
			copy(cell, in[6][b*n:])
		}
		for s := range steps {
			if a.Has("reverse") {
				s = steps - 1 - s
			}
			row := s*batches + b
			if a.Has("batchFirst") {
				row = b*steps + s
			}
			wx := func(g, u int) float64 { return in[3][g*n+u] + dot(in[0][row*k:(row+1)*k], in[1][(g*n+u)*k:]) }
			rh := func(g, u int, h []float64) float64 { return dot(h, in[2][(g*n+u)*n:]) }
			next := make([]float64, n)
			scaled := make([]float64, n)
			for u := range n {
				if c.Def == op.GRULayer {
					scaled[u] = h[u] * logistic(wx(1, u)+rh(1, u, h))
				}
			}
			for u := range n {
				switch c.Def {
				case op.RNNLayer:
					next[u] = tanh(wx(0, u) + rh(0, u, h))
				case op.GRULayer:
					z := logistic(wx(0, u) + rh(0, u, h))
					sum := wx(2, u) + rh(2, u, scaled)
					if a.Has("linearBeforeReset") {
						sum = wx(2, u) + logistic(wx(1, u)+rh(1, u, h))*(rh(2, u, h)+extra[u])
					}
					next[u] = (1-z)*tanh(sum) + z*h[u]
				case op.LSTMLayer:
					i := logistic(wx(0, u) + rh(0, u, h) + extra[u]*cell[u])
					f := logistic(wx(2, u) + rh(2, u, h) + extra[2*n+u]*cell[u])
					if a.Has("inputForget") {
						f = 1 - i
					}
					cell[u] = f*cell[u] + i*tanh(wx(3, u)+rh(3, u, h))
					next[u] = logistic(wx(1, u)+rh(1, u, h)+extra[n+u]*cell[u]) * tanh(cell[u])
				}
			}
			h = next
			copy(y[row*n:], h)
		}
	}
	return y
}
