package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Convolutions and pools slide a window over the axes behind batch and channels. edgerun has two such axes; an operator
// over one gets another of extent 1 before it.

// window is the geometry, always over two axes.
type window struct {
	kernel, strides, dilations []int
	pads                       []int // top, left, bottom, right
}

// attrs are the attributes that Conv2D and the pools share.
func (w *window) attrs() op.Attrs {
	return op.Attrs{op.IntsAttr("strides", w.strides...), op.IntsAttr("pads", w.pads...), op.IntsAttr("dilations", w.dilations...)}
}

// spatial checks for one or two axes besides batch and channels.
func (c *call) spatial(x *graph.Value) []int {
	if c.err != nil {
		return nil
	}
	if x.Shape.Rank < 3 {
		c.fail("input has shape %v, want [N,C,H,W]", x.Shape)
		return nil
	}
	if x.Shape.Rank > 4 {
		c.unsupported("input of %d dimensions", x.Shape.Rank)
		return nil
	}
	return x.Shape.Dims()[2:]
}

// maxExtent bounds each number of a window, as the operators do.
const maxExtent = 1 << 16

// window reads the attributes for a kernel over the extents in.
func (c *call) window(in, kernel []int) window {
	if c.err != nil {
		return window{}
	}
	n := len(in)
	list := func(name string, length, least int) []int {
		v := c.ints(name)
		if v == nil {
			return slices.Repeat([]int{least}, length)
		}
		if len(v) != length {
			c.fail("%s %v, want %d values", name, v, length)
		}
		for _, x := range v {
			if name == "pads" && x < 0 && x >= -maxExtent {
				c.unsupported("pads %v", v)
			}
			if x < least || x > maxExtent {
				c.fail("%s %v outside [%d,%d]", name, v, least, maxExtent)
			}
		}
		return v
	}
	w := window{kernel: kernel, strides: list("strides", n, 1), dilations: list("dilations", n, 1)}
	pads := list("pads", 2*n, 0)
	if len(kernel) != n {
		c.fail("kernel %v, want %d values", kernel, n)
	}
	for _, k := range kernel {
		if k < 1 || k > maxExtent {
			c.fail("kernel %v outside [1,%d]", kernel, maxExtent)
		}
	}
	if c.err != nil {
		return window{}
	}
	switch auto := c.string("auto_pad", "NOTSET"); auto {
	case "NOTSET", "":
	case "VALID", "SAME_UPPER", "SAME_LOWER":
		if slices.Max(pads) > 0 {
			c.fail("auto_pad %s with pads %v", auto, pads)
		}
		for i := 0; i < n && auto != "VALID"; i++ {
			// As many outputs as strides begin in the input; an odd pixel goes to the end, or for SAME_LOWER to the start.
			out := (in[i] + w.strides[i] - 1) / w.strides[i]
			total := max(0, (out-1)*w.strides[i]+(kernel[i]-1)*w.dilations[i]+1-in[i])
			pads[i], pads[n+i] = total/2, total-total/2
			if auto == "SAME_LOWER" {
				pads[i], pads[n+i] = pads[n+i], pads[i]
			}
		}
	default:
		c.fail("auto_pad %s", quote(auto))
	}
	w.pads = pads
	if n == 1 {
		w.kernel = []int{1, w.kernel[0]}
		w.strides = []int{1, w.strides[0]}
		w.dilations = []int{1, w.dilations[0]}
		w.pads = []int{0, pads[0], 0, pads[1]}
	}
	return w
}

// nhwc brings [N,C,H,W] or [N,C,L] into edgerun's layout.
func (c *call) nhwc(x *graph.Value) *graph.Value {
	if c.err == nil && x.Shape.Rank == 3 {
		x = c.rearrange(x, "/to_2d", []int{0, 1, -1, 2})
	}
	return c.transpose(x, "/to_nhwc", 0, 2, 3, 1)
}

// nchw is the way back to the given rank.
func (c *call) nchw(y *graph.Value, rank int) *graph.Value {
	y = c.transpose(y, "/to_nchw", 0, 3, 1, 2)
	if c.err == nil && rank == 3 {
		y = c.rearrange(y, "/to_1d", []int{0, 1, 3})
	}
	return y
}

