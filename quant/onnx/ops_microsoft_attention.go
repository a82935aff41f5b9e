package onnx

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// sdpaOf starts an attention of com.microsoft with the attributes that all of them have.
func (c *call) sdpaOf() *sdpa {
	c.ignore("mask_filter_value") // what stands for −∞: masked keys take no part at all here
	a := &sdpa{c: c, causal: c.int("unidirectional", 0) != 0}
	a.heads = c.int("num_heads", 0)
	a.kvHeads = a.heads
	if s := c.float("scale", 0); s != 0 {
		a.scale = &s
	}
	return a
}

// importPackedAttention: inputs are x [N,S,C], weights [C,3·H·D] that make queries, keys and values of it, their bias, a
// mask, keys and values of the past [2,N,H,P,D], and numbers to add to the scores.
func importPackedAttention(c *call) {
	c.inputs(2, 7)
	a := c.sdpaOf()
	x, weights := c.floats(0), c.floats(1)
	if c.optional(6) != nil || c.int("do_rotary", 0) != 0 {
		c.unsupported("a shared buffer of the past, or do_rotary")
	}
	c.ignore("past_present_share_buffer", "rotary_embedding_dim")
	sizes := c.ints("qkv_hidden_sizes")
	if c.err == nil && (x.Shape.Rank != 3 || weights.Shape.Rank != 2 || weights.Shape.Dim[0] != x.Shape.Dim[2]) {
		c.fail("input %v and weights %v", x.Shape, weights.Shape)
	}
	if c.err != nil {
		return
	}
	n := weights.Shape.Dim[1]
	if sizes == nil {
		sizes = []int{n / 3, n / 3, n / 3}
	}
	if len(sizes) != 3 || sizes[0] < 1 || sizes[1] != sizes[0] || sizes[2] < 1 || sizes[0]+sizes[1]+sizes[2] != n {
		c.fail("qkv_hidden_sizes %v of %d", sizes, n)
		return
	}
	qkv := c.emit(op.FullyConnected, "/qkv", nil, x, c.transpose(weights, "/weights", 1, 0))
	if c.optional(2) != nil {
		qkv = c.emit(op.Add, "/bias", nil, qkv, c.floats(2))
	}
	at := 0
	for i, v := range []**graph.Value{&a.q, &a.k, &a.v} {
		*v = c.slice(qkv, []string{"/q", "/k", "/v"}[i], 2, at, at+sizes[i])
		at += sizes[i]
	}
	if c.optional(4) != nil {
		past := c.floats(4)
		part := func(suffix string, i int) *graph.Value {
			return c.rearrange(c.slice(past, suffix, 0, i, i+1), suffix+"/heads", []int{1, 2, 3, 4})
		}
		if c.err == nil && past.Shape.Rank != 5 {
			c.fail("past has shape %v, want [2,N,H,P,D]", past.Shape)
			return
		}
		a.append(part("/past/keys", 0), part("/past/values", 1))
	}
	if len(c.out) > 1 && c.im.uses[c.out[1]] > 0 {
		if a.heads != 0 {
			a.split()
		}
		pair := func(v *graph.Value, suffix string) *graph.Value { return c.rearrange(v, suffix, []int{-1, 0, 1, 2, 3}) }
		c.set(1, c.emit(op.Concat, "/present", op.Attrs{op.IntAttr("axis", 0)}, pair(a.k, "/present/keys"), pair(a.v, "/present/values")))
	}
	a.keyMask(3)
	a.sums(5)
	c.set(0, a.rows())
}

// rows is the result as [N,S,H·D].
func (a *sdpa) rows() *graph.Value {
	if a.heads != 0 {
		return a.emit("")
	}
	return a.c.joinHeads(a.emit("/heads"))
}

