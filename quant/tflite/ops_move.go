package tflite

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importReshape takes the shape from a constant input, else from the options, else from what the file declares for the
// output.
func importReshape(c *call) {
	c.inputs(1, 2)
	x, want := c.input(0), c.output(0)
	var shape []int
	switch s := c.optional(1); {
	case s != nil && s.Const != nil && s.Shape.Rank == 1:
		shape = c.ints(1, "shape")
	case s == nil && c.options.field(0, 4) >= 0:
		for _, d := range c.options.int32s(0, "new shape") {
			shape = append(shape, int(d))
		}
		if len(shape) == 1 && shape[0] == 0 {
			shape = nil // how old converters write one number
		}
	case c.err == nil && !c.im.varies():
		shape = slices.Clone(want.Shape.Dims())
	default:
		c.unsupported("computed shape")
	}
	if c.err != nil {
		return
	}
	stored := c.im.s.tensors[c.operator.in[0]].dims
	for i, d := range shape {
		if d == 0 && x.Shape.Elements() > 0 {
			c.fail("shape %v holds 0", shape)
			return
		}
		// The first dimension may vary with the inputs'; the file knows its own example of it.
		if i == 0 && x.Shape.Rank > 0 && len(stored) > 0 && (d == int(stored[0]) || d == x.Shape.Dim[0]) && c.im.varies() && x.Const == nil {
			shape[0] = 0
		}
	}
	c.set(0, c.reshape(x, "", shape...))
}

// withAxes reshapes x to its own dimensions without those at drop, and with new ones of 1 before add's places in the result.
func (c *call) withAxes(x *graph.Value, suffix string, drop, add []int) *graph.Value {
	if c.err != nil {
		return x
	}
	var shape []int
	for i, d := range x.Shape.Dims() {
		if !slices.Contains(drop, i) {
			shape = append(shape, d)
		} else if d != 1 {
			c.fail("axis %d of %v is not 1", i, x.Shape)
		}
	}
	for _, a := range slices.Sorted(slices.Values(add)) {
		if a > len(shape) {
			c.fail("axis %d in a shape of %d dimensions", a, len(shape))
			return x
		}
		shape = slices.Insert(shape, a, 1)
	}
	if len(shape) > tensor.MaxRank {
		c.unsupported("%d dimensions", len(shape))
		return x
	}
	return c.reshape(x, suffix, shape...)
}

func importSqueeze(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	var axes []int
	for _, a := range c.options.int32s(0, "axes") {
		axes = append(axes, c.axis(int(a), x.Shape.Rank))
	}
	if axes == nil {
		for i, d := range x.Shape.Dims() {
			if d == 1 {
				axes = append(axes, i)
			}
		}
	}
	c.set(0, c.withAxes(x, "", axes, nil))
}

func importExpandDims(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.ints(1, "axis")
	if c.err == nil && len(at) != 1 {
		c.fail("axis %v, want one number", at)
	}
	if c.err != nil {
		return
	}
	c.set(0, c.withAxes(x, "", nil, []int{c.axis(at[0], x.Shape.Rank+1)}))
}

func importTranspose(c *call) {
	c.inputs(2, 2)
	x := c.input(0)
	perm := slices.Clone(c.ints(1, "perm"))
	for i, p := range perm {
		perm[i] = c.axis(p, x.Shape.Rank)
	}
	c.set(0, c.move(op.Transpose, "", op.Attrs{op.IntsAttr("perm", perm...)}, x))
}

// slice keeps [start, end) along every axis, by steps.
func (c *call) slice(x *graph.Value, suffix string, starts, ends, steps []int) *graph.Value {
	attrs := op.Attrs{op.IntsAttr("starts", starts...), op.IntsAttr("ends", ends...)}
	if steps != nil {
		attrs = append(attrs, op.IntsAttr("steps", steps...))
	}
	return c.move(op.Slice, suffix, attrs, x)
}

// along keeps [start, end) along one axis.
func (c *call) along(x *graph.Value, suffix string, axis, start, end int) *graph.Value {
	return c.move(op.Slice, suffix, op.Attrs{op.IntsAttr("starts", start), op.IntsAttr("ends", end), op.IntsAttr("axes", axis)}, x)
}

func importSlice(c *call) {
	c.inputs(3, 3)
	x, begin, size := c.input(0), c.ints(1, "begin"), c.ints(2, "size")
	if c.err == nil && (len(begin) != x.Shape.Rank || len(size) != x.Shape.Rank) {
		c.fail("begin %v and size %v of shape %v", begin, size, x.Shape)
	}
	if c.err != nil {
		return
	}
	ends := make([]int, len(begin))
	for i, d := range x.Shape.Dims() {
		ends[i] = d
		if size[i] != -1 {
			ends[i] = begin[i] + size[i]
		}
		if begin[i] < 0 || begin[i] > d || ends[i] < begin[i] || ends[i] > d {
			c.fail("begin %v and size %v leave shape %v", begin, size, x.Shape)
			return
		}
	}
	c.set(0, c.slice(x, "", begin, ends, nil))
}

// importShape gives the shape as a constant: bounds, where an input's may vary.
func importShape(c *call) {
	c.inputs(1, 1)
	x, want := c.input(0), c.output(0)
	if c.err != nil {
		return
	}
	dims := make([]int64, x.Shape.Rank)
	narrow := make([]int32, x.Shape.Rank)
	for i, d := range x.Shape.Dims() {
		dims[i], narrow[i] = int64(d), int32(d)
	}
	shape := tensor.MakeShape(len(dims))
	if want.DType == tensor.Int64 {
		c.set(0, graph.NewConst(c.name, tensor.FromI64(shape, dims)))
		return
	}
	c.set(0, graph.NewConst(c.name, tensor.FromI32(shape, narrow)))
}
