// Package graph is a network as data: values, nodes in topological order, inputs and outputs.
//
// Importers and the loader build graphs, passes rewrite them, rt compiles them.
package graph

import (
	"errors"
	"fmt"
	"slices"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Value is a tensor of the graph: an input, a constant, a variable, or what a node computes.
type Value struct {
	Name string
	tensor.Type
	Const *tensor.Tensor // the value itself, for a constant
	// Var marks a variable and holds what it starts from. A variable is memory that a session keeps from one Run to the
	// next: operators read it, and those that update it (op.Def.Updates) write it, in the order of the nodes.
	Var *tensor.Tensor
	// Sym names the symbolic dimensions, "" for a fixed one; nil where all are fixed. Shape holds their bound.
	Sym []string
}

// Node applies an operator. A missing optional input is nil.
type Node struct {
	Op    *op.Def
	Name  string
	Attrs op.Attrs
	In    []*Value
	Out   []*Value
}

// Graph is a network. Nodes are in an order in which every value is computed before it is used.
type Graph struct {
	Name    string
	Nodes   []*Node
	Inputs  []*Value
	Outputs []*Value
	// Once is how many of the first nodes run in the first Run after a Reset only. What the others read of theirs, and of
	// inputs that both read, is kept from one Run to the next. They touch no variable.
	Once int
}

// Add appends a node with the operator's number of new output values, names them after the node, infers their types
// and returns the node.
func (g *Graph) Add(def *op.Def, name string, attrs op.Attrs, in ...*Value) (*Node, error) {
	n := &Node{Op: def, Name: name, Attrs: attrs, In: in}
	for i := range def.Outs {
		v := &Value{Name: name}
		if i > 0 {
			v.Name = fmt.Sprintf("%s:%d", name, i)
		}
		n.Out = append(n.Out, v)
	}
	if err := n.Infer(); err != nil {
		return nil, err
	}
	g.Nodes = append(g.Nodes, n)
	return n, nil
}

// NewConst returns a constant value.
func NewConst(name string, t *tensor.Tensor) *Value {
	return &Value{Name: name, Type: t.Type, Const: t}
}

// NewVariable returns a variable that starts from t.
func NewVariable(name string, t *tensor.Tensor) *Value {
	return &Value{Name: name, Type: t.Type, Var: t}
}

// Check reports inputs and attributes that the node's operator does not take.
func (n *Node) Check() error {
	d := n.Op
	if len(n.In) < d.MinIn || len(n.In) > d.MaxIn {
		return fmt.Errorf("node %q (%s): %d inputs, want %d to %d", n.Name, d.Name, len(n.In), d.MinIn, d.MaxIn)
	}
	for i, v := range n.In {
		if v == nil && i < d.MinIn {
			return fmt.Errorf("node %q (%s): input %d missing", n.Name, d.Name, i)
		}
	}
	for _, i := range d.Updates {
		if i < len(n.In) && n.In[i] != nil && n.In[i].Var == nil {
			return fmt.Errorf("node %q (%s): input %d is updated and not a variable", n.Name, d.Name, i)
		}
	}
	if len(n.Out) != d.Outs {
		return fmt.Errorf("node %q (%s): %d outputs, want %d", n.Name, d.Name, len(n.Out), d.Outs)
	}
	if err := d.CheckAttrs(n.Attrs); err != nil {
		return fmt.Errorf("node %q (%s): %w", n.Name, d.Name, err)
	}
	return nil
}

// View returns the node as its operator sees it; slots are given by slot, which may be nil.
func (n *Node) View(slot func(*Value) int) *op.Node {
	arg := func(v *Value) op.Arg {
		if v == nil {
			return op.Arg{Slot: -1}
		}
		a := op.Arg{Type: v.Type, Const: v.Const}
		if slot != nil {
			a.Slot = slot(v)
		}
		return a
	}
	view := &op.Node{Attrs: n.Attrs}
	for _, v := range n.In {
		view.In = append(view.In, arg(v))
	}
	for _, v := range n.Out {
		view.Out = append(view.Out, arg(v))
	}
	return view
}

// Infer sets the element types and shapes of the node's outputs from its inputs.
func (n *Node) Infer() error {
	if err := n.Check(); err != nil {
		return err
	}
	view := n.View(nil)
	if err := n.Op.Infer(view); err != nil {
		return fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
	}
	for i, v := range n.Out {
		if err := view.Out[i].Shape.Check(); err != nil {
			return fmt.Errorf("node %q (%s): output %w", n.Name, n.Op.Name, err)
		}
		v.DType, v.Shape = view.Out[i].DType, view.Out[i].Shape
	}
	return nil
}

// Infer infers all nodes in order.
func (g *Graph) Infer() error {
	var errs []error
	for _, n := range g.Nodes {
		if err := n.Infer(); err != nil {
			errs = append(errs, err)
			if len(errs) == 1 && !errors.Is(err, op.ErrUnsupported) {
				break
			}
		}
	}
	return errors.Join(errs...)
}

// Validate reports anything that compiling or encoding the graph relies on and that does not hold: order, single
// definition, known operators, arity, attributes, constants as large as their shape, sane quantization.
func (g *Graph) Validate() error {
	defined := map[*Value]bool{}
	checkValue := func(v *Value) error {
		if !v.DType.Valid() {
			return fmt.Errorf("value %q: element type %v", v.Name, v.DType)
		}
		if err := v.Shape.Check(); err != nil {
			return fmt.Errorf("value %q: %w", v.Name, err)
		}
		if v.Const != nil && v.Var != nil {
			return fmt.Errorf("value %q is a constant and a variable", v.Name)
		}
		what, c := "constant", v.Const
		if v.Var != nil {
			what, c = "variable", v.Var
		}
		if c != nil && (c.Data.Len() != v.SizeBytes() || c.DType != v.DType || c.Shape != v.Shape) {
			return fmt.Errorf("value %q: %s holds %d bytes of %v%v, want %d of %v%v",
				v.Name, what, c.Data.Len(), c.DType, c.Shape, v.SizeBytes(), v.DType, v.Shape)
		}
		if err := checkQuant(v.Type); err != nil {
			return fmt.Errorf("value %q: %w", v.Name, err)
		}
		return nil
	}
	for _, v := range g.Inputs {
		if v.Const != nil || v.Var != nil || defined[v] {
			return fmt.Errorf("graph input %q is a constant, a variable or listed twice", v.Name)
		}
		if err := checkValue(v); err != nil {
			return err
		}
		defined[v] = true
	}
	if g.Once < 0 || g.Once > len(g.Nodes) {
		return fmt.Errorf("%d of %d nodes run once", g.Once, len(g.Nodes))
	}
	for i, n := range g.Nodes {
		if err := n.Check(); err != nil {
			return err
		}
		for _, v := range n.In {
			if v == nil {
				continue
			}
			if i < g.Once && v.Var != nil {
				return fmt.Errorf("node %q (%s): runs once and has variable %q", n.Name, n.Op.Name, v.Name)
			}
			if v.Const == nil && v.Var == nil && !defined[v] {
				return fmt.Errorf("node %q (%s): input %q is not computed before it", n.Name, n.Op.Name, v.Name)
			}
			if v.Const != nil || v.Var != nil {
				if err := checkValue(v); err != nil {
					return err
				}
			}
		}
		for _, v := range n.Out {
			if v == nil || v.Const != nil || v.Var != nil || defined[v] {
				return fmt.Errorf("node %q (%s): output missing, constant, a variable or computed twice", n.Name, n.Op.Name)
			}
			if err := checkValue(v); err != nil {
				return err
			}
			defined[v] = true
		}
	}
	if len(g.Outputs) == 0 {
		return errors.New("graph has no outputs")
	}
	for _, v := range g.Outputs {
		if v == nil || (!defined[v] && v.Const == nil && v.Var == nil) {
			return errors.New("a graph output is not computed")
		}
	}
	return nil
}

func checkQuant(t tensor.Type) error {
	q := t.Quant
	if len(q.Scale) != len(q.Zero) {
		return fmt.Errorf("%d scales, %d zero points", len(q.Scale), len(q.Zero))
	}
	if n := len(q.Scale); n > 1 && (q.Axis < 0 || q.Axis >= t.Shape.Rank || t.Shape.Dim[q.Axis] != n) {
		return fmt.Errorf("%d scales on axis %d of shape %v", n, q.Axis, t.Shape)
	}
	for i, s := range q.Scale {
		if !(s > 0) || s > 1e30 {
			return fmt.Errorf("scale %g is not positive and finite", s)
		}
		if z := q.Zero[i]; t.DType == tensor.Int8 && (z < -128 || z > 127) || t.DType != tensor.Int8 && (z < -32768 || z > 32767) {
			return fmt.Errorf("zero point %d outside %v", z, t.DType)
		}
	}
	return nil
}

// Values returns every value in order of definition: inputs, then constants and outputs node by node.
func (g *Graph) Values() []*Value {
	var all []*Value
	seen := map[*Value]bool{nil: true}
	add := func(vs []*Value) {
		for _, v := range vs {
			if !seen[v] {
				seen[v] = true
				all = append(all, v)
			}
		}
	}
	add(g.Inputs)
	for _, n := range g.Nodes {
		add(n.In)
		add(n.Out)
	}
	add(g.Outputs)
	return all
}

// Variables returns the variables in order of first use.
func (g *Graph) Variables() []*Value {
	var all []*Value
	for _, v := range g.Values() {
		if v.Var != nil {
			all = append(all, v)
		}
	}
	return all
}

// Producers maps each computed value to its node.
func (g *Graph) Producers() map[*Value]*Node {
	m := map[*Value]*Node{}
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			m[v] = n
		}
	}
	return m
}