// keyMask reads a mask of the keys: how many there are [N], or where they end and begin [2·N]; or which take part, [N,K] or
// [N,S,K].
func (a *sdpa) keyMask(i int) {
	c := a.c
	if c.optional(i) == nil || c.err != nil {
		return
	}
	mask := c.typed(i, tensor.Int32, tensor.Int64, tensor.Bool)
	keys := a.k.Shape.Dim[a.k.Shape.Rank-2]
	batch := a.q.Shape.Dim[0]
	bools := func(from ...int) {
		if mask.DType != tensor.Bool {
			mask = c.emit(op.Cast, "/keep", op.Attrs{op.IntAttr("to", int(tensor.Bool))}, mask)
		}
		a.require("/mask", c.rearrange(mask, "/mask", from))
	}
	switch s := mask.Shape; {
	case s.Rank == 1 && s.Dim[0] == batch:
		a.require("/mask", c.below("/mask", mask, keys))
	case s.Rank == 1 && s.Dim[0] == 2*batch:
		a.require("/mask/end", c.below("/mask/end", c.slice(mask, "/ends", 0, 0, batch), keys))
		early := c.below("/mask/early", c.slice(mask, "/begins", 0, batch, 2*batch), keys)
		a.require("/mask/begin", c.emit(op.Unary, "/mask/begin", op.Attrs{function("not")}, early))
	case s.Rank == 2:
		bools(0, -1, -1, 1)
	case s.Rank == 3:
		bools(0, -1, 1, 2)
	default:
		c.unsupported("a mask of shape %v for %d sequences", s, batch)
	}
}

// sums reads numbers to add to the scores.
func (a *sdpa) sums(i int) {
	if a.c.optional(i) != nil {
		a.bias = a.c.floats(i)
	}
}

// importMultiHeadAttention takes queries, keys and values as rows of all heads, or several of them in one input; bias is of
// all three, one after the other.
func importMultiHeadAttention(c *call) {
	c.inputs(1, 10)
	a := c.sdpaOf()
	q := c.floats(0)
	if c.optional(8) != nil || c.optional(9) != nil {
		c.unsupported("a shared buffer of the past")
	}
	// One of n parts of [N,S,H,n,D], as rows.
	unpack := func(v *graph.Value, suffix string, i int) *graph.Value {
		part := c.slice(v, suffix, 3, i, i+1)
		return c.reshape(part, suffix+"/rows", 0, 0, v.Shape.Dim[2]*v.Shape.Dim[4])
	}
	packed := func(v *graph.Value, n int) bool {
		return c.err == nil && v.Shape.Rank == 5 && v.Shape.Dim[3] == n && v.Shape.Dim[2] == a.heads
	}
	switch {
	case c.optional(1) == nil && packed(q, 3):
		a.q, a.k, a.v = unpack(q, "/q", 0), unpack(q, "/k", 1), unpack(q, "/v", 2)
	case c.optional(2) == nil && packed(c.floats(1), 2):
		a.q, a.k, a.v = q, unpack(c.in[1], "/k", 0), unpack(c.in[1], "/v", 1)
	default:
		a.q, a.k, a.v = q, c.floats(1), c.floats(2)
	}
	if c.err == nil && (a.q.Shape.Rank != 3 || a.k.Shape.Rank != a.v.Shape.Rank || a.k.Shape.Rank != 3 && a.k.Shape.Rank != 4) {
		c.unsupported("operands of shapes %v, %v and %v", a.q.Shape, a.k.Shape, a.v.Shape)
	}
	if c.err != nil {
		return
	}
	split := a.k.Shape.Rank == 4
	if c.optional(3) != nil {
		bias, at := c.floats(3), 0
		if split {
			c.unsupported("bias with keys of shape %v", a.k.Shape)
		}
		for i, v := range []**graph.Value{&a.q, &a.k, &a.v} {
			suffix, n := []string{"/q", "/k", "/v"}[i], (*v).Shape.Dim[2]
			*v = c.emit(op.Add, suffix+"/biased", nil, *v, c.slice(bias, suffix+"/bias", 0, at, at+n))
			at += n
		}
	}
	if split {
		a.q, a.heads, a.kvHeads = c.splitHeads(a.q, "/q", a.heads), 0, 0
	}
	if c.optional(6) != nil || c.optional(7) != nil {
		a.append(c.floats(6), c.floats(7))
	}
	if len(c.out) > 1 && c.im.uses[c.out[1]] > 0 || len(c.out) > 2 && c.im.uses[c.out[2]] > 0 {
		if a.heads != 0 {
			a.split()
		}
		c.set(1, a.k)
		c.set(2, a.v)
	}
	a.keyMask(4)
	a.sums(5)
	c.set(0, a.rows())
}
