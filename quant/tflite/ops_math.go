package tflite

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// function emits one of op.Unary's functions.
func (c *call) function(name string, more ...op.Attr) {
	c.unary(op.Unary, append(op.Attrs{op.StringAttr("function", name)}, more...))
}

func importAbs(c *call)        { c.function("abs") }
func importCeil(c *call)       { c.function("ceil") }
func importElu(c *call)        { c.function("elu") }
func importExp(c *call)        { c.function("exp") }
func importFloor(c *call)      { c.function("floor") }
func importLog(c *call)        { c.function("log") }
func importLogicalNot(c *call) { c.function("not") }
func importNeg(c *call)        { c.function("neg") }
func importRound(c *call)      { c.function("round") }
func importRsqrt(c *call)      { c.function("rsqrt") }
func importSign(c *call)       { c.function("sign") }
func importSqrt(c *call)       { c.function("sqrt") }
func importSquare(c *call)     { c.function("square") }

func importGelu(c *call) {
	if c.options.bool(0) {
		c.function("geluTanh")
		return
	}
	c.function("gelu")
}

// pair emits one of op.Binary's functions.
func (c *call) pair(name string) {
	c.inputs(2, 2)
	c.set(0, c.emit(op.Binary, "", op.Attrs{op.StringAttr("function", name)}, c.input(0), c.input(1)))
}

func importPow(c *call)        { c.pair("pow") }
func importFloorDiv(c *call)   { c.pair("floorDiv") }
func importFloorMod(c *call)   { c.pair("floorMod") }
func importLogicalAnd(c *call) { c.pair("and") }
func importLogicalOr(c *call)  { c.pair("or") }

func importSquaredDifference(c *call) {
	c.inputs(2, 2)
	c.set(0, c.emit(op.SquaredDifference, "", nil, c.input(0), c.input(1)))
}

// compare emits an op.Compare.
func (c *call) compare(relation string) {
	c.inputs(2, 2)
	c.set(0, c.emit(op.Compare, "", op.Attrs{op.StringAttr("relation", relation)}, c.input(0), c.input(1)))
}

func importEqual(c *call)        { c.compare("equal") }
func importNotEqual(c *call)     { c.compare("notEqual") }
func importLess(c *call)         { c.compare("less") }
func importLessEqual(c *call)    { c.compare("lessEqual") }
func importGreater(c *call)      { c.compare("greater") }
func importGreaterEqual(c *call) { c.compare("greaterEqual") }

// as is v's codes read in another quantization.
func (c *call) as(v *graph.Value, q tensor.Quant) *graph.Value {
	switch {
	case c.err != nil || v.Quant.Equal(q):
		return v
	case v.Const != nil:
		return requantized(v, q)
	}
	y, err := c.im.view(v, c.name+"/codes", q)
	if err != nil {
		c.fail("%w", inner(err))
		return v
	}
	return y
}

// choice emits an operator that picks among the codes of its inputs from first on, whatever they mean.
func (c *call) choice(def *op.Def, first int, in ...*graph.Value) {
	want := c.output(0)
	for i := first; i < len(in); i++ {
		in[i] = c.as(in[i], want.Quant)
	}
	y := c.emit(def, "", nil, in...)
	if y.Const == nil {
		y.Quant = want.Quant
	}
	c.set(0, y)
}

func importMinimum(c *call) {
	c.inputs(2, 2)
	c.choice(op.Minimum, 0, c.input(0), c.input(1))
}

func importMaximum(c *call) {
	c.inputs(2, 2)
	c.choice(op.Maximum, 0, c.input(0), c.input(1))
}

// importSelect has a condition of its values' shape, or one for each part along their first axis.
func importSelect(c *call) {
	c.inputs(3, 3)
	cond, a, b := c.input(0), c.input(1), c.input(2)
	if c.err == nil && cond.Shape.Rank == 1 && a.Shape.Rank > 1 {
		shape := make([]int, a.Shape.Rank)
		for i := range shape {
			shape[i] = 1
		}
		shape[0] = cond.Shape.Dim[0]
		cond = c.reshape(cond, "/condition", shape...)
	}
	c.choice(op.Select, 1, cond, a, b)
}

func importSelectV2(c *call) {
	c.inputs(3, 3)
	c.choice(op.Select, 1, c.input(0), c.input(1), c.input(2))
}

// reduced returns the attributes of a reduction along input 1's axes.
func (c *call) reduced() op.Attrs {
	c.inputs(2, 2)
	x := c.input(0)
	var axes []int
	for _, a := range c.ints(1, "axes") {
		axes = append(axes, c.axis(a, x.Shape.Rank))
	}
	slices.Sort(axes)
	keep := 0
	if c.options.bool(0) {
		keep = 1
	}
	return op.Attrs{op.IntsAttr("axes", slices.Compact(axes)...), op.IntAttr("keepDims", keep)}
}

func importMean(c *call)       { c.set(0, c.emit(op.Mean, "", c.reduced(), c.input(0))) }
func importSum(c *call)        { c.set(0, c.emit(op.Sum, "", c.reduced(), c.input(0))) }
func importReduceProd(c *call) { c.set(0, c.emit(op.ReduceProd, "", c.reduced(), c.input(0))) }
func importReduceMax(c *call)  { c.set(0, c.move(op.ReduceMax, "", c.reduced(), c.input(0))) }
func importReduceMin(c *call)  { c.set(0, c.move(op.ReduceMin, "", c.reduced(), c.input(0))) }

// extreme emits an ArgMax or ArgMin along the axis of input 1.
func (c *call) extreme(def *op.Def) {
	c.inputs(2, 2)
	x, at, want := c.input(0), c.ints(1, "axis"), c.output(0)
	if c.err == nil && len(at) != 1 {
		c.fail("axis %v, want one number", at)
	}
	if c.err != nil {
		return
	}
	c.set(0, c.emit(def, "", op.Attrs{op.IntAttr("axis", c.axis(at[0], x.Shape.Rank)), op.IntAttr("to", int(want.DType))}, x))
}

func importArgMax(c *call) { c.extreme(op.ArgMax) }
func importArgMin(c *call) { c.extreme(op.ArgMin) }

func importL2Normalization(c *call) {
	if attrs := c.activation(0); attrs != nil {
		c.unsupported("fused activation")
	}
	c.unary(op.L2Normalization, nil)
}

func importAddN(c *call) {
	c.inputs(1, 4096)
	var parts []*graph.Value
	for i := range c.in {
		parts = append(parts, c.input(i))
	}
	if c.err == nil {
		c.set(0, c.emit(op.AddN, "", nil, parts...))
	}
}

func importCumsum(c *call) {
	c.inputs(2, 2)
	x, at := c.input(0), c.ints(1, "axis")
	if c.err == nil && len(at) != 1 {
		c.fail("axis %v, want one number", at)
	}
	if c.err != nil {
		return
	}
	attrs := op.Attrs{op.IntAttr("axis", c.axis(at[0], x.Shape.Rank))}
	for i, name := range []string{"exclusive", "reverse"} {
		if c.options.bool(i) {
			attrs = append(attrs, op.IntAttr(name, 1))
		}
	}
	c.set(0, c.emit(op.CumSum, "", attrs, x))
}
