package pass

import (
	"errors"
	"fmt"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// ErrNoSteps marks a network that does not compute its positions one after the other.
var ErrNoSteps = errors.New("cannot run step by step")

// Steps turns a causal network over whole sequences, after all passes or after lowering, into one that takes a position a
// Run and gives this position's output, to the bit what the whole sequence gives there. g stays as it is.
//
// The sequence is the symbolic dimension that the first output shares with one input, of tokens; its bound is how many
// positions fit. Causal attention becomes op.AttentionStep with variables for keys and values; tables of positions are read
// at a variable's place; all that does not depend on the tokens, an encoder and the keys and values made from it, runs once
// after each Reset (graph.Graph.Once).
func Steps(g *graph.Graph) (*graph.Graph, error) {
	c := &stepper{g: g.Clone(), moving: map[*graph.Value]bool{}, variables: map[*graph.Value]*graph.Value{}, uniform: map[*graph.Value]bool{}}
	if err := c.sequence(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSteps, err)
	}
	position := tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(1)})
	c.position = graph.NewVariable("position", position)
	for _, n := range c.g.Nodes {
		if err := c.node(n); err != nil {
			return nil, fmt.Errorf("%w: node %q (%s): %w", ErrNoSteps, n.Name, n.Op.Name, err)
		}
	}
	for _, v := range c.g.Outputs {
		if c.axis(v) < 0 && v.Const == nil {
			return nil, fmt.Errorf("%w: output %q has no axis of positions", ErrNoSteps, v.Name)
		}
	}
	c.tokens.Shape.Dim[c.axis(c.tokens)] = 1
	c.tokens.Sym = slices.Clone(c.tokens.Sym)
	c.tokens.Sym[c.axis(c.tokens)] = ""
	c.step = append(c.step, &graph.Node{Op: op.Advance, Name: "position/advance", In: []*graph.Value{c.position}})
	c.g.Nodes, c.g.Once = append(c.once, c.step...), len(c.once)
	if err := c.g.Infer(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSteps, err)
	}
	if err := c.g.Validate(); err != nil {
		return nil, err
	}
	for _, v := range c.g.Outputs {
		if v.Const == nil && v.Shape.Dim[c.axis(v)] != 1 {
			return nil, fmt.Errorf("%w: output %q becomes %v", ErrNoSteps, v.Name, v.Shape)
		}
	}
	return c.g, nil
}

// SequenceInput returns the input of a network over whole sequences that holds the tokens of the sequence which it computes
// position by position: the one that Steps gives one token.
func SequenceInput(g *graph.Graph) (int, error) {
	c := &stepper{g: g, moving: map[*graph.Value]bool{}}
	if err := c.sequence(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoSteps, err)
	}
	return slices.Index(g.Inputs, c.tokens), nil
}

type stepper struct {
	g         *graph.Graph
	tokens    *graph.Value
	symbol    int                           // the sequence's, by index in graph.Symbols
	at, other map[*graph.Value]tensor.Shape // at the bounds, and one position less
	moving    map[*graph.Value]bool         // what depends on tokens or on the position
	variables map[*graph.Value]*graph.Value // by what they keep
	uniform   map[*graph.Value]bool         // what is as long as the sequence and the same for all positions
	position  *graph.Value
	once      []*graph.Node
	step      []*graph.Node
}

// sequence finds the sequence and its tokens.
func (c *stepper) sequence() error {
	g := c.g
	if len(g.Variables()) > 0 || g.Once > 0 {
		return errors.New("it keeps a state already")
	}
	names := g.Symbols()
	bounds := make([]int, len(names))
	for _, v := range g.Inputs {
		for k, s := range v.Sym {
			if s != "" {
				bounds[slices.Index(names, s)] = v.Shape.Dim[k]
			}
		}
	}
	var err error
	if c.at, err = g.InferAt(bounds); err != nil {
		return err
	}
	c.symbol = -1
	for i, bound := range bounds {
		if bound < 3 {
			continue
		}
		less := slices.Clone(bounds)
		less[i]--
		shapes, err := g.InferAt(less)
		if err != nil {
			return err
		}
		y := g.Outputs[0]
		if shapes[y] == c.at[y] {
			continue
		}
		if c.symbol >= 0 {
			return fmt.Errorf("output %q has two symbolic dimensions, %q and %q", y.Name, names[c.symbol], names[i])
		}
		c.symbol, c.other = i, shapes
	}
	if c.symbol < 0 {
		if len(names) == 0 {
			return fmt.Errorf("output %q has no symbolic dimension: export the network with dynamic axes", g.Outputs[0].Name)
		}
		return fmt.Errorf("output %q has no symbolic dimension with a bound of 3 or more", g.Outputs[0].Name)
	}
	for _, v := range g.Inputs {
		if !slices.Contains(v.Sym, names[c.symbol]) {
			continue
		}
		if c.tokens != nil {
			return fmt.Errorf("inputs %q and %q both have dimension %q", c.tokens.Name, v.Name, names[c.symbol])
		}
		c.tokens = v
	}
	if c.axis(c.tokens) < 0 {
		return fmt.Errorf("input %q has dimension %q more than once", c.tokens.Name, names[c.symbol])
	}
	c.moving[c.tokens] = true
	return nil
}

