package tflite

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importSplit(c *call) {
	c.inputs(2, 2)
	at, x := c.ints(0, "axis"), c.input(1)
	n := len(c.out)
	if k := int(c.options.int32(0, 0)); k != n {
		c.fail("%d outputs, the options say %d", n, k)
	}
	if c.err == nil && len(at) != 1 {
		c.fail("axis %v, want one number", at)
	}
	if c.err != nil {
		return
	}
	axis := c.axis(at[0], x.Shape.Rank)
	d := x.Shape.Dim[axis]
	if n < 1 || d%n != 0 {
		c.fail("axis %d of %v does not split into %d", axis, x.Shape, n)
		return
	}
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = d / n
	}
	c.split(x, axis, sizes)
}

func importSplitV(c *call) {
	c.inputs(3, 3)
	x, sizes, at := c.input(0), c.ints(1, "sizes"), c.ints(2, "axis")
	if c.err == nil && (len(at) != 1 || len(sizes) != len(c.out)) {
		c.fail("sizes %v along axis %v for %d outputs", sizes, at, len(c.out))
	}
	if c.err != nil {
		return
	}
	axis := c.axis(at[0], x.Shape.Rank)
	rest, open := x.Shape.Dim[axis], -1
	for i, n := range sizes {
		switch {
		case n == -1 && open < 0:
			open = i
		case n < 0 || n > rest:
			c.fail("sizes %v along axis %d of %v", sizes, axis, x.Shape)
			return
		default:
			rest -= n
		}
	}
	if open >= 0 {
		sizes[open], rest = rest, 0
	}
	if rest != 0 {
		c.fail("sizes %v along axis %d of %v", sizes, axis, x.Shape)
		return
	}
	c.split(x, axis, sizes)
}

// split gives each output its part of x.
func (c *call) split(x *graph.Value, axis int, sizes []int) {
	at := 0
	for i, n := range sizes {
		c.set(i, c.along(x, "/split", axis, at, at+n))
		at += n
	}
}

func importPack(c *call) {
	if c.inputs(1, 4096); c.err != nil {
		return
	}
	axis := c.axis(int(c.options.int32(1, 0)), c.input(0).Shape.Rank+1)
	var parts []*graph.Value
	for i := range c.in {
		parts = append(parts, c.withAxes(c.input(i), "/pack", nil, []int{axis}))
	}
	c.join(axis, parts)
}

// join concatenates parts of one quantization.
func (c *call) join(axis int, parts []*graph.Value) {
	c.set(0, c.move(op.Concat, "", op.Attrs{op.IntAttr("axis", axis)}, parts...))
}

func importUnpack(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	axis := c.axis(int(c.options.int32(1, 0)), x.Shape.Rank)
	if c.err == nil && x.Shape.Dim[axis] != len(c.out) {
		c.fail("%d outputs of axis %d of %v", len(c.out), axis, x.Shape)
	}
	for i := range c.out {
		if c.err == nil {
			c.set(i, c.withAxes(c.along(x, "/split", axis, i, i+1), "/unpack", []int{axis}, nil))
		}
	}
}

func importConcatenation(c *call) {
	c.inputs(1, 4096)
	if attrs := c.activation(1); attrs != nil {
		c.unsupported("fused activation")
	}
	var parts []*graph.Value
	want := c.output(0)
	for i := range c.in {
		parts = append(parts, c.recoded(i, want.Quant))
	}
	if c.err == nil {
		c.join(c.axis(int(c.options.int32(0, 0)), parts[0].Shape.Rank), parts)
	}
}

// recoded is an input of a concatenation in the output's quantization. Other scales are an error of int8, which the
// reference refuses too; those of int16 do not count.
func (c *call) recoded(i int, want tensor.Quant) *graph.Value {
	x := c.input(i)
	switch {
	case c.err != nil || x.DType != tensor.Int8 || x.Quant.Equal(want):
	case x.Quant.Quantized() && want.Quantized() && c.legacy(i):
		y := c.emit(op.Rescale, "/rescale", nil, x)
		y.Quant = want
		return y
	default:
		c.unsupported("input %d of %v beside an output of another quantization", i, x.Type)
	}
	return x
}
