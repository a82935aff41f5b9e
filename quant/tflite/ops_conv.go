package tflite

import (
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// sliding is the geometry of a window that slides over height and width.
type sliding struct {
	kernel, stride, dilation [2]int
}

// window reads a window's options: the padding at field 0, strides (width first) at field 1, dilations at the given
// field, 0 for none.
func (c *call) window(kernel [2]int, dilation int) sliding {
	o := c.options
	w := sliding{kernel: kernel, stride: [2]int{int(o.int32(2, 0)), int(o.int32(1, 0))}, dilation: [2]int{1, 1}}
	if dilation > 0 {
		w.dilation = [2]int{int(o.int32(dilation+1, 1)), int(o.int32(dilation, 1))}
	}
	for i := range 2 {
		for _, n := range []int{w.kernel[i], w.stride[i], w.dilation[i]} {
			if n < 1 || n > 1<<16 {
				c.fail("kernel %v, strides %v, dilations %v: want 1 to 65536", w.kernel, w.stride, w.dilation)
			}
		}
	}
	return w
}

// pads returns the padding of a picture of the given extents: top, left, bottom, right. Where it is odd, SAME puts one
// more at the end. It reads field 0.
func (c *call) pads(w sliding, height, width int) []int {
	pads := make([]int, 4)
	same := c.options.byte(0)
	if c.err != nil || same > 1 {
		c.fail("padding %d, want 0 (SAME) or 1 (VALID)", same)
		return pads
	}
	for i, in := range []int{height, width} {
		span := (w.kernel[i]-1)*w.dilation[i] + 1
		out := (in + w.stride[i] - 1) / w.stride[i]
		if same == 1 {
			out = (in + w.stride[i] - span) / w.stride[i]
		}
		total := max(0, (out-1)*w.stride[i]+span-in)
		pads[i], pads[2+i] = total/2, total-total/2
	}
	return pads
}

// activation returns the attributes of a fused activation. The reference limits integers to their type only where it is
// TANH or SIGN_BIT; of reals, TANH follows the operator when set is called.
func (c *call) activation(field int) op.Attrs {
	switch a := c.options.byte(field); a {
	case 0:
		return nil
	case 1:
		return op.Attrs{op.FloatAttr("min", 0)}
	case 2:
		return op.Attrs{op.FloatAttr("min", -1), op.FloatAttr("max", 1)}
	case 3:
		return op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 6)}
	case actTanh, actSignBit:
		if len(c.in) > 0 && c.in[0] != nil && c.in[0].DType == tensor.Float32 {
			if c.tanh = a == actTanh; !c.tanh {
				c.unsupported("fused activation SIGN_BIT of reals")
			}
		}
		return nil
	default:
		c.unsupported("fused activation %d", a)
		return nil
	}
}

// picture is an input of [N,H,W,C].
func (c *call) picture(i int) *graph.Value {
	x := c.input(i)
	if c.err == nil && x.Shape.Rank != 4 {
		c.fail("input %d has shape %v, want [N,H,W,C]", i, x.Shape)
	}
	return x
}

func importConv2D(c *call) {
	c.inputs(2, 3)
	x := c.picture(0)
	w := c.weights(1, x, 4)
	if c.err != nil {
		return
	}
	d := w.Shape.Dim
	c.convolve(x, w, max(1, x.Shape.Dim[3]/max(1, d[3])), 4, 3, 6)
}

// importDepthwiseConv2D turns weights [1,H,W,C·m] into [C·m,H,W,1]: a convolution in C groups.
func importDepthwiseConv2D(c *call) {
	c.inputs(2, 3)
	x := c.picture(0)
	w := c.weights(1, x, 4)
	if c.err == nil && w.Shape.Dim[0] != 1 {
		c.fail("weights have shape %v, want [1,H,W,C]", w.Shape)
	}
	if c.err == nil && len(w.Quant.Scale) > 1 && w.Quant.Axis != 3 {
		c.fail("weights have scales on axis %d, want 3", w.Quant.Axis)
	}
	if c.err != nil {
		return
	}
	w = c.fold(w, "depthwise", w.SizeBytes(), func(t *tensor.Tensor) *tensor.Tensor {
		out := foreign.Permute(t, []int{3, 1, 2, 0})
		out.Quant.Axis = 0
		return out
	})
	c.convolve(x, w, x.Shape.Dim[3], 5, 4, -1)
}

// convolve emits a convolution with weights [O,H,W,I]. The last three are fields of the options, −1 for none.
func (c *call) convolve(x, w *graph.Value, groups, dilation, activation, biasType int) {
	if c.err != nil {
		return
	}
	win := c.window([2]int{w.Shape.Dim[1], w.Shape.Dim[2]}, dilation)
	attrs := append(op.Attrs{op.IntsAttr("strides", win.stride[:]...), op.IntsAttr("pads", c.pads(win, x.Shape.Dim[1], x.Shape.Dim[2])...),
		op.IntsAttr("dilations", win.dilation[:]...), op.IntAttr("groups", groups)}, c.activation(activation)...)
	in := c.operands(0, x, w, 2, biasType)
	c.set(0, c.emit(op.Conv2D, "", attrs, in...))
}

