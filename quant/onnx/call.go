package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// call is the translation of one node. The first error sticks: what is asked for after it is empty, so a translating
// function looks at c.err only before it relies on what it got.
type call struct {
	*node
	im     *importer
	in     []*graph.Value // nil for an optional one left out
	read   []string       // attributes asked for
	listed []int          // inputs asked for as sequences
	err    error
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

// finish refuses what the translation has not looked at.
func (c *call) finish() {
	for _, a := range c.attrs {
		if c.err == nil && !slices.Contains(c.read, a.name) {
			c.unsupported("attribute %s", quote(a.name))
		}
	}
	for i, name := range c.node.in {
		if c.im.isList(name) && !slices.Contains(c.listed, i) {
			c.unsupported("input %d: a sequence", i)
		}
	}
	for _, name := range c.out {
		if c.err == nil && name != "" && c.im.values[name] == nil && !c.im.isList(name) {
			if c.im.uses[name] > 0 {
				c.unsupported("output %s", quote(name))
			}
			delete(c.im.values, name)
		}
	}
}

// attr returns an attribute of the given kind, or nil where it is absent.
func (c *call) attr(name string, kind attrKind) *attrProto {
	c.read = append(c.read, name)
	for _, a := range c.attrs {
		if a.name != name {
			continue
		}
		if a.kind != kind {
			c.fail("attribute %q is of type %v, want %v", name, a.kind, kind)
			return nil
		}
		if kind == attrTensor && a.t == nil {
			c.fail("attribute %q holds no tensor", name)
			return nil
		}
		return a
	}
	return nil
}

// ignore marks attributes that do not matter to inference.
func (c *call) ignore(names ...string) { c.read = append(c.read, names...) }

func (c *call) int(name string, def int) int {
	if a := c.attr(name, attrInt); a != nil {
		return int(a.i)
	}
	return def
}

// ints returns nil where the attribute is absent.
func (c *call) ints(name string) []int {
	a := c.attr(name, attrInts)
	if a == nil {
		return nil
	}
	out := make([]int, len(a.ints))
	for i, v := range a.ints {
		out[i] = int(v)
	}
	return out
}

func (c *call) float(name string, def float32) float32 {
	if a := c.attr(name, attrFloat); a != nil {
		return a.f
	}
	return def
}

func (c *call) string(name, def string) string {
	if a := c.attr(name, attrString); a != nil {
		return string(a.s)
	}
	return def
}

// input returns an input that must be there; after an error it is an empty value, never nil.
func (c *call) input(i int) *graph.Value {
	if v := c.optional(i); v != nil {
		return v
	}
	c.fail("input %d is missing", i)
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

// floats is input for operators that compute in float32.
func (c *call) floats(i int) *graph.Value {
	v := c.input(i)
	if c.err == nil && v.DType != tensor.Float32 {
		c.unsupported("input %d: element type %v", i, v.DType)
	}
	return v
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

// constInts is the value of a constant integer input, such as a shape or axes.
func (c *call) constInts(i int, what string) []int {
	t := c.constant(i, what)
	if c.err != nil {
		return nil
	}
	if t.Shape.Rank > 1 {
		c.fail("%s has shape %v, want one dimension", what, t.Shape)
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

// set gives an output of the node its value.
func (c *call) set(i int, v *graph.Value) {
	if c.err != nil {
		return
	}
	if i >= len(c.out) || c.out[i] == "" {
		return
	}
	c.im.values[c.out[i]] = v
	if v.Const == nil && !c.im.named[v] {
		v.Name = c.out[i]
		c.im.named[v] = true
	}
}

// emit appends an operator. suffix tells the helpers around a node's main operator, which has none.
func (c *call) emit(def *op.Def, suffix string, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	if c.err != nil {
		return &graph.Value{}
	}
	if v := c.compute(def, attrs, in); v != nil {
		return v
	}
	n, err := c.im.g.Add(def, c.im.names.Name(c.name+suffix), attrs, in...)
	if err != nil {
		c.fail("%w", inner(err))
		return &graph.Value{}
	}
	return n.Out[0]
}

func inner(err error) error { return foreign.Inner(err) }

// newConst makes a constant, which im.grow has to accept.
func (c *call) newConst(suffix string, shape tensor.Shape, data []float32) *graph.Value {
	if !c.room(4 * len(data)) {
		return &graph.Value{}
	}
	return graph.NewConst(c.name+suffix, tensor.FromF32(shape, data))
}

// fold returns the constant that make computes from v, computing it once for each how.
func (c *call) fold(v *graph.Value, how string, sizeBytes int, make func(*tensor.Tensor) *tensor.Tensor) *graph.Value {
	if f := c.im.folded.Fold(v, how, sizeBytes, c.room, make); f != nil {
		return f
	}
	return &graph.Value{}
}

// transpose permutes axes: right away for a constant, by an operator otherwise.
func (c *call) transpose(v *graph.Value, suffix string, perm ...int) *graph.Value {
	if c.err != nil {
		return &graph.Value{}
	}
	attrs := op.Attrs{op.IntsAttr("perm", perm...)}
	if v.Const == nil {
		return c.emit(op.Transpose, suffix, attrs, v)
	}
	if _, err := foreign.Infer(op.Transpose, attrs, v); err != nil {
		c.fail("%w", err)
		return &graph.Value{}
	}
	return c.fold(v, fmt.Sprint(perm), v.SizeBytes(), func(t *tensor.Tensor) *tensor.Tensor { return permute(t, perm) })
}

// reshape changes the shape, written as op.Reshape's attribute: 0 copies a dimension, −1 is inferred.
func (c *call) reshape(v *graph.Value, suffix string, shape ...int) *graph.Value {
	attrs := op.Attrs{op.IntsAttr("shape", shape...)}
	if c.err != nil {
		return &graph.Value{}
	}
	if v.Const == nil {
		return c.emit(op.Reshape, suffix, attrs, v)
	}
	r, err := foreign.Reshape(v, attrs)
	if err != nil {
		c.fail("%w", err)
		return &graph.Value{}
	}
	return r
}

// scaled returns a float constant times a factor.
func (c *call) scaled(v *graph.Value, factor float32) *graph.Value {
	if factor == 1 || c.err != nil {
		return v
	}
	return c.fold(v, fmt.Sprint("times ", math.Float32bits(factor)), v.SizeBytes(), func(t *tensor.Tensor) *tensor.Tensor {
		out := tensor.New(t.Type)
		for i, x := range t.Data.F32() {
			out.Data.F32()[i] = x * factor
		}
		return out
	})
}

// floatValues decodes a floats attribute.
func (a *attrProto) floatValues() []float32 {
	out := make([]float32, len(a.floats)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(a.floats[4*i:]))
	}
	return out
}
