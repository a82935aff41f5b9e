package onnx

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Sequences of tensors exist while importing only: exporters split and join through them what has a fixed number of parts.

// list is input i, a sequence.
func (c *call) list(i int) []*graph.Value {
	if i < len(c.node.in) {
		if list, ok := c.im.lists[c.node.in[i]]; ok {
			c.listed = append(c.listed, i)
			return list
		}
	}
	c.fail("input %d is not a sequence", i)
	return nil
}

// setList gives output 0 a sequence.
func (c *call) setList(list []*graph.Value) {
	if c.err == nil && len(list) > maxSequence {
		c.unsupported("a sequence of %d tensors", len(list))
	}
	if c.room(8*len(list)) && len(c.out) > 0 && c.out[0] != "" {
		c.im.lists[c.out[0]] = list
	}
}

// maxSequence bounds the length of a sequence.
const maxSequence = 4096

func importSequenceEmpty(c *call) {
	c.inputs(0, 0)
	c.ignore("dtype")
	c.setList([]*graph.Value{})
}

func importSequenceConstruct(c *call) {
	for i := range c.in {
		c.input(i)
	}
	c.setList(slices.Clone(c.in))
}

// position is a place in a list of n from input i, which may count from the end; def where it is left out.
func (c *call) position(i, n, def int) int {
	if c.optional(i) == nil {
		return def
	}
	k := c.constInts(i, "position")
	if c.err == nil && len(k) != 1 {
		c.fail("position is %v, want one number", k)
	}
	if c.err != nil {
		return 0
	}
	if k[0] < 0 {
		k[0] += n
	}
	return k[0]
}

func importSequenceAt(c *call) {
	c.inputs(2, 2)
	list := c.list(0)
	at := c.position(1, len(list), 0)
	if c.err == nil && (at < 0 || at >= len(list)) {
		c.fail("position %d in a sequence of %d", at, len(list))
	}
	if c.err == nil {
		c.set(0, list[at])
	}
}

func importSequenceInsert(c *call) {
	c.inputs(2, 3)
	list, x := c.list(0), c.input(1)
	at := c.position(2, len(list), len(list))
	if c.err == nil && (at < 0 || at > len(list)) {
		c.fail("position %d in a sequence of %d", at, len(list))
	}
	if c.err == nil {
		c.setList(slices.Insert(slices.Clone(list), at, x))
	}
}

func importSequenceErase(c *call) {
	c.inputs(1, 2)
	list := c.list(0)
	at := c.position(1, len(list), len(list)-1)
	if c.err == nil && (at < 0 || at >= len(list)) {
		c.fail("position %d in a sequence of %d", at, len(list))
	}
	if c.err == nil {
		c.setList(slices.Delete(slices.Clone(list), at, at+1))
	}
}

func importSequenceLength(c *call) {
	c.inputs(1, 1)
	n := len(c.list(0))
	if c.room(8) {
		c.set(0, graph.NewConst(c.name, tensor.FromI64(tensor.Shape{}, []int64{int64(n)})))
	}
}

// importSplitToSequence slices parts of one length, or of given ones; without them of length 1, whose axis goes away unless it
// is kept.
func importSplitToSequence(c *call) {
	c.inputs(1, 2)
	x := c.input(0)
	axis := c.axis(c.int("axis", 0), x.Shape.Rank)
	keep := c.int("keepdims", 1) != 0
	if c.err != nil {
		return
	}
	d := x.Shape.Dim[axis]
	var sizes []int
	if c.optional(1) == nil {
		sizes = slices.Repeat([]int{1}, min(d, maxSequence+1))
	} else if keep = true; c.in[1].Shape.Rank == 0 {
		n := c.constInts(1, "split")
		if c.err == nil && n[0] < 1 {
			c.fail("split %d", n[0])
		}
		for at := 0; c.err == nil && at < d && len(sizes) <= maxSequence; at += n[0] {
			sizes = append(sizes, min(n[0], d-at))
		}
	} else {
		sizes = c.constInts(1, "split")
	}
	if len(sizes) > maxSequence {
		c.unsupported("a sequence of more than %d tensors", maxSequence)
	}
	if c.err != nil {
		return
	}
	var list []*graph.Value
	at := 0
	for _, n := range sizes {
		if n < 0 || n > d-at {
			c.fail("split %v of %d", sizes, d)
			return
		}
		part := c.slice(x, "/part", axis, at, at+n)
		if !keep {
			from := count(x.Shape.Rank)
			part = c.rearrange(part, "/axis", slices.Delete(from, axis, axis+1))
		}
		list, at = append(list, part), at+n
	}
	if at != d {
		c.fail("split %v of %d", sizes, d)
	}
	c.setList(list)
}

// importConcatFromSequence joins along an axis, a new one where new_axis is 1.
func importConcatFromSequence(c *call) {
	c.inputs(1, 1)
	list := slices.Clone(c.list(0))
	fresh := c.int("new_axis", 0) != 0
	if c.err == nil && len(list) == 0 {
		c.fail("the sequence is empty")
	}
	if c.err != nil {
		return
	}
	rank := list[0].Shape.Rank
	axis := c.axis(c.int("axis", 0), rank+btoi(fresh))
	for i, v := range list {
		if fresh && c.err == nil {
			list[i] = c.rearrange(v, "/axis", slices.Insert(count(rank), axis, -1))
		}
	}
	c.set(0, c.emit(op.Concat, "", op.Attrs{op.IntAttr("axis", axis)}, list...))
}
