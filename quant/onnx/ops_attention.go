package onnx

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importRotaryEmbedding turns pairs of elements by the angles of their position: the halves of a head, or neighbours where
// interleaved.
func importRotaryEmbedding(c *call) {
	c.inputs(3, 4)
	x, cos, sin := c.floats(0), c.floats(1), c.floats(2)
	interleaved := c.int("interleaved", 0) != 0
	heads, dim := c.int("num_heads", 0), c.int("rotary_embedding_dim", 0)
	if c.err != nil {
		return
	}
	rank := x.Shape.Rank
	first := x // [B,S,H,D]
	switch {
	case rank == 4:
		first = c.transpose(x, "/rows", 0, 2, 1, 3)
	case rank == 3 && heads > 0 && x.Shape.Dim[2]%heads == 0:
		first = c.reshape(x, "/heads", 0, 0, heads, x.Shape.Dim[2]/heads)
	default:
		c.fail("input has shape %v with %d heads, want [N,H,S,D] or [N,S,H·D]", x.Shape, heads)
		return
	}
	d := first.Shape.Dim[3]
	if dim == 0 {
		dim = d
	}
	if dim < 2 || dim > d || dim%2 != 0 {
		c.fail("rotary_embedding_dim %d of %d", dim, d)
		return
	}
	angles := func(v *graph.Value, name string) *graph.Value {
		if c.optional(3) != nil {
			v = c.emit(op.Gather, name, op.Attrs{op.IntAttr("axis", 0)}, v, c.typed(3, tensor.Int32, tensor.Int64))
		}
		if c.err == nil && (v.Shape.Rank != 3 || v.Shape.Dim[2] != dim/2) {
			c.fail("cache gives %v, want [N,S,%d]", v.Shape, dim/2)
		}
		return c.rearrange(v, name+"/heads", []int{0, 1, -1, 2})
	}
	cos, sin = angles(cos, "/cos"), angles(sin, "/sin")
	part := func(name string, from, to, step int) *graph.Value {
		return c.emit(op.Slice, name, op.Attrs{op.IntsAttr("starts", from), op.IntsAttr("ends", to), op.IntsAttr("axes", 3), op.IntsAttr("steps", step)}, first)
	}
	var a, b *graph.Value
	if interleaved {
		a, b = part("/even", 0, dim, 2), part("/odd", 1, dim, 2)
	} else {
		a, b = part("/first", 0, dim/2, 1), part("/second", dim/2, dim, 1)
	}
	times := func(name string, u, v *graph.Value) *graph.Value { return c.emit(op.Mul, name, nil, u, v) }
	re := c.emit(op.Sub, "/real", nil, times("/real/cos", a, cos), times("/real/sin", b, sin))
	im := c.emit(op.Add, "/imaginary", nil, times("/imaginary/sin", a, sin), times("/imaginary/cos", b, cos))
	axis := 3
	if interleaved {
		re, im, axis = c.rearrange(re, "/re", []int{0, 1, 2, 3, -1}), c.rearrange(im, "/im", []int{0, 1, 2, 3, -1}), 4
	}
	y := c.emit(op.Concat, "/turned", op.Attrs{op.IntAttr("axis", axis)}, re, im)
	if interleaved {
		y = c.reshape(y, "/pairs", 0, 0, 0, dim)
	}
	if dim < d {
		y = c.emit(op.Concat, "/rest", op.Attrs{op.IntAttr("axis", 3)}, y, part("/kept", dim, d, 1))
	}
	if rank == 4 {
		c.set(0, c.transpose(y, "", 0, 2, 1, 3))
	} else {
		c.set(0, c.reshape(y, "", 0, 0, heads*d))
	}
}

// importSwish is x·logistic(alpha·x).
func importSwish(c *call) {
	c.inputs(1, 1)
	c.swish(c.float("alpha", 1))
}

func (c *call) swish(alpha float32) {
	x := c.floats(0)
	gate := c.emit(op.Logistic, "/gate", nil, c.times(x, "/alpha", alpha))
	c.set(0, c.emit(op.Mul, "", nil, x, gate))
}

// microsoft are the fused operators that ONNX Runtime's optimizer writes, of domain com.microsoft.
var microsoft = map[string]func(*call){
	"BiasGelu":                         func(c *call) { c.inputs(2, 2); c.biased("gelu") },
	"FastGelu":                         func(c *call) { c.inputs(1, 2); c.biased("geluTanh") },
	"Gelu":                             func(c *call) { c.inputs(1, 1); c.biased("gelu") },
	"QuickGelu":                        func(c *call) { c.inputs(1, 1); c.swish(c.float("alpha", 1.702)) },
	"SkipLayerNormalization":           func(c *call) { c.skipNorm(op.LayerNorm) },
	"SkipSimplifiedLayerNormalization": func(c *call) { c.skipNorm(op.RMSNorm) },
	"EmbedLayerNormalization":          importEmbedLayerNormalization,
	"MultiHeadAttention":               importMultiHeadAttention,
}

