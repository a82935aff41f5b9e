package finetune

import (
	"errors"
	"fmt"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// cut is a network in two: nodes that run as they ship, and the tail, from the first trained node on.
type cut struct {
	model  *graph.Graph
	frozen *graph.Graph   // its outputs are the tail's inputs
	at     []*graph.Value // of the model: what the tail reads of the frozen part
	tail   []*graph.Node  // of the model, in order
	end    *graph.Value   // of the model: what the loss reads
}

// Trainable returns the layers with weights that can be trained, in the order of the network.
func Trainable(g *graph.Graph) (all []*graph.Node) {
	for _, n := range g.Nodes {
		if canLearn(n) && !learns[n.Op].beside {
			all = append(all, n)
		}
	}
	return all
}

// choose returns the nodes that o wants trained.
func (o *Options) choose(g *graph.Graph) ([]*graph.Node, error) {
	can := Trainable(g)
	if len(o.Names) == 0 {
		k := max(o.Layers, 1)
		if k > len(can) {
			return nil, fmt.Errorf("finetune: %d layers wanted, the network has %d that can be trained: %w", k, len(can), ErrLayers)
		}
		return can[len(can)-k:], nil
	}
	can = nil
	for _, n := range g.Nodes {
		if canLearn(n) {
			can = append(can, n)
		}
	}
	var some []*graph.Node
	for _, name := range o.Names {
		i := slices.IndexFunc(can, func(n *graph.Node) bool { return n.Name == name })
		if i < 0 {
			var names []string
			for _, n := range can {
				names = append(names, n.Name)
			}
			return nil, fmt.Errorf("finetune: no layer %q that can be trained; there are %q: %w", name, names, ErrLayers)
		}
		some = append(some, can[i])
	}
	return some, nil
}

// ErrLayers marks a choice of layers that the network does not have or that cannot be trained.
var ErrLayers = errors.New("cannot train these layers")

// split cuts g before the first node of trained.
func split(g *graph.Graph, trained []*graph.Node) (*cut, error) { return splitBehind(g, trained, nil) }

// splitBehind cuts g before the first node of trained, and before all that read the value at, which may be nil.
func splitBehind(g *graph.Graph, trained []*graph.Node, at *graph.Value) (*cut, error) {
	if len(g.Outputs) != 1 {
		return nil, fmt.Errorf("finetune: the network has %d outputs, want one: %w", len(g.Outputs), ErrLayers)
	}
	c := &cut{model: g, end: g.Outputs[0]}
	moved := map[*graph.Value]bool{} // depends on what is trained
	first := map[*graph.Value]bool{}
	for i, n := range g.Nodes {
		in := slices.Contains(trained, n)
		for _, v := range n.In {
			in = in || moved[v] || v != nil && v == at
		}
		if !in {
			continue
		}
		if i < g.Once || slices.ContainsFunc(n.Op.Updates, func(k int) bool { return k < len(n.In) && n.In[k] != nil }) {
			return nil, fmt.Errorf("finetune: node %q (%s) keeps state behind the layers to train: %w", n.Name, n.Op.Name, ErrLayers)
		}
		c.tail = append(c.tail, n)
		for _, v := range n.Out {
			moved[v] = true
		}
	}
	for _, n := range c.tail {
		for _, v := range n.In {
			if v == nil || v.Const != nil || moved[v] || first[v] {
				continue
			}
			if v.Var != nil {
				return nil, fmt.Errorf("finetune: node %q (%s) reads state behind the layers to train: %w", n.Name, n.Op.Name, ErrLayers)
			}
			first[v] = true
			c.at = append(c.at, v)
		}
	}
	if !moved[c.end] {
		return nil, fmt.Errorf("finetune: the output %q does not depend on the layers to train: %w", c.end.Name, ErrLayers)
	}
	for _, v := range c.at {
		if v.DType != tensor.Float32 && v.DType != tensor.Bool && (v.DType != tensor.Int8 || len(v.Quant.Scale) != 1) {
			return nil, fmt.Errorf("finetune: the layers to train read %q, %v: %w", v.Name, v.Type, ErrLayers)
		}
	}
	c.frozen = upTo(g, c.at)
	return c, nil
}

// upTo returns the part of g that computes the given values.
func upTo(g *graph.Graph, outputs []*graph.Value) *graph.Graph {
	needed := map[*graph.Value]bool{}
	for _, v := range outputs {
		needed[v] = true
	}
	f := &graph.Graph{Name: g.Name, Inputs: g.Inputs, Outputs: outputs}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		if !slices.ContainsFunc(n.Out, func(v *graph.Value) bool { return needed[v] }) && len(n.Out) > 0 {
			continue
		}
		f.Nodes = append(f.Nodes, n)
		for _, v := range n.In {
			if v != nil {
				needed[v] = true
			}
		}
		if i < g.Once {
			f.Once++
		}
	}
	slices.Reverse(f.Nodes)
	return f
}

