package onnx

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Exports compute with extents in as many ways as there are exporters: shapes of reshapes, positions, masks. So a model
// with symbolic dimensions is imported at its bounds and again at other extents, everything computed from them being a
// constant each time, and what differs between the graphs says what depends on which symbol, and how: a number of an
// attribute is a symbol itself, a constant is the beginning of the one at the bounds.

// buildSymbolic is build for models whose symbolic dimensions may vary when they run.
func buildSymbolic(m *modelProto, sizeBytes int64, dir fs.FS, o Options) (*graph.Graph, error) {
	g, err := build(m, sizeBytes, dir, o)
	if err != nil {
		return nil, tooLarge(err, o.Dims, func(dims map[string]int) error {
			_, err := build(m, sizeBytes, dir, Options{Dims: dims})
			return err
		})
	}
	u := &unifier{g: g, probes: g.Probes(), sliced: map[*graph.Value]*graph.Value{}, names: foreign.Names{}}
	if u.probes == nil {
		return g, nil
	}
	names := g.Symbols()
	for _, extents := range u.probes[1:] {
		at := Options{Dims: maps.Clone(o.Dims)}
		for i, name := range names {
			if at.Dims[name] != 0 {
				at.Dims[name] = extents[i]
			}
		}
		other, err := build(m, sizeBytes, dir, at)
		if err != nil {
			return nil, fmt.Errorf("with %s: %w", u.describe(extents), err)
		}
		u.others = append(u.others, other)
	}
	if err := u.unify(); err != nil {
		return nil, err
	}
	return g, g.Validate()
}

// unifier makes of graphs of one model at several extents one that holds for all.
type unifier struct {
	g      *graph.Graph // at the bounds: the result
	others []*graph.Graph
	probes [][]int                         // extents of the symbols, by graph
	shapes []map[*graph.Value]tensor.Shape // of the values of each graph
	sliced map[*graph.Value]*graph.Value   // constant → its beginning at the extents of the moment
	nodes  []*graph.Node
	names  foreign.Names
}

func (u *unifier) describe(extents []int) string {
	s := ""
	for i, name := range u.g.Symbols() {
		if extents[i] != u.probes[0][i] || u.probes[0][i] > 1 {
			s += fmt.Sprintf(", %s = %d", quote(name), extents[i])
		}
	}
	return s[2:]
}

var errVaries = fmt.Errorf("depends on symbolic dimensions in a way that is %w; give them bounds of 1", op.ErrUnsupported)

func (u *unifier) unify() error {
	for _, other := range u.others {
		if len(other.Nodes) != len(u.g.Nodes) || len(other.Outputs) != len(u.g.Outputs) {
			return fmt.Errorf("the model %w", errVaries)
		}
	}
	for _, n := range u.g.Nodes {
		u.names[n.Name] = 1
	}
	for i, n := range u.g.Nodes {
		same := []*graph.Node{n}
		for _, other := range u.others {
			same = append(same, other.Nodes[i])
		}
		if err := u.node(same); err != nil {
			return fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
		}
		u.nodes = append(u.nodes, n)
	}
	for i, v := range u.g.Outputs {
		same := []*graph.Value{v}
		for _, other := range u.others {
			same = append(same, other.Outputs[i])
		}
		if v.Const != nil && !sameConst(same) {
			return fmt.Errorf("output %q %w", v.Name, errVaries)
		}
	}
	u.g.Nodes = u.nodes
	return u.check()
}

// check infers the result at all extents and compares.
func (u *unifier) check() error {
	for k, other := range u.others {
		shapes, err := u.g.InferAt(u.probes[k+1])
		if err != nil {
			return fmt.Errorf("%w: %w", errVaries, err)
		}
		for i, v := range u.g.Outputs {
			if s, ok := shapes[v]; ok && s != other.Outputs[i].Shape {
				return fmt.Errorf("output %q %w", v.Name, errVaries)
			}
		}
	}
	return nil
}