func importConv(c *call) {
	c.inputs(2, 3)
	x, weights := c.floats(0), c.floats(1)
	c.constant(1, "weight")
	in := c.spatial(x)
	groups := c.int("group", 1)
	if c.err == nil && weights.Shape.Rank != x.Shape.Rank {
		c.fail("weight has shape %v, input %v", weights.Shape, x.Shape)
	}
	if c.err != nil {
		return
	}
	o, depth, kernel := weights.Shape.Dim[0], weights.Shape.Dim[1], weights.Shape.Dims()[2:]
	if k := c.ints("kernel_shape"); k != nil && !slices.Equal(k, kernel) {
		c.fail("kernel_shape %v, weight has %v", k, kernel)
	}
	if groups < 1 || groups > o || o%groups != 0 || depth < 1 || x.Shape.Dim[1]%depth != 0 || x.Shape.Dim[1]/depth != groups {
		c.fail("weight %v with group %d does not fit %d channels", weights.Shape, groups, x.Shape.Dim[1])
	}
	w := c.window(in, kernel)
	args := []*graph.Value{c.nhwc(x), c.nhwc(weights)}
	if c.optional(2) != nil {
		bias := c.floats(2)
		c.constant(2, "bias")
		if c.err == nil && (bias.Shape.Rank != 1 || bias.Shape.Dim[0] != o) {
			c.fail("bias has shape %v, want [%d]", bias.Shape, o)
		}
		args = append(args, bias)
	}
	if c.err != nil {
		return
	}
	attrs := append(w.attrs(), op.IntAttr("groups", groups))
	c.set(0, c.nchw(c.emit(op.Conv2D, "", attrs, args...), x.Shape.Rank))
}

func importMaxPool(c *call) {
	c.ignore("storage_order") // of the second output, the places of the maxima
	importPool(c, op.MaxPool2D, nil)
}

func importAveragePool(c *call) {
	if d := c.attr("dilations", attrInts); d != nil && slices.ContainsFunc(d.ints, func(x int64) bool { return x != 1 }) {
		c.unsupported("dilations %v", d.ints)
	}
	include := btoi(c.int("count_include_pad", 0) != 0)
	importPool(c, op.AveragePool2D, op.Attrs{op.IntAttr("includePad", include)})
}

func importPool(c *call, def *op.Def, attrs op.Attrs) {
	c.inputs(1, 1)
	x := c.floats(0)
	in := c.spatial(x)
	kernel := c.ints("kernel_shape")
	if kernel == nil {
		c.fail("kernel_shape is missing")
	}
	w := c.window(in, kernel)
	ceil := btoi(c.int("ceil_mode", 0) != 0)
	if c.err != nil {
		return
	}
	attrs = append(append(attrs, op.IntsAttr("kernel", w.kernel...), op.IntAttr("ceil", ceil)), w.attrs()...)
	c.set(0, c.nchw(c.emit(def, "", attrs, c.nhwc(x)), x.Shape.Rank))
}

func importGlobalAveragePool(c *call) { importGlobalPool(c, op.AveragePool2D) }
func importGlobalMaxPool(c *call)     { importGlobalPool(c, op.MaxPool2D) }

// importGlobalPool pools over a window as large as the input.
func importGlobalPool(c *call, def *op.Def) {
	c.inputs(1, 1)
	x := c.floats(0)
	in := c.spatial(x)
	if c.err != nil {
		return
	}
	kernel := []int{1, in[0]}
	if len(in) == 2 {
		kernel[0], kernel[1] = in[0], in[1]
	}
	c.set(0, c.nchw(c.emit(def, "", op.Attrs{op.IntsAttr("kernel", kernel...)}, c.nhwc(x)), x.Shape.Rank))
}

// onAxis1 is the shape [c,1,…] that broadcasts along axis 1 of a tensor of the given rank.
func onAxis1(channels, rank int) tensor.Shape {
	s := tensor.Shape{Rank: rank - 1}
	for i := range s.Rank {
		s.Dim[i] = 1
	}
	s.Dim[0] = channels
	return s
}
