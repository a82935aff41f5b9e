package tflite

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importer builds a graph from the operators of a model's first subgraph, which stand in the order in which they run.
type importer struct {
	opts Options
	foreign.Budget
	r *reader
	m *model
	s *subgraph

	g      *graph.Graph
	types  []tensor.Type // of tensors as they are in the graph, by index, where typed says so
	typed  []bool
	values []*graph.Value // by index
	state  []state
	names  foreign.Names         // of nodes
	bound  map[*graph.Value]bool // values that stand for a tensor and carry its name
	folded foreign.Folded
	// resources are variables by name, handles the same as a set: such a variable has no type until it is read or set.
	resources map[resource]*graph.Value
	handles   map[*graph.Value]bool
	refused   foreign.Refusals

	entry func(*operator) (entry, bool) // how an operator is translated
	// initial marks a subgraph that only sets what variables start from; begun that operators have run before it.
	initial, begun bool
	// inputNames and outputNames are what the file's signature calls inputs and outputs; nil without one.
	inputNames, outputNames map[int32]string
}

// state is how a tensor stands.
type state uint8

const (
	open    state = iota // not met yet
	defined              // has a value
	lost                 // its operator was refused
)

func build(m *model, r *reader, o Options) (*graph.Graph, error) {
	im := newImporter(m, r, m.subgraphs[0], o)
	im.entry = func(o *operator) (entry, bool) {
		if o.custom {
			e, ok := customs[o.name]
			return e, ok
		}
		e, ok := operators[o.name]
		return e, ok
	}
	im.readSignature()
	if err := im.addInputs(); err != nil {
		return nil, err
	}
	for i, o := range im.s.ops {
		if !im.operator(i, o) {
			break
		}
	}
	if err := im.refused.Err(); err != nil {
		return nil, err
	}
	if err := im.addOutputs(); err != nil {
		return nil, err
	}
	if err := im.g.Validate(); err != nil {
		return nil, err
	}
	return im.g, nil
}

// newImporter makes an importer of one of the model's subgraphs.
func newImporter(m *model, r *reader, s *subgraph, o Options) *importer {
	n := len(s.tensors)
	return &importer{opts: o, Budget: foreign.Budget{Source: int64(len(r.data))}, r: r, m: m, s: s, g: &graph.Graph{Name: clip(s.name)},
		types: make([]tensor.Type, n), typed: make([]bool, n), values: make([]*graph.Value, n), state: make([]state, n), names: foreign.Names{},
		bound: map[*graph.Value]bool{}, folded: foreign.Folded{},
		resources: map[resource]*graph.Value{}, handles: map[*graph.Value]bool{}}
}

// maxName keeps names well under what an .edge file holds, a node's suffixes included.
const maxName = 255

func clip(name string) string {
	name = strings.ToValidUTF8(name, "?")
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	return name
}

func (im *importer) addInputs() error {
	dims := map[string]bool{}
	for _, i := range im.s.inputs {
		if im.state[i] != open || len(im.data(i)) > 0 {
			return fmt.Errorf("input %s occurs twice or is a constant", im.tensorName(i))
		}
		v, err := im.input(i)
		if err != nil {
			return fmt.Errorf("input %w", err)
		}
		for _, name := range v.Sym {
			dims[name] = true
		}
		im.g.Inputs = append(im.g.Inputs, v)
		im.bound[v] = true
		if im.s.tensors[i].shifted() {
			if v, err = im.convert(v, "/int8", tensor.Int8, im.types[i].Quant); err != nil {
				return err
			}
			im.bound[v] = true
		}
		im.define(i, v)
	}
	delete(dims, "")
	for name := range im.opts.Dims {
		if !dims[name] {
			return fmt.Errorf("no dimension is called %q, the inputs have %q", name, slices.Sorted(maps.Keys(dims)))
		}
	}
	return nil
}

func (im *importer) define(i int32, v *graph.Value) { im.values[i], im.state[i] = v, defined }

