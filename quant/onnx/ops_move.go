package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importConcat(c *call) {
	axis := c.int("axis", 1)
	if c.opset >= 4 && c.attr("axis", attrInt) == nil {
		c.fail("axis is missing")
	}
	if len(c.in) == 0 {
		c.fail("no inputs")
	}
	first := c.input(0)
	axis = c.axis(axis, first.Shape.Rank)
	for i := range c.in {
		c.input(i)
	}
	c.set(0, c.emit(op.Concat, "", op.Attrs{op.IntAttr("axis", axis)}, c.in...))
}

// importSplit makes a Slice for each part: parts are copied either way, and passes need to know slices only.
func importSplit(c *call) {
	x := c.input(0)
	axis := c.axis(c.int("axis", 0), x.Shape.Rank)
	var sizes []int
	if c.opset < 13 {
		c.inputs(1, 2)
		sizes = c.ints("split")
	} else {
		c.inputs(1, 2)
	}
	if c.optional(1) != nil && sizes == nil {
		sizes = c.constInts(1, "split")
	}
	parts := len(c.out)
	if c.opset >= 18 {
		if n := c.int("num_outputs", parts); n != parts {
			c.fail("num_outputs %d, the node has %d outputs", n, parts)
		}
	}
	if c.err != nil {
		return
	}
	d := x.Shape.Dim[axis]
	if sizes == nil {
		part := (d + parts - 1) / parts
		for i := range parts {
			sizes = append(sizes, min(part, max(0, d-i*part)))
		}
	}
	rest := d
	for _, n := range sizes {
		if n < 0 || n > rest {
			c.fail("split %v of %d", sizes, d)
			return
		}
		rest -= n
	}
	if rest != 0 || len(sizes) != parts {
		c.fail("split %v of %d into %d outputs", sizes, d, parts)
	}
	at := 0
	for i, n := range sizes {
		if c.out[i] != "" {
			c.set(i, c.slice(x, "", axis, at, at+n))
		}
		at += n
	}
}

// slice keeps [from,to) of one axis.
func (c *call) slice(x *graph.Value, suffix string, axis, from, to int) *graph.Value {
	return c.emit(op.Slice, suffix, op.Attrs{op.IntsAttr("starts", from), op.IntsAttr("ends", to), op.IntsAttr("axes", axis)}, x)
}

// importSlice takes the ranges from attributes before operator set 10, from constant inputs since.
func importSlice(c *call) {
	x := c.input(0)
	var starts, ends, axes, steps []int
	if c.opset < 10 {
		c.inputs(1, 1)
		starts, ends, axes = c.ints("starts"), c.ints("ends"), c.ints("axes")
	} else {
		c.inputs(3, 5)
		starts, ends = c.constInts(1, "starts"), c.constInts(2, "ends")
		if c.optional(3) != nil {
			axes = c.constInts(3, "axes")
		}
		if c.optional(4) != nil {
			steps = c.constInts(4, "steps")
		}
	}
	// Files say "to the end" with the largest or smallest integer.
	limit := func(v []int) []int {
		out := slices.Clone(v)
		for i, k := range out {
			out[i] = min(max(k, -tensor.MaxDim-1), tensor.MaxDim+1)
		}
		return out
	}
	attrs := op.Attrs{op.IntsAttr("starts", limit(starts)...), op.IntsAttr("ends", limit(ends)...)}
	if axes != nil {
		at := make([]int, len(axes))
		for i, a := range axes {
			at[i] = c.axis(a, x.Shape.Rank)
		}
		attrs = append(attrs, op.IntsAttr("axes", at...))
	}
	if steps != nil {
		attrs = append(attrs, op.IntsAttr("steps", limit(steps)...))
	}
	c.set(0, c.emit(op.Slice, "", attrs, x))
}

// importPad takes the extents from attributes before operator set 11, from constant inputs since.
func importPad(c *call) {
	x := c.input(0)
	rank := x.Shape.Rank
	mode := c.string("mode", "constant")
	var pads []int
	value := float32(0)
	switch {
	case c.opset < 11:
		c.inputs(1, 1)
		name := "pads"
		if c.opset < 2 {
			name = "paddings"
		}
		pads, value = c.ints(name), c.float("value", 0)
	default:
		c.inputs(2, 4)
		pads = c.constInts(1, "pads")
		if c.optional(2) != nil {
			t := c.constant(2, "constant_value")
			if c.err == nil && t.Shape.Elements() != 1 {
				c.fail("constant_value has shape %v, want a scalar", t.Shape)
			}
			if c.err == nil {
				value = c.padValue(t)
			}
		}
		if c.optional(3) != nil {
			axes := c.constInts(3, "axes")
			if len(pads) != 2*len(axes) {
				c.fail("%d pads for %d axes", len(pads), len(axes))
			}
			full := make([]int, 2*rank)
			for i, a := range axes {
				if a = c.axis(a, rank); c.err == nil {
					full[a], full[rank+a] = pads[i], pads[len(axes)+i]
				}
			}
			pads = full
		}
	}
	if c.err == nil && !slices.ContainsFunc(pads, func(p int) bool { return p != 0 }) && len(pads) == 2*rank {
		c.set(0, x)
		return
	}
	attrs := op.Attrs{op.IntsAttr("pads", pads...), op.StringAttr("mode", mode)}
	if mode == "constant" {
		attrs = append(attrs, op.FloatAttr("value", value))
	}
	c.set(0, c.emit(op.Pad, "", attrs, x))
}

// padValue is the constant in float32, which must hold it.
func (c *call) padValue(t *tensor.Tensor) float32 {
	if t.DType == tensor.Float32 {
		return t.Data.F32()[0]
	}
	value := cast(t, tensor.Float32)
	if string(cast(value, t.DType).Data.Bytes()) != string(t.Data.Bytes()) {
		c.unsupported("constant_value that float32 does not hold")
	}
	return value.Data.F32()[0]
}

// importShape gives bounds for dimensions that may vary: what is made of them is a shape again, and importReshape
// writes a dimension that the input has in the same place as a copy.
func importShape(c *call) {
	c.inputs(1, 1)
	dims := c.input(0).Shape.Dims()
	limit := func(i int) int {
		if i < 0 {
			i += len(dims)
		}
		return min(max(i, 0), len(dims))
	}
	from, to := 0, len(dims)
	if c.opset >= 15 {
		from, to = limit(c.int("start", 0)), limit(c.int("end", len(dims)))
	}
	out := []int64{}
	for _, d := range dims[from:max(from, to)] {
		out = append(out, int64(d))
	}
	if c.room(8 * len(out)) {
		c.set(0, graph.NewConst(c.name, tensor.FromI64(tensor.MakeShape(len(out)), out)))
	}
}