// axis is the one along which a value's positions lie, or −1.
func (c *stepper) axis(v *graph.Value) int {
	a, ok := c.at[v]
	if !ok {
		return -1
	}
	b, axis := c.other[v], -1
	for i := range a.Rank {
		if a.Dim[i] == b.Dim[i] {
			continue
		}
		if axis >= 0 || a.Dim[i] != b.Dim[i]+1 {
			return -1
		}
		axis = i
	}
	return axis
}

func (c *stepper) varies(v *graph.Value) bool { return c.at[v] != c.other[v] }

func (c *stepper) node(n *graph.Node) error {
	if at := n.Attrs.Ints("symbols"); at != nil {
		// The sequence is no symbol any more: those behind it move up.
		at = slices.Clone(at)
		for i, s := range at {
			if s == c.symbol {
				at[i] = -1
			} else if s > c.symbol {
				at[i]--
			}
		}
		defer func() {
			if n.Attrs.Has("symbols") {
				n.Attrs = n.Attrs.With(op.IntsAttr("symbols", at...))
			}
		}()
	}
	y := n.Out[0]
	if !slices.ContainsFunc(n.In, func(v *graph.Value) bool { return c.moving[v] }) {
		if !slices.ContainsFunc(n.Out, c.varies) {
			c.once = append(c.once, n)
			return nil
		}
		return c.table(n)
	}
	for _, v := range n.Out {
		if c.moving[v] = true; c.axis(v) < 0 {
			return fmt.Errorf("output %v has no axis of positions", v.Shape)
		}
	}
	if n.Op == op.Attention {
		return c.attention(n)
	}
	c.step = append(c.step, n)
	axis, x := c.axis(y), n.In[0]
	from, last := c.axis(x), x.Shape.Rank-1
	switch n.Op {
	case op.FullyConnected, op.LayerNorm, op.RMSNorm, op.Softmax, op.LogSoftmax:
		if from == last || !c.onlyFirst(n) {
			return errors.New("it mixes positions")
		}
		return nil
	case op.Gather:
		if c.moving[x] {
			return errors.New("it picks positions")
		}
		return nil
	case op.Transpose:
		return nil
	case op.Tile:
		if from < 0 || x.Shape.Rank-from != y.Shape.Rank-axis {
			return errors.New("it repeats positions")
		}
		return nil
	case op.Slice:
		axes := n.Attrs.Ints("axes")
		for i := range n.Attrs.Ints("starts") {
			if a := i; axes == nil && a == from || axes != nil && axes[i] == from {
				return errors.New("it picks positions")
			}
		}
		return nil
	case op.Concat:
		for _, v := range n.In {
			if c.axis(v) != axis {
				return errors.New("it joins positions with others")
			}
		}
		if a := n.Attrs.Int("axis", 0); a == axis {
			return errors.New("it joins positions")
		}
		return nil
	case op.Reshape:
		return c.reshape(n, from, axis)
	}
	if !elementwise(n.Op) && n.Op != op.Quantize && n.Op != op.Dequantize {
		if op.Recurrent(n.Op) && n.Attrs.Int("reverse", 0) == 0 {
			return errors.New("recurrent layers do not run token by token")
		}
		return errors.New("it may mix positions")
	}
	for _, v := range n.In {
		if c.varies(v) && y.Shape.Rank-axis != v.Shape.Rank-c.axis(v) {
			return errors.New("it mixes positions")
		}
	}
	return nil
}

// onlyFirst reports whether the first input alone depends on tokens or position.
func (c *stepper) onlyFirst(n *graph.Node) bool {
	return !slices.ContainsFunc(n.In[1:], func(v *graph.Value) bool { return c.moving[v] || c.varies(v) })
}

