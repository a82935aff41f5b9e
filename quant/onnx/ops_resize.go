package onnx

import (
	"math"
	"slices"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importUpsample is Resize as it was before operator set 10: scales in an attribute, then in an input.
func importUpsample(c *call) {
	var scales []float32
	if c.opset < 9 {
		c.inputs(1, 1)
		if a := c.attr("scales", attrFloats); a != nil {
			scales = a.floatValues()
		} else {
			c.unsupported("height_scale and width_scale")
		}
	} else {
		c.inputs(2, 2)
		scales = c.constFloats(1, "scales")
	}
	mode := c.string("mode", "nearest")
	c.resize(mode, "asymmetric", "floor", scales, nil)
}

// importResize takes scales in operator set 10; since 11 a region, scales or sizes, and formulas.
func importResize(c *call) {
	x := c.input(0)
	mode := c.string("mode", "nearest")
	if c.opset < 11 {
		c.inputs(2, 2)
		c.resize(mode, "asymmetric", "floor", c.constFloats(1, "scales"), nil)
		return
	}
	c.inputs(1, 4)
	// Of cubic interpolation, and of neighbours outside the picture, whose weight the edge has anyway.
	c.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value")
	coordinates, rounding := c.string("coordinate_transformation_mode", "half_pixel"), c.string("nearest_mode", "round_prefer_floor")
	if coordinates == "tf_half_pixel_for_nn" && rounding == "floor" {
		coordinates, rounding = "half_pixel", "round_prefer_ceil" // ⌊p+½⌋ without the −½
	}
	var scales []float32
	var sizes, axes []int
	if v := c.optional(2); v != nil && v.Shape.Elements() > 0 {
		scales = c.constFloats(2, "scales")
	}
	if v := c.optional(3); v != nil && v.Shape.Elements() > 0 {
		sizes = c.constInts(3, "sizes")
	}
	policy := "stretch"
	if c.opset >= 18 {
		if c.int("antialias", 0) != 0 {
			c.unsupported("antialias")
		}
		axes = c.ints("axes")
		policy = c.string("keep_aspect_ratio_policy", "stretch")
	}
	if c.err != nil {
		return
	}
	if (scales == nil) == (sizes == nil) {
		c.fail("want either scales or sizes")
		return
	}
	rank := x.Shape.Rank
	if axes == nil {
		axes = count(rank)
	}
	if max(len(scales), len(sizes)) != len(axes) {
		c.fail("scales %v or sizes %v for axes %v", scales, sizes, axes)
		return
	}
	full, extents := slices.Repeat([]float32{1}, rank), slices.Clone(x.Shape.Dims())
	for i, a := range axes {
		if a = c.axis(a, rank); c.err != nil {
			return
		}
		if sizes != nil {
			extents[a] = sizes[i]
		} else {
			full[a] = scales[i]
		}
	}
	if sizes == nil {
		c.resize(mode, coordinates, rounding, full, nil)
		return
	}
	if policy != "stretch" {
		full = c.keepAspect(policy, x.Shape, axes, sizes, extents)
	} else {
		full = nil
	}
	c.resize(mode, coordinates, rounding, full, extents)
}

// keepAspect chooses one scale for all axes and sets their extents.
func (c *call) keepAspect(policy string, x tensor.Shape, axes, sizes, extents []int) []float32 {
	if policy != "not_larger" && policy != "not_smaller" {
		c.fail("keep_aspect_ratio_policy %s", quote(policy))
		return nil
	}
	scale := 0.0
	for i, a := range axes {
		a = c.axis(a, x.Rank)
		s := float64(sizes[i]) / float64(max(1, x.Dim[a]))
		if i == 0 || policy == "not_larger" && s < scale || policy == "not_smaller" && s > scale {
			scale = s
		}
	}
	scales := slices.Repeat([]float32{1}, x.Rank)
	for _, a := range axes {
		a = c.axis(a, x.Rank)
		scales[a] = float32(scale)
		extents[a] = int(math.Floor(min(float64(scale*float64(x.Dim[a]))+0.5, tensor.MaxDim+1)))
	}
	return scales
}

// resize emits a Resize of the two axes that change; extents nil means those that the scales give.
func (c *call) resize(mode, coordinates, rounding string, scales []float32, extents []int) {
	x := c.input(0)
	if c.err != nil {
		return
	}
	switch mode {
	case "linear", "bilinear":
		mode = "linear"
	case "nearest":
	default:
		c.unsupported("mode %s", quote(mode))
	}
	rank := x.Shape.Rank
	if extents == nil {
		if len(scales) != rank {
			c.fail("%d scales for shape %v", len(scales), x.Shape)
			return
		}
		for i, d := range x.Shape.Dims() {
			e := math.Floor(float64(d) * float64(scales[i]))
			if !(scales[i] > 0) || !(e <= tensor.MaxDim) {
				c.fail("scales %v", scales)
				return
			}
			extents = append(extents, int(e))
		}
	}
	if slices.Equal(extents, x.Shape.Dims()) {
		c.set(0, x) // every formula finds each pixel itself
		return
	}
	still := func(axes ...int) bool {
		return !slices.ContainsFunc(axes, func(i int) bool { return extents[i] != x.Shape.Dim[i] })
	}
	channelsLast := rank == 4 && still(0, 3) && !still(1)
	if !channelsLast && (rank < 3 || rank > 4 || !still(0, 1)) {
		c.unsupported("resize of %v to %v", x.Shape, extents)
		return
	}
	h, w := rank-2, rank-1
	if channelsLast {
		h, w = 1, 2
	}
	size, scale, given := []int{1, extents[w]}, []float32{1, 1}, false
	if rank == 4 {
		size[0] = extents[h]
	}
	if scales != nil {
		for i, a := range []int{h, w} {
			if rank == 3 && i == 0 {
				continue
			}
			scale[i] = scales[a]
			given = given || float64(scales[a])*float64(x.Shape.Dim[a]) != float64(extents[a])
		}
	}
	attrs := op.Attrs{op.IntsAttr("size", size...), op.StringAttr("mode", mode), op.StringAttr("coordinates", coordinates)}
	if mode == "nearest" {
		attrs = append(attrs, op.StringAttr("rounding", rounding))
	}
	if given {
		attrs = append(attrs, op.FloatsAttr("scales", scale...))
	}
	if !slices.Contains(knownCoordinates, coordinates) {
		c.unsupported("coordinate_transformation_mode %s", quote(coordinates))
	}
	if channelsLast {
		c.set(0, c.emit(op.Resize, "", attrs, x))
		return
	}
	c.set(0, c.nchw(c.emit(op.Resize, "", attrs, c.nhwc(x)), rank))
}

// knownCoordinates are ONNX's formulas that op.Resize has.
var knownCoordinates = []string{"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners"}

// constFloats is the value of a constant float32 input of one dimension.
func (c *call) constFloats(i int, what string) []float32 {
	t := c.constant(i, what)
	if c.err == nil && (t.DType != tensor.Float32 || t.Shape.Rank > 1) {
		c.fail("%s is %v%v, want float32 of one dimension", what, t.DType, t.Shape)
	}
	if c.err != nil {
		return nil
	}
	return t.Data.F32()
}
