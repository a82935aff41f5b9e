package onnx

import (
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// microsoft are the fused operators that ONNX Runtime's optimizer writes, of domain com.microsoft.
var microsoft = map[string]func(*call){
	"Attention":                        importPackedAttention,
	"BiasAdd":                          importBiasAdd,
	"BiasGelu":                         func(c *call) { c.inputs(2, 2); c.biased("gelu") },
	"BiasSplitGelu":                    importBiasSplitGelu,
	"EmbedLayerNormalization":          importEmbedLayerNormalization,
	"FastGelu":                         func(c *call) { c.inputs(1, 2); c.biased("geluTanh") },
	"FusedConv":                        importFusedConv,
	"FusedGemm":                        importFusedGemm,
	"FusedMatMul":                      importFusedMatMul,
	"Gelu":                             func(c *call) { c.inputs(1, 1); c.biased("gelu") },
	"GemmFastGelu":                     importGemmFastGelu,
	"MultiHeadAttention":               importMultiHeadAttention,
	"QuickGelu":                        func(c *call) { c.inputs(1, 1); c.swish(c.float("alpha", 1.702)) },
	"RotaryEmbedding":                  importMicrosoftRotaryEmbedding,
	"SkipLayerNormalization":           func(c *call) { c.skipNorm(op.LayerNorm) },
	"SkipSimplifiedLayerNormalization": func(c *call) { c.skipNorm(op.RMSNorm) },
	"TransposeMatMul":                  importFusedMatMul, // its older name
	"Trilu":                            importTrilu,
}

// biased is a function of the input, to which a second one may be added.
func (c *call) biased(name string) {
	x := c.floats(0)
	if c.optional(1) != nil {
		x = c.emit(op.Add, "/bias", nil, x, c.floats(1))
	}
	c.set(0, c.emit(op.Unary, "", op.Attrs{function(name)}, x))
}

// importBiasAdd adds a bias of the channels and what is skipped.
func importBiasAdd(c *call) {
	c.inputs(3, 3)
	c.set(0, c.emit(op.Add, "", nil, c.emit(op.Add, "/bias", nil, c.floats(0), c.floats(1)), c.floats(2)))
}

// importBiasSplitGelu is the first half of the channels times GELU of the second one.
func importBiasSplitGelu(c *call) {
	c.inputs(2, 2)
	x := c.emit(op.Add, "/bias", nil, c.floats(0), c.floats(1))
	last := x.Shape.Rank - 1
	if c.err != nil || last < 0 {
		return
	}
	n := x.Shape.Dim[last]
	gate := c.emit(op.Unary, "/gelu", op.Attrs{function("gelu")}, c.slice(x, "/second", last, n/2, n))
	c.set(0, c.emit(op.Mul, "", nil, c.slice(x, "/first", last, 0, n/2), gate))
}

// importFusedMatMul is alpha times a product of matrices, whose last two axes may be exchanged, or the first axis and the last
// but one.
func importFusedMatMul(c *call) {
	c.inputs(2, 2)
	a, b := c.floats(0), c.floats(1)
	alpha := c.float("alpha", 1)
	transA, transB := c.int("transA", 0) != 0, c.int("transB", 0) != 0
	batchA, batchB := c.int("transBatchA", 0) != 0, c.int("transBatchB", 0) != 0
	if c.err == nil && (a.Shape.Rank < 2 || b.Shape.Rank < 2) {
		c.unsupported("operands of shapes %v and %v", a.Shape, b.Shape)
	}
	if c.err != nil {
		return
	}
	// The first axis goes before the rows; what was last stays there.
	outward := func(v *graph.Value, suffix string) *graph.Value {
		r := v.Shape.Rank
		perm := append(count(r - 1)[1:], 0, r-1)
		return c.transpose(v, suffix, perm...)
	}
	if batchA {
		a = outward(a, "/A/batch")
	}
	if batchB {
		b = outward(b, "/B/batch")
	}
	if b.Const != nil && b.Shape.Rank == 2 && !transA {
		if !transB {
			b = c.transpose(b, "/B", 1, 0)
		}
		c.set(0, c.emit(op.FullyConnected, "", nil, a, c.scaled(b, alpha)))
		return
	}
	c.set(0, c.times(c.emit(op.BatchMatMul, "", op.Attrs{op.IntAttr("adjX", btoi(transA)), op.IntAttr("adjY", btoi(transB))}, a, b), "/alpha", alpha))
}

func importFusedGemm(c *call) {
	alpha, beta := c.float("activation_alpha", 0), c.float("activation_beta", 0)
	name := c.string("activation", "")
	c.ignore("activation_gamma")
	importGemm(c)
	c.activate(name, alpha, beta)
}

// importFusedConv may add a fourth input before the activation.
func importFusedConv(c *call) {
	c.inputs(2, 4)
	name := c.string("activation", "")
	var params [2]float32
	if a := c.attr("activation_params", attrFloats); a != nil {
		copy(params[:], a.floatValues())
	}
	all := c.in
	c.in = all[:min(3, len(all))]
	importConv(c)
	if len(all) > 3 && all[3] != nil && c.err == nil {
		c.in = all
		y := c.behind("/product")
		c.set(0, c.emit(op.Add, "/sum", nil, y, c.floats(3)))
	}
	c.activate(name, params[0], params[1])
}

// behind takes the name from the value that output 0 has, to which something follows.
func (c *call) behind(suffix string) *graph.Value {
	var y *graph.Value
	if len(c.out) > 0 {
		y = c.im.values[c.out[0]]
	}
	if c.err != nil || y == nil {
		c.fail("output is missing")
		return &graph.Value{}
	}
	if y.Const == nil {
		y.Name = c.im.names.Name(c.name + suffix)
	}
	return y
}

// activate applies an activation by name to output 0. Its parameters are those of the operator of that name.
func (c *call) activate(name string, alpha, beta float32) {
	if name == "" || c.err != nil {
		return
	}
	def, attrs := op.Clamp, op.Attrs{}
	switch name {
	case "Relu":
		attrs = op.Attrs{op.FloatAttr("min", 0)}
	case "Clip":
		attrs = op.Attrs{op.FloatAttr("min", alpha), op.FloatAttr("max", beta)}
	case "LeakyRelu":
		def, attrs = op.LeakyRelu, op.Attrs{op.FloatAttr("alpha", alpha)}
	case "HardSigmoid":
		def, attrs = op.HardSigmoid, op.Attrs{op.FloatAttr("alpha", alpha), op.FloatAttr("beta", beta)}
	case "Sigmoid":
		def = op.Logistic
	case "Tanh":
		def = op.Tanh
	case "HardSwish":
		def = op.HardSwish
	case "Elu":
		def, attrs = op.Unary, op.Attrs{function("elu"), op.FloatAttr("alpha", alpha)}
	case "Softplus", "Softsign":
		def, attrs = op.Unary, op.Attrs{function(map[string]string{"Softplus": "softplus", "Softsign": "softsign"}[name])}
	default:
		c.unsupported("activation %s", quote(name))
		return
	}
	for _, a := range attrs {
		if len(a.F) == 1 && (a.F[0] != a.F[0] || math.IsInf(float64(a.F[0]), 0)) {
			c.fail("activation %s with %g", name, a.F[0])
		}
	}
	y := c.behind("/linear")
	c.set(0, c.emit(def, "/activation", attrs, y))
}

// importGemmFastGelu: inputs are x, weights [K,N] and a bias.
func importGemmFastGelu(c *call) {
	c.inputs(2, 3)
	in := c.in
	c.in = in[:min(2, len(in))]
	importMatMul(c)
	if c.err != nil {
		return
	}
	c.in = in
	y := c.behind("/product")
	if c.optional(2) != nil {
		y = c.emit(op.Add, "/bias", nil, y, c.floats(2))
	}
	c.set(0, c.emit(op.Unary, "/gelu", op.Attrs{function("geluTanh")}, y))
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

// importEmbedLayerNormalization: inputs are tokens, segments, tables of words, positions and segments, scale, offset, a mask of
// tokens and positions. Output 1 counts the tokens that the mask keeps; without one it is zeros, as in ONNX Runtime.
func importEmbedLayerNormalization(c *call) {
	c.inputs(7, 9)
	c.ignore("mask_index_type")
	ids := c.typed(0, tensor.Int32, tensor.Int64)
	words, places := c.floats(2), c.floats(3)
	if c.err == nil && (ids.Shape.Rank != 2 || places.Shape.Rank != 2) {
		c.fail("tokens %v and positions %v, want matrices", ids.Shape, places.Shape)
	}
	if c.err != nil {
		return
	}
	x := c.rowsOf(words, "/words", ids)
	if c.optional(8) != nil {
		places = c.rowsOf(places, "/places", c.typed(8, tensor.Int32, tensor.Int64))
	} else {
		places = c.slice(places, "/places", 0, 0, ids.Shape.Dim[1])
	}
	x = c.emit(op.Add, "/positions", nil, x, places)
	if c.optional(1) != nil {
		x = c.emit(op.Add, "/segments", nil, x, c.rowsOf(c.floats(4), "/segment", c.typed(1, tensor.Int32, tensor.Int64)))
	}
	switch n := ids.Shape.Dim[0]; {
	case len(c.out) < 2 || c.im.uses[c.out[1]] == 0:
	case c.optional(7) != nil:
		c.set(1, c.emit(op.Sum, "/length", op.Attrs{op.IntsAttr("axes", 1), op.IntAttr("keepDims", 0)}, c.typed(7, tensor.Int32)))
	case c.room(4 * n):
		c.set(1, graph.NewConst(c.name+"/length", tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(n)})))
	}
	c.set(2, x)
	c.set(0, c.normalized(op.LayerNorm, x, c.floats(5), c.optional(6), 2, c.float("epsilon", 1e-12)))
}

