package quant

import (
	"errors"
	"fmt"
	"slices"

	"edgerun/kernels"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// lowering turns a float graph with known ranges into an int8 one.
//
// A float value may be needed as codes, as reals, or as both: codes and reals hold what has been made so far, and a
// missing form is made by a Quantize or a Dequantize where it is first needed. Operators without an int8 form so stay
// islands of float32.
type lowering struct {
	out    *graph.Graph
	ranges map[*graph.Value]tensor.Quant // of float values
	codes  map[*graph.Value]*graph.Value // float value → int8 value
	reals  map[*graph.Value]*graph.Value // float value → float32 value of the new graph
	wides  map[*graph.Value]*graph.Value // float value → int16 value: cells of recurrent layers
	delays map[*graph.Value]bool         // float variables that are kept in codes
	issues []string
	masks  map[*graph.Value]bool // that stay float32
	why    map[string]string     // of nodes that stay float32 for what they are here, not for their operator: by name
}

// lower builds the int8 graph. Inputs and outputs keep their names, types and shapes.
func lower(g *graph.Graph, ranges map[*graph.Value]tensor.Quant, delays map[*graph.Value]bool) (*lowering, error) {
	l := &lowering{why: map[string]string{}, out: &graph.Graph{Name: g.Name}, ranges: ranges, codes: map[*graph.Value]*graph.Value{}, reals: map[*graph.Value]*graph.Value{},
		wides: map[*graph.Value]*graph.Value{}, masks: addedMasks(g)}
	l.keep(delays)
	for _, v := range g.Inputs {
		in := *v
		l.out.Inputs = append(l.out.Inputs, &in)
		l.reals[v] = &in
	}
	for _, n := range g.Nodes {
		if err := l.node(n); err != nil {
			return nil, fmt.Errorf("quant: node %q (%s): %w", n.Name, n.Op.Name, err)
		}
	}
	for _, v := range g.Outputs {
		r, err := l.real(v)
		if err != nil {
			return nil, err
		}
		r.Name = v.Name
		l.out.Outputs = append(l.out.Outputs, r)
	}
	l.dropBorders()
	return l, l.out.Validate()
}

// dropBorders removes borders that nobody reads: those of a layer that was refused.
func (l *lowering) dropBorders() {
	uses := l.out.Uses()
	for i := len(l.out.Nodes) - 1; i >= 0; i-- {
		if n := l.out.Nodes[i]; (n.Op == op.Quantize || n.Op == op.Dequantize) && uses[n.Out[0]] == 0 {
			uses[n.In[0]]--
			l.out.Nodes = slices.Delete(l.out.Nodes, i, i+1)
		}
	}
}

// accept reports whether the int8 form that was just made of n runs; if not, n stays an island.
func (l *lowering) accept(n, m *graph.Node) (bool, error) {
	if m.Op.Prepare == nil {
		return true, nil
	}
	_, err := m.Op.Prepare(&op.Prepare{Node: m.View(func(*graph.Value) int { return 0 }), Kernels: kernels.Generic()})
	if !errors.Is(err, op.ErrUnsupported) {
		return err == nil, err
	}
	l.out.Nodes = slices.DeleteFunc(l.out.Nodes, func(x *graph.Node) bool { return x == m })
	l.why[n.Name] = reason(err) + " is unsupported"
	return false, l.island(n)
}

func (l *lowering) node(n *graph.Node) error {
	if op.Recurrent(n.Op) {
		return l.recurrent(n)
	}
	if (n.Op == op.Read || n.Op == op.Assign) && l.delays[n.In[0]] {
		return l.delay(n)
	}
	if len(n.Out) > 0 && l.masks[n.Out[0]] {
		l.why[n.Name] = "a mask that attention adds has no int8 form"
		return l.island(n)
	}
	q := n.Op.Quant
	// Positions of extremes are integers, found on codes: these keep the order of reals.
	if q.Kind == op.FloatOnly || !slices.ContainsFunc(n.In, isReal) || !isReal(n.Out[0]) && q.Kind != op.SameRange {
		return l.island(n)
	}
	var in []*graph.Value
	for i, v := range n.In {
		var c *graph.Value
		var err error
		switch {
		case v == nil:
		case !isReal(v) || slices.Contains(q.Reals, i): // indices, a condition
			c, err = l.real(v)
		case i > 0 && i == q.Weight:
			c, err = l.weights(n, v)
		case i > 0 && i == q.Bias:
			continue // needs the weights' final scales
		case q.Kind == op.TiedRange:
			c, err = l.codeAs(v, l.ranges[n.Out[0]])
		case v.Const != nil:
			c = l.constant(v)
		default:
			c, err = l.code(v)
		}
		if err != nil {
			return err
		}
		in = append(in, c)
	}
	if q.Bias > 0 && len(n.In) > q.Bias && n.In[q.Bias] != nil {
		in = append(in, l.bias(n.In[q.Bias], in[0].Quant.Scale[0], in[q.Weight].Quant.Scale))
	}
	m, err := l.out.Add(n.Op, n.Name, n.Attrs, in...)
	if err != nil {
		return err
	}
	y := m.Out[0]
	switch {
	case !isReal(n.Out[0]):
	case q.Kind == op.SameRange:
		y.Quant = in[0].Quant
	case q.Kind == op.FixedOutput:
		y.Quant = tensor.PerTensor(q.Scale, q.Zero)
	default:
		var ok bool
		if y.Quant, ok = l.ranges[n.Out[0]]; !ok {
			return notCalibrated(n.Out[0])
		}
	}
	if ok, err := l.accept(n, m); !ok {
		return err
	}
	y.Name = n.Out[0].Name
	if isReal(n.Out[0]) {
		l.codes[n.Out[0]] = y
	} else {
		l.reals[n.Out[0]] = y
	}
	return nil
}

func notCalibrated(v *graph.Value) error { return fmt.Errorf("value %q was not calibrated", v.Name) }

func isReal(v *graph.Value) bool { return v != nil && v.DType == tensor.Float32 }

// island keeps a node in float32.
func (l *lowering) island(n *graph.Node) error {
	var in []*graph.Value
	for _, v := range n.In {
		r := v
		if v != nil && v.Const == nil {
			var err error
			if r, err = l.real(v); err != nil {
				return err
			}
		}
		in = append(in, r)
	}
	m, err := l.out.Add(n.Op, n.Name, n.Attrs, in...)
	if err != nil {
		return err
	}
	for i, v := range n.Out {
		m.Out[i].Name = v.Name
		l.reals[v] = m.Out[i]
	}
	if len(n.Out) == 0 || !slices.ContainsFunc(append(n.In[:len(n.In):len(n.In)], n.Out...), isReal) {
		return nil // integers and bools are what they are
	}
	why := l.why[n.Name]
	if why == "" {
		why = FloatReason(n)
	}
	l.issues = append(l.issues, fmt.Sprintf("%s (%s) stays float32: %s", n.Name, n.Op.Name, why))
	return nil
}

// code returns v in int8.
func (l *lowering) code(v *graph.Value) (*graph.Value, error) {
	if c := l.codes[v]; c != nil {
		return c, nil
	}
	q, ok := l.ranges[v]
	if !ok {
		return nil, notCalibrated(v)
	}
	r := l.reals[v]
	if w := l.wides[v]; w != nil {
		r = w
	}
	n, err := l.out.Add(op.Quantize, v.Name+"/quantize", nil, r)
	if err != nil {
		return nil, err
	}
	n.Out[0].Quant = q
	l.codes[v] = n.Out[0]
	return n.Out[0], nil
}

// codeAs returns v in int8 with the given scale and zero point, requantized if its codes have others.
func (l *lowering) codeAs(v *graph.Value, q tensor.Quant) (*graph.Value, error) {
	if v.Const != nil {
		return quantized(v, q), nil
	}
	c, err := l.code(v)
	if err != nil || c.Quant.Equal(q) {
		return c, err
	}
	n, err := l.out.Add(op.Quantize, v.Name+"/requantize", nil, c)
	if err != nil {
		return nil, err
	}
	n.Out[0].Quant = q
	return n.Out[0], nil
}

// real returns v in float32 (or in the type that it has in the float graph).
func (l *lowering) real(v *graph.Value) (*graph.Value, error) {
	if v.Const != nil {
		return v, nil
	}
	if r := l.reals[v]; r != nil {
		return r, nil
	}
	if v.Var != nil && !l.delays[v] {
		r := *v
		l.reals[v] = &r
		return &r, nil
	}
	codes := l.codes[v]
	if w := l.wides[v]; w != nil {
		codes = w
	}
	n, err := l.out.Add(op.Dequantize, v.Name+"/dequantize", nil, codes)
	if err != nil {
		return nil, err
	}
	if v.Var == nil { // which may hold something else the next time
		l.reals[v] = n.Out[0]
	}
	return n.Out[0], nil
}

// constant quantizes an operand that is a constant by its own range.
func (l *lowering) constant(v *graph.Value) *graph.Value {
	lo, hi := float32(0), float32(0)
	for _, f := range v.Const.Data.F32() {
		lo, hi = min(lo, f), max(hi, f)
	}
	return quantized(v, tensor.AsymmetricQuant(lo, hi))
}

func quantized(v *graph.Value, q tensor.Quant) *graph.Value {
	return graph.NewConst(v.Name, codesOf(v.Const, q))
}

func codesOf(x *tensor.Tensor, q tensor.Quant) *tensor.Tensor {
	return tensor.AsymmetricCodes(x.Shape, x.Data.F32(), q)
}

// weights quantizes a layer's weights symmetrically, one scale for each output channel.
func (l *lowering) weights(n *graph.Node, v *graph.Value) (*graph.Value, error) {
	if v.Const == nil {
		return nil, fmt.Errorf("weights %q are not constant: %w", v.Name, op.ErrUnsupported)
	}
	in, err := l.code(n.In[0])
	if err != nil {
		return nil, err
	}
	channels := v.Shape.Dim[0]
	w := v.Const.Data.F32()
	var bias []float32
	if b := n.Op.Quant.Bias; b > 0 && len(n.In) > b && n.In[b] != nil {
		bias = n.In[b].Const.Data.F32()
	}
	scales := tensor.LayerScales(w, bias, channels, in.Quant.Scale[0])
	t := tensor.New(tensor.Type{DType: tensor.Int8, Shape: v.Shape, Quant: tensor.Quant{Scale: scales, Zero: make([]int32, channels)}})
	tensor.SymmetricCodes(t.Data.I8(), w, scales)
	return graph.NewConst(v.Name, t), nil
}

// bias quantizes to int32 in units of in·weight[c].
func (l *lowering) bias(v *graph.Value, in float32, weight []float32) *graph.Value {
	t := tensor.New(tensor.Type{DType: tensor.Int32, Shape: v.Shape})
	tensor.BiasCodes(t.Data.I32(), v.Const.Data.F32(), in, weight)
	return graph.NewConst(v.Name, t)
}
