package tflite

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// pad emits a Pad with input 1's paddings, whose new elements have the given code of the output.
func (c *call) pad(mode string, value float32) {
	x, pads := c.input(0), c.ints(1, "paddings")
	if c.err == nil && len(pads) != 2*x.Shape.Rank {
		c.fail("%d paddings for shape %v", len(pads), x.Shape)
	}
	if c.err != nil {
		return
	}
	var before, after []int
	for i := 0; i < len(pads); i += 2 {
		if pads[i] < 0 || pads[i+1] < 0 {
			c.fail("paddings %v are negative", pads)
		}
		before, after = append(before, pads[i]), append(after, pads[i+1])
	}
	attrs := op.Attrs{op.IntsAttr("pads", append(before, after...)...)}
	if mode != "" {
		attrs = append(attrs, op.StringAttr("mode", mode))
	}
	if value != 0 {
		attrs = append(attrs, op.FloatAttr("value", value))
	}
	c.set(0, c.move(op.Pad, "", attrs, x))
}

// codeValue is the real that x's quantization gives for a code.
func codeValue(x *graph.Value, code int32) float32 {
	if len(x.Quant.Scale) != 1 {
		return 0
	}
	return x.Quant.Scale[0] * float32(code-x.Quant.Zero[0])
}

// importPad fills with the output's zero point, whatever the input's is.
func importPad(c *call) {
	c.inputs(2, 2)
	x, want := c.input(0), c.output(0)
	value := float32(0)
	if len(want.Quant.Zero) == 1 {
		value = codeValue(x, want.Quant.Zero[0])
	}
	c.pad("", value)
}

func importPadV2(c *call) {
	c.inputs(3, 3)
	x, t := c.input(0), c.constant(2, "value")
	if c.err == nil && t.Shape.Elements() != 1 {
		c.fail("value has shape %v", t.Shape)
	}
	if c.err != nil {
		return
	}
	value := float32(0)
	switch t.DType {
	case tensor.Float32:
		value = t.Data.F32()[0]
	case tensor.Int8:
		value = codeValue(x, int32(t.Data.I8()[0]))
	case tensor.Int16:
		value = codeValue(x, int32(t.Data.I16()[0]))
	case tensor.Int32:
		value = c.exactly(int64(t.Data.I32()[0]))
	case tensor.Int64:
		value = c.exactly(t.Data.I64()[0])
	default:
		c.unsupported("value of %v", t.DType)
	}
	c.pad("", value)
}

// exactly is an integer in float32.
func (c *call) exactly(v int64) float32 {
	if v < -1<<24 || v > 1<<24 {
		c.unsupported("value %d", v)
	}
	return float32(v)
}

func importMirrorPad(c *call) {
	c.inputs(2, 2)
	mode := c.options.byte(0)
	if mode > 1 {
		c.fail("mode %d", mode)
		return
	}
	c.pad([]string{"reflect", "symmetric"}[mode], 0)
}
