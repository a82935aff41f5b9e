package onnx

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importSigmoid(c *call)   { importUnary(c, op.Logistic) }
func importTanh(c *call)      { importUnary(c, op.Tanh) }
func importHardSwish(c *call) { importUnary(c, op.HardSwish) }

// importUnary translates an operator with one input.
func importUnary(c *call, def *op.Def, attrs ...op.Attr) {
	c.inputs(1, 1)
	c.ignore("consumed_inputs")
	c.set(0, c.emit(def, "", attrs, c.floats(0)))
}

func importHardSigmoid(c *call) {
	importUnary(c, op.HardSigmoid, c.finite("alpha", 0.2), c.finite("beta", 0.5))
}

func importLeakyRelu(c *call) { importUnary(c, op.LeakyRelu, c.finite("alpha", 0.01)) }

// finite is an attribute that int8 needs to be a finite number.
func (c *call) finite(name string, def float32) op.Attr {
	v := c.float(name, def)
	if v-v != 0 {
		c.fail("%s is %g", name, v)
	}
	return op.FloatAttr(name, v)
}

// importPRelu broadcasts the slopes to x's trailing axes; before operator set 7 they are one or one per channel.
func importPRelu(c *call) {
	c.inputs(2, 2)
	c.ignore("consumed_inputs")
	x, slope := c.floats(0), c.floats(1)
	if n := slope.Shape.Elements(); c.err == nil && c.opset < 7 && n > 1 {
		if x.Shape.Rank < 2 {
			c.fail("input has shape %v, want [N,C,...]", x.Shape)
			return
		}
		shape := onAxis1(n, x.Shape.Rank)
		slope = c.reshape(slope, "/slope", shape.Dims()...)
	}
	c.set(0, c.emit(op.PRelu, "", nil, x, slope))
}

// importNeg makes x·(−1) of reals, which is exact and can join a layer's weights.
func importNeg(c *call) {
	if x := c.input(0); x.DType != tensor.Float32 {
		importFunction("neg", numbers...)(c)
		return
	}
	c.inputs(1, 1)
	c.ignore("consumed_inputs")
	c.set(0, c.emit(op.Mul, "", nil, c.floats(0), c.newConst("/minus", tensor.Shape{}, []float32{-1})))
}

func importCelu(c *call) {
	alpha := c.finite("alpha", 1)
	if alpha.F[0] == 0 {
		c.fail("alpha is 0")
	}
	importUnary(c, op.Unary, function("celu"), alpha)
}

func importThresholdedRelu(c *call) {
	importUnary(c, op.Unary, function("thresholdedRelu"), c.finite("alpha", 1))
}

// importShrink moves x towards 0 by bias, and makes what lies within lambd of 0 zero.
func importShrink(c *call) {
	c.inputs(1, 1)
	x := c.floats(0)
	bias, lambd := c.float("bias", 0), c.float("lambd", 0.5)
	number := func(suffix string, v float32) *graph.Value {
		return c.newConst(suffix, tensor.Shape{}, []float32{v})
	}
	y := x
	if bias != 0 {
		y = c.emit(op.Sub, "/shrunk", nil, x, c.times(c.emit(op.Unary, "/sign", op.Attrs{function("sign")}, x), "/bias", bias))
	}
	far := c.emit(op.Compare, "/far", op.Attrs{op.StringAttr("relation", "greater")}, c.emit(op.Unary, "/abs", op.Attrs{function("abs")}, x), number("/lambd", lambd))
	c.set(0, c.emit(op.Select, "", nil, far, y, number("/zero", 0)))
}
