package tflite

import (
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// binary emits an operator of two operands with a fused activation at field 0.
func (c *call) binary(def *op.Def) { c.binaryWith(def, nil) }

func (c *call) binaryWith(def *op.Def, attrs op.Attrs) {
	c.inputs(2, 2)
	a, b := c.input(0), c.input(1)
	limits := c.activation(0)
	if c.err != nil {
		return
	}
	if a.DType == tensor.Int32 || a.DType == tensor.Int64 {
		y := c.emit(def, "", nil, a, b)
		if def != op.Add { // which does not look at the activation
			y = c.limitIntegers(y, limits)
		}
		c.set(0, y)
		return
	}
	c.set(0, c.emit(def, "", append(limits, attrs...), a, b))
}

// limitIntegers applies the limits of an activation to int32 or int64.
func (c *call) limitIntegers(v *graph.Value, limits op.Attrs) *graph.Value {
	for _, l := range []struct {
		name string
		def  *op.Def
	}{{"min", op.Maximum}, {"max", op.Minimum}} {
		if !limits.Has(l.name) {
			continue
		}
		bound := int32(limits.Float(l.name, 0))
		t := tensor.FromI32(tensor.MakeShape(), []int32{bound})
		if v.DType == tensor.Int64 {
			t = tensor.FromI64(tensor.MakeShape(), []int64{int64(bound)})
		}
		v = c.emit(l.def, "/"+l.name, nil, v, graph.NewConst(c.name+"/"+l.name, t))
	}
	return v
}

func importAdd(c *call) { c.binary(op.Add) }
func importMul(c *call) { c.binary(op.Mul) }
func importDiv(c *call) { c.binary(op.Div) }

// importSub: int16 files that deny scales of powers of two were made for TensorFlow Lite's general form, whose
// multipliers are float64 quotients, and have its answers; TensorFlow Lite Micro, which other files are proved by, knows
// neither the option nor that form.
func importSub(c *call) {
	const potScaleInt16 = 1
	var attrs op.Attrs
	if c.output(0).DType == tensor.Int16 && c.options.field(potScaleInt16, 1) >= 0 && !c.options.bool(potScaleInt16) {
		attrs = op.Attrs{op.IntAttr("doubleScales", 1)}
	}
	c.binaryWith(op.Sub, attrs)
}

// limit emits a clamp.
func (c *call) limit(attrs op.Attrs) *graph.Value {
	c.inputs(1, 1)
	return c.emit(op.Clamp, "", attrs, c.input(0))
}

func importRelu(c *call) { c.set(0, c.limit(op.Attrs{op.FloatAttr("min", 0)})) }

func importReluN1To1(c *call) {
	c.set(0, c.limit(op.Attrs{op.FloatAttr("min", -1), op.FloatAttr("max", 1)}))
}

func importRelu0To1(c *call) {
	c.set(0, c.limit(op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 1)}))
}

// importRelu6 clamps codes as they are: unlike RELU, the operator RELU6 does not look at the output's scale.
func importRelu6(c *call) {
	y := c.limit(op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 6)})
	if c.err == nil {
		y.Quant = c.input(0).Quant
	}
	c.set(0, y)
}

// unary emits an operator of one operand. Where the arithmetic fixes the quantization of int8 results, that is the
// result's, whatever the file says.
func (c *call) unary(def *op.Def, attrs op.Attrs) {
	c.inputs(1, 1)
	x := c.input(0)
	y := c.emit(def, "", attrs, x)
	if c.err == nil && y.DType == tensor.Int8 && def.Quant.Kind == op.FixedOutput {
		y.Quant = tensor.PerTensor(def.Quant.Scale, def.Quant.Zero)
	}
	c.set(0, y)
}

func importLogistic(c *call)  { c.unary(op.Logistic, nil) }
func importTanh(c *call)      { c.unary(op.Tanh, nil) }
func importHardSwish(c *call) { c.unary(op.HardSwish, nil) }
func importLogSoftmax(c *call) {
	c.unary(op.LogSoftmax, nil)
}

func importLeakyRelu(c *call) {
	c.unary(op.LeakyRelu, op.Attrs{op.FloatAttr("alpha", c.options.float32(0, 0))})
}

func importSoftmax(c *call) {
	c.inputs(1, 1)
	x, want := c.input(0), c.output(0)
	beta := c.options.float32(0, 0)
	if !(beta > 0) || math.IsInf(float64(beta), 0) {
		c.fail("beta is %g, want a positive number", beta)
	}
	if c.err != nil {
		return
	}
	var attrs op.Attrs
	switch {
	case beta == 1:
	case x.DType == tensor.Float32:
		x = c.emit(op.Mul, "/beta", nil, x, graph.NewConst(c.name+"/beta", tensor.FromF32(tensor.MakeShape(), []float32{beta})))
	default:
		attrs = append(attrs, op.FloatAttr("beta", beta))
	}
	if want.DType != x.DType {
		attrs = append(attrs, op.IntAttr("to", int(want.DType)))
	}
	c.set(0, c.emit(op.Softmax, "", attrs, x))
}

func importPRelu(c *call) {
	c.inputs(2, 2)
	x, alpha := c.input(0), c.input(1)
	if c.err == nil && x.DType == tensor.Float32 && alpha.DType != tensor.Float32 {
		alpha = c.dequantized(alpha)
	}
	c.set(0, c.emit(op.PRelu, "", nil, x, alpha))
}

// importQuantize passes codes on that mean the same already.
func importQuantize(c *call) {
	c.inputs(1, 1)
	x, want := c.input(0), c.output(0)
	switch {
	case c.err != nil:
	case !want.Quant.Quantized():
		c.fail("output has no scale")
	case x.DType == want.DType && x.Quant.Equal(want.Quant):
		c.set(0, x)
	default:
		y, err := c.im.convert(x, "", want.DType, want.Quant)
		if err != nil {
			c.fail("%w", inner(err))
			return
		}
		c.set(0, y)
	}
}

func importDequantize(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	switch {
	case c.err != nil:
	case x.DType == tensor.Float32: // float16 in the file
		c.set(0, x)
	case x.Const != nil:
		c.set(0, c.dequantized(x))
	default:
		c.set(0, c.emit(op.Dequantize, "", nil, x))
	}
}

// cast emits a Cast; integers keep their low bits, as in the reference.
func (c *call) cast(x *graph.Value, to tensor.DType) *graph.Value {
	attrs := op.Attrs{op.IntAttr("to", int(to))}
	if x.DType != tensor.Float32 && x.DType != tensor.Float64 {
		attrs = append(attrs, op.IntAttr("wrap", 1))
	}
	return c.emit(op.Cast, "", attrs, x)
}

func importCast(c *call) {
	c.inputs(1, 1)
	x, want := c.input(0), c.output(0)
	switch {
	case c.err != nil:
	case c.legacy(0): // the number is the code in the file
		y, err := c.im.convert(x, "/uint8", tensor.UInt8, shift(x.Quant, 128))
		if err != nil {
			c.fail("%w", inner(err))
			return
		}
		c.set(0, c.cast(y, want.DType))
	case x.DType == want.DType:
		c.set(0, x)
	default:
		c.set(0, c.cast(x, want.DType))
	}
}
