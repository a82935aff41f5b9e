package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Shapes in a graph are bounds: the batch may be smaller when it runs. So reshapes are written with 0 (copy) and −1
// (infer) for the dimensions that may vary, never with their bound.

// rearrange adds and removes axes of extent 1: axis i of the result is axis from[i] of v, or a new one for −1.
func (c *call) rearrange(v *graph.Value, suffix string, from []int) *graph.Value {
	if len(from) > tensor.MaxRank {
		c.unsupported("%d dimensions", len(from))
		return v
	}
	shape := make([]int, len(from))
	infer := true
	for i, f := range from {
		switch {
		case f < 0:
			shape[i] = 1
		case f == i:
			shape[i] = 0
		case infer:
			shape[i], infer = -1, false // the outermost axis that moves: the one most likely to vary
		default:
			shape[i] = v.Shape.Dim[f]
		}
	}
	return c.reshape(v, suffix, shape...)
}

// flatten makes a matrix whose rows begin at the axis, which may be the rank.
func (c *call) flatten(x *graph.Value, suffix string, axis int) *graph.Value {
	switch axis {
	case 0:
		return c.reshape(x, suffix, 1, -1)
	case 1:
		if x.Shape.Rank > 1 {
			return c.reshape(x, suffix, 0, -1)
		}
	}
	row := 1
	for _, d := range x.Shape.Dims()[axis:] {
		row *= d
	}
	return c.reshape(x, suffix, -1, row)
}

func importFlatten(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	axis := c.int("axis", 1)
	if axis != x.Shape.Rank {
		axis = c.axis(axis, x.Shape.Rank)
	}
	if c.err == nil {
		c.set(0, c.flatten(x, "", axis))
	}
}

// importReshape takes the shape from an attribute before operator set 5, from a constant input since.
func importReshape(c *call) {
	x := c.input(0)
	var shape []int
	if c.opset < 5 {
		c.inputs(1, 1)
		c.ignore("consumed_inputs")
		shape = c.ints("shape")
	} else {
		c.inputs(2, 2)
		shape = c.constInts(1, "shape")
	}
	if c.opset >= 14 && c.int("allowzero", 0) != 0 && slices.Contains(shape, 0) {
		c.unsupported("shape %v with allowzero", shape)
	}
	c.set(0, c.reshape(x, "", shape...))
}

// axes reads a list of axes: an attribute before operator set 13, a constant input since. nil means none are given.
func (c *call) axes(rank int) []int {
	var given []int
	if c.opset < 13 {
		c.inputs(1, 1)
		given = c.ints("axes")
	} else {
		c.inputs(1, 2)
		if c.optional(1) != nil {
			given = c.constInts(1, "axes")
		}
	}
	if given == nil || c.err != nil {
		return nil
	}
	axes := make([]int, len(given))
	for i, a := range given {
		axes[i] = c.axis(a, rank)
		if slices.Contains(axes[:i], axes[i]) {
			c.fail("axes %v name one axis twice", given)
		}
		if c.err != nil {
			return nil
		}
	}
	return axes
}

func importSqueeze(c *call) {
	x := c.input(0)
	axes := c.axes(x.Shape.Rank)
	var from []int
	for i, d := range x.Shape.Dims() {
		chosen := slices.Contains(axes, i)
		if chosen && d != 1 {
			c.fail("axis %d of %v is not 1", i, x.Shape)
		}
		if !chosen && (axes != nil || d != 1) {
			from = append(from, i)
		}
	}
	c.set(0, c.rearrange(x, "", from))
}

func importUnsqueeze(c *call) {
	x := c.input(0)
	n := 0
	if a := c.attr("axes", attrInts); a != nil && c.opset < 13 {
		n = len(a.ints)
	} else if c.opset >= 13 {
		n = len(c.constInts(1, "axes"))
	}
	rank := x.Shape.Rank + n
	if n == 0 {
		c.fail("axes are missing")
	}
	if rank > tensor.MaxRank {
		c.unsupported("%d dimensions", rank)
	}
	axes := c.axes(rank)
	var from []int
	next := 0
	for i := range rank {
		if c.err != nil {
			return
		}
		if slices.Contains(axes, i) {
			from = append(from, -1)
			continue
		}
		from = append(from, next)
		next++
	}
	c.set(0, c.rearrange(x, "", from))
}

func importTranspose(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	perm := c.ints("perm")
	if perm == nil {
		perm = count(x.Shape.Rank)
		slices.Reverse(perm)
	}
	c.set(0, c.transpose(x, "", perm...))
}

func importIdentity(c *call) {
	c.inputs(1, 1)
	c.set(0, c.input(0))
}

// importDropout drops the operator: at inference it copies its input.
func importDropout(c *call) {
	c.ignore("ratio", "seed", "is_test", "consumed_inputs")
	x := c.input(0)
	if c.opset < 12 {
		c.inputs(1, 1)
	} else {
		c.inputs(1, 3)
		if c.optional(2) != nil {
			t := c.constant(2, "training_mode")
			if c.err == nil && (t.DType != tensor.Bool || t.Shape.Elements() != 1) {
				c.fail("training_mode is %v%v, want one bool", t.DType, t.Shape)
			}
			if c.err == nil && t.Data.Bytes()[0] != 0 {
				c.unsupported("training_mode")
			}
		}
	}
	c.set(0, x)
}

