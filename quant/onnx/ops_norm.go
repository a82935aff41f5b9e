package onnx

import (
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importLayerNormalization: what is normalized together becomes one last axis.
func importLayerNormalization(c *call) {
	c.inputs(2, 3)
	c.norm(op.LayerNorm)
}

// importRMSNormalization also serves SimplifiedLayerNormalization, which ONNX Runtime puts into the default domain.
func importRMSNormalization(c *call) {
	c.inputs(2, 2)
	c.norm(op.RMSNorm)
}

func (c *call) norm(def *op.Def) {
	x := c.floats(0)
	if c.int("stash_type", 1) != 1 {
		c.unsupported("stash_type")
	}
	axis := c.axis(c.int("axis", -1), x.Shape.Rank)
	if c.err != nil {
		return
	}
	epsilon := c.float("epsilon", 1e-5)
	c.set(0, c.normalized(def, x, c.floats(1), c.optional(2), axis, epsilon))
	if used := func(i int) bool { return i < len(c.out) && c.im.uses[c.out[i]] > 0 }; def == op.LayerNorm && (used(1) || used(2)) {
		c.statistics(x, axis, epsilon)
	}
}

// statistics computes LayerNormalization's further outputs: the mean, and one over the standard deviation.
func (c *call) statistics(x *graph.Value, axis int, epsilon float32) {
	attrs := op.Attrs{op.IntAttr("keepDims", 1), op.IntsAttr("axes", count(x.Shape.Rank)[axis:]...)}
	mean := c.emit(op.Mean, "/mean", attrs, x)
	c.set(1, mean)
	square := c.emit(op.Unary, "/square", op.Attrs{function("square")}, c.emit(op.Sub, "/deviation", nil, x, mean))
	variance := c.emit(op.Add, "/variance", nil, c.emit(op.Mean, "/squares", attrs, square), c.newConst("/epsilon", tensor.Shape{}, []float32{epsilon}))
	c.set(2, c.emit(op.Unary, "/inverse", op.Attrs{function("rsqrt")}, variance))
}

// normalized emits a normalization over the axes from the given one on. Scale and bias that are not constant, or
// broadcast, are a product and a sum of their own.
func (c *call) normalized(def *op.Def, x, scale, bias *graph.Value, axis int, epsilon float32) *graph.Value {
	if c.err != nil {
		return x
	}
	n := 1
	for _, d := range x.Shape.Dims()[axis:] {
		n *= d
	}
	if n == 0 {
		c.fail("input has shape %v", x.Shape)
		return x
	}
	attrs := op.Attrs{op.FloatAttr("epsilon", epsilon)}
	plain := func(v *graph.Value) bool {
		return v == nil || v.Const != nil && v.DType == tensor.Float32 && v.Shape.Elements() == n && v.Shape.Rank == x.Shape.Rank-axis
	}
	apart := !plain(scale) || !plain(bias)
	in := []*graph.Value{x, scale}
	if axis != x.Shape.Rank-1 {
		in[0] = c.flatten(x, "/rows", axis)
	}
	if apart {
		ones := make([]float32, n)
		for i := range ones {
			ones[i] = 1
		}
		in[1] = c.newConst("/ones", tensor.MakeShape(n), ones)
	} else {
		in[1] = c.reshape(scale, "", n)
		if bias != nil {
			in = append(in, c.reshape(bias, "", n))
		}
	}
	y := c.emit(def, "", attrs, in...)
	if axis != x.Shape.Rank-1 {
		y = c.reshape(y, "/shape", x.Shape.Dims()...)
	}
	if apart {
		y = c.emit(op.Mul, "/scale", nil, y, scale)
		if bias != nil {
			y = c.emit(op.Add, "/bias", nil, y, bias)
		}
	}
	return y
}

// importTrilu keeps a triangle of the last two axes: a choice by a constant.
func importTrilu(c *call) {
	c.inputs(1, 2)
	x := c.input(0)
	k := 0
	if c.optional(1) != nil {
		if v := c.constInts(1, "k"); c.err == nil && len(v) == 1 {
			k = min(max(v[0], -tensor.MaxDim), tensor.MaxDim)
		} else {
			c.fail("k is %v, want one number", v)
		}
	}
	if c.err == nil && x.Shape.Rank < 2 {
		c.fail("input has shape %v, want matrices", x.Shape)
	}
	upper := c.int("upper", 1) != 0
	if c.err != nil {
		return
	}
	rows, cols := x.Shape.Dim[x.Shape.Rank-2], x.Shape.Dim[x.Shape.Rank-1]
	if !c.room(rows*cols + 8) {
		return
	}
	mask := tensor.New(tensor.Type{DType: tensor.Bool, Shape: tensor.MakeShape(rows, cols)})
	for i := range rows {
		for j := range cols {
			if upper && j-i >= k || !upper && j-i <= k {
				mask.Data.Bytes()[i*cols+j] = 1
			}
		}
	}
	zero := tensor.New(tensor.Type{DType: x.DType})
	c.set(0, c.emit(op.Select, "", nil, graph.NewConst(c.name+"/triangle", mask), x, graph.NewConst(c.name+"/zero", zero)))
}

// importIsNaN: only NaN differs from itself.
func importIsNaN(c *call) {
	c.inputs(1, 1)
	x := c.floats(0)
	same := c.emit(op.Compare, "/equal", op.Attrs{op.StringAttr("relation", "equal")}, x, x)
	c.set(0, c.emit(op.Unary, "", op.Attrs{function("not")}, same))
}

// importIsInf compares with either infinity, or both.
func importIsInf(c *call) {
	c.inputs(1, 1)
	x := c.floats(0)
	negative, positive := c.int("detect_negative", 1) != 0, c.int("detect_positive", 1) != 0
	is := func(x *graph.Value, sign int) *graph.Value {
		return c.emit(op.Compare, "", op.Attrs{op.StringAttr("relation", "equal")}, x, c.newConst("/infinity", tensor.Shape{}, []float32{float32(math.Inf(sign))}))
	}
	switch {
	case negative && positive:
		c.set(0, is(c.emit(op.Unary, "/abs", op.Attrs{function("abs")}, x), 1))
	case negative:
		c.set(0, is(x, -1))
	case positive:
		c.set(0, is(x, 1))
	default:
		c.set(0, c.emit(op.Compare, "", op.Attrs{op.StringAttr("relation", "less")}, x, c.newConst("/infinity", tensor.Shape{}, []float32{float32(math.Inf(-1))})))
	}
}