// importMicrosoftRotaryEmbedding: inputs are x, positions (one for all to count from, or one for each), cosines and sines.
func importMicrosoftRotaryEmbedding(c *call) {
	c.inputs(4, 4)
	if c.float("scale", 1) != 1 || c.int("is_packed_batching", 0) != 0 {
		c.unsupported("scale or packed batches")
	}
	x, at := c.floats(0), c.typed(1, tensor.Int64)
	cos, sin := c.floats(2), c.floats(3)
	if c.err != nil {
		return
	}
	if x.Shape.Rank < 3 || cos.Shape.Rank != 2 || sin.Shape != cos.Shape {
		c.fail("operands %v, %v and %v", x.Shape, cos.Shape, sin.Shape)
		return
	}
	if at.Shape.Rank == 1 {
		n := x.Shape.Dim[x.Shape.Rank-2]
		if !c.room(8 * n) {
			return
		}
		steps := make([]int64, n)
		for i := range steps {
			steps[i] = int64(i)
		}
		at = c.emit(op.Add, "/positions", nil, c.rearrange(at, "/first", []int{-1, 0}), graph.NewConst(c.name+"/steps", tensor.FromI64(tensor.MakeShape(1, n), steps)))
	}
	heads := c.int("num_heads", 0)
	if heads == 0 && x.Shape.Rank == 3 { // all heads have the width that the tables turn
		heads = x.Shape.Dim[2] / max(1, 2*cos.Shape.Dim[1])
	}
	c.rotate(x, c.rowsOf(cos, "/cos", at), c.rowsOf(sin, "/sin", at), heads)
}
