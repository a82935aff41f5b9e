package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// numbers are the element types that arithmetic takes.
var numbers = []tensor.DType{tensor.Float32, tensor.Int32, tensor.Int64}

// typed is input of one of the given types; none means float32.
func (c *call) typed(i int, types ...tensor.DType) *graph.Value {
	if len(types) == 0 {
		return c.floats(i)
	}
	v := c.input(i)
	if c.err == nil && !slices.Contains(types, v.DType) {
		c.unsupported("input %d: element type %v", i, v.DType)
	}
	return v
}

func function(name string) op.Attr { return op.StringAttr("function", name) }

// importFunction translates a function of each element, of float32 unless types are given.
func importFunction(name string, types ...tensor.DType) func(*call) {
	return func(c *call) {
		c.inputs(1, 1)
		c.ignore("consumed_inputs")
		c.set(0, c.emit(op.Unary, "", op.Attrs{function(name)}, c.typed(0, types...)))
	}
}

func importElu(c *call) { importUnary(c, op.Unary, function("elu"), c.finite("alpha", 1)) }

// importSelu is gamma·elu.
func importSelu(c *call) {
	c.inputs(1, 1)
	c.ignore("consumed_inputs")
	alpha, gamma := c.finite("alpha", 1.67326319217681884765625), c.float("gamma", 1.05070102214813232421875)
	y := c.emit(op.Unary, "/elu", op.Attrs{function("elu"), alpha}, c.floats(0))
	c.set(0, c.times(y, "", gamma))
}

func importGelu(c *call) {
	switch approximate := c.string("approximate", "none"); approximate {
	case "none":
		importUnary(c, op.Unary, function("gelu"))
	case "tanh":
		importUnary(c, op.Unary, function("geluTanh"))
	default:
		c.unsupported("approximate %s", quote(approximate))
	}
}

func importLogical(name string) func(*call) {
	return func(c *call) { importBinary(c, op.Binary, op.Attrs{function(name)}, tensor.Bool) }
}

func importCompare(relation string) func(*call) {
	return func(c *call) {
		importBinary(c, op.Compare, op.Attrs{op.StringAttr("relation", relation)}, append(slices.Clone(extremeTypes), tensor.Int8)...)
	}
}

// importMod: without fmod the remainder has the divisor's sign and operands are integers.
func importMod(c *call) {
	name := "floorMod"
	if c.int("fmod", 0) != 0 {
		name = "truncMod"
	} else if v := c.input(0); c.err == nil && v.DType == tensor.Float32 {
		c.fail("reals without fmod")
	}
	importBinary(c, op.Binary, op.Attrs{function(name)}, numbers...)
}

// importPow turns the usual constant exponents into functions that are cheaper and have an int8 form.
func importPow(c *call) {
	if y := c.optional(1); y != nil && y.Const != nil && y.Shape.Elements() == 1 && y.Shape.Rank <= c.input(0).Shape.Rank {
		exponent := cast(y.Const, tensor.Float32).Data.F32()[0]
		for name, e := range map[string]float32{"square": 2, "sqrt": 0.5, "rsqrt": -0.5, "reciprocal": -1} {
			if e == exponent && (e == 2 || c.input(0).DType == tensor.Float32) {
				c.inputs(2, 2)
				c.ignore("axis", "broadcast")
				c.set(0, c.emit(op.Unary, "", op.Attrs{function(name)}, c.typed(0, numbers...)))
				return
			}
		}
	}
	if x, y := c.input(0), c.input(1); c.err == nil && y.DType != x.DType {
		if y.Const == nil || x.DType != tensor.Float32 {
			c.unsupported("%v to the power of %v", x.DType, y.DType)
			return
		}
		c.in[1] = c.fold(y, "to float32", 4*y.Shape.Elements(), func(t *tensor.Tensor) *tensor.Tensor { return cast(t, tensor.Float32) })
	}
	importBinary(c, op.Binary, op.Attrs{function("pow")}, numbers...)
}

func importMax(c *call) { importMany(c, op.Maximum, extremeTypes...) }
func importMin(c *call) { importMany(c, op.Minimum, extremeTypes...) }
func importSum(c *call) { importMany(c, op.Add, numbers...) }

// importMany applies an operator of two operands from the first input to the last.
func importMany(c *call, def *op.Def, types ...tensor.DType) {
	if y := c.many(def, types...); y != nil {
		c.set(0, y)
	}
}

func (c *call) many(def *op.Def, types ...tensor.DType) *graph.Value {
	c.ignore("consumed_inputs")
	if len(c.in) == 0 {
		c.fail("no inputs")
		return nil
	}
	y := c.typed(0, types...)
	for i := 1; i < len(c.in); i++ {
		y = c.emit(def, "", nil, y, c.typed(i, types...))
	}
	return y
}

func importMean(c *call) {
	n := len(c.in)
	if y := c.many(op.Add); y != nil {
		if n > 1 {
			y = c.emit(op.Div, "/mean", nil, y, c.newConst("/count", tensor.Shape{}, []float32{float32(n)}))
		}
		c.set(0, y)
	}
}

func importWhere(c *call) {
	c.inputs(3, 3)
	c.set(0, c.emit(op.Select, "", nil, c.typed(0, tensor.Bool), c.input(1), c.input(2)))
}

func importSize(c *call) {
	c.inputs(1, 1)
	n := int64(c.input(0).Shape.Elements())
	if c.room(8) {
		c.set(0, graph.NewConst(c.name, tensor.FromI64(tensor.Shape{}, []int64{n})))
	}
}