// importTransposeConv finds the padding as TFLite does: that of the convolution that leads back from the output.
func importTransposeConv(c *call) {
	c.inputs(3, 4)
	var size []int
	if at := c.input(0); at.Const != nil || c.im.varies() {
		size = c.ints(0, "output shape")
	} else {
		want := c.output(0)
		size = slices.Clone(want.Shape.Dims()) // a computed one must give what is declared
	}
	x := c.picture(2)
	w := c.weights(1, x, 4)
	if c.err == nil && (len(size) != 4 || slices.Min(size) < 1 || slices.Max(size) > tensor.MaxDim) {
		c.fail("output shape %v", size)
	}
	if c.err != nil {
		return
	}
	win := c.window([2]int{w.Shape.Dim[1], w.Shape.Dim[2]}, 0)
	pads, extra := c.pads(win, size[1], size[2]), make([]int, 2)
	if c.err != nil {
		return
	}
	for i := range 2 {
		// What the padding before leaves is cut off or added at the end.
		rest := (x.Shape.Dim[1+i]-1)*win.stride[i] + win.kernel[i] - pads[i] - size[1+i]
		pads[2+i], extra[i] = max(0, rest), max(0, -rest)
	}
	attrs := append(op.Attrs{op.IntsAttr("strides", win.stride[:]...), op.IntsAttr("pads", pads...), op.IntsAttr("outputPadding", extra...)},
		c.activation(3)...)
	in := c.operands(2, x, w, 3, 4)
	c.set(0, c.emit(op.TransposeConv2D, "", attrs, in...))
}

func importFullyConnected(c *call) {
	c.inputs(2, 3)
	x, w := c.input(0), c.input(1)
	if f := c.options.byte(1); f != 0 {
		c.unsupported("weights format %d", f)
	}
	attrs := c.activation(0)
	if c.err == nil && w.Shape.Rank != 2 {
		c.fail("weights have shape %v, want [O,K]", w.Shape)
	}
	if c.err == nil && x.Shape.Rank < 1 {
		c.fail("input has shape %v", x.Shape)
	}
	if c.err != nil {
		return
	}
	k := w.Shape.Dim[1]
	if keep := c.options.bool(2); x.Shape.Rank != 2 && !keep || x.Shape.Dim[x.Shape.Rank-1] != k {
		x = c.reshape(x, "/rows", -1, k)
	}
	if w.Const == nil {
		c.set(0, c.product(x, w, attrs))
		return
	}
	w = c.weights(1, x, 2)
	if c.err == nil && x.DType == tensor.Int8 && len(w.Quant.Scale) > 1 {
		w = symmetric(w)
	}
	in := append([]*graph.Value{x, w}, c.bias(2, 4, x, w)...)
	c.set(0, c.emit(op.FullyConnected, "", attrs, in...))
}

// product is a layer whose weights are computed: a product of two matrices, of which a bias and a limit are operators of
// their own. Integers have no bias there but zeros.
func (c *call) product(x, w *graph.Value, limits op.Attrs) *graph.Value {
	want := c.output(0)
	y := c.emit(op.BatchMatMul, "/product", op.Attrs{op.IntAttr("adjY", 1)}, x, w)
	y.Quant = want.Quant
	switch bias := c.optional(2); {
	case bias == nil:
	case x.DType == tensor.Float32:
		return c.emit(op.Add, "", limits, y, bias)
	case bias.Const == nil || slices.ContainsFunc(bias.Const.Data.Bytes(), func(b byte) bool { return b != 0 }):
		c.unsupported("computed weights of %v with a bias", w.DType)
	}
	if limits != nil {
		y = c.move(op.Clamp, "", limits, y)
	}
	return y
}

func importBatchMatMul(c *call) {
	c.inputs(2, 2)
	a, b := c.input(0), c.input(1)
	if c.err == nil && a.DType == tensor.Float32 && b.DType != tensor.Float32 {
		b = c.dequantized(b)
	}
	if c.err == nil && b.DType == tensor.Float32 && a.DType != tensor.Float32 {
		a = c.dequantized(a)
	}
	flag := func(name string, field int) op.Attr {
		if c.options.bool(field) {
			return op.IntAttr(name, 1)
		}
		return op.IntAttr(name, 0)
	}
	c.set(0, c.emit(op.BatchMatMul, "", op.Attrs{flag("adjX", 0), flag("adjY", 1)}, a, b))
}
