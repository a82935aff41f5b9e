package tflite

import (
	"math"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// number is the value of an input of one number.
func (c *call) number(i int, what string) int {
	v := c.ints(i, what)
	if c.err == nil && len(v) != 1 {
		c.fail("%s %v, want one number", what, v)
	}
	if c.err != nil {
		return 0
	}
	return v[0]
}

// importGatherND turns an index of several axes into one along these axes taken together.
func importGatherND(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.input(1)
	if c.err != nil {
		return
	}
	last := at.Shape.Rank - 1
	if last < 0 || at.Shape.Dim[last] < 1 || at.Shape.Dim[last] > x.Shape.Rank {
		c.fail("indices %v of shape %v", at.Shape, x.Shape)
		return
	}
	k := at.Shape.Dim[last]
	stride := make([]int64, k)
	for i := k - 1; i >= 0; i-- {
		if stride[i] = 1; i < k-1 {
			stride[i] = stride[i+1] * int64(x.Shape.Dim[i+1])
		}
	}
	if at.Const != nil {
		for i, v := range c.ints(1, "indices") {
			if d := x.Shape.Dim[i%k]; v < 0 || v >= d {
				c.fail("index %d outside [0,%d)", v, d)
				return
			}
		}
	}
	lead := slices.Clone(at.Shape.Dims()[:last])
	if k == 1 {
		at = c.reshape(at, "/index", lead...)
	} else {
		steps := tensor.FromI64(tensor.MakeShape(k), stride)
		if at.DType == tensor.Int32 {
			narrow := make([]int32, k)
			for i, v := range stride {
				narrow[i] = int32(v)
			}
			steps = tensor.FromI32(tensor.MakeShape(k), narrow)
		}
		at = c.emit(op.Mul, "/steps", nil, at, graph.NewConst(c.name+"/strides", steps))
		at = c.emit(op.Sum, "/index", op.Attrs{op.IntsAttr("axes", last)}, at)
		x = c.reshape(x, "/flat", append([]int{-1}, x.Shape.Dims()[k:]...)...)
	}
	c.set(0, c.move(op.Gather, "", op.Attrs{op.IntAttr("axis", 0)}, x, at))
}

func importScatterND(c *call) {
	c.inputs(3, 3)
	at, x := c.input(0), c.input(1)
	y := c.emit(op.ScatterND, "", op.Attrs{op.IntsAttr("shape", c.ints(2, "shape")...)}, at, x)
	if c.err == nil && y.Const == nil {
		y.Quant = x.Quant
	}
	c.set(0, y)
}

func importDynamicUpdateSlice(c *call) {
	c.inputs(3, 3)
	x, u, at := c.input(0), c.input(1), c.input(2)
	c.set(0, c.move(op.UpdateSlice, "", nil, x, c.as(u, x.Quant), at))
}

// importTopKV2 finds the positions and picks the values there.
func importTopKV2(c *call) {
	c.inputs(2, 2)
	x, k := c.input(0), c.number(1, "k")
	if c.err == nil && x.Shape.Rank < 1 {
		c.fail("input has shape %v", x.Shape)
	}
	if c.err != nil {
		return
	}
	at := c.emit(op.TopK, "/positions", op.Attrs{op.IntAttr("k", k)}, x)
	axis := x.Shape.Rank - 1
	attrs := op.Attrs{op.IntAttr("axis", axis)}
	if axis > 0 {
		attrs = append(attrs, op.IntAttr("batchDims", axis))
	}
	c.set(0, c.move(op.Gather, "", attrs, x, at))
	if len(c.out) > 1 {
		c.set(1, at)
	}
}

// importOneHot compares the indices with all positions along a new axis.
func importOneHot(c *call) {
	c.inputs(4, 4)
	at, depth, on, off := c.input(0), c.number(1, "depth"), c.input(2), c.input(3)
	axis := c.axis(int(c.options.int32(0, 0)), at.Shape.Rank+1)
	if c.err == nil && (depth < 0 || depth > foreign.MaxComputed) {
		c.fail("depth %d", depth)
	}
	if c.err != nil {
		return
	}
	places := make([]int64, depth)
	narrow := make([]int32, depth)
	for i := range places {
		places[i], narrow[i] = int64(i), int32(i)
	}
	shape := []int{depth}
	for range at.Shape.Rank - axis {
		shape = append(shape, 1)
	}
	if len(shape) > tensor.MaxRank {
		c.unsupported("%d dimensions", len(shape))
		return
	}
	all := tensor.FromI64(tensor.MakeShape(shape...), places)
	if at.DType == tensor.Int32 {
		all = tensor.FromI32(tensor.MakeShape(shape...), narrow)
	}
	at = c.withAxes(at, "/indices", nil, []int{axis})
	hot := c.emit(op.Compare, "/hot", op.Attrs{op.StringAttr("relation", "equal")}, at, graph.NewConst(c.name+"/places", all))
	c.choice(op.Select, 1, hot, on, off)
}

// importFill repeats one number.
func importFill(c *call) {
	c.inputs(2, 2)
	dims, v := c.ints(0, "shape"), c.input(1)
	if c.err == nil && v.Shape.Elements() != 1 {
		c.fail("value has shape %v", v.Shape)
	}
	if c.err == nil && len(dims) > tensor.MaxRank {
		c.unsupported("%d dimensions", len(dims))
	}
	if c.err != nil {
		return
	}
	ones := make([]int, len(dims))
	for i := range ones {
		ones[i] = 1
	}
	if v = c.reshape(v, "/one", ones...); len(dims) > 0 {
		v = c.move(op.Tile, "", op.Attrs{op.IntsAttr("repeats", dims...)}, v)
	}
	c.set(0, v)
}

// importRange counts from start by delta up to limit, which it does not reach, adding up as the reference does.
func importRange(c *call) {
	c.inputs(3, 3)
	start, limit, delta := c.constant(0, "start"), c.constant(1, "limit"), c.constant(2, "delta")
	for _, t := range []*tensor.Tensor{start, limit, delta} {
		if c.err == nil && (t.DType != start.DType || t.Shape.Elements() != 1) {
			c.fail("start, limit and delta are %v%v, %v%v and %v%v", start.DType, start.Shape, limit.DType, limit.Shape, delta.DType, delta.Shape)
		}
	}
	if c.err != nil {
		return
	}
	switch start.DType {
	case tensor.Float32:
		from, to, by := start.Data.F32()[0], limit.Data.F32()[0], delta.Data.F32()[0]
		n := c.count(float64(from), float64(to), float64(by), math.Ceil(math.Abs(float64((to-from)/by))))
		c.set(0, counted(c, n, from, by, tensor.FromF32))
	case tensor.Int32:
		from, to, by := start.Data.I32()[0], limit.Data.I32()[0], delta.Data.I32()[0]
		n := c.count(float64(from), float64(to), float64(by), math.Ceil(math.Abs(float64(int64(to)-int64(from))/float64(by))))
		c.set(0, counted(c, n, from, by, tensor.FromI32))
	case tensor.Int64:
		from, to, by := start.Data.I64()[0], limit.Data.I64()[0], delta.Data.I64()[0]
		n := c.count(float64(from), float64(to), float64(by), math.Ceil(math.Abs(float64(to-from)/float64(by))))
		c.set(0, counted(c, n, from, by, tensor.FromI64))
	default:
		c.unsupported("range of %v", start.DType)
	}
}

// count checks how many steps of a range there are.
func (c *call) count(from, to, by, n float64) int {
	if by == 0 || (by > 0) != (to >= from) && to != from || !(n <= foreign.MaxComputed) {
		c.fail("%g numbers from %g to %g by %g", n, from, to, by)
		return 0
	}
	return int(n)
}

func counted[T int32 | int64 | float32](c *call, n int, from, by T, of func(tensor.Shape, []T) *tensor.Tensor) *graph.Value {
	all := make([]T, n)
	for i := range all {
		all[i] = from
		from += by
	}
	return graph.NewConst(c.name, of(tensor.MakeShape(n), all))
}

func importRank(c *call) {
	c.inputs(1, 1)
	if x := c.input(0); c.err == nil {
		c.set(0, graph.NewConst(c.name, tensor.FromI32(tensor.MakeShape(), []int32{int32(x.Shape.Rank)})))
	}
}

// importZerosLike is a constant, unless the shape may vary.
func importZerosLike(c *call) {
	c.inputs(1, 1)
	x := c.input(0)
	if c.err != nil || !c.room(x.SizeBytes()) {
		return
	}
	if !c.im.varies() || x.Const != nil {
		c.set(0, graph.NewConst(c.name, tensor.New(tensor.Type{DType: x.DType, Shape: x.Shape})))
		return
	}
	zero := graph.NewConst(c.name+"/zero", tensor.New(tensor.Type{DType: x.DType}))
	same := c.emit(op.Compare, "/shape", op.Attrs{op.StringAttr("relation", "equal")}, x, x)
	c.choice(op.Select, 1, same, zero, zero)
}

func importSin(c *call) { c.function("sin") }
func importCos(c *call) { c.function("cos") }

// importL2Pool2D is the root of the mean square.
func importL2Pool2D(c *call) {
	c.inputs(1, 1)
	x, o := c.picture(0), c.options
	if c.err == nil && x.DType != tensor.Float32 {
		c.unsupported("input of %v", x.DType)
	}
	win := c.window([2]int{int(o.int32(4, 0)), int(o.int32(3, 0))}, 0)
	if c.err != nil {
		return
	}
	pool := op.Attrs{op.IntsAttr("kernel", win.kernel[:]...), op.IntsAttr("strides", win.stride[:]...),
		op.IntsAttr("pads", c.pads(win, x.Shape.Dim[1], x.Shape.Dim[2])...)}
	y := c.emit(op.Unary, "/square", op.Attrs{op.StringAttr("function", "square")}, x)
	y = c.emit(op.AveragePool2D, "/mean", pool, y)
	limits := c.activation(5)
	y = c.emit(op.Unary, "/root", op.Attrs{op.StringAttr("function", "sqrt")}, y)
	if limits != nil {
		y = c.emit(op.Clamp, "", limits, y)
	}
	c.set(0, y)
}