// node makes the first node of same hold for all.
func (u *unifier) node(same []*graph.Node) error {
	n := same[0]
	for _, m := range same[1:] {
		if m.Op != n.Op || len(m.In) != len(n.In) || len(m.Attrs) != len(n.Attrs) {
			return errVaries
		}
	}
	if err := u.attrs(same); err != nil {
		return err
	}
	for i, v := range n.In {
		values := make([]*graph.Value, len(same))
		for k, m := range same {
			if values[k] = m.In[i]; (values[k] == nil) != (v == nil) || v != nil && (values[k].Const == nil) != (v.Const == nil) {
				return errVaries
			}
		}
		if v == nil || v.Const == nil || sameConst(values) {
			continue
		}
		if c := uniform(values); c != nil && broadcastsTo(same) {
			n.In[i] = c
			continue
		}
		c, err := u.beginning(values)
		if err != nil {
			return err
		}
		n.In[i] = c
	}
	return nil
}

func (u *unifier) attrs(same []*graph.Node) error {
	n := same[0]
	differ := false
	for i, a := range n.Attrs {
		for _, m := range same[1:] {
			b := m.Attrs[i]
			if a.Name != b.Name || a.Kind != b.Kind || a.S != b.S || !slices.Equal(a.F, b.F) || len(a.I) != len(b.I) {
				return errVaries
			}
			differ = differ || !slices.Equal(a.I, b.I)
		}
	}
	if !differ {
		return nil
	}
	switch n.Op {
	case op.Reshape:
		var in, out []tensor.Shape
		for _, m := range same {
			in, out = append(in, m.In[0].Shape), append(out, m.Out[0].Shape)
		}
		attrs, ok := graph.ReshapeAttrs(in, out, u.probes)
		if !ok {
			return errVaries
		}
		n.Attrs = attrs
		return nil
	case op.Slice:
		return u.list(same, "ends")
	case op.Tile:
		return u.list(same, "repeats")
	}
	return errVaries
}

// list writes numbers of a list attribute that differ as symbols, ends of a Slice also as counted from the end.
func (u *unifier) list(same []*graph.Node, name string) error {
	n := same[0]
	list := slices.Clone(n.Attrs.Ints(name))
	at := slices.Repeat([]int{-1}, len(list))
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			continue
		}
		for _, m := range same[1:] {
			if !slices.Equal(m.Attrs[i].I, n.Attrs[i].I) {
				return errVaries
			}
		}
	}
	for i := range list {
		values := make([]int, len(same))
		fixed := true
		for k, m := range same {
			values[k] = m.Attrs.Ints(name)[i]
			fixed = fixed && values[k] == values[0]
		}
		if fixed {
			continue
		}
		if at[i] = graph.SymbolOf(values, u.probes); at[i] >= 0 {
			continue
		}
		if name != "ends" {
			return errVaries
		}
		axis := i
		if axes := n.Attrs.Ints("axes"); axes != nil {
			axis = axes[i]
		}
		back := values[0] - n.In[0].Shape.Dim[axis]
		for k, m := range same {
			if values[k]-m.In[0].Shape.Dim[axis] != back || back >= 0 {
				return errVaries
			}
		}
		list[i] = back
	}
	n.Attrs = n.Attrs.With(op.IntsAttr(name, list...))
	if slices.ContainsFunc(at, func(k int) bool { return k >= 0 }) {
		n.Attrs = append(n.Attrs, op.IntsAttr("symbols", at...))
	}
	return nil
}

func sameConst(values []*graph.Value) bool {
	for _, v := range values[1:] {
		a, b := values[0].Const, v.Const
		if a != b && (a.DType != b.DType || a.Shape != b.Shape || !bytes.Equal(a.Data.Bytes(), b.Data.Bytes())) {
			return false
		}
	}
	return true
}

