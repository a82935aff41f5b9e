package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// importer builds a graph from flat nodes.
type importer struct {
	opts  Options
	dir   fs.FS
	files map[string]bool // external files met so far
	foreign.Budget

	g       *graph.Graph
	inits   map[string]*tensorProto
	values  map[string]*graph.Value   // by ONNX name; nil where the node that computes it was refused
	lists   map[string][]*graph.Value // sequences by ONNX name
	uses    map[string]int            // readers of each name, graph outputs included
	names   foreign.Names             // of nodes
	named   map[*graph.Value]bool     // values that carry their ONNX name
	folded  foreign.Folded
	refused foreign.Refusals
}

func build(m *modelProto, sizeBytes int64, dir fs.FS, o Options) (*graph.Graph, error) {
	im := &importer{
		opts: o, dir: dir, Budget: foreign.Budget{Source: sizeBytes}, files: map[string]bool{},
		g:     &graph.Graph{Name: m.graph.name},
		inits: map[string]*tensorProto{}, values: map[string]*graph.Value{}, lists: map[string][]*graph.Value{}, uses: map[string]int{}, names: foreign.Names{},
		named: map[*graph.Value]bool{}, folded: foreign.Folded{},
	}
	if m.graph.sparse > 0 {
		return nil, fmt.Errorf("sparse initializers %w", op.ErrUnsupported)
	}
	for _, t := range m.graph.inits {
		if t.name == "" || im.inits[t.name] != nil {
			return nil, fmt.Errorf("initializer %s has no name or occurs twice", quote(t.name))
		}
		im.inits[t.name] = t
	}
	nodes, err := inline(m)
	if err != nil {
		return nil, err
	}
	if err := im.addInputs(m.graph.inputs); err != nil {
		return nil, err
	}
	known := func(name string) bool { return im.values[name] != nil || im.inits[name] != nil }
	if nodes, err = sortNodes(nodes, known); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		for _, name := range n.in {
			im.uses[name]++
		}
	}
	for _, v := range m.graph.outputs {
		im.uses[v.name]++
	}
	for _, n := range nodes {
		if !im.node(n) {
			break
		}
	}
	if err := im.refused.Err(); err != nil {
		return nil, err
	}
	if err := im.addOutputs(m.graph.outputs); err != nil {
		return nil, err
	}
	if err := im.g.Validate(); err != nil {
		return nil, err
	}
	return im.g, nil
}

func (im *importer) addInputs(inputs []*valueProto) error {
	dims := map[string]bool{}
	for _, in := range inputs {
		if im.inits[in.name] != nil {
			continue // files before IR version 4 list constants too; later ones give an input's default
		}
		if im.values[in.name] != nil {
			return fmt.Errorf("input %s occurs twice", quote(in.name))
		}
		v, err := im.input(in)
		if err != nil {
			return fmt.Errorf("input %s: %w", quote(in.name), err)
		}
		for _, name := range v.Sym {
			dims[name] = true
		}
		im.values[in.name] = v
		im.named[v] = true
		im.g.Inputs = append(im.g.Inputs, v)
	}
	delete(dims, "")
	for name := range im.opts.Dims {
		if !dims[name] {
			return fmt.Errorf("no dimension is called %q, the inputs have %q", name, slices.Sorted(maps.Keys(dims)))
		}
	}
	return nil
}

func (im *importer) input(in *valueProto) (*graph.Value, error) {
	if in.kind != "" {
		return nil, fmt.Errorf("%s %w, want a tensor", in.kind, op.ErrUnsupported)
	}
	e, err := lookupElemType(in.dtype)
	if err != nil {
		return nil, err
	}
	if !e.input {
		return nil, fmt.Errorf("element type %s %w, want float32", e.name, op.ErrUnsupported)
	}
	if !in.shaped {
		return nil, errors.New("shape unknown")
	}
	if len(in.dims) > tensor.MaxRank {
		return nil, fmt.Errorf("%d dimensions, want at most %d: %w", len(in.dims), tensor.MaxRank, op.ErrUnsupported)
	}
	v := &graph.Value{Name: in.name, Type: tensor.Type{DType: e.dtype, Shape: tensor.Shape{Rank: len(in.dims)}}}
	sym := make([]string, len(in.dims))
	for i, d := range in.dims {
		size := d.value
		if !d.hasValue {
			sym[i] = d.param
			if d.param == "" {
				sym[i] = fmt.Sprintf("%s.dim%d", in.name, i)
			}
			size = 1
			if bound, ok := im.opts.Dims[sym[i]]; ok {
				size = int64(bound)
			}
			v.Sym = sym
		}
		if size == 0 {
			return nil, fmt.Errorf("dimension %d is 0, want 1 to %d: %w", i, tensor.MaxDim, op.ErrUnsupported)
		}
		if size < 1 || size > tensor.MaxDim {
			return nil, fmt.Errorf("dimension %d is %d, want 1 to %d", i, size, tensor.MaxDim)
		}
		v.Shape.Dim[i] = int(size)
	}
	return v, v.Shape.Check()
}

