package onnx

import (
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// sdpa is scaled dot-product attention in the making. Operands are [N,H,S,D], or [N,S,H·D] where heads is not 0.
type sdpa struct {
	c              *call
	q, k, v        *graph.Value
	heads, kvHeads int
	scale          *float32 // nil: one over the root of D
	causal         bool
	keep, bias     *graph.Value // masks: conditions under which keys take part, numbers to add; nil for none
}

// importAttention translates ONNX's own operator, of operator set 23 on. Keys and values of the past go in front.
func importAttention(c *call) {
	c.inputs(3, 7)
	a := sdpa{c: c, q: c.floats(0), k: c.floats(1), v: c.floats(2), causal: c.int("is_causal", 0) != 0}
	c.ignore("softmax_precision")
	softcap, mode := c.float("softcap", 0), c.int("qk_matmul_output_mode", 0)
	if s := c.attr("scale", attrFloat); s != nil {
		a.scale = &s.f
	}
	heads := c.int("q_num_heads", 0)
	kvHeads := c.int("kv_num_heads", heads)
	if c.err != nil {
		return
	}
	rank := a.q.Shape.Rank
	if rank != 3 && rank != 4 || a.k.Shape.Rank != rank || a.v.Shape.Rank != rank || rank == 3 && (heads < 1 || kvHeads < 1) {
		c.fail("operands %v, %v and %v with %d and %d heads", a.q.Shape, a.k.Shape, a.v.Shape, heads, kvHeads)
		return
	}
	if rank == 3 {
		a.heads, a.kvHeads = heads, kvHeads
	}
	if c.optional(4) != nil || c.optional(5) != nil {
		a.append(c.floats(4), c.floats(5))
		c.set(1, a.k)
		c.set(2, a.v)
	}
	a.readMask()
	wanted := len(c.out) > 3 && c.im.uses[c.out[3]] > 0
	var y *graph.Value
	if softcap == 0 && !wanted {
		y = a.emit("")
	} else {
		if a.heads != 0 {
			a.split()
		}
		y = a.parts(softcap, func(stage int, scores *graph.Value) {
			if wanted && stage == mode {
				c.set(3, scores)
			}
		})
	}
	if rank == 3 && a.heads == 0 {
		y = c.joinHeads(y)
	}
	c.set(0, y)
}

// append puts keys and values [N,H,P,D] in front of a's.
func (a *sdpa) append(k, v *graph.Value) {
	c := a.c
	if a.heads != 0 {
		a.split()
	}
	if c.err != nil {
		return
	}
	past := k.Shape.Dim[2]
	axis := op.Attrs{op.IntAttr("axis", 2)}
	a.k, a.v = c.emit(op.Concat, "/past_keys", axis, k, a.k), c.emit(op.Concat, "/past_values", axis, v, a.v)
	if a.causal && c.err == nil && c.room(a.q.Shape.Dim[2]*a.k.Shape.Dim[2]) {
		a.causal = false
		a.require("/causal", graph.NewConst(c.name+"/causal", triangle(a.q.Shape.Dim[2], a.k.Shape.Dim[2], past)))
	}
}

// readMask takes the mask, and the number of keys that are not padding, from inputs 3 and 6.
func (a *sdpa) readMask() {
	c := a.c
	if c.err != nil {
		return
	}
	keys := a.k.Shape.Dim[a.k.Shape.Rank-2]
	padded := c.optional(6) != nil
	if mask := c.optional(3); mask != nil {
		mask = c.typed(3, tensor.Bool, tensor.Float32)
		if r := mask.Shape.Rank; r > 0 && mask.Shape.Dim[r-1] != keys && mask.Shape.Dim[r-1] != 1 {
			if !padded || mask.Shape.Dim[r-1] > keys {
				c.unsupported("a mask of %v for %d keys", mask.Shape, keys)
				return
			}
			pads := make([]int, 2*r)
			pads[2*r-1] = keys - mask.Shape.Dim[r-1]
			mask = c.emit(op.Pad, "/mask", op.Attrs{op.IntsAttr("pads", pads...)}, mask)
		}
		if mask.DType == tensor.Bool {
			a.require("/mask", mask)
		} else {
			a.bias = mask
		}
	}
	if padded {
		if a.causal {
			c.unsupported("nonpad_kv_seqlen with is_causal")
		}
		a.require("/padding", c.below("/padding", c.typed(6, tensor.Int64), keys))
	}
}

// triangle is true up to the diagonal k.
func triangle(rows, cols, k int) *tensor.Tensor {
	t := tensor.New(tensor.Type{DType: tensor.Bool, Shape: tensor.MakeShape(rows, cols)})
	for i := range rows {
		for j := range min(cols, max(0, i+k+1)) {
			t.Data.Bytes()[i*cols+j] = 1
		}
	}
	return t
}

// below is true at the first of n keys, of which counts [N] says how many: [N,1,1,n].
func (c *call) below(suffix string, counts *graph.Value, n int) *graph.Value {
	if c.err == nil && counts.Shape.Rank != 1 {
		c.fail("lengths have shape %v, want [N]", counts.Shape)
	}
	if !c.room(counts.DType.SizeBytes(n)) {
		return counts
	}
	keys := tensor.New(tensor.Type{DType: counts.DType, Shape: tensor.MakeShape(n)})
	size := counts.DType.SizeBytes(1)
	for i := range n {
		putInt(keys.Data.Bytes()[i*size:(i+1)*size], int64(i))
	}
	return c.emit(op.Compare, suffix, op.Attrs{op.StringAttr("relation", "less")}, graph.NewConst(c.name+suffix+"/keys", keys),
		c.rearrange(counts, suffix+"/counts", []int{0, -1, -1, -1}))
}

// require adds a condition under which keys take part.
func (a *sdpa) require(suffix string, keep *graph.Value) {
	if a.keep != nil {
		keep = a.c.emit(op.Binary, suffix+"/and", op.Attrs{function("and")}, a.keep, keep)
	}
	a.keep = keep
}

// mask is one of conditions and numbers; nil for none.
func (a *sdpa) mask() (mask *graph.Value, sums bool) {
	if a.bias == nil || a.keep == nil {
		if a.bias != nil {
			return a.bias, true
		}
		return a.keep, false
	}
	return a.c.emit(op.Select, "/bias", nil, a.keep, a.bias, a.c.newConst("/excluded", tensor.Shape{}, []float32{float32(math.Inf(-1))})), true
}

// emit makes one operator.
func (a *sdpa) emit(suffix string) *graph.Value {
	var attrs op.Attrs
	if a.scale != nil {
		attrs = append(attrs, op.FloatAttr("scale", *a.scale))
	}
	if a.causal {
		attrs = append(attrs, op.IntAttr("causal", 1))
	}
	if a.heads != 0 {
		attrs = append(attrs, op.IntAttr("heads", a.heads), op.IntAttr("kvHeads", a.kvHeads))
	}
	in, def := []*graph.Value{a.q, a.k, a.v}, op.Attention
	if mask, sums := a.mask(); mask != nil {
		if in = append(in, mask); sums {
			def = op.AttentionBias
		}
	}
	return a.c.emit(def, suffix, attrs, in...)
}

// split makes the operands [N,H,S,D].
func (a *sdpa) split() {
	a.q = a.c.splitHeads(a.q, "/q", a.heads)
	a.k, a.v = a.c.splitHeads(a.k, "/k", a.kvHeads), a.c.splitHeads(a.v, "/v", a.kvHeads)
	a.heads, a.kvHeads = 0, 0
}

// splitHeads makes [N,H,S,D] of [N,S,H·D].
func (c *call) splitHeads(v *graph.Value, suffix string, heads int) *graph.Value {
	if c.err == nil && (v.Shape.Rank != 3 || heads < 1 || v.Shape.Dim[2]%heads != 0) {
		c.fail("operand of shape %v with %d heads", v.Shape, heads)
	}
	if c.err != nil {
		return v
	}
	return c.transpose(c.reshape(v, suffix+"/heads", 0, 0, heads, v.Shape.Dim[2]/heads), suffix+"/split", 0, 2, 1, 3)
}

// joinHeads undoes splitHeads.
func (c *call) joinHeads(v *graph.Value) *graph.Value {
	if c.err != nil {
		return v
	}
	return c.reshape(c.transpose(v, "/join", 0, 2, 1, 3), "/rows", 0, 0, v.Shape.Dim[1]*v.Shape.Dim[3])
}

// parts makes operators of attention's steps, the operands being [N,H,S,D]. see gets the scores as they come (0), limited (1),
// masked (2), and as weights (3).
func (a *sdpa) parts(softcap float32, see func(stage int, scores *graph.Value)) *graph.Value {
	c := a.c
	if c.err != nil {
		return a.q
	}
	d, scale := a.q.Shape.Dim[3], float32(0)
	if a.scale != nil {
		scale = *a.scale
	} else {
		scale = float32(1 / math.Sqrt(float64(d)))
	}
	k, v := c.repeatHeads(a.k, "/k", a.q.Shape.Dim[1]), c.repeatHeads(a.v, "/v", a.q.Shape.Dim[1])
	s := c.times(c.emit(op.BatchMatMul, "/scores", op.Attrs{op.IntAttr("adjY", 1)}, a.q, k), "/scale", scale)
	see(0, s)
	if softcap != 0 {
		s = c.times(c.emit(op.Tanh, "/tanh", nil, c.times(s, "/uncapped", 1/softcap)), "/capped", softcap)
	}
	see(1, s)
	low := c.newConst("/low", tensor.Shape{}, []float32{float32(math.Inf(-1))})
	if a.causal && c.err == nil {
		n, m := a.q.Shape.Dim[2], k.Shape.Dim[2]
		if c.room(n * m) {
			a.require("/causal", graph.NewConst(c.name+"/causal", triangle(n, m, 0)))
		}
	}
	if mask, sums := a.mask(); sums {
		s = c.emit(op.Add, "/masked", nil, s, mask)
	} else if mask != nil {
		s = c.emit(op.Select, "/masked", nil, mask, s, low)
	}
	see(2, s)
	s = c.emit(op.Softmax, "/weights", nil, s)
	see(3, s)
	return c.emit(op.BatchMatMul, "", nil, s, v)
}

// repeatHeads gives each of n heads of queries the keys or values of its group.
func (c *call) repeatHeads(v *graph.Value, suffix string, n int) *graph.Value {
	groups := v.Shape.Dim[1]
	if c.err == nil && (groups < 1 || n%groups != 0) {
		c.fail("%d heads of queries, %d of keys or values", n, groups)
	}
	if c.err != nil || groups == n {
		return v
	}
	apart := c.rearrange(v, suffix+"/group", []int{0, 1, -1, 2, 3})
	return c.reshape(c.emit(op.Tile, suffix+"/repeat", op.Attrs{op.IntsAttr("repeats", 1, 1, n/groups, 1, 1)}, apart), suffix+"/each", 0, n, -1, v.Shape.Dim[3])
}
