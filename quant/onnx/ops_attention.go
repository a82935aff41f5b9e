package onnx

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importRotaryEmbedding translates ONNX's own operator, whose tables hold the angles of positions or, without input 3, of
// each element of the batch.
func importRotaryEmbedding(c *call) {
	c.inputs(3, 4)
	x, cos, sin := c.floats(0), c.floats(1), c.floats(2)
	if c.optional(3) != nil {
		at := c.typed(3, tensor.Int32, tensor.Int64)
		cos, sin = c.rowsOf(cos, "/cos", at), c.rowsOf(sin, "/sin", at)
	}
	c.rotate(x, cos, sin, c.int("num_heads", 0))
}

// rowsOf picks rows of a table.
func (c *call) rowsOf(table *graph.Value, suffix string, at *graph.Value) *graph.Value {
	return c.emit(op.Gather, suffix, op.Attrs{op.IntAttr("axis", 0)}, table, at)
}

// rotate sets output 0 to x, pairs of elements of which are turned by angles [N,S,D/2]: the halves of a head, or neighbours
// where interleaved. x is [N,H,S,D], or [N,S,H·D] with the given number of heads.
func (c *call) rotate(x, cos, sin *graph.Value, heads int) {
	interleaved := c.int("interleaved", 0) != 0
	dim := c.int("rotary_embedding_dim", 0)
	if c.err != nil {
		return
	}
	rank := x.Shape.Rank
	first := x // [B,S,H,D]
	switch {
	case rank == 4:
		first = c.transpose(x, "/rows", 0, 2, 1, 3)
	case rank == 3 && heads > 0 && x.Shape.Dim[2]%heads == 0:
		first = c.reshape(x, "/heads", 0, 0, heads, x.Shape.Dim[2]/heads)
	default:
		c.fail("input has shape %v with %d heads, want [N,H,S,D] or [N,S,H·D]", x.Shape, heads)
		return
	}
	d := first.Shape.Dim[3]
	if dim == 0 {
		dim = d
	}
	if dim < 2 || dim > d || dim%2 != 0 {
		c.fail("rotary_embedding_dim %d of %d", dim, d)
		return
	}
	angles := func(v *graph.Value, name string) *graph.Value {
		if c.err == nil && (v.Shape.Rank != 3 || v.Shape.Dim[2] != dim/2) {
			c.fail("cache gives %v, want [N,S,%d]", v.Shape, dim/2)
		}
		return c.rearrange(v, name+"/heads", []int{0, 1, -1, 2})
	}
	cos, sin = angles(cos, "/cos"), angles(sin, "/sin")
	part := func(name string, from, to, step int) *graph.Value {
		return c.emit(op.Slice, name, op.Attrs{op.IntsAttr("starts", from), op.IntsAttr("ends", to), op.IntsAttr("axes", 3), op.IntsAttr("steps", step)}, first)
	}
	var a, b *graph.Value
	if interleaved {
		a, b = part("/even", 0, dim, 2), part("/odd", 1, dim, 2)
	} else {
		a, b = part("/first", 0, dim/2, 1), part("/second", dim/2, dim, 1)
	}
	times := func(name string, u, v *graph.Value) *graph.Value { return c.emit(op.Mul, name, nil, u, v) }
	re := c.emit(op.Sub, "/real", nil, times("/real/cos", a, cos), times("/real/sin", b, sin))
	im := c.emit(op.Add, "/imaginary", nil, times("/imaginary/sin", a, sin), times("/imaginary/cos", b, cos))
	axis := 3
	if interleaved {
		re, im, axis = c.rearrange(re, "/re", []int{0, 1, 2, 3, -1}), c.rearrange(im, "/im", []int{0, 1, 2, 3, -1}), 4
	}
	y := c.emit(op.Concat, "/turned", op.Attrs{op.IntAttr("axis", axis)}, re, im)
	if interleaved {
		y = c.reshape(y, "/pairs", 0, 0, 0, dim)
	}
	if dim < d {
		y = c.emit(op.Concat, "/rest", op.Attrs{op.IntAttr("axis", 3)}, y, part("/kept", dim, d, 1))
	}
	if rank == 4 {
		c.set(0, c.transpose(y, "", 0, 2, 1, 3))
	} else {
		c.set(0, c.reshape(y, "", 0, 0, heads*d))
	}
}

// importSwish is x·logistic(alpha·x).
func importSwish(c *call) {
	c.inputs(1, 1)
	c.swish(c.float("alpha", 1))
}

func (c *call) swish(alpha float32) {
	x := c.floats(0)
	gate := c.emit(op.Logistic, "/gate", nil, c.times(x, "/alpha", alpha))
	c.set(0, c.emit(op.Mul, "", nil, x, gate))
}
