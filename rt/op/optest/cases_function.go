package optest

import (
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// functionCases are elementwise functions, comparisons and choices.
func functionCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	named := func(name string) op.Attrs { return op.Attrs{op.StringAttr("function", name)} }

	for _, k := range []struct {
		name          string
		f             func(float64) float64
		atLeast, jump float64
	}{
		{"abs", math.Abs, 0, 0},
		{"neg", func(x float64) float64 { return -x }, 0, 0},
		{"sign", sign, 0, 2},
		{"square", func(x float64) float64 { return x * x }, 0, 0},
		{"sqrt", math.Sqrt, 0.25, 0},
		{"rsqrt", func(x float64) float64 { return 1 / math.Sqrt(x) }, 0.5, 0},
		{"reciprocal", func(x float64) float64 { return 1 / x }, 0.5, 0},
		{"exp", math.Exp, 0, 0},
		{"log", math.Log, 0.25, 0},
		{"floor", math.Floor, 0, 1},
		{"ceil", math.Ceil, 0, 1},
		{"round", math.RoundToEven, 0, 1},
		{"elu", func(x float64) float64 { return max(x, 0) + min(math.Expm1(x), 0) }, 0, 0},
		{"gelu", func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }, 0, 0},
		{"geluTanh", func(x float64) float64 { return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) }, 0, 0},
		{"erf", math.Erf, 0, 0},
		{"softplus", func(x float64) float64 { return math.Log1p(math.Exp(x)) }, 0, 0},
		{"softsign", func(x float64) float64 { return x / (1 + math.Abs(x)) }, 0, 0},
		{"mish", func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) }, 0, 0},
		{"sin", math.Sin, 0, 0},
		{"cos", math.Cos, 0, 0},
		{"atan", math.Atan, 0, 0},
		{"sinh", math.Sinh, 0, 0},
		{"cosh", math.Cosh, 0, 0},
		{"asinh", math.Asinh, 0, 0},
		{"acosh", math.Acosh, 1.25, 0},
		{"tan", math.Tan, 1.75, 0.3},
		{"celu", func(x float64) float64 { return max(x, 0) + min(math.Expm1(x), 0) }, 0, 0},
		{"thresholdedRelu", func(x float64) float64 { return x * truth(x > 1) }, 0, 1},
	} {
		want := func(in [][]float64, c *Case) []float64 {
			return apply(in[0], func(x float64) float64 {
				if c.AtLeast != 0 {
					x = max(x, float64(c.AtLeast))
				}
				return k.f(x)
			})
		}
		c := add(op.Unary, k.name, want, named(k.name), shape(3, 67))
		c.AtLeast, c.Jump = float32(k.atLeast), k.jump
	}
	add(op.Unary, "elu with a slope", func(in [][]float64, c *Case) []float64 {
		return apply(in[0], func(x float64) float64 { return max(x, 0) + 0.5*min(math.Expm1(x), 0) })
	}, append(named("elu"), op.FloatAttr("alpha", 0.5)), shape(40000))
	add(op.Unary, "celu with a slope", func(in [][]float64, c *Case) []float64 {
		return apply(in[0], func(x float64) float64 { return max(x, 0) + min(2*math.Expm1(x/2), 0) })
	}, append(named("celu"), op.FloatAttr("alpha", 2)), shape(999))
	add(op.Unary, "thresholdedRelu with a bound", func(in [][]float64, c *Case) []float64 {
		return apply(in[0], func(x float64) float64 { return x * truth(x > 0.25) })
	}, append(named("thresholdedRelu"), op.FloatAttr("alpha", 0.25)), shape(999)).Jump = 0.3
	for _, d := range []tensor.DType{tensor.Int32, tensor.Int64} {
		add(op.Unary, "neg of "+d.String(), func(in [][]float64, c *Case) []float64 {
			return apply(in[0], func(x float64) float64 { return -math.Trunc(x) })
		}, named("neg"), shape(99)).As = []tensor.DType{d}
	}
	add(op.Unary, "not", func(in [][]float64, c *Case) []float64 {
		return apply(in[0], func(x float64) float64 { return truth(math.Trunc(x) == 0) })
	}, named("not"), shape(99)).As = []tensor.DType{tensor.Bool}

	// Broadcasts of two operands that differ in how they repeat.
	pairs := [][2]tensor.Shape{
		{shape(3, 67), shape(3, 67)}, {shape(2, 5, 7), shape()}, {shape(1, 1), shape(6, 41)}, {shape(2, 5, 6, 7), shape(7)},
		{shape(7), shape(2, 5, 6, 7)}, {shape(4, 1), shape(1, 6)}, {shape(4, 19), shape(4, 1)},
	}
	binaries := func(def *op.Def, attrs op.Attrs, as tensor.DType, atLeast float32, jump float64, f func(a, b float64) float64) {
		for _, p := range append(pairs, [2]tensor.Shape{shape(40000), shape(40000)}) {
			want := func(in [][]float64, c *Case) []float64 {
				return binary(in, c, func(a, b float64) float64 {
					if c.As != nil {
						a, b = math.Trunc(a), math.Trunc(b)
					}
					if c.AtLeast != 0 {
						b = max(b, float64(c.AtLeast))
					}
					return f(a, b)
				})
			}
			name := attrs.String("function", attrs.String("relation", "values"))
			c := add(def, name+" "+as.String()+" "+p[0].String()+" "+p[1].String(), want, attrs, p[0], p[1])
			c.AtLeast, c.Jump = atLeast, jump
			if as != tensor.Float32 {
				c.As = []tensor.DType{as, as}
			}
		}
	}
	binaries(op.Minimum, nil, tensor.Float32, 0, 0, math.Min)
	binaries(op.Maximum, nil, tensor.Float32, 0, 0, math.Max)
	binaries(op.Maximum, nil, tensor.Int64, 0, 0, math.Max)
	binaries(op.SquaredDifference, nil, tensor.Float32, 0, 0, func(a, b float64) float64 { return (a - b) * (a - b) })
	binaries(op.Add, nil, tensor.Int32, 0, 0, func(a, b float64) float64 { return a + b })
	binaries(op.Sub, nil, tensor.Int64, 0, 0, func(a, b float64) float64 { return a - b })
	binaries(op.Mul, nil, tensor.Int32, 0, 0, func(a, b float64) float64 { return a * b })
	binaries(op.Div, nil, tensor.Int32, 0, 0, func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return math.Trunc(a / b)
	})
	binaries(op.Binary, named("pow"), tensor.Int32, 1, 0, math.Pow)
	binaries(op.Binary, named("floorDiv"), tensor.Float32, 0.5, 1, func(a, b float64) float64 { return math.Floor(a / b) })
	binaries(op.Binary, named("floorMod"), tensor.Float32, 0.5, 1, func(a, b float64) float64 { return a - b*math.Floor(a/b) })
	binaries(op.Binary, named("truncMod"), tensor.Float32, 0.5, 1, math.Mod)
	binaries(op.Binary, named("floorDiv"), tensor.Int64, 0, 0, func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return math.Floor(a / b)
	})
	logic := func(f func(a, b bool) bool) func(a, b float64) float64 {
		return func(a, b float64) float64 { return truth(f(a != 0, b != 0)) }
	}
	binaries(op.Binary, named("and"), tensor.Bool, 0, 0, logic(func(a, b bool) bool { return a && b }))
	binaries(op.Binary, named("or"), tensor.Bool, 0, 0, logic(func(a, b bool) bool { return a || b }))
	binaries(op.Binary, named("xor"), tensor.Bool, 0, 0, logic(func(a, b bool) bool { return a != b }))
	for _, k := range []struct {
		relation string
		f        func(a, b float64) bool
	}{
		{"equal", func(a, b float64) bool { return a == b }},
		{"notEqual", func(a, b float64) bool { return a != b }},
		{"less", func(a, b float64) bool { return a < b }},
		{"lessEqual", func(a, b float64) bool { return a <= b }},
		{"greater", func(a, b float64) bool { return a > b }},
		{"greaterEqual", func(a, b float64) bool { return a >= b }},
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Int32} {
			binaries(op.Compare, op.Attrs{op.StringAttr("relation", k.relation)}, d, 0, 0, func(a, b float64) float64 { return truth(k.f(a, b)) })
		}
	}

	for _, s := range [][3]tensor.Shape{
		{shape(3, 67), shape(3, 67), shape(3, 67)}, {shape(3, 67), shape(), shape(3, 67)}, {shape(4, 1), shape(5), shape(3, 1, 5)},
		{shape(1), shape(40000), shape(40000)}, {shape(2, 1, 6, 1), shape(5, 1, 7), shape(1)}, {shape(), shape(), shape()},
	} {
		add(op.Select, s[0].String()+" "+s[1].String()+" "+s[2].String(), selected, nil, s[:]...).As =
			[]tensor.DType{tensor.Bool, tensor.Float32, tensor.Float32}
	}
	return all
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func selected(in [][]float64, c *Case) []float64 {
	o := OutShape(c)
	y := make([]float64, o.Elements())
	for i := range y {
		at := index(o, i)
		var v [3]float64
		for k, s := range c.In {
			var own [tensor.MaxRank]int
			for j, d := range s.Dims() {
				if d > 1 {
					own[j] = at[o.Rank-s.Rank+j]
				}
			}
			v[k] = in[k][place(s, own)]
		}
		y[i] = v[2]
		if math.Trunc(v[0]) != 0 {
			y[i] = v[1]
		}
	}
	return y
}
