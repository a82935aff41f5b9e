package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// activationCases are those of the activation functions, Sub and Div.
func activationCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	limits := op.Attrs{op.FloatAttr("min", -0.5), op.FloatAttr("max", 1.5)}

	sub := func(in [][]float64, c *Case) []float64 {
		return binary(in, c, func(a, b float64) float64 { return a - b })
	}
	add(op.Sub, "same", sub, nil, shape(3, 67), shape(3, 67))
	add(op.Sub, "clamped", sub, limits, shape(130), shape(130))
	add(op.Sub, "scalar", sub, nil, shape(2, 5, 7), shape())
	add(op.Sub, "scalar first", sub, nil, shape(1, 1), shape(6, 41))
	add(op.Sub, "channel", sub, nil, shape(2, 5, 6, 7), shape(7))
	add(op.Sub, "channel first", sub, nil, shape(7), shape(2, 5, 6, 7))
	add(op.Sub, "outer", sub, nil, shape(4, 1), shape(1, 6))
	add(op.Sub, "column first", sub, nil, shape(4, 1), shape(4, 19))
	add(op.Sub, "long", sub, nil, shape(70000), shape(70000))
	add(op.Sub, "one", sub, nil, shape(), shape())

	div := func(in [][]float64, c *Case) []float64 {
		return binary(in, c, func(a, b float64) float64 { return a / max(b, float64(c.AtLeast)) })
	}
	for _, k := range []struct {
		name  string
		attrs op.Attrs
		a, b  tensor.Shape
	}{
		{"same", nil, shape(3, 67), shape(3, 67)},
		{"clamped", limits, shape(130), shape(130)},
		{"scalar", nil, shape(2, 5, 7), shape()},
		{"scalar first", nil, shape(1, 1), shape(6, 41)},
		{"channel", nil, shape(2, 5, 6, 7), shape(7)},
		{"column first", nil, shape(4, 1), shape(4, 19)},
		{"long", nil, shape(70000), shape(70000)},
	} {
		add(op.Div, k.name, div, k.attrs, k.a, k.b).AtLeast = 0.5
	}

	prelu := func(in [][]float64, c *Case) []float64 {
		return binary(in, c, func(x, slope float64) float64 { return max(x, 0) + slope*min(x, 0) })
	}
	slopes := []bool{false, true}
	add(op.PRelu, "channel", prelu, nil, shape(2, 5, 6, 7), shape(7)).Const = slopes
	add(op.PRelu, "one", prelu, nil, shape(2, 5, 6, 7), shape(1)).Const = slopes
	add(op.PRelu, "rows", prelu, nil, shape(9, 33), shape(9, 1)).Const = slopes
	add(op.PRelu, "same", prelu, nil, shape(70000), shape(70000))

	unary := func(def *op.Def, attrs op.Attrs, f func(x float64, c *Case) float64) {
		want := func(in [][]float64, c *Case) []float64 {
			return apply(in[0], func(x float64) float64 { return f(x, c) })
		}
		add(def, "vector", want, attrs, shape(67))
		add(def, "picture", want, attrs, shape(2, 7, 5, 9))
		add(def, "long", want, attrs, shape(40000))
	}
	unary(op.Logistic, nil, func(x float64, c *Case) float64 { return 1 / (1 + math.Exp(-x)) })
	unary(op.Tanh, nil, func(x float64, c *Case) float64 { return math.Tanh(x) })
	unary(op.HardSwish, nil, func(x float64, c *Case) float64 { return x * min(max(x+3, 0), 6) / 6 })
	unary(op.HardSigmoid, op.Attrs{op.FloatAttr("alpha", 0.4), op.FloatAttr("beta", 0.45)}, func(x float64, c *Case) float64 {
		return min(max(float64(c.Attrs.Float("alpha", 0))*x+float64(c.Attrs.Float("beta", 0)), 0), 1)
	})
	unary(op.LeakyRelu, op.Attrs{op.FloatAttr("alpha", 0.3)}, func(x float64, c *Case) float64 {
		return max(x, float64(c.Attrs.Float("alpha", 0))*x)
	})
	add(op.LeakyRelu, "negative", func(in [][]float64, c *Case) []float64 {
		return apply(in[0], math.Abs)
	}, op.Attrs{op.FloatAttr("alpha", -1)}, shape(99))
	return all
}