// table reads a constant whose beginning is taken, as long as the sequence, at the position instead.
func (c *stepper) table(n *graph.Node) error {
	x, axis := n.In[0], c.axis(n.Out[0])
	uniform := func(v *graph.Value) bool { return !c.varies(v) || c.uniform[v] }
	switch {
	case axis < 0:
	case n.Op == op.Tile && !c.varies(x):
		// The same for all positions: a mask that is broadcast.
		repeats := slices.Clone(n.Attrs.Ints("repeats"))
		repeats[axis] = 1
		n.Attrs = n.Attrs.With(op.IntsAttr("repeats", repeats...))
		c.uniform[n.Out[0]] = true
		c.once = append(c.once, n)
		return nil
	case elementwise(n.Op) && !slices.ContainsFunc(n.In, func(v *graph.Value) bool { return !uniform(v) }):
		c.uniform[n.Out[0]] = true
		c.once = append(c.once, n)
		return nil
	}
	whole := x.Const != nil && n.Op == op.Slice && axis >= 0 && !n.Attrs.Has("steps")
	if whole {
		axes := n.Attrs.Ints("axes")
		whole = len(n.Attrs.Ints("starts")) == 1 && n.Attrs.Ints("starts")[0] == 0 && (axes == nil && axis == 0 || axes != nil && axes[0] == axis)
	}
	if !whole {
		return errors.New("it depends on the sequence's length")
	}
	n.Op, n.Attrs, n.In = op.Gather, op.Attrs{op.IntAttr("axis", axis)}, []*graph.Value{x, c.position}
	c.moving[n.Out[0]] = true
	c.step = append(c.step, n)
	return nil
}

// reshape leaves the axis of positions where it is among the elements.
func (c *stepper) reshape(n *graph.Node, from, to int) error {
	behind := func(s tensor.Shape, axis int) int {
		size := 1
		for _, d := range s.Dims()[axis+1:] {
			size *= d
		}
		return size
	}
	x, y := c.at[n.In[0]], c.at[n.Out[0]]
	if from < 0 || to < 0 || behind(x, from) != behind(y, to) {
		return errors.New("it mixes positions")
	}
	shape := slices.Clone(n.Attrs.Ints("shape"))
	for i, d := range shape {
		if d == 0 && i == from && i != to {
			return errors.New("it moves positions")
		}
	}
	shape[to] = 1
	n.Attrs = n.Attrs.With(op.IntsAttr("shape", shape...))
	return nil
}

// attention over the sequence itself becomes a step of it; over an encoder's results it stays.
func (c *stepper) attention(n *graph.Node) error {
	rank := n.Out[0].Shape.Rank
	queries := rank - 2
	if n.Attrs.Has("heads") {
		queries = 1 - n.Attrs.Int("sequenceFirst", 0)
	}
	k, v, causal := n.In[1], n.In[2], n.Attrs.Int("causal", 0) != 0
	var mask *graph.Value
	if len(n.In) > 3 {
		mask = n.In[3]
	}
	switch {
	case c.axis(n.Out[0]) != queries || c.axis(n.In[0]) != queries:
		return errors.New("positions are no queries")
	case !c.moving[k] && !c.moving[v]:
		if causal {
			return errors.New("causal attention to what does not depend on tokens")
		}
		if mask != nil && (c.moving[mask] || c.varies(mask) && !c.uniform[mask]) {
			return errors.New("its mask depends on tokens or positions")
		}
		c.step = append(c.step, n)
		return nil
	case !c.moving[k] || !c.moving[v] || c.axis(k) != queries || c.axis(v) != queries:
		return errors.New("positions are not both keys and values")
	case !causal:
		return errors.New("it looks at later positions")
	}
	in := []*graph.Value{n.In[0], c.kept(k), c.kept(v), c.position}
	if mask != nil {
		if !c.moving[mask] || c.axis(mask) != mask.Shape.Rank-1 {
			return errors.New("its mask is none of keys by their tokens")
		}
		in = append(in, c.kept(mask))
	}
	n.Op, n.In = op.AttentionStep, in
	n.Attrs = slices.DeleteFunc(slices.Clone(n.Attrs), func(a op.Attr) bool { return a.Name == "causal" })
	c.step = append(c.step, n)
	return nil
}

// kept returns a variable with what v was at each position so far.
func (c *stepper) kept(v *graph.Value) *graph.Value {
	if k := c.variables[v]; k != nil {
		return k
	}
	k := graph.NewVariable(v.Name+"/kept", tensor.New(tensor.Type{DType: v.DType, Shape: c.at[v], Quant: v.Quant}))
	c.variables[v] = k
	c.step = append(c.step, &graph.Node{Op: op.Append, Name: k.Name, Attrs: op.Attrs{op.IntAttr("axis", c.axis(v))}, In: []*graph.Value{k, v, c.position}})
	return k
}
