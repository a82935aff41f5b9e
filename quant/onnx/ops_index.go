package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func importGatherElements(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.typed(1, tensor.Int32, tensor.Int64)
	c.set(0, c.emit(op.GatherElements, "", op.Attrs{op.IntAttr("axis", c.axis(c.int("axis", 0), x.Shape.Rank))}, x, at))
}

// importGatherND makes one index of the several that name a place: x's axes that they reach over become one.
func importGatherND(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.typed(1, tensor.Int32, tensor.Int64)
	batch := c.int("batch_dims", 0)
	if c.err != nil {
		return
	}
	last := at.Shape.Rank - 1
	k := 0
	if last >= 0 {
		k = at.Shape.Dim[last]
	}
	if k < 1 || batch < 0 || batch > last || batch+k > x.Shape.Rank {
		c.fail("indices %v with batch_dims %d of shape %v", at.Shape, batch, x.Shape)
		return
	}
	reach := x.Shape.Dim[batch : batch+k]
	number := func(suffix string, v ...int) *graph.Value {
		t := tensor.New(tensor.Type{DType: at.DType, Shape: tensor.MakeShape(len(v))})
		size := t.DType.SizeBytes(1)
		for i, n := range v {
			putInt(t.Data.Bytes()[i*size:(i+1)*size], int64(n))
		}
		return graph.NewConst(c.name+suffix, t)
	}
	steps, n := make([]int, k), 1
	for i := k - 1; i >= 0; i-- {
		steps[i], n = n, n*reach[i]
	}
	negative := c.emit(op.Compare, "/negative", op.Attrs{op.StringAttr("relation", "less")}, at, number("/zero", make([]int, k)...))
	at = c.emit(op.Select, "/index", nil, negative, c.emit(op.Add, "/from_end", nil, at, number("/extents", reach...)), at)
	at = c.emit(op.Mul, "/steps", nil, at, number("/step", steps...))
	at = c.emit(op.Sum, "/place", op.Attrs{op.IntsAttr("axes", last), op.IntAttr("keepDims", 0)}, at)
	shape := slices.Concat(x.Shape.Dims()[:batch], []int{n}, x.Shape.Dims()[batch+k:])
	for i := range batch {
		shape[i] = 0
	}
	if k > 1 {
		x = c.reshape(x, "/flat", shape...)
	}
	c.set(0, c.emit(op.Gather, "", op.Attrs{op.IntAttr("axis", batch), op.IntAttr("batchDims", batch)}, x, at))
}

// reduction is the attribute of a scatter, as edgerun has it.
func (c *call) scatterAttrs(attrs ...op.Attr) op.Attrs {
	if how := c.string("reduction", "none"); how != "none" {
		return append(attrs, op.StringAttr("reduction", how))
	}
	return attrs
}

func importScatterElements(c *call) {
	c.inputs(3, 3)
	x, at, u := c.input(0), c.typed(1, tensor.Int32, tensor.Int64), c.input(2)
	c.set(0, c.emit(op.ScatterElements, "", c.scatterAttrs(op.IntAttr("axis", c.axis(c.int("axis", 0), x.Shape.Rank))), x, at, u))
}

func importScatterND(c *call) {
	c.inputs(3, 3)
	c.set(0, c.emit(op.ScatterNDUpdate, "", c.scatterAttrs(), c.input(0), c.typed(1, tensor.Int32, tensor.Int64), c.input(2)))
}

// importOneHot compares indices with all positions, and with those counted from the end.
func importOneHot(c *call) {
	c.inputs(3, 3)
	at, values := c.typed(0, numbers...), c.input(2)
	depth := c.constant(1, "depth")
	axis := c.int("axis", -1)
	if c.err != nil {
		return
	}
	depths := cast(depth, tensor.Float32).Data.F32()
	if len(depths) != 1 || !(depths[0] >= 1 && depths[0] <= tensor.MaxDim) || values.Shape != tensor.MakeShape(2) {
		c.fail("depth %v and values of shape %v, want one number and two", depths, values.Shape)
		return
	}
	c.set(0, c.oneHot(at, c.axis(axis, at.Shape.Rank+1), int(depths[0]), c.pick(values, "/on", 1), c.pick(values, "/off", 0)))
}

// pick is one element of a list.
func (c *call) pick(v *graph.Value, suffix string, i int) *graph.Value {
	return c.rearrange(c.slice(v, suffix, 0, i, i+1), suffix+"/number", nil)
}

