package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importInstanceNormalization normalizes each channel of each picture.
func importInstanceNormalization(c *call) {
	c.inputs(3, 3)
	c.ignore("consumed_inputs")
	x, scale, bias := c.floats(0), c.floats(1), c.floats(2)
	epsilon := c.float("epsilon", 1e-5)
	if c.err == nil && x.Shape.Rank < 3 {
		c.fail("input has shape %v, want [N,C,...]", x.Shape)
	}
	if c.err == nil {
		c.groupNorm(x, x.Shape.Dim[1], epsilon, scale, bias)
	}
}

// importGroupNormalization normalizes groups of channels. Scale and bias are one for each group before operator set 21, one
// for each channel since.
func importGroupNormalization(c *call) {
	c.inputs(3, 3)
	x, scale, bias := c.floats(0), c.floats(1), c.floats(2)
	epsilon, groups := c.float("epsilon", 1e-5), c.int("num_groups", 0)
	if c.opset >= 21 && c.int("stash_type", 1) != 1 {
		c.unsupported("stash_type")
	}
	if c.err == nil && (x.Shape.Rank < 3 || groups < 1 || x.Shape.Dim[1]%groups != 0) {
		c.fail("input has shape %v, want [N,C,...] with C a multiple of num_groups %d", x.Shape, groups)
	}
	if c.err != nil {
		return
	}
	if per := x.Shape.Dim[1] / groups; c.opset < 21 && per > 1 {
		scale, bias = c.eachTimes(scale, "/scales", per), c.eachTimes(bias, "/biases", per)
	}
	c.groupNorm(x, groups, epsilon, scale, bias)
}

// eachTimes repeats each element of a list.
func (c *call) eachTimes(v *graph.Value, suffix string, n int) *graph.Value {
	if c.err == nil && v.Shape.Rank != 1 {
		c.fail("a list has shape %v", v.Shape)
	}
	v = c.emit(op.Tile, suffix, op.Attrs{op.IntsAttr("repeats", 1, n)}, c.rearrange(v, suffix+"/column", []int{0, -1}))
	return c.reshape(v, suffix+"/list", -1)
}

// groupNorm sets output 0 to x [N,C,...] normalized in groups of its channels, times scale and plus bias, both [C].
func (c *call) groupNorm(x *graph.Value, groups int, epsilon float32, scale, bias *graph.Value) {
	channels := x.Shape.Dim[1]
	want := tensor.MakeShape(channels)
	if c.err == nil && (scale.Shape != want || bias.Shape != want) {
		c.fail("scale %v and bias %v, want %v", scale.Shape, bias.Shape, want)
	}
	n := channels / groups
	for _, d := range x.Shape.Dims()[2:] {
		n *= d
	}
	if !c.room(4*n) || n == 0 {
		return
	}
	ones := slices.Repeat([]float32{1}, n)
	y := c.emit(op.LayerNorm, "", op.Attrs{op.FloatAttr("epsilon", epsilon)}, c.reshape(x, "/groups", 0, groups, -1), c.newConst("/ones", tensor.MakeShape(n), ones))
	shape := slices.Clone(x.Shape.Dims())
	shape[0] = 0
	y = c.reshape(y, "/shape", shape...)
	each := func(v *graph.Value, suffix string) *graph.Value {
		dims := onAxis1(channels, x.Shape.Rank)
		return c.reshape(v, suffix, dims.Dims()...)
	}
	y = c.emit(op.Mul, "/scale", nil, y, each(scale, "/each_scale"))
	c.set(0, c.emit(op.Add, "/bias", nil, y, each(bias, "/each_bias")))
}

// importLpNormalization divides by a norm along an axis, or leaves zeros.
func importLpNormalization(c *call) {
	c.inputs(1, 1)
	x := c.floats(0)
	attrs := op.Attrs{op.IntsAttr("axes", c.axis(c.int("axis", -1), x.Shape.Rank)), op.IntAttr("keepDims", 1)}
	var norm *graph.Value
	switch p := c.int("p", 2); p {
	case 1:
		norm = c.emit(op.Sum, "/norm", attrs, c.emit(op.Unary, "/abs", op.Attrs{function("abs")}, x))
	case 2:
		sum := c.emit(op.Sum, "/sum", attrs, c.emit(op.Unary, "/square", op.Attrs{function("square")}, x))
		norm = c.emit(op.Unary, "/norm", op.Attrs{function("sqrt")}, sum)
	default:
		c.unsupported("p %d", p)
	}
	const least = 0x1p-126 // the smallest normal number
	c.set(0, c.emit(op.Div, "", nil, x, c.emit(op.Clamp, "/least", op.Attrs{op.FloatAttr("min", least)}, norm)))
}

// importMeanVarianceNormalization takes off the mean over axes and divides by the standard deviation.
func importMeanVarianceNormalization(c *call) {
	c.inputs(1, 1)
	x := c.floats(0)
	axes := c.ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	for i, a := range axes {
		axes[i] = c.axis(a, x.Shape.Rank)
	}
	attrs := op.Attrs{op.IntsAttr("axes", axes...), op.IntAttr("keepDims", 1)}
	d := c.emit(op.Sub, "/deviation", nil, x, c.emit(op.Mean, "/mean", attrs, x))
	square := c.emit(op.Unary, "/square", op.Attrs{function("square")}, d)
	root := c.emit(op.Unary, "/root", op.Attrs{function("sqrt")}, c.emit(op.Mean, "/variance", attrs, square))
	root = c.emit(op.Add, "/epsilon", nil, root, c.newConst("/least", tensor.Shape{}, []float32{1e-9}))
	c.set(0, c.emit(op.Div, "", nil, d, root))
}