func importConstant(c *call) {
	c.inputs(0, 0)
	if len(c.attrs) != 1 {
		c.fail("%d attributes, want one value", len(c.attrs))
		return
	}
	var t *tensor.Tensor
	switch name := c.attrs[0].name; name {
	case "value":
		if a := c.attr(name, attrTensor); a != nil {
			var err error
			if t, err = c.im.tensor(a.t); err != nil {
				c.fail("value: %w", err)
			}
		}
	case "value_float":
		if a := c.attr(name, attrFloat); a != nil {
			t = tensor.FromF32(tensor.Shape{}, []float32{a.f})
		}
	case "value_floats":
		if a := c.attr(name, attrFloats); a != nil && c.room(len(a.floats)) {
			t = tensor.FromF32(tensor.MakeShape(len(a.floats)/4), a.floatValues())
		}
	case "value_int":
		if a := c.attr(name, attrInt); a != nil {
			t = tensor.FromI64(tensor.Shape{}, []int64{a.i})
		}
	case "value_ints":
		if a := c.attr(name, attrInts); a != nil && c.room(8*len(a.ints)) {
			t = tensor.FromI64(tensor.MakeShape(len(a.ints)), a.ints)
		}
	}
	if t != nil {
		c.set(0, graph.NewConst(c.name, t))
	}
}

// room accounts for a constant of some bytes.
func (c *call) room(sizeBytes int) bool {
	if c.err == nil {
		c.err = c.im.Grow(sizeBytes)
	}
	return c.err == nil
}

// importCast converts to the type of an attribute.
func importCast(c *call) {
	c.inputs(1, 1)
	code := int64(0)
	if c.opset < 6 {
		name := c.string("to", "")
		code = int64(slices.Index(castNames, name))
		if code < 1 {
			c.unsupported("to %s", quote(name))
		}
	} else {
		code = int64(c.int("to", 0))
	}
	if c.err != nil {
		return
	}
	e, err := lookupElemType(code)
	if err != nil {
		c.fail("to: %w", err)
		return
	}
	c.castTo(e, code)
}

// importCastLike converts to the type of another input, of which nothing else is read.
func importCastLike(c *call) {
	c.inputs(2, 2)
	like := c.input(1)
	if c.err != nil {
		return
	}
	code := int64(slices.IndexFunc(elemTypes[:], func(e elemType) bool { return e.dtype == like.DType }))
	if t := c.im.inits[c.node.in[1]]; t != nil {
		code = t.dtype // its own: constants of other float types are float32 here
	}
	e, err := lookupElemType(code)
	if err != nil {
		c.fail("type of input 1: %w", err)
		return
	}
	c.castTo(e, code)
}

// castTo converts constants right away and drops casts that change nothing.
func (c *call) castTo(e elemType, code int64) {
	c.ignore("saturate", "round_mode")
	x, to := c.input(0), e.dtype
	switch {
	case x.Const != nil:
		// A constant of another float type is float32 here.
		if to != x.DType {
			x = c.fold(x, "to "+to.String(), to.SizeBytes(x.Shape.Elements()), func(t *tensor.Tensor) *tensor.Tensor { return cast(t, to) })
		}
		c.set(0, x)
	case code == typeFloat16 || code == typeBFloat16:
		c.unsupported("to %s", e.name)
	case code == typeDouble:
		c.set(0, c.emit(op.Cast, "", op.Attrs{op.IntAttr("to", int(tensor.Float64))}, x))
	case to == x.DType:
		c.set(0, x)
	default:
		c.set(0, c.emit(op.Cast, "", op.Attrs{op.IntAttr("to", int(to))}, x))
	}
}

// importEyeLike is 1 on a diagonal of a matrix of the input's shape, else 0.
func importEyeLike(c *call) {
	c.inputs(1, 1)
	x, k, to := c.input(0), c.int("k", 0), c.input(0).DType
	if a := c.attr("dtype", attrInt); a != nil {
		e, err := lookupElemType(a.i)
		if err != nil {
			c.fail("dtype: %w", err)
		}
		to = e.dtype
	}
	if c.err == nil && x.Shape.Rank != 2 {
		c.fail("input has shape %v, want a matrix", x.Shape)
	}
	if c.err != nil || !c.room(to.SizeBytes(x.Shape.Elements())) {
		return
	}
	eye := tensor.New(tensor.Type{DType: tensor.Bool, Shape: x.Shape})
	rows, cols := x.Shape.Dim[0], x.Shape.Dim[1]
	for i := range rows {
		if j := i + k; j >= 0 && j < cols {
			eye.Data.Bytes()[i*cols+j] = 1
		}
	}
	c.set(0, graph.NewConst(c.name, cast(eye, to)))
}

// castNames are the values of Cast's attribute before operator set 6, at their element type's number.
var castNames = []string{"", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16",
	"DOUBLE", "UINT32", "UINT64"}
