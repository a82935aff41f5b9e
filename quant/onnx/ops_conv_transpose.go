package onnx

import (
	"fmt"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importConvTranspose turns the weights, [C,O/group,KH,KW] in ONNX, to edgerun's [O,KH,KW,C/group].
func importConvTranspose(c *call) {
	c.inputs(2, 3)
	x, weights := c.floats(0), c.floats(1)
	c.constant(1, "weights")
	in := c.spatial(x)
	n := len(in)
	if c.err == nil && weights.Shape.Rank != x.Shape.Rank {
		c.fail("weights %v for input %v", weights.Shape, x.Shape)
	}
	if c.err != nil {
		return
	}
	kernel := c.ints("kernel_shape")
	if kernel == nil {
		kernel = weights.Shape.Dims()[2:]
	}
	groups := c.int("group", 1)
	channels := weights.Shape.Dim[0]
	if groups < 1 || channels != x.Shape.Dim[1] || channels%groups != 0 {
		c.fail("weights %v with group %d do not fit %d channels", weights.Shape, groups, x.Shape.Dim[1])
	}
	for i := range kernel {
		if c.err == nil && (len(kernel) != n || kernel[i] != weights.Shape.Dim[2+i]) {
			c.fail("kernel_shape %v, weights are %v", kernel, weights.Shape)
		}
	}
	w := c.window(in, kernel)
	extra := c.ints("output_padding")
	shape := c.ints("output_shape")
	auto := c.string("auto_pad", "NOTSET")
	if c.err != nil {
		return
	}
	if extra == nil {
		extra = make([]int, n)
	}
	if len(shape) == n+2 {
		shape = shape[2:] // old files list batch and channels too
	}
	if len(extra) != n || shape != nil && len(shape) != n {
		c.fail("output_padding %v and output_shape %v, want %d values", extra, shape, n)
		return
	}
	for i := range n {
		k := 2 - n + i // of w, which has two axes
		if extra[i] < 0 || extra[i] > maxExtent || shape != nil && (shape[i] < 1 || shape[i] > tensor.MaxDim) {
			c.fail("output_padding %v, output_shape %v", extra, shape)
			return
		}
		same := auto == "SAME_UPPER" || auto == "SAME_LOWER"
		if shape == nil && !same {
			continue
		}
		want := in[i] * w.strides[k]
		if shape != nil {
			want = shape[i]
		}
		// Pads are what the wanted extent leaves over; where it leaves nothing, pixels are added behind.
		total := (in[i]-1)*w.strides[k] + extra[i] + (w.kernel[k]-1)*w.dilations[k] + 1 - want
		if total < 0 {
			extra[i] -= total
			total = 0
		}
		w.pads[k], w.pads[2+k] = total-total/2, total/2
		if auto == "SAME_UPPER" {
			w.pads[k], w.pads[2+k] = total/2, total-total/2
		}
	}
	if n == 1 {
		extra = []int{0, extra[0]}
	}
	args := []*graph.Value{c.nhwc(x), c.fold(weights, fmt.Sprint("transposed convolution ", groups), weights.SizeBytes(),
		func(t *tensor.Tensor) *tensor.Tensor { return turnWeights(t, groups) })}
	if c.optional(2) != nil {
		bias := c.floats(2)
		c.constant(2, "bias")
		if o := weights.Shape.Dim[1] * groups; c.err == nil && (bias.Shape.Rank != 1 || bias.Shape.Dim[0] != o) {
			c.fail("bias has shape %v, want [%d]", bias.Shape, o)
		}
		args = append(args, bias)
	}
	attrs := append(w.attrs(), op.IntAttr("groups", groups), op.IntsAttr("outputPadding", extra...))
	c.set(0, c.nchw(c.emit(op.TransposeConv2D, "", attrs, args...), x.Shape.Rank))
}

// turnWeights makes [O,KH,KW,C/groups] of [C,O/groups,…]. A kernel of one dimension becomes one row.
func turnWeights(t *tensor.Tensor, groups int) *tensor.Tensor {
	channels, per := t.Shape.Dim[0], t.Shape.Dim[1]
	kh, kw := 1, t.Shape.Dim[t.Shape.Rank-1]
	if t.Shape.Rank == 4 {
		kh = t.Shape.Dim[2]
	}
	depth, taps := channels/groups, kh*kw
	out := tensor.New(tensor.Type{DType: t.DType, Shape: tensor.MakeShape(per*groups, kh, kw, depth)})
	src, dst := t.Data.F32(), out.Data.F32()
	for ch := range channels {
		for o := range per {
			for k := range taps {
				dst[((ch/depth*per+o)*taps+k)*depth+ch%depth] = src[(ch*per+o)*taps+k]
			}
		}
	}
	return out
}