// Uses counts how often each value is read, graph outputs included.
func (g *Graph) Uses() map[*Value]int {
	m := map[*Value]int{}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			m[v]++
		}
	}
	for _, v := range g.Outputs {
		m[v]++
	}
	return m
}

// Replace makes every reader of old, graph outputs included, read new instead.
func (g *Graph) Replace(old, new *Value) {
	swap := func(vs []*Value) {
		for i, v := range vs {
			if v == old {
				vs[i] = new
			}
		}
	}
	for _, n := range g.Nodes {
		swap(n.In)
	}
	swap(g.Outputs)
}

// Sort puts the nodes into topological order, keeping the given order where it is free, and reports a cycle. Nodes that
// run once stay first.
func (g *Graph) Sort() error {
	producer := g.Producers()
	state := map[*Node]int8{} // 1 on the stack, 2 done
	var order []*Node
	type frame struct {
		n *Node
		i int
	}
	for _, root := range g.Nodes {
		stack := []frame{{root, 0}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.i == 0 {
				if state[f.n] == 2 {
					stack = stack[:len(stack)-1]
					continue
				}
				state[f.n] = 1
			}
			if f.i == len(f.n.In) {
				state[f.n] = 2
				order = append(order, f.n)
				stack = stack[:len(stack)-1]
				continue
			}
			p := producer[f.n.In[f.i]]
			f.i++
			if p == nil || state[p] == 2 {
				continue
			}
			if state[p] == 1 {
				return fmt.Errorf("node %q (%s) is part of a cycle", p.Name, p.Op.Name)
			}
			stack = append(stack, frame{p, 0})
		}
	}
	g.Nodes = order
	return nil
}

// Clone returns a copy that shares the data of constants, and what variables start from, and nothing else.
func (g *Graph) Clone() *Graph {
	m := map[*Value]*Value{nil: nil}
	value := func(v *Value) *Value {
		if c, ok := m[v]; ok {
			return c
		}
		c := *v
		m[v] = &c
		return &c
	}
	values := func(vs []*Value) []*Value {
		out := make([]*Value, len(vs))
		for i, v := range vs {
			out[i] = value(v)
		}
		return out
	}
	c := &Graph{Name: g.Name, Inputs: values(g.Inputs), Once: g.Once}
	for _, n := range g.Nodes {
		c.Nodes = append(c.Nodes, &Node{Op: n.Op, Name: n.Name, Attrs: slices.Clone(n.Attrs), In: values(n.In), Out: values(n.Out)})
	}
	c.Outputs = values(g.Outputs)
	return c
}
