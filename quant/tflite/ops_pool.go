package tflite

import "edgerun/rt/op"

// pool emits a pool, whose input and output are one quantization: the reference compares their scales to 1e-6 only and
// clamps in the output's.
func (c *call) pool(def *op.Def, more ...op.Attr) {
	c.inputs(1, 1)
	x := c.picture(0)
	want := c.output(0)
	o := c.options
	win := c.window([2]int{int(o.int32(4, 0)), int(o.int32(3, 0))}, 0)
	if c.err != nil {
		return
	}
	if x.Quant.Quantized() && !x.Quant.Equal(want.Quant) {
		if len(x.Quant.Scale) != 1 || len(want.Quant.Scale) != 1 || x.Quant.Zero[0] != want.Quant.Zero[0] ||
			max(x.Quant.Scale[0]-want.Quant.Scale[0], want.Quant.Scale[0]-x.Quant.Scale[0]) > 1e-6 {
			c.unsupported("input %v and output %v that differ in quantization", x.Type, want)
			return
		}
		var err error
		if x, err = c.im.view(x, c.name+"/scaled", want.Quant); err != nil {
			c.fail("%w", inner(err))
		}
	}
	attrs := append(op.Attrs{op.IntsAttr("kernel", win.kernel[:]...), op.IntsAttr("strides", win.stride[:]...),
		op.IntsAttr("pads", c.pads(win, x.Shape.Dim[1], x.Shape.Dim[2])...)}, c.activation(5)...)
	c.set(0, c.move(def, "", append(attrs, more...), x))
}

func importMaxPool2D(c *call) { c.pool(op.MaxPool2D) }

func importAveragePool2D(c *call) {
	if c.legacy(0) {
		c.pool(op.AveragePool2D, op.IntAttr("unsigned", 1)) // the mean of uint8 codes rounds halves up
		return
	}
	c.pool(op.AveragePool2D)
}
