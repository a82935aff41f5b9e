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

// importStridedSlice resolves the masks: bits of begin_mask and end_mask leave an end open, an ellipsis stands for all
// axes not spoken of, new_axis_mask adds axes, shrink_axis_mask takes one position and drops its axis.
func importStridedSlice(c *call) {
	c.inputs(4, 4)
	x := c.input(0)
	begin, end, strides := c.ints(1, "begin"), c.ints(2, "end"), c.ints(3, "strides")
	if c.err == nil && (len(begin) != len(end) || len(begin) != len(strides) || len(begin) > 2*tensor.MaxRank) {
		c.fail("begin %v, end %v, strides %v", begin, end, strides)
	}
	if c.err != nil {
		return
	}
	mask := func(field, i int) bool { return c.options.int32(field, 0)>>i&1 == 1 }
	const beginMask, endMask, ellipsisMask, newAxisMask, shrinkMask, offset = 0, 1, 2, 3, 4, 5
	axes := x.Shape.Rank // that the specification does not speak of
	for i := range begin {
		if !mask(ellipsisMask, i) && !mask(newAxisMask, i) {
			axes--
		}
	}
	if axes < 0 {
		c.fail("begin %v for shape %v", begin, x.Shape)
		return
	}
	var starts, ends, steps, drop, add []int
	whole := func(n int) {
		for range n {
			starts, ends, steps = append(starts, 0), append(ends, x.Shape.Dim[len(ends)]), append(steps, 1)
		}
	}
	result := 0 // axes of the result so far
	ellipsis := false
	for i := range begin {
		switch k := len(starts); {
		case mask(ellipsisMask, i):
			if ellipsis {
				c.fail("two ellipses")
				return
			}
			ellipsis = true
			whole(axes)
			result += axes
			axes = 0
		case mask(newAxisMask, i):
			add = append(add, result)
			result++
		default:
			d := x.Shape.Dim[k]
			from, to, by := begin[i], end[i], strides[i]
			if c.options.bool(offset) {
				to += from
			}
			if by == 0 {
				c.fail("stride 0")
				return
			}
			if from < 0 {
				from += d
			}
			if to < 0 {
				to += d
			}
			// Behind the first element, going backwards, is −1, which op.Slice would count from the end.
			open := -d - 1
			switch {
			case mask(shrinkMask, i):
				if from < 0 || from >= d {
					c.fail("position %d of axis %d in %v", begin[i], k, x.Shape)
					return
				}
				to, by = from+1, 1
				drop = append(drop, k)
				result--
			case by > 0:
				from, to = max(from, 0), max(to, 0)
				if mask(beginMask, i) {
					from = 0
				}
				if mask(endMask, i) {
					to = d
				}
			default:
				from = min(from, d-1)
				if mask(beginMask, i) {
					from = d - 1
				}
				if mask(endMask, i) || to < 0 {
					to = open
				}
				if from < 0 {
					from = open
				}
			}
			starts, ends, steps = append(starts, from), append(ends, to), append(steps, by)
			result++
		}
	}
	whole(axes)
	y := c.slice(x, "/slice", starts, ends, steps)
	if len(drop)+len(add) > 0 {
		y = c.withAxes(y, "", drop, add)
	}
	c.set(0, y)
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
