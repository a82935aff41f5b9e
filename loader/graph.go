package loader

import (
	"encoding/binary"
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Revisions of the graph section's syntax: without and with variables, and with nodes that run once. A graph is written in
// the first that can say it.
const (
	graphSyntax    = 1
	variableSyntax = 2
	onceSyntax     = 3
)

// How a node's input, or an output of the graph, is found: see doc.go.
const (
	refMissing   = 0
	refNext      = 1 // the next constant
	refFirst     = 2 // 2 + 2k: the value computed k values ago; 3 + 2k: constant k again
	quantNone    = 0
	quantProduct = 1 // a bias: scales are products of input's and weights'
	quantFirst   = 2
)

type attrKey struct {
	name string
	kind op.AttrKind
}

// graphWriter codes a graph: a first part of tables, which fill while the second part, the nodes, is written.
type graphWriter struct {
	nodes  builder
	l      *Limits
	ops    []*op.Def
	attrs  []attrKey
	quants []tensor.Quant
	opAt   map[*op.Def]int
	attrAt map[attrKey]int
	qAt    map[string]int

	acts    []*graph.Value // inputs, variables and outputs of nodes, in order
	vars    []*graph.Value
	consts  []*graph.Value // in order of use
	product map[*graph.Value]bool
	actAt   map[*graph.Value]int
	constAt map[*graph.Value]int
}

// encodeGraph returns the graph section, and appends scales and constants to p.
func encodeGraph(g *graph.Graph, p *packer, l *Limits) ([]byte, *graphWriter, error) {
	if err := checkInferred(g); err != nil {
		return nil, nil, err
	}
	w := &graphWriter{l: l, opAt: map[*op.Def]int{}, attrAt: map[attrKey]int{}, qAt: map[string]int{},
		product: map[*graph.Value]bool{}, actAt: map[*graph.Value]int{}, constAt: map[*graph.Value]int{}}
	for _, v := range g.Inputs {
		w.define(v)
		w.quant(v.Quant)
	}
	w.vars = g.Variables()
	for _, v := range w.vars {
		w.define(v)
		w.quant(v.Quant)
	}
	w.nodes.count(len(g.Nodes), l.Nodes, "nodes")
	for _, n := range g.Nodes {
		w.node(n)
	}
	w.nodes.count(len(g.Outputs), l.Args, "graph outputs")
	for _, v := range g.Outputs {
		w.ref(v)
	}
	w.symbols()
	if n := len(w.acts) + len(w.consts); n > l.Values {
		w.nodes.fail(failf(ErrFormat, "%d values, the limit is %d", n, l.Values))
	}
	for _, v := range w.consts {
		if !w.product[v] {
			w.quant(v.Quant)
		}
	}
	var t builder
	w.tables(&t, p, g.Once > 0)
	t.count(len(g.Inputs), l.Args, "graph inputs")
	for _, v := range g.Inputs {
		w.typ(&t, v)
	}
	if len(w.vars) > 0 || g.Once > 0 {
		t.count(len(w.vars), l.Args, "variables")
		for _, v := range w.vars {
			w.typ(&t, v)
			w.content(&t, p, v.DType, v.Var)
		}
	}
	if g.Once > 0 {
		t.uvarint(uint64(g.Once))
	}
	t.count(len(w.consts), l.Values, "constants")
	for _, v := range w.consts {
		w.typ(&t, v)
		w.content(&t, p, v.DType, v.Const)
	}
	t.fail(w.nodes.err)
	return append(t.b, w.nodes.b...), w, t.err
}

// checkInferred reports computed values whose type is not what their operator infers: the file does not hold it.
func checkInferred(g *graph.Graph) error {
	if err := g.Validate(); err != nil {
		return err
	}
	for _, n := range g.Nodes {
		view := n.View(nil)
		if err := n.Op.Infer(view); err != nil {
			return failf(ErrFormat, "node %q (%s): %v", n.Name, n.Op.Name, err)
		}
		for i, v := range n.Out {
			if y := &view.Out[i]; y.DType != v.DType || y.Shape != v.Shape {
				return failf(ErrFormat, "node %q (%s): output %q is %v%v, the operator infers %v%v", n.Name, n.Op.Name, v.Name,
					v.DType, v.Shape, y.DType, y.Shape)
			}
		}
	}
	return nil
}

// content stores a tensor's elements.
func (w *graphWriter) content(t *builder, p *packer, d tensor.DType, c *tensor.Tensor) {
	encoding, stored := p.add(d, c.Data.Bytes())
	t.u8(encoding)
	t.uvarint(stored)
}

func (w *graphWriter) define(v *graph.Value) {
	w.actAt[v] = len(w.acts)
	w.acts = append(w.acts, v)
}

func (w *graphWriter) tables(t *builder, p *packer, once bool) {
	switch {
	case once:
		t.uvarint(onceSyntax)
	case len(w.vars) > 0:
		t.uvarint(variableSyntax)
	default:
		t.uvarint(graphSyntax)
	}
	t.uvarint(uint64(len(w.ops)))
	for _, d := range w.ops {
		t.uvarint(uint64(d.Code))
		t.u8(d.Rev)
	}
	t.uvarint(uint64(len(w.attrs)))
	for _, a := range w.attrs {
		t.text(a.name, w.l.NameBytes, "attribute name")
		t.u8(byte(a.kind))
	}
	t.count(len(w.quants), w.l.Values, "quantizations")
	var pool []byte
	for _, q := range w.quants {
		zeros := uint64(0)
		for i, s := range q.Scale {
			pool = binary.LittleEndian.AppendUint32(pool, math.Float32bits(s))
			if q.Zero[i] != 0 {
				zeros = 1
			}
		}
		t.uvarint(uint64(len(q.Scale))<<1 | zeros)
		t.uvarint(uint64(q.Axis))
		for _, z := range q.Zero {
			if zeros == 1 {
				t.varint(int64(z))
			}
		}
		if q.Axis < 0 {
			t.fail(failf(ErrFormat, "quantization on axis %d", q.Axis))
		}
	}
	if len(pool) > 0 {
		encoding, stored := p.add(tensor.Float32, pool)
		t.u8(encoding)
		t.uvarint(stored)
	}
}

func (w *graphWriter) typ(t *builder, v *graph.Value) {
	t.u8(byte(v.DType))
	t.u8(byte(v.Shape.Rank))
	for _, d := range v.Shape.Dims() {
		t.uvarint(uint64(d))
	}
	if w.product[v] {
		t.uvarint(quantProduct)
		return
	}
	t.uvarint(w.quant(v.Quant))
}

// quant returns the number of a quantization, which it adds to the table when it is new.
func (w *graphWriter) quant(q tensor.Quant) uint64 {
	if !q.Quantized() {
		return quantNone
	}
	key := binary.AppendVarint(nil, int64(q.Axis))
	for i, s := range q.Scale {
		key = binary.LittleEndian.AppendUint32(key, math.Float32bits(s))
		key = binary.LittleEndian.AppendUint32(key, uint32(q.Zero[i]))
	}
	i, ok := w.qAt[string(key)]
	if !ok {
		i = len(w.quants)
		w.qAt[string(key)] = i
		w.quants = append(w.quants, q)
	}
	return quantFirst + uint64(i)
}

func (w *graphWriter) node(n *graph.Node) {
	t := &w.nodes
	i, ok := w.opAt[n.Op]
	if !ok {
		i = len(w.ops)
		w.opAt[n.Op] = i
		w.ops = append(w.ops, n.Op)
	}
	t.uvarint(uint64(i))
	t.count(len(n.In), w.l.Args, "inputs of a node")
	for k, v := range n.In {
		if v != nil && v.Const != nil {
			if _, seen := w.constAt[v]; !seen && isBias(n, k) && v.Quant.Quantized() && v.Quant.Equal(productQuant(n)) {
				w.product[v] = true
			}
		}
		w.ref(v)
	}
	t.uvarint(uint64(len(n.Attrs)))
	for _, a := range n.Attrs {
		w.attr(a)
	}
	t.uvarint(uint64(len(n.Out)))
	for _, v := range n.Out {
		w.define(v)
		t.uvarint(w.quant(v.Quant))
	}
}

func isBias(n *graph.Node, input int) bool { return n.Op.Quant.Bias > 0 && input == n.Op.Quant.Bias }

// productQuant is the quantization of a bias that follows from input and weights: in.scale · weight.scale[c], rounded
// to float32. It is empty where input or weights have none.
func productQuant(n *graph.Node) tensor.Quant {
	w := n.Op.Quant.Weight
	if w >= len(n.In) || n.In[0] == nil || n.In[w] == nil || len(n.In[0].Quant.Scale) != 1 || !n.In[w].Quant.Quantized() {
		return tensor.Quant{}
	}
	in, scales := n.In[0].Quant.Scale[0], n.In[w].Quant.Scale
	q := tensor.Quant{Scale: make([]float32, len(scales)), Zero: make([]int32, len(scales))}
	for c, s := range scales {
		q.Scale[c] = in * s
	}
	return q
}

func (w *graphWriter) ref(v *graph.Value) {
	t := &w.nodes
	if v == nil {
		t.uvarint(refMissing)
		return
	}
	if v.Const == nil {
		t.uvarint(refFirst + 2*uint64(len(w.acts)-1-w.actAt[v]))
		return
	}
	if i, ok := w.constAt[v]; ok {
		t.uvarint(refFirst + 1 + 2*uint64(i))
		return
	}
	w.constAt[v] = len(w.consts)
	w.consts = append(w.consts, v)
	t.uvarint(refNext)
}

func (w *graphWriter) attr(a op.Attr) {
	t := &w.nodes
	key := attrKey{a.Name, a.Kind}
	i, ok := w.attrAt[key]
	if !ok {
		i = len(w.attrs)
		w.attrAt[key] = i
		w.attrs = append(w.attrs, key)
	}
	t.uvarint(uint64(i))
	switch a.Kind {
	case op.Int:
		t.varint(int64(a.I[0]))
	case op.Ints:
		t.count(len(a.I), w.l.AttrValues, "values of an attribute")
		for _, v := range a.I {
			t.varint(int64(v))
		}
	case op.Float:
		t.f32(a.F[0])
	case op.Floats:
		t.count(len(a.F), w.l.AttrValues, "values of an attribute")
		for _, v := range a.F {
			t.f32(v)
		}
	case op.String:
		t.text(a.S, w.l.TextBytes, "attribute")
	default:
		t.fail(failf(op.ErrUnsupported, "attribute %q of kind %d", a.Name, a.Kind))
	}
}

// symbols lists the values that have symbolic dimensions.
func (w *graphWriter) symbols() {
	t := &w.nodes
	var with []*graph.Value
	for _, v := range w.acts {
		for _, s := range v.Sym {
			if s != "" {
				with = append(with, v)
				break
			}
		}
	}
	t.uvarint(uint64(len(with)))
	for _, v := range with {
		t.uvarint(uint64(w.actAt[v]))
		t.count(len(v.Sym), tensor.MaxRank, "symbolic dimensions")
		for _, s := range v.Sym {
			t.text(s, w.l.NameBytes, "dimension")
		}
	}
}