// addOutputs lists the graph's outputs under their own names.
func (im *importer) addOutputs(outputs []*valueProto) error {
	used := map[*graph.Value]bool{}
	for _, v := range im.g.Inputs {
		used[v] = true
	}
	listed := map[string]bool{}
	for _, out := range outputs {
		v, err := im.value(out.name)
		if err != nil {
			return fmt.Errorf("output %s: %w", quote(out.name), err)
		}
		if im.isList(out.name) {
			return fmt.Errorf("output %s: a sequence %w, want a tensor", quote(out.name), op.ErrUnsupported)
		}
		if v == nil || listed[out.name] {
			return fmt.Errorf("output %s is not computed or occurs twice", quote(out.name))
		}
		listed[out.name] = true
		switch {
		case v.Const != nil:
			v = graph.NewConst(out.name, v.Const)
		case used[v]:
			// A view gives the value another name.
			shape := make([]int, v.Shape.Rank)
			n, err := im.g.Add(op.Reshape, im.names.Name(out.name), op.Attrs{op.IntsAttr("shape", shape...)}, v)
			if err != nil {
				return err
			}
			v = n.Out[0]
			v.Name = out.name
		default:
			v.Name = out.name
		}
		used[v] = true
		im.g.Outputs = append(im.g.Outputs, v)
	}
	return nil
}

// value returns the value of an ONNX name: nil if its node was refused or there is none.
func (im *importer) value(name string) (*graph.Value, error) {
	if v, ok := im.values[name]; ok {
		return v, nil
	}
	t := im.inits[name]
	if t == nil {
		return nil, nil
	}
	c, err := im.tensor(t)
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", quote(name), err)
	}
	v := graph.NewConst(name, c)
	im.values[name] = v
	return v, nil
}

func (im *importer) isList(name string) bool {
	_, ok := im.lists[name]
	return ok
}

// node imports one node and reports whether to go on. After a refused node the rest is only searched for further
// unsupported ones.
func (im *importer) node(n *node) bool {
	for _, name := range n.out {
		if name != "" {
			im.values[name] = nil
		}
	}
	table := operators
	if n.domain == "com.microsoft" && microsoft[n.opType] != nil {
		table = microsoft
	} else if n.domain == "com.microsoft.nchwc" {
		return im.report(n, fmt.Errorf("operator %w: its layout is that of the machine that optimized the model; optimize at level extended", op.ErrUnsupported))
	} else if n.domain != "" {
		return im.report(n, fmt.Errorf("operator %w, and the model has no function of that name", op.ErrUnsupported))
	}
	if n.opset == 0 {
		return im.report(n, errors.New("no operator set of the default domain is imported"))
	}
	translate := table[n.opType]
	if translate == nil && folders[n.opType] == nil {
		return im.report(n, fmt.Errorf("operator %w", op.ErrUnsupported))
	}
	c := &call{im: im, node: n}
	for _, name := range n.in {
		var v *graph.Value
		if name != "" {
			var err error
			if v, err = im.value(name); err != nil {
				return im.report(n, err)
			}
			if v == nil && !im.isList(name) {
				return true // its own node has been reported
			}
		}
		c.in = append(c.in, v)
	}
	switch folded := c.foldNode(); {
	case folded:
	case translate == nil && len(c.in) > 0 && !slices.ContainsFunc(c.in, func(v *graph.Value) bool { return v == nil || v.Const == nil }):
		c.unsupported("a result of more than %d elements, computed while importing,", maxComputed)
	case translate == nil:
		c.unsupported("operator")
	default:
		translate(c)
	}
	c.finish()
	if c.err != nil {
		for _, name := range n.out {
			if name != "" {
				im.values[name] = nil
			}
		}
		return im.report(n, c.err)
	}
	return true
}

// report keeps the error of a node and reports whether the search for more makes sense.
func (im *importer) report(n *node, err error) bool {
	im.refused.Add(fmt.Errorf("%s: %w", n, err))
	return errors.Is(err, op.ErrUnsupported)
}
