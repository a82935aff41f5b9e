package onnx

import (
	"math"
	"slices"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importAdd(c *call) { importBinary(c, op.Add, nil, numbers...) }
func importMul(c *call) { importBinary(c, op.Mul, nil, numbers...) }
func importSub(c *call) { importBinary(c, op.Sub, nil, numbers...) }
func importDiv(c *call) { importBinary(c, op.Div, nil, numbers...) }

// importBinary translates an operator with two broadcast operands. Before operator set 7 only the second one was
// broadcast, on request: to the first one's trailing axes, or to those from the attribute axis on.
func importBinary(c *call, def *op.Def, attrs op.Attrs, types ...tensor.DType) {
	c.inputs(2, 2)
	a, b := c.typed(0, types...), c.typed(1, types...)
	if c.opset < 7 {
		c.ignore("consumed_inputs")
		broadcast := c.int("broadcast", 0)
		if axis := c.attr("axis", attrInt); axis != nil && broadcast != 0 && c.err == nil {
			first := c.axis(int(axis.i), a.Shape.Rank)
			trailing := a.Shape.Rank - first - b.Shape.Rank
			if trailing < 0 {
				c.fail("operand of shape %v does not fit %v from axis %d on", b.Shape, a.Shape, first)
			}
			b = c.rearrange(b, "/axis", append(count(b.Shape.Rank), slices.Repeat([]int{-1}, max(trailing, 0))...))
		}
	}
	c.set(0, c.emit(def, "", attrs, a, b))
}

func importRelu(c *call) {
	c.inputs(1, 1)
	c.ignore("consumed_inputs")
	c.set(0, c.emit(op.Clamp, "", op.Attrs{op.FloatAttr("min", 0)}, c.floats(0)))
}

// importClip takes the bounds from attributes before operator set 11, from constant inputs since.
func importClip(c *call) {
	x := c.floats(0)
	var attrs op.Attrs
	bound := func(name string, i int, unbounded float32) {
		value := unbounded
		if c.opset < 11 {
			c.ignore("consumed_inputs")
			value = c.float(name, unbounded)
		} else if c.optional(i) != nil {
			c.floats(i)
			t := c.constant(i, name)
			if c.err == nil && t.Shape.Elements() != 1 {
				c.fail("%s has shape %v, want a scalar", name, t.Shape)
			}
			if c.err == nil {
				value = t.Data.F32()[0]
			}
		}
		if value != value {
			c.fail("%s is not a number", name)
		}
		if value != unbounded {
			attrs = append(attrs, op.FloatAttr(name, value))
		}
	}
	if c.opset < 11 {
		c.inputs(1, 1)
	} else {
		c.inputs(1, 3)
	}
	bound("min", 1, -math.MaxFloat32)
	bound("max", 2, math.MaxFloat32)
	if lo, hi := attrs.Float("min", -math.MaxFloat32), attrs.Float("max", math.MaxFloat32); lo > hi {
		// ONNX defines min(max(x, lo), hi): all elements become hi.
		attrs = op.Attrs{op.FloatAttr("min", hi), op.FloatAttr("max", hi)}
	}
	c.set(0, c.emit(op.Clamp, "", attrs, x))
}

func importSoftmax(c *call)    { importSoftmaxAs(c, op.Softmax) }
func importLogSoftmax(c *call) { importSoftmaxAs(c, op.LogSoftmax) }

// importSoftmaxAs brings the axis to the end. Before operator set 13 the input is a matrix whose rows begin at the
// axis, by default the second one.
func importSoftmaxAs(c *call, def *op.Def) {
	c.inputs(1, 1)
	x := c.floats(0)
	rank := x.Shape.Rank
	given := -1
	if c.opset < 13 {
		given = 1
	}
	given = c.int("axis", given)
	if c.opset < 13 && rank == 1 && given == 1 {
		given = 0 // a vector has no second axis; the default means its only one
	}
	axis := c.axis(given, rank)
	switch {
	case c.err != nil:
	case axis == rank-1:
		c.set(0, c.emit(def, "", nil, x))
	case c.opset < 13:
		flat := c.emit(def, "", nil, c.flatten(x, "/flat", axis))
		shape := slices.Clone(x.Shape.Dims())
		shape[0] = -1
		c.set(0, c.reshape(flat, "/shape", shape...))
	default:
		perm := count(rank)
		perm[axis], perm[rank-1] = rank-1, axis
		y := c.emit(def, "", nil, c.transpose(x, "/last", perm...))
		c.set(0, c.transpose(y, "/back", perm...))
	}
}

// count returns 0, 1, … n−1.
func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// importBatchNormalization makes y = x·s + (B − mean·s) with s = scale / sqrt(var + epsilon), computed in float64 and
// rounded once, along axis 1.
func importBatchNormalization(c *call) {
	c.inputs(5, 5)
	x := c.floats(0)
	c.ignore("momentum", "consumed_inputs")
	epsilon := float64(c.float("epsilon", 1e-5))
	if c.opset < 9 && c.int("spatial", 1) != 1 {
		c.unsupported("spatial 0")
	}
	if c.opset < 7 && c.int("is_test", 0) == 0 {
		c.unsupported("is_test 0 (training)")
	}
	if c.opset >= 14 && c.int("training_mode", 0) != 0 {
		c.unsupported("training_mode")
	}
	if c.err == nil && x.Shape.Rank < 2 {
		c.fail("input has shape %v, want [N,C,...]", x.Shape)
	}
	if c.err != nil {
		return
	}
	channels := x.Shape.Dim[1]
	var params [4][]float32
	for i, name := range []string{"scale", "B", "mean", "var"} {
		c.floats(i + 1)
		t := c.constant(i+1, name)
		if c.err == nil && (t.Shape.Rank != 1 || t.Shape.Dim[0] != channels) {
			c.fail("%s has shape %v, want [%d]", name, t.Shape, channels)
		}
		if c.err != nil {
			return
		}
		params[i] = t.Data.F32()
	}
	shape := onAxis1(channels, x.Shape.Rank)
	factor, offset := make([]float32, channels), make([]float32, channels)
	for i := range channels {
		s := float64(params[0][i]) / math.Sqrt(float64(params[3][i])+epsilon)
		factor[i] = float32(s)
		offset[i] = float32(float64(params[1][i]) - float64(float64(params[2][i])*s))
	}
	y := c.emit(op.Mul, "", nil, x, c.newConst("/scale", shape, factor))
	c.set(0, c.emit(op.Add, "/offset", nil, y, c.newConst("/shift", shape, offset)))
}
