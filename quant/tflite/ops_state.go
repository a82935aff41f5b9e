package tflite

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// zeros is what a variable of a type starts from: real zero, as the reference has it.
func zeros(t tensor.Type) *tensor.Tensor {
	out := tensor.New(t)
	if t.DType == tensor.Int8 && len(t.Quant.Zero) == 1 {
		for i := range out.Data.I8() {
			out.Data.I8()[i] = int8(t.Quant.Zero[0])
		}
	}
	return out
}

// state returns an input that the operator keeps its state in.
func (c *call) state(i int, what string) *graph.Value {
	v := c.optional(i)
	if c.err == nil && (v == nil || v.Var == nil) {
		c.unsupported("%s that is not a variable", what)
	}
	if c.err != nil {
		return &graph.Value{}
	}
	return v
}

func importSVDF(c *call) {
	c.inputs(5, 5)
	x := c.input(0)
	features, time, state := c.weights(1, x, 2), c.weights(2, x, 2), c.state(4, "state")
	attrs := op.Attrs{op.IntAttr("rank", int(c.options.int32(0, 0)))}
	// The reference limits integers to their type only.
	if limits := c.activation(1); x.DType == tensor.Float32 {
		attrs = append(attrs, limits...)
	}
	in := []*graph.Value{x, features, time, state}
	if b := c.optional(3); b != nil {
		in = append(in, b)
	}
	c.set(0, c.emit(op.SVDF, "", attrs, in...))
}

// importUnidirectionalSequenceLSTM has inputs: x, four weights on it, four on the hidden state, three peepholes, four
// biases, two of a projection, hidden state, cell, four normalizations; each set in the order input, forget, cell, output.
func importUnidirectionalSequenceLSTM(c *call) {
	const weights, recurrent, peepholes, biases, projection, hidden, cell, norms = 1, 5, 9, 12, 16, 18, 19, 20
	c.inputs(20, 24)
	x := c.input(0)
	if c.options.byte(0) != actTanh {
		c.unsupported("activation %d", c.options.byte(0))
	}
	for i := range c.in {
		if c.in[i] == nil {
			continue
		}
		switch {
		case i >= peepholes && i < biases:
			c.unsupported("peepholes")
		case i >= projection && i < hidden:
			c.unsupported("projection")
		case i >= norms:
			c.unsupported("layer normalization")
		}
	}
	if c.err == nil && c.in[weights] == nil {
		c.unsupported("coupled gates")
	}
	if c.err != nil {
		return
	}
	in := []*graph.Value{x, c.state(hidden, "hidden state"), c.state(cell, "cell")}
	for i := weights; i < peepholes; i++ {
		in = append(in, c.weights(i, x, 2))
	}
	for i := biases; i < projection; i++ {
		in = append(in, c.optional(i))
	}
	attrs := op.Attrs{}
	if c.options.bool(3) {
		attrs = append(attrs, op.IntAttr("timeMajor", 1))
	}
	if clip := c.options.float32(1, 0); clip > 0 {
		attrs = append(attrs, op.FloatAttr("cellClip", clip))
	}
	y := c.emit(op.LSTM, "", attrs, in...)
	y.Quant = in[1].Quant
	c.set(0, y)
}

// Fused activations.
const (
	actTanh    = 4
	actSignBit = 5
)

// resource is a variable that operators find by name.
type resource struct{ container, name string }

// handle returns the variable that a VAR_HANDLE's options name. It gets a type when it is first read or set.
func (im *importer) handle(options table) *graph.Value {
	key := resource{options.string(0, "container"), options.string(1, "shared name")}
	v := im.resources[key]
	if v == nil {
		v = &graph.Value{Name: im.names.Name(clip(key.name) + "/variable")}
		im.resources[key] = v
		im.handles[v] = true
	}
	return v
}

func importVarHandle(c *call) {
	if c.inputs(0, 0); c.err == nil && len(c.out) != 1 {
		c.fail("%d outputs, want 1", len(c.out))
	}
	if c.err == nil {
		c.im.define(c.out[0], c.im.handle(c.options))
	}
}

// variable returns the variable of input 0, which holds t.
func (c *call) variable(t tensor.Type) *graph.Value {
	v := c.optional(0)
	switch {
	case c.err != nil:
	case v == nil || !c.im.handles[v]:
		c.fail("input 0 is no variable's handle")
	case v.Var == nil:
		if c.room(t.SizeBytes()) {
			v.Var, v.Type = zeros(t), t
		}
	case v.DType != t.DType || v.Shape != t.Shape:
		c.fail("variable is %v%v, here %v%v", v.DType, v.Shape, t.DType, t.Shape)
	}
	if c.err != nil {
		return &graph.Value{}
	}
	return v
}

func importReadVariable(c *call) {
	c.inputs(1, 1)
	v := c.variable(c.output(0))
	c.set(0, c.move(op.Read, "", nil, v))
}

func importAssignVariable(c *call) {
	c.inputs(2, 2)
	if c.im.initial {
		c.initialize()
		return
	}
	x := c.input(1)
	v := c.variable(x.Type)
	x = c.as(x, v.Quant)
	if c.err != nil {
		return
	}
	if _, err := c.im.g.Add(op.Assign, c.im.names.Name(c.name), nil, v, x); err != nil {
		c.fail("%w", inner(err))
	}
}

// importCallOnce runs what a subgraph does when a session begins: it sets variables to what it computes from constants.
func importCallOnce(c *call) {
	i := int(c.options.int32(0, 0))
	if i < 1 || i >= len(c.im.m.subgraphs) {
		c.fail("subgraph %d of %d", i, len(c.im.m.subgraphs))
		return
	}
	s := c.im.m.subgraphs[i]
	decodeSubgraph(s, c.im.m)
	if c.im.r.err != nil {
		return
	}
	im := newImporter(c.im.m, c.im.r, s, c.im.opts)
	im.Budget, im.resources, im.handles = c.im.Budget, c.im.resources, c.im.handles
	im.entry, im.initial, im.begun = c.im.entry, true, len(c.im.g.Nodes) > 0
	for k, o := range s.ops {
		if !im.operator(k, o) || im.r.err != nil {
			break
		}
	}
	c.im.Budget = im.Budget
	if err := im.refused.Err(); err != nil {
		c.fail("subgraph %d: %w", i, err)
	}
}

// initialize sets what a variable starts from.
func (c *call) initialize() {
	v, x := c.optional(0), c.input(1)
	switch {
	case c.err != nil:
	case v == nil || !c.im.handles[v]:
		c.fail("input 0 is no variable's handle")
	case v.Var != nil && c.im.begun:
		c.unsupported("variable has been used:")
	case x.Const == nil:
		c.unsupported("value is not constant:")
	default:
		v.Var, v.Type = x.Const, x.Const.Type
	}
}