// input makes a graph input in the file's own type, and sets what the tensor is in the graph.
func (im *importer) input(i int32) (*graph.Value, error) {
	t, err := im.typ(i)
	if err != nil {
		return nil, err
	}
	info := im.s.tensors[i]
	if d := elemTypes[info.code].dtype; d == tensor.Float16 || d == tensor.Int4 {
		return nil, fmt.Errorf("%s: element type %v %w", im.tensorName(i), d, op.ErrUnsupported)
	}
	v := &graph.Value{Name: clip(named(im.inputNames, i, info.name)), Type: t}
	for k := range v.Shape.Rank {
		if info.free != nil && info.free[k] < 0 {
			if v.Sym == nil {
				v.Sym = make([]string, v.Shape.Rank)
			}
			v.Sym[k] = fmt.Sprintf("%s.dim%d", v.Name, k)
			if bound, ok := im.opts.Dims[v.Sym[k]]; ok {
				v.Shape.Dim[k] = bound
			}
		}
		if v.Shape.Dim[k] < 1 {
			return nil, fmt.Errorf("%s: dimension %d is %d, want 1 to %d", im.tensorName(i), k, v.Shape.Dim[k], tensor.MaxDim)
		}
	}
	if err := v.Shape.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", im.tensorName(i), err)
	}
	im.types[i].Shape = v.Shape
	if info.shifted() {
		v.DType, v.Quant = tensor.UInt8, shift(t.Quant, 128)
	}
	return v, nil
}

// convert appends a Quantize to another type of codes.
func (im *importer) convert(v *graph.Value, suffix string, to tensor.DType, q tensor.Quant) (*graph.Value, error) {
	var attrs op.Attrs
	if to != tensor.Int8 {
		attrs = op.Attrs{op.IntAttr("to", int(to))}
	}
	n, err := im.g.Add(op.Quantize, im.names.Name(v.Name+suffix), attrs, v)
	if err != nil {
		return nil, err
	}
	n.Out[0].Quant = q
	return n.Out[0], nil
}

// addOutputs lists the graph's outputs in the file's own types and under their own names.
func (im *importer) addOutputs() error {
	used := map[*graph.Value]bool{}
	for _, v := range im.g.Inputs {
		used[v] = true
	}
	listed := map[int32]bool{}
	for _, i := range im.s.outputs {
		v, err := im.value(i)
		if err != nil {
			return fmt.Errorf("output %w", err)
		}
		if v == nil || listed[i] {
			return fmt.Errorf("output %s is not computed or occurs twice", im.tensorName(i))
		}
		listed[i] = true
		if im.handles[v] {
			return fmt.Errorf("output %s is a variable's handle: %w", im.tensorName(i), op.ErrUnsupported)
		}
		if v.Var != nil {
			if v, err = im.read(v); err != nil {
				return err
			}
		}
		name := clip(named(im.outputNames, i, im.s.tensors[i].name))
		switch {
		case im.s.tensors[i].shifted():
			if v, err = im.convert(v, "/uint8", tensor.UInt8, shift(v.Quant, 128)); err != nil {
				return err
			}
		case v.Const != nil:
			v = graph.NewConst(name, v.Const)
		case used[v]:
			if v, err = im.view(v, name, v.Quant); err != nil {
				return err
			}
		}
		v.Name = name
		used[v] = true
		im.g.Outputs = append(im.g.Outputs, v)
	}
	return nil
}

// view appends a Reshape to v's own shape: the same bytes under another name, or in another quantization.
func (im *importer) view(v *graph.Value, name string, q tensor.Quant) (*graph.Value, error) {
	n, err := im.g.Add(op.Reshape, im.names.Name(name), op.Attrs{op.IntsAttr("shape", make([]int, v.Shape.Rank)...)}, v)
	if err != nil {
		return nil, err
	}
	n.Out[0].Quant = q
	return n.Out[0], nil
}

