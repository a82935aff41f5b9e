package finetune

import (
	"fmt"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// tail is the part that is trained, as layers over float32 values.
type tail struct {
	e       *engine
	in      []*value // in the order of cut.at
	out     *value   // what the loss reads
	values  []*value
	layers  []stage
	params  []*param // in the order of the network
	scratch int
	of      map[*graph.Value]*value // by the model's values
}

// builder makes a tail of a lifted graph.
type builder struct {
	tail
	values map[*graph.Value]*value
	of     map[*graph.Node]*graph.Node
	train  func(n *graph.Node, input int) bool // of the model
}

// param returns the parameter of a node's input, of extents [k][n].
func (b *builder) param(n *graph.Node, input, k, n2 int) *param {
	m := b.of[n]
	p := &param{name: n.In[input].Name, node: m, input: input, k: k, n: n2, train: b.train(m, input)}
	b.params = append(b.params, p)
	return p
}

func buildTail(e *engine, c *cut, loss Loss, train func(*graph.Node, int) bool) (*tail, error) {
	return buildTailFor(e, c, loss, train, nil)
}

// buildTailFor builds a tail that also gives the gradient by an input of it, the model's value wanted, which may be nil.
func buildTailFor(e *engine, c *cut, loss Loss, train func(*graph.Node, int) bool, wanted *graph.Value) (*tail, error) {
	g, of, lifted, err := c.lift()
	if err != nil {
		return nil, err
	}
	b := &builder{tail: tail{e: e}, values: map[*graph.Value]*value{}, of: of, train: train}
	for i, v := range c.at {
		x := &value{name: v.Name, size: v.Shape.Elements(), first: -1, last: -1}
		if len(v.Quant.Scale) == 1 {
			x.coded, x.scale, x.zero = true, v.Quant.Scale[0], v.Quant.Zero[0]
		}
		if v.DType == tensor.Bool {
			x.coded, x.bits = true, true
		}
		b.values[g.Inputs[i]] = x
		b.in = append(b.in, x)
		b.tail.values = append(b.tail.values, x)
	}
	end := lifted[c.end]
	var layers []layer
	for _, n := range g.Nodes {
		if isLoss(n, end, loss) {
			end = n.In[0]
			b.out = b.values[end]
			break
		}
		if n.Op.View && b.values[n.In[0]] != nil {
			b.values[n.Out[0]] = b.values[n.In[0]]
			continue
		}
		if b.fuse(g, n, layers) {
			continue
		}
		build := builders[n.Op]
		if build == nil {
			return nil, fmt.Errorf("finetune: node %q (%s) has no backward: %w", n.Name, n.Op.Name, op.ErrUnsupported)
		}
		for _, v := range n.Out {
			x := &value{name: v.Name, size: v.Shape.Elements()}
			b.values[v] = x
			b.tail.values = append(b.tail.values, x)
		}
		l, err := build(b, n)
		if err != nil {
			return nil, fmt.Errorf("finetune: %w", err)
		}
		layers = append(layers, l)
	}
	if b.out = b.values[end]; b.out == nil || b.out.coded {
		return nil, fmt.Errorf("finetune: the output %q does not depend on the layers to train: %w", c.end.Name, ErrLayers)
	}
	t := b.tail
	t.of = map[*graph.Value]*value{}
	for v, l := range lifted {
		if x := b.values[l]; x != nil {
			t.of[v] = x
		}
	}
	if wanted != nil {
		t.of[wanted].wantGrad, t.of[wanted].wantData = true, true
	}
	t.live(layers)
	return &t, nil
}

// isLoss reports whether n is the last node and part of the loss, which takes its argument: a softmax of CrossEntropy, a
// logistic of BinaryCrossEntropy.
func isLoss(n *graph.Node, end *graph.Value, loss Loss) bool {
	switch {
	case n.Out[0] != end:
		return false
	case loss == CrossEntropy:
		return n.Op == op.Softmax || n.Op == op.LogSoftmax
	}
	return loss == BinaryCrossEntropy && n.Op == op.Logistic
}

// stage is a layer with what the passes over the tail need to know of it.
type stage struct {
	layer
	in, out []*value
	back    bool     // has something to do backward
	clear   []*value // values whose gradients begin with this layer's backward
}

// live finds which values want a gradient, and all lives.
func (t *tail) live(layers []layer) {
	steps := 2 * len(layers)
	begins := map[*value]int{} // the last layer that reads it
	for i, l := range layers {
		s := stage{layer: l}
		s.in, s.out = l.ports()
		s.back = slices.ContainsFunc(l.params(), func(p *param) bool { return p.train })
		for _, v := range s.in {
			s.back = s.back || v.wantGrad
			v.last = max(v.last, i)
			begins[v] = i
		}
		for _, v := range s.out {
			v.first, v.last = i, max(v.last, i)
			v.wantGrad = s.back
			v.gradLast = steps - i
			begins[v] = i
		}
		t.layers = append(t.layers, s)
	}
	t.out.last = max(t.out.last, len(layers))
	for i := range t.layers {
		s := &t.layers[i]
		keepIn, keepOut := s.keeps()
		for _, v := range s.in {
			if keepIn {
				v.last = max(v.last, steps-i)
			}
		}
		for _, v := range s.out {
			if keepOut {
				v.last = max(v.last, steps-i)
			}
		}
	}
	for _, v := range t.values {
		i, read := begins[v]
		switch {
		case v == t.out:
			v.gradFirst = len(layers)
		case read && v.wantGrad:
			v.gradFirst = steps - i
			t.layers[i].clear = append(t.layers[i].clear, v)
		}
	}
}

// reserve asks for all memory of micro-batches of n samples and of parameters with their optimizer's states.
func (t *tail) reserve(l *layout, n int, o *Options) {
	for _, v := range t.values {
		v.reserve(l, n)
	}
	for _, p := range t.params {
		p.reserve(l, o)
	}
	for i, x := range t.layers {
		x.reserve(l, n, i, l.steps-i)
	}
	t.e.reserve(l)
	if t.scratch > 0 {
		first, last := l.always()
		l.add("scratch", t.scratch, first, last, func(b tensor.Buffer) { t.e.worker.Scratch = b })
	}
}

// forward computes n samples.
func (t *tail) forward(n int) {
	for _, v := range t.in {
		if v.hasReals() && v.coded {
			t.e.dequantize(v.data, v.codes[:n*v.size], v.scale, v.zero)
		}
	}
	for i := range t.layers {
		t.layers[i].forward(n)
		if t.e.observe != nil {
			for _, v := range t.layers[i].out {
				t.e.observe(v, v.data[:n*v.size])
			}
		}
	}
}

// backward adds to all parameters' gradients, from the gradient of the output.
func (t *tail) backward(n int) {
	for i := len(t.layers) - 1; i >= 0; i-- {
		s := &t.layers[i]
		for _, v := range s.clear {
			clear(v.grad[:n*v.size])
		}
		if s.back {
			s.backward(n)
		}
	}
}
