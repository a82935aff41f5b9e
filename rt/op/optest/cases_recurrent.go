package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// recurrentCases are those of operators with variables. Variables start from zeros and run once.
func recurrentCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, state []int, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want, State: make([]bool, len(in)), Const: make([]bool, len(in))}
		for _, i := range state {
			c.State[i] = true
		}
		all = append(all, c)
		return c
	}
	add(op.Read, "zeros", func(in [][]float64, _ *Case) []float64 { return in[0] }, nil, []int{0}, shape(3, 5))
	value := func(in [][]float64, _ *Case) []float64 { return in[1] }
	add(op.Assign, "value", value, nil, []int{0}, shape(3, 5), shape(3, 5))
	add(op.Assign, "long", value, nil, []int{0}, shape(70000), shape(70000))

	for _, k := range []struct {
		name                        string
		batch, in, filters, t, rank int
		attrs                       op.Attrs
	}{
		{"one", 1, 1, 1, 1, 1, nil},
		{"rank 1", 2, 13, 37, 9, 1, nil},
		{"rank 2", 3, 40, 16, 4, 2, op.Attrs{op.FloatAttr("min", 0)}},
	} {
		attrs := append(op.Attrs{op.IntAttr("rank", k.rank)}, k.attrs...)
		c := add(op.SVDF, k.name, svdf, attrs, []int{3}, shape(k.batch, k.in), shape(k.filters, k.in), shape(k.filters, k.t),
			shape(k.batch, k.filters*k.t), shape(k.filters/k.rank))
		c.Const[1], c.Const[2], c.Const[4] = true, true, true
	}
	for _, k := range []struct {
		name              string
		batch, t, in, out int
		attrs             op.Attrs
	}{
		{"one", 1, 1, 1, 1, nil},
		{"batches", 3, 4, 5, 7, nil},
		{"time first", 2, 5, 19, 33, op.Attrs{op.IntAttr("timeMajor", 1)}},
		{"clipped", 1, 6, 8, 16, op.Attrs{op.FloatAttr("cellClip", 0.5)}},
	} {
		x := shape(k.batch, k.t, k.in)
		if k.attrs.Int("timeMajor", 0) == 1 {
			x = shape(k.t, k.batch, k.in)
		}
		in := []tensor.Shape{x, shape(k.batch, k.out), shape(k.batch, k.out)}
		for range 4 {
			in = append(in, shape(k.out, k.in))
		}
		for range 4 {
			in = append(in, shape(k.out, k.out))
		}
		for range 4 {
			in = append(in, shape(k.out))
		}
		c := add(op.LSTM, k.name, lstm, k.attrs, []int{1, 2}, in...)
		for i := 3; i < len(in); i++ {
			c.Const[i] = true
		}
	}
	return all
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// svdf is the first step: all of the state but its newest column is zero.
func svdf(in [][]float64, c *Case) []float64 {
	features, t, rank := c.In[1].Dim[1], c.In[2].Dim[1], c.Attrs.Int("rank", 1)
	var y []float64
	for b := range c.In[0].Dim[0] {
		x := in[0][b*features : (b+1)*features]
		for u, sum := range in[4] {
			for i := u * rank; i < (u+1)*rank; i++ {
				sum += dot(x, in[1][i*features:]) * in[2][(i+1)*t-1]
			}
			y = append(y, sum)
		}
	}
	return limit(c, y)
}

func lstm(in [][]float64, c *Case) []float64 {
	x := c.In[0].Dim
	batches, steps, k, n := x[0], x[1], x[2], c.In[3].Dim[0]
	major := c.Attrs.Int("timeMajor", 0) == 1
	if major {
		batches, steps = steps, batches
	}
	clip := float64(c.Attrs.Float("cellClip", 0))
	logistic := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	y := make([]float64, batches*steps*n)
	for b := range batches {
		h, cell := make([]float64, n), make([]float64, n)
		for s := range steps {
			row := b*steps + s
			if major {
				row = s*batches + b
			}
			next := make([]float64, n)
			for u := range n {
				var sum [4]float64
				for g := range sum {
					sum[g] = in[11+g][u] + dot(in[0][row*k:(row+1)*k], in[3+g][u*k:]) + dot(h, in[7+g][u*n:])
				}
				cell[u] = logistic(sum[1])*cell[u] + logistic(sum[0])*math.Tanh(sum[2])
				if clip > 0 {
					cell[u] = min(max(cell[u], -clip), clip)
				}
				next[u] = logistic(sum[3]) * math.Tanh(cell[u])
			}
			h = next
			copy(y[row*n:], h)
		}
	}
	return y
}