// beginning returns the value that, at each of the extents, is the constant there: a slice of the one at the bounds.
func (u *unifier) beginning(values []*graph.Value) (*graph.Value, error) {
	v := values[0]
	if s := u.sliced[v]; s != nil {
		return s, nil
	}
	var starts, ends, axes, at []int
	for axis := range v.Shape.Rank {
		dims := make([]int, len(values))
		fixed := true
		for k, x := range values {
			if x.Shape.Rank != v.Shape.Rank || x.DType != v.DType {
				return nil, errVaries
			}
			dims[k] = x.Shape.Dim[axis]
			fixed = fixed && dims[k] == dims[0]
		}
		if fixed {
			continue
		}
		symbol := graph.SymbolOf(dims, u.probes)
		if symbol < 0 {
			return nil, errVaries
		}
		starts, ends, axes, at = append(starts, 0), append(ends, dims[0]), append(axes, axis), append(at, symbol)
	}
	for _, x := range values[1:] {
		if !begins(v.Const, x.Const) {
			return nil, errVaries
		}
	}
	if axes == nil {
		return nil, errVaries
	}
	one := &graph.Graph{}
	n, err := one.Add(op.Slice, u.names.Name(v.Name+"/extents"), op.Attrs{op.IntsAttr("starts", starts...), op.IntsAttr("ends", ends...),
		op.IntsAttr("axes", axes...), op.IntsAttr("symbols", at...)}, v)
	if err != nil {
		return nil, err
	}
	u.nodes = append(u.nodes, n)
	u.sliced[v] = n.Out[0]
	return n.Out[0], nil
}

// uniform returns a scalar where all elements of all constants are the same.
func uniform(values []*graph.Value) *graph.Value {
	v := values[0]
	size := v.DType.SizeBytes(1)
	if v.Shape.Elements() == 0 {
		return nil
	}
	first := v.Const.Data.Bytes()[:size]
	for _, x := range values {
		data := x.Const.Data.Bytes()
		if x.DType != v.DType {
			return nil
		}
		for i := 0; i < len(data); i += size {
			if !bytes.Equal(data[i:i+size], first) {
				return nil
			}
		}
	}
	c := tensor.New(tensor.Type{DType: v.DType})
	copy(c.Data.Bytes(), first)
	return graph.NewConst(v.Name, c)
}

// broadcastsTo reports whether a node broadcasts its operands and a computed one has the output's shape already.
func broadcastsTo(same []*graph.Node) bool {
	switch same[0].Op {
	case op.Add, op.Sub, op.Mul, op.Div, op.Select, op.Binary, op.Compare, op.Minimum, op.Maximum:
	default:
		return false
	}
	for i, v := range same[0].In {
		full := v.Const == nil
		for _, m := range same {
			full = full && m.In[i].Shape == m.Out[0].Shape
		}
		if full {
			return true
		}
	}
	return false
}

// begins reports whether a and b agree where both have elements.
func begins(a, b *tensor.Tensor) bool {
	size := a.DType.SizeBytes(1)
	if a.Shape.Rank == 0 {
		return bytes.Equal(a.Data.Bytes(), b.Data.Bytes())
	}
	var common tensor.Shape
	common.Rank = a.Shape.Rank
	for i := range common.Rank {
		common.Dim[i] = min(a.Shape.Dim[i], b.Shape.Dim[i])
	}
	last := common.Rank - 1
	row := common.Dim[last]
	for r := range common.Elements() / max(1, row) {
		offA, offB, strideA, strideB := 0, 0, a.Shape.Dim[last], b.Shape.Dim[last]
		for i := last - 1; i >= 0; i-- {
			at := r % common.Dim[i]
			r /= common.Dim[i]
			offA, offB = offA+at*strideA, offB+at*strideB
			strideA, strideB = strideA*a.Shape.Dim[i], strideB*b.Shape.Dim[i]
		}
		if !bytes.Equal(a.Data.Bytes()[offA*size:(offA+row)*size], b.Data.Bytes()[offB*size:(offB+row)*size]) {
			return false
		}
	}
	return true
}