// oneHot is on where an index names the position along a new axis of n positions, off elsewhere.
func (c *call) oneHot(at *graph.Value, axis, n int, on, off *graph.Value) *graph.Value {
	rank := at.Shape.Rank + 1
	if rank > tensor.MaxRank {
		c.unsupported("%d dimensions", rank)
	}
	if !c.room(16 * n) {
		return at
	}
	from := count(rank - 1)
	from = slices.Insert(from, axis, -1)
	column := c.rearrange(at, "/column", from)
	shape := onAxis(n, axis, rank)
	is := func(suffix string, first int) *graph.Value {
		positions := tensor.New(tensor.Type{DType: at.DType, Shape: shape})
		size := at.DType.SizeBytes(1)
		for i := range n {
			if at.DType == tensor.Float32 {
				positions.Data.F32()[i] = float32(first + i)
			} else {
				putInt(positions.Data.Bytes()[i*size:(i+1)*size], int64(first+i))
			}
		}
		return c.emit(op.Compare, suffix, op.Attrs{op.StringAttr("relation", "equal")}, column, graph.NewConst(c.name+suffix+"/positions", positions))
	}
	chosen := c.emit(op.Binary, "/chosen", op.Attrs{function("or")}, is("/is", 0), is("/is_from_end", -n))
	return c.emit(op.Select, "", nil, chosen, on, off)
}

// onAxis is a shape of extent n on one axis and 1 on the others.
func onAxis(n, axis, rank int) tensor.Shape {
	dims := slices.Repeat([]int{1}, rank)
	dims[axis] = n
	return tensor.MakeShape(dims...)
}

// importTopK finds positions along the last axis and picks the elements there. The smallest are the largest of −x, of −1−x
// for integers.
func importTopK(c *call) {
	x := c.typed(0, tensor.Float32, tensor.Int32, tensor.Int64)
	var k int
	if c.opset < 10 {
		c.inputs(1, 1)
		k = c.int("k", 0)
	} else {
		c.inputs(2, 2)
		if v := c.constInts(1, "k"); c.err == nil && len(v) == 1 {
			k = v[0]
		} else {
			c.fail("k is %v, want one number", v)
		}
	}
	rank := x.Shape.Rank
	axis := c.axis(c.int("axis", -1), rank)
	largest := true
	if c.opset >= 11 {
		c.ignore("sorted")
		largest = c.int("largest", 1) != 0
	}
	if c.err != nil {
		return
	}
	perm := count(rank)
	perm[axis], perm[rank-1] = rank-1, axis
	if axis != rank-1 {
		x = c.transpose(x, "/last", perm...)
	}
	ordered := x
	if !largest {
		if x.DType == tensor.Float32 {
			ordered = c.emit(op.Mul, "/down", nil, x, c.newConst("/minus", tensor.Shape{}, []float32{-1}))
		} else {
			minus := tensor.New(tensor.Type{DType: x.DType})
			putInt(minus.Data.Bytes(), -1)
			ordered = c.emit(op.Sub, "/down", nil, graph.NewConst(c.name+"/minus", minus), x)
		}
	}
	at := c.emit(op.TopK, "", op.Attrs{op.IntAttr("k", k)}, ordered)
	outputs := []*graph.Value{
		c.emit(op.Gather, "/values", op.Attrs{op.IntAttr("axis", rank-1), op.IntAttr("batchDims", rank-1)}, x, at),
		c.emit(op.Cast, "/indices", op.Attrs{op.IntAttr("to", int(tensor.Int64))}, at),
	}
	for i, v := range outputs {
		if i >= len(c.out) || c.im.uses[c.out[i]] == 0 {
			continue
		}
		if axis != rank-1 {
			v = c.transpose(v, "/back", perm...)
		}
		c.set(i, v)
	}
}

// importHardmax is 1 at the first of the largest elements, else 0. Before operator set 13 the axis and all behind it are one.
func importHardmax(c *call) {
	c.inputs(1, 1)
	x := c.floats(0)
	given := -1
	if c.opset < 13 {
		given = 1
	}
	axis := c.axis(c.int("axis", given), x.Shape.Rank)
	if c.err != nil {
		return
	}
	rows := x
	if c.opset < 13 {
		rows, axis = c.flatten(x, "/flat", axis), 1
	}
	n := rows.Shape.Dim[axis]
	at := c.emit(op.ArgMax, "/at", op.Attrs{op.IntAttr("axis", axis), op.IntAttr("keepDims", 0)}, rows)
	y := c.oneHot(at, axis, n, c.newConst("/one", tensor.Shape{}, []float32{1}), c.newConst("/zero", tensor.Shape{}, []float32{0}))
	if c.opset < 13 {
		shape := slices.Clone(x.Shape.Dims())
		shape[0] = -1
		y = c.reshape(y, "/shape", shape...)
	}
	c.set(0, y)
}
