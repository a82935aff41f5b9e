package onnx

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importGemm translates y = alpha·A'·B' + beta·C. With constant weights and a constant C for each column it is a
// FullyConnected, alpha and beta being folded into the constants.
func importGemm(c *call) {
	c.inputs(2, 3)
	c.ignore("broadcast") // before operator set 7; what it allows is numpy's broadcasting
	a, b := c.floats(0), c.floats(1)
	alpha, beta := c.float("alpha", 1), c.float("beta", 1)
	transA, transB := c.int("transA", 0) != 0, c.int("transB", 0) != 0
	if c.err != nil {
		return
	}
	if a.Shape.Rank != 2 || b.Shape.Rank != 2 {
		c.fail("operands have shapes %v and %v, want matrices", a.Shape, b.Shape)
		return
	}
	m, k, kb, n := a.Shape.Dim[0], a.Shape.Dim[1], b.Shape.Dim[0], b.Shape.Dim[1]
	if transA {
		m, k = k, m
	}
	if transB {
		kb, n = n, kb
	}
	if k != kb {
		c.fail("operands %v and %v with transA %v, transB %v: inner extents %d and %d differ", a.Shape, b.Shape, transA, transB, k, kb)
		return
	}
	var offset *graph.Value
	if c.optional(2) != nil && beta != 0 {
		offset = c.floats(2)
		if s := offset.Shape; c.err == nil && !broadcasts(s, m, n) {
			c.fail("C has shape %v, want one that broadcasts to [%d %d]", s, m, n)
		}
		if c.err == nil && offset.Const != nil {
			offset, beta = c.scaled(offset, beta), 1
		}
	}
	if c.err != nil {
		return
	}
	if b.Const == nil {
		y := c.emit(op.BatchMatMul, "", op.Attrs{op.IntAttr("adjX", btoi(transA)), op.IntAttr("adjY", btoi(transB))}, a, b)
		c.set(0, c.addScaled(c.times(y, "/alpha", alpha), offset, beta))
		return
	}
	if transA {
		a = c.transpose(a, "/A", 1, 0)
	}
	if !transB {
		b = c.transpose(b, "/B", 1, 0)
	}
	b = c.scaled(b, alpha)
	if offset == nil {
		c.set(0, c.emit(op.FullyConnected, "", nil, a, b))
		return
	}
	if s := offset.Shape; offset.Const != nil && (s.Rank < 2 || s.Dim[0] == 1) {
		c.set(0, c.emit(op.FullyConnected, "", nil, a, b, c.vector(offset, n)))
		return
	}
	c.set(0, c.addScaled(c.emit(op.FullyConnected, "", nil, a, b), offset, beta))
}

// broadcasts reports whether shape s broadcasts to [m,n].
func broadcasts(s tensor.Shape, m, n int) bool {
	if s.Rank > 2 {
		return false
	}
	ok := s.Rank < 1 || s.Dim[s.Rank-1] == 1 || s.Dim[s.Rank-1] == n
	return ok && (s.Rank < 2 || s.Dim[0] == 1 || s.Dim[0] == m)
}

// vector repeats a float constant of one or n elements to shape [n].
func (c *call) vector(v *graph.Value, n int) *graph.Value {
	if c.err != nil {
		return &graph.Value{}
	}
	if v.Shape.Elements() == n {
		return c.reshape(v, "", n)
	}
	data := v.Const.Data.F32()[0]
	if !c.room(4 * n) {
		return &graph.Value{}
	}
	out := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(n)})
	for i := range out.Data.F32() {
		out.Data.F32()[i] = data
	}
	return graph.NewConst(v.Name, out)
}

// times multiplies by a number, if it is not 1.
func (c *call) times(v *graph.Value, suffix string, factor float32) *graph.Value {
	if factor == 1 {
		return v
	}
	return c.emit(op.Mul, suffix, nil, v, c.newConst(suffix+"/factor", tensor.Shape{}, []float32{factor}))
}

// addScaled adds beta times offset, which may be nil.
func (c *call) addScaled(v, offset *graph.Value, beta float32) *graph.Value {
	if offset == nil {
		return v
	}
	return c.emit(op.Add, "/add", nil, v, c.times(offset, "/beta", beta))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// importMatMul makes a FullyConnected of a product with a constant matrix. A vector becomes a matrix of one row or
// column, and the axis goes away again afterwards.
func importMatMul(c *call) {
	c.inputs(2, 2)
	a, b := c.floats(0), c.floats(1)
	if c.err == nil && (a.Shape.Rank < 1 || b.Shape.Rank < 1) {
		c.fail("operands have shapes %v and %v, want at least one dimension", a.Shape, b.Shape)
	}
	if c.err != nil {
		return
	}
	if b.Const != nil && b.Shape.Rank == 2 {
		if k := a.Shape.Dim[a.Shape.Rank-1]; k != b.Shape.Dim[0] {
			c.fail("operands %v and %v: inner extents %d and %d differ", a.Shape, b.Shape, k, b.Shape.Dim[0])
			return
		}
		c.set(0, c.emit(op.FullyConnected, "", nil, a, c.transpose(b, "/B", 1, 0)))
		return
	}
	row, column := a.Shape.Rank == 1, b.Shape.Rank == 1
	if row {
		a = c.reshape(a, "/row", 1, -1)
	}
	if column {
		b = c.reshape(b, "/column", -1, 1)
	}
	y := c.emit(op.BatchMatMul, "", nil, a, b)
	if c.err == nil && (row || column) {
		rank := y.Shape.Rank
		from := count(rank - 2)
		if !row {
			from = append(from, rank-2)
		}
		if !column {
			from = append(from, rank-1)
		}
		y = c.rearrange(y, "/vector", from)
	}
	c.set(0, y)
}
