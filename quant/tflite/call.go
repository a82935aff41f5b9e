package tflite

import (
	"fmt"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// call is the translation of one operator. The first error sticks: what is asked for after it is empty, so a
// translating function looks at c.err only before it relies on what it got.
type call struct {
	*operator
	im    *importer
	index int
	name  string         // of the node: its first output's
	in    []*graph.Value // nil for an optional one left out
	// options are the operator's own; the zero table, where there are none, has every field's default.
	options table
	tanh    bool // a fused activation that set appends
	err     error
}

func (c *call) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// unsupported refuses a valid form that edgerun does not run.
func (c *call) unsupported(format string, args ...any) {
	c.fail("%s %w", fmt.Sprintf(format, args...), op.ErrUnsupported)
}

// readOptions finds the operator's options and refuses fields that this importer does not know. Options of another type
// than the operator's are none, as for TFLite.
func (c *call) readOptions(e entry) {
	if kind := c.fields.byte(3); kind == 0 || kind != e.options {
		return
	}
	c.options = c.fields.table(4, c.operator.name+"'s options")
	for i := e.fields; i < c.options.fields; i++ {
		if c.options.field(i, 1) >= 0 {
			c.unsupported("option %d", i)
		}
	}
}

// finish refuses outputs that the translation has not set.
func (c *call) finish() {
	for i, t := range c.out {
		if c.err == nil && c.im.state[t] != defined {
			c.unsupported("output %d", i)
		}
	}
}

// input returns an input that must be there; after an error it is an empty value, never nil.
func (c *call) input(i int) *graph.Value {
	v := c.optional(i)
	switch {
	case v == nil:
		c.fail("input %d is missing", i)
	case c.im.handles[v]:
		c.fail("input %d is a variable's handle", i)
	case v.Var != nil: // an operator that does not keep its state there
		var err error
		if v, err = c.im.read(v); err != nil {
			c.fail("%w", inner(err))
			break
		}
		c.in[i] = v
		return v
	default:
		return v
	}
	return &graph.Value{}
}

func (c *call) optional(i int) *graph.Value {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

// inputs checks the number of inputs.
func (c *call) inputs(least, most int) {
	if len(c.in) < least || len(c.in) > most {
		c.fail("%d inputs, want %d to %d", len(c.in), least, most)
	}
}

// output returns the type that the file declares for an output, as it is in the graph.
func (c *call) output(i int) tensor.Type {
	if c.err == nil && i >= len(c.out) {
		c.fail("%d outputs, want %d or more", len(c.out), i+1)
	}
	if c.err != nil {
		return tensor.Type{}
	}
	t, err := c.im.typ(c.out[i])
	if err != nil {
		c.fail("output %w", err)
	}
	return t
}

// constant is an input that must be constant.
func (c *call) constant(i int, what string) *tensor.Tensor {
	v := c.input(i)
	if c.err == nil && v.Const == nil {
		c.unsupported("%s that is not constant", what)
	}
	if c.err != nil {
		return &tensor.Tensor{}
	}
	return v.Const
}

// ints is the value of a constant integer input, such as a shape or axes.
func (c *call) ints(i int, what string) []int {
	t := c.constant(i, what)
	if c.err != nil {
		return nil
	}
	if t.Shape.Elements() > 1<<16 {
		c.fail("%s has %d values", what, t.Shape.Elements())
		return nil
	}
	out, err := foreign.Sizes(t)
	if err != nil {
		c.fail("%s: %w", what, err)
	}
	return out
}

// axis brings an axis of a tensor of some rank into [0,rank).
func (c *call) axis(a, rank int) int {
	a, err := foreign.Axis(a, rank)
	if err != nil {
		c.fail("%w", err)
	}
	return a
}

// emit appends an operator. suffix tells the helpers around an operator's main node, which has none. The output has no
// quantization yet: set gives it the file's.
func (c *call) emit(def *op.Def, suffix string, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	if c.err != nil {
		return &graph.Value{}
	}
	if t := foreign.Compute(def, c.name, attrs, in, c.room); t != nil && !t.Quant.Quantized() && t.DType != tensor.Int8 {
		return graph.NewConst(c.name, t)
	}
	if c.err != nil {
		return &graph.Value{}
	}
	n, err := c.im.g.Add(def, c.im.names.Name(c.name+suffix), attrs, in...)
	if err != nil {
		c.fail("%w", inner(err))
		return &graph.Value{}
	}
	return n.Out[0]
}

// move is emit for an operator that passes codes on: the output has the input's quantization.
func (c *call) move(def *op.Def, suffix string, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	v := c.emit(def, suffix, attrs, in...)
	if v.Const == nil {
		v.Quant = in[0].Quant
	}
	return v
}

func inner(err error) error { return foreign.Inner(err) }

// room accounts for a constant of some bytes.
func (c *call) room(sizeBytes int) bool {
	if c.err == nil {
		c.err = c.im.Grow(sizeBytes)
	}
	return c.err == nil
}

// fold returns the constant that make computes from v, computing it once for each how.
func (c *call) fold(v *graph.Value, how string, sizeBytes int, make func(*tensor.Tensor) *tensor.Tensor) *graph.Value {
	if f := c.im.folded.Fold(v, how, sizeBytes, c.room, make); f != nil {
		return f
	}
	return &graph.Value{}
}

// reshape changes the shape, written as op.Reshape's attribute: 0 copies a dimension, −1 is inferred.
func (c *call) reshape(v *graph.Value, suffix string, shape ...int) *graph.Value {
	if c.err != nil {
		return &graph.Value{}
	}
	attrs := op.Attrs{op.IntsAttr("shape", shape...)}
	if v.Const == nil {
		return c.move(op.Reshape, suffix, attrs, v)
	}
	r, err := foreign.Reshape(v, attrs)
	if err != nil {
		c.fail("%w", err)
		return &graph.Value{}
	}
	if n := len(r.Quant.Scale); n > 1 {
		c.unsupported("another shape for %d scales", n)
	}
	return r
}

// set gives an output of the operator its value, in the shape and quantization that the file declares.
//
// What passes codes on in TFLite does so without looking at scales, so a value whose quantization is not the declared
// one is the same bytes read in another way.
func (c *call) set(i int, v *graph.Value) {
	want := c.output(i)
	if c.tanh && i == 0 {
		v = c.emit(op.Tanh, "/tanh", nil, v)
	}
	if c.err != nil {
		return
	}
	if v.DType != want.DType {
		c.unsupported("output %d of %v, the operator gives %v:", i, want.DType, v.DType)
		return
	}
	info := c.im.s.tensors[c.out[i]]
	if v.Const == nil && !c.im.bound[v] && !v.Quant.Quantized() {
		v.Quant = want.Quant
	}
	if v.Shape != want.Shape && info.hasShape && !c.im.varies() {
		if v.Shape.Elements() != want.Shape.Elements() || v.Const != nil {
			c.fail("output %d is declared as %v, the operator gives %v", i, want.Shape, v.Shape)
			return
		}
		v = c.reshape(v, "/shape", want.Shape.Dims()...)
	}
	if c.err != nil {
		return
	}
	switch {
	case v.Const != nil:
		if !v.Quant.Equal(want.Quant) {
			t := *v.Const
			t.Quant = want.Quant
			v = graph.NewConst(v.Name, &t)
		}
	case c.im.bound[v] || v.Quant.Quantized() && !v.Quant.Equal(want.Quant):
		var err error
		if v, err = c.im.view(v, c.name+"/view", want.Quant); err != nil {
			c.fail("%w", inner(err))
			return
		}
	}
	if v.Const == nil {
		v.Name = clip(info.name)
		c.im.bound[v] = true
	}
	c.im.define(c.out[i], v)
}

// varies reports whether an input's shape may vary, so that shapes in the file are examples only.
func (im *importer) varies() bool {
	return slices.ContainsFunc(im.g.Inputs, func(v *graph.Value) bool { return v.Sym != nil })
}