// read appends a copy of what a variable holds at this place.
func (im *importer) read(v *graph.Value) (*graph.Value, error) {
	n, err := im.g.Add(op.Read, im.names.Name(v.Name+"/read"), nil, v)
	if err != nil {
		return nil, err
	}
	n.Out[0].Quant = v.Quant
	return n.Out[0], nil
}

// data returns the stored bytes of a tensor; none for a computed one.
func (im *importer) data(i int32) []byte {
	if b := im.s.tensors[i].buffer; b < len(im.m.buffers) {
		return im.m.buffers[b]
	}
	return nil
}

// value returns the value of a tensor: nil if its operator was refused.
func (im *importer) value(i int32) (*graph.Value, error) {
	if im.state[i] != open {
		return im.values[i], nil
	}
	info, raw := im.s.tensors[i], im.data(i)
	t, err := im.typ(i)
	if err != nil {
		return nil, err
	}
	if info.variable {
		if err := im.Grow(t.SizeBytes()); err != nil {
			return nil, err
		}
		v := graph.NewVariable(clip(info.name), zeros(t))
		im.define(i, v)
		return v, nil
	}
	if len(raw) == 0 && t.Shape.Elements() > 0 {
		return nil, fmt.Errorf("%s is neither an input nor a constant nor computed before it is used", im.tensorName(i))
	}
	c, err := im.constant(info, t, raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", im.tensorName(i), err)
	}
	v := graph.NewConst(clip(info.name), c)
	im.define(i, v)
	return v, nil
}

func (im *importer) constant(info *tensorInfo, t tensor.Type, raw []byte) (*tensor.Tensor, error) {
	if err := im.Grow(t.SizeBytes()); err != nil {
		return nil, err
	}
	stored, _ := info.dtype()
	if info.sparse.r != nil {
		dense, err := im.densify(info, t.Shape, raw, stored)
		if err != nil {
			return nil, err
		}
		raw = dense
	}
	out, err := filled(t, raw, stored)
	if err != nil {
		return nil, err
	}
	if info.shifted() {
		for i := range out.Data.Bytes() {
			out.Data.Bytes()[i] ^= 0x80
		}
	}
	return out, nil
}

// operator imports one operator and reports whether to go on. After a refused one the rest is only searched for
// further unsupported ones.
func (im *importer) operator(i int, o *operator) bool {
	c := &call{im: im, operator: o, index: i}
	if len(o.out) > 0 {
		c.name = clip(im.s.tensors[o.out[0]].name)
	}
	if c.name == "" {
		c.name = fmt.Sprintf("%s_%d", o.name, i)
	}
	for _, out := range o.out {
		if im.state[out] != open || len(im.data(out)) > 0 {
			return im.report(c, fmt.Errorf("output %s is an input, a constant or computed twice", im.tensorName(out)))
		}
		im.state[out] = lost
	}
	e, ok := im.entry(o)
	if !ok {
		return im.report(c, fmt.Errorf("operator %w", op.ErrUnsupported))
	}
	for _, in := range o.in {
		var v *graph.Value
		if in >= 0 {
			var err error
			if v, err = im.value(in); err != nil {
				return im.report(c, err)
			}
			if v == nil {
				return true // its own operator has been reported
			}
		}
		c.in = append(c.in, v)
	}
	c.readOptions(e)
	if c.err == nil {
		e.translate(c)
	}
	if c.err == nil {
		c.err = im.r.err
	}
	c.finish()
	if c.err != nil {
		for _, out := range o.out {
			im.values[out], im.state[out] = nil, lost
		}
		return im.report(c, c.err)
	}
	return true
}

// report keeps the error of an operator and reports whether the search for more makes sense.
func (im *importer) report(c *call, err error) bool {
	kind := foreign.Quote(c.operator.name)
	if c.custom {
		kind = "custom " + kind
	} else {
		kind = kind[1 : len(kind)-1]
	}
	im.refused.Add(fmt.Errorf("node %s (%s, version %d): %w", foreign.Quote(c.name), kind, c.version, err))
	return errors.Is(err, op.ErrUnsupported)
}
