package tflite

import "edgerun/rt/op"

// resize emits a Resize; align and half are the fields of its options.
func (c *call) resize(mode string, align, half int) {
	c.inputs(2, 2)
	x := c.picture(0)
	size := c.ints(1, "size")
	coordinates := "asymmetric"
	switch {
	case c.options.bool(align) && c.options.bool(half):
		c.fail("align_corners and half_pixel_centers exclude each other")
	case c.options.bool(align):
		coordinates = "align_corners"
	case c.options.bool(half):
		coordinates = "half_pixel"
	}
	if c.err == nil && len(size) != 2 {
		c.fail("size %v, want 2 numbers", size)
	}
	attrs := op.Attrs{op.IntsAttr("size", size...), op.StringAttr("mode", mode), op.StringAttr("coordinates", coordinates)}
	if mode == "nearest" {
		attrs = append(attrs, op.StringAttr("rounding", "tflite"))
	}
	c.set(0, c.move(op.Resize, "", attrs, x))
}

func importResizeBilinear(c *call)        { c.resize("linear", 2, 3) }
func importResizeNearestNeighbor(c *call) { c.resize("nearest", 0, 1) }