// lift returns the tail in float32: constants are real numbers, borders between codes and reals are gone. of gives the
// model's node for each node of it.
func (c *cut) lift() (g *graph.Graph, of map[*graph.Node]*graph.Node, values map[*graph.Value]*graph.Value, err error) {
	g, of, values = &graph.Graph{}, map[*graph.Node]*graph.Node{}, map[*graph.Value]*graph.Value{}
	for _, v := range c.at {
		r := &graph.Value{Name: v.Name, Type: tensor.Type{DType: tensor.Float32, Shape: v.Shape}}
		if v.DType == tensor.Bool {
			r.DType = tensor.Bool
		}
		values[v] = r
		g.Inputs = append(g.Inputs, r)
	}
	for _, n := range c.tail {
		if n.Op == op.Quantize || n.Op == op.Dequantize {
			values[n.Out[0]] = values[n.In[0]]
			continue
		}
		var in []*graph.Value
		for i, v := range n.In {
			switch {
			case v == nil:
				in = append(in, nil)
				continue
			case v.Const != nil && onlyShape(n, i):
				in = append(in, &graph.Value{Name: v.Name, Type: tensor.Type{DType: tensor.Float32, Shape: v.Shape}})
				continue
			case values[v] != nil:
			case v.Const == nil:
				return nil, nil, nil, fmt.Errorf("finetune: node %q (%s): input %q is not there", n.Name, n.Op.Name, v.Name)
			case v.DType == tensor.Int8 || v.DType == tensor.Int16 && v.Quant.Quantized() || v.DType == tensor.Int32 && learns[n.Op].bias(i):
				values[v] = graph.NewConst(v.Name, tensor.FromF32(v.Shape, reals(v.Const, biasScales(n, i))))
			default:
				values[v] = v
			}
			in = append(in, values[v])
		}
		m, err := g.Add(n.Op, n.Name, n.Attrs, in...)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("finetune: %w", err)
		}
		of[m] = n
		for i, v := range n.Out {
			m.Out[i].Name = v.Name
			values[v] = m.Out[i]
		}
	}
	g.Outputs = []*graph.Value{values[c.end]}
	return g, of, values, nil
}

// onlyShape reports whether the node's layer has input i as a parameter from the start, and asks for its shape alone. Real
// numbers of all weights, which nobody would read, would take as much memory as training does.
func onlyShape(n *graph.Node, i int) bool {
	switch {
	case op.Recurrent(n.Op):
		return i >= op.RecurrentWeights && i <= op.RecurrentExtra
	case n.Op == op.Conv2D:
		return i > 0 && n.In[1].Shape.Dim[3] > 1 // but for a depthwise one
	}
	return i > 0 && (n.Op == op.FullyConnected || n.Op == op.TransposeConv2D)
}

// biasScales returns what one code of an int8 node's bias, its input i, stands for, by output channel.
func biasScales(n *graph.Node, i int) []float32 {
	x, w := n.In[0], n.In[n.Op.Quant.Weight]
	var weights []float32
	if w != nil {
		weights = w.Quant.Scale
	}
	if n.Op == op.GRULayer && i == op.RecurrentExtra { // of R's products with h
		x = n.Out[0]
		if r := n.In[op.RecurrentRecurrent]; len(r.Quant.Scale) > 0 {
			weights = r.Quant.Scale[2*r.Shape.Dim[1]:]
		}
	}
	if len(x.Quant.Scale) == 0 {
		return []float32{1}
	}
	s := make([]float32, len(weights))
	for i, f := range weights {
		s[i] = float32(float64(f) * float64(x.Quant.Scale[0]))
	}
	return s
}