// biased is a function of the input, to which a second one may be added.
func (c *call) biased(name string) {
	x := c.floats(0)
	if c.optional(1) != nil {
		x = c.emit(op.Add, "/bias", nil, x, c.floats(1))
	}
	c.set(0, c.emit(op.Unary, "", op.Attrs{function(name)}, x))
}

// skipNorm normalizes a sum: inputs are x, skip, scale, then the offset (LayerNorm only) and a bias of the sum.
func (c *call) skipNorm(def *op.Def) {
	c.inputs(3, 5)
	x := c.emit(op.Add, "/skip", nil, c.floats(0), c.floats(1))
	var offset *graph.Value
	bias := 3
	if def == op.LayerNorm {
		offset, bias = c.optional(3), 4
	}
	if c.optional(bias) != nil {
		x = c.emit(op.Add, "/bias", nil, x, c.floats(bias))
	}
	c.set(3, x)
	c.set(0, c.normalized(def, x, c.floats(2), offset, max(0, x.Shape.Rank-1), c.float("epsilon", 1e-12)))
}

// importEmbedLayerNormalization: inputs are tokens, segments, tables of words, positions and segments, scale, offset.
func importEmbedLayerNormalization(c *call) {
	c.inputs(7, 9)
	c.ignore("mask_index_type")
	ids := c.typed(0, tensor.Int32, tensor.Int64)
	words, places := c.floats(2), c.floats(3)
	if c.optional(7) != nil || c.optional(8) != nil {
		c.unsupported("a mask or positions")
	}
	if c.err == nil && (ids.Shape.Rank != 2 || places.Shape.Rank != 2) {
		c.fail("tokens %v and positions %v, want matrices", ids.Shape, places.Shape)
	}
	rows := op.Attrs{op.IntAttr("axis", 0)}
	x := c.emit(op.Gather, "/words", rows, words, ids)
	x = c.emit(op.Add, "/positions", nil, x, c.slice(places, "/places", 0, 0, ids.Shape.Dim[1]))
	if c.optional(1) != nil {
		x = c.emit(op.Add, "/segments", nil, x, c.emit(op.Gather, "/segment", rows, c.floats(4), c.typed(1, tensor.Int32, tensor.Int64)))
	}
	c.set(2, x)
	c.set(0, c.normalized(op.LayerNorm, x, c.floats(5), c.optional(6), 2, c.float("epsilon", 1e-12)))
}

// importMultiHeadAttention takes queries, keys and values as rows of all heads; bias is of all three, one after the other.
func importMultiHeadAttention(c *call) {
	c.inputs(3, 10)
	c.ignore("mask_filter_value")
	var in []*graph.Value
	for i := range 3 {
		in = append(in, c.floats(i))
		if c.err == nil && in[i].Shape.Rank != 3 {
			c.unsupported("input %d of shape %v", i, in[i].Shape)
		}
	}
	for i := 6; i < len(c.in); i++ {
		if c.in[i] != nil {
			c.unsupported("input %d", i)
		}
	}
	if c.optional(3) != nil && c.err == nil {
		bias, at := c.floats(3), 0
		for i, name := range []string{"/q", "/k", "/v"} {
			n := in[i].Shape.Dim[2]
			in[i] = c.emit(op.Add, name, nil, in[i], c.slice(bias, name+"/bias", 0, at, at+n))
			at += n
		}
	}
	attrs := op.Attrs{op.IntAttr("heads", c.int("num_heads", 0))}
	if s := c.float("scale", 0); s != 0 {
		attrs = append(attrs, op.FloatAttr("scale", s))
	}
	if c.int("unidirectional", 0) != 0 {
		attrs = append(attrs, op.IntAttr("causal", 1))
	}
	def := op.Attention
	if c.optional(4) != nil {
		mask := c.typed(4, tensor.Int32, tensor.Int64, tensor.Bool)
		if c.err == nil && mask.Shape.Rank != 2 {
			c.unsupported("key_padding_mask of shape %v", mask.Shape)
		}
		if c.optional(5) != nil {
			c.unsupported("key_padding_mask with attention_bias")
		}
		if mask.DType != tensor.Bool {
			mask = c.emit(op.Cast, "/keep", op.Attrs{op.IntAttr("to", int(tensor.Bool))}, mask)
		}
		in = append(in, c.rearrange(mask, "/mask", []int{0, -1, -1, 1}))
	} else if c.optional(5) != nil {
		def, in = op.AttentionBias, append(in, c.floats(5))
	}
	c.set(0, c.emit(def, "", attrs, in...))
}
