package onnx

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// reduction reads the axes, an attribute before the given operator set and a constant input since, as attributes of
// edgerun's reductions. ok is false where the file wants the input as it is.
func (c *call) reduction(since int64) (attrs op.Attrs, ok bool) {
	x := c.input(0)
	var given []int
	if c.opset < since {
		c.inputs(1, 1)
		given = c.ints("axes")
	} else {
		c.inputs(1, 2)
		if c.optional(1) != nil {
			given = c.constInts(1, "axes")
		}
		if c.int("noop_with_empty_axes", 0) != 0 && len(given) == 0 {
			c.ignore("keepdims")
			return nil, false
		}
	}
	attrs = op.Attrs{op.IntAttr("keepDims", btoi(c.int("keepdims", 1) != 0))}
	if len(given) > 0 {
		axes := make([]int, len(given))
		for i, a := range given {
			axes[i] = c.axis(a, x.Shape.Rank)
		}
		attrs = append(attrs, op.IntsAttr("axes", axes...))
	}
	return attrs, true
}

func importReduceMean(c *call) { c.reduce(18, op.Mean, "", "") }
func importReduceSum(c *call)  { c.reduce(13, op.Sum, "", "", numbers...) }
func importReduceProd(c *call) { c.reduce(18, op.ReduceProd, "", "", numbers...) }
func importReduceMax(c *call)  { c.reduce(18, op.ReduceMax, "", "", extremeTypes...) }
func importReduceMin(c *call)  { c.reduce(18, op.ReduceMin, "", "", extremeTypes...) }

func importReduceL1(c *call)        { c.reduce(18, op.Sum, "abs", "", numbers...) }
func importReduceL2(c *call)        { c.reduce(18, op.Sum, "square", "sqrt") }
func importReduceSumSquare(c *call) { c.reduce(18, op.Sum, "square", "", numbers...) }
func importReduceLogSum(c *call)    { c.reduce(18, op.Sum, "", "log") }

// extremeTypes are the element types whose largest and smallest can be found.
var extremeTypes = []tensor.DType{tensor.Float32, tensor.Int32, tensor.Int64, tensor.UInt8, tensor.Bool}

// reduce makes a reduction between two functions, "" for none.
func (c *call) reduce(since int64, def *op.Def, before, after string, types ...tensor.DType) {
	x := c.typed(0, types...)
	attrs, ok := c.reduction(since)
	apply := func(x *graph.Value, name string) *graph.Value {
		if name == "" {
			return x
		}
		return c.emit(op.Unary, "/"+name, op.Attrs{function(name)}, x)
	}
	y := apply(x, before)
	if ok {
		y = c.emit(def, "", attrs, y)
	}
	c.set(0, apply(y, after))
}

// importReduceLogSumExp takes the largest element out of the exponentials, so that none overflows.
func importReduceLogSumExp(c *call) {
	x := c.floats(0)
	attrs, ok := c.reduction(18)
	if !ok {
		c.set(0, x)
		return
	}
	kept := attrs.With(op.IntAttr("keepDims", 1))
	top := c.emit(op.ReduceMax, "/max", kept, x)
	y := c.emit(op.Unary, "/exp", op.Attrs{function("exp")}, c.emit(op.Sub, "/sub", nil, x, top))
	y = c.emit(op.Unary, "/log", op.Attrs{function("log")}, c.emit(op.Sum, "", attrs, y))
	if attrs.Int("keepDims", 1) == 0 {
		top = c.emit(op.ReduceMax, "/top", attrs, x)
	}
	c.set(0, c.emit(op.Add, "/add", nil, y, top))
}

func importArgMax(c *call) { importArg(c, op.ArgMax) }
func importArgMin(c *call) { importArg(c, op.ArgMin) }

func importArg(c *call, def *op.Def) {
	c.inputs(1, 1)
	x := c.typed(0, tensor.Float32, tensor.Int32, tensor.Int64, tensor.UInt8)
	attrs := op.Attrs{op.IntAttr("axis", c.axis(c.int("axis", 0), x.Shape.Rank)), op.IntAttr("to", int(tensor.Int64)),
		op.IntAttr("keepDims", btoi(c.int("keepdims", 1) != 0))}
	if c.opset >= 12 {
		attrs = append(attrs, op.IntAttr("last", btoi(c.int("select_last_index", 0) != 0)))
	}
	c.set(0, c.emit(def, "", attrs, x))
}

func importCumSum(c *call) {
	c.inputs(2, 2)
	x := c.typed(0, numbers...)
	axis := c.constInts(1, "axis")
	if c.err == nil && len(axis) != 1 {
		c.fail("axis is %v, want one", axis)
	}
	if c.err != nil {
		return
	}
	c.set(0, c.emit(op.CumSum, "", op.Attrs{op.IntAttr("axis", c.axis(axis[0], x.Shape.Rank)),
		op.IntAttr("exclusive", btoi(c.int("exclusive", 0) != 0)), op.IntAttr("reverse", btoi(c.int("reverse", 0) != 0))}, x))
}
