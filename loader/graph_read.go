package loader

import (
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Memory that a decoded graph takes apart from tensors, charged for each of these.
const (
	valueBytes = 512
	nodeBytes  = 512
	attrBytes  = 128
)

// graphReader decodes a graph section. Constants are read from u as they are met, but not yet decoded.
type graphReader struct {
	cursor
	l      *Limits
	mem    *budget
	u      *unpacker
	g      *graph.Graph
	ops    []*op.Def
	attrs  []attrKey
	quants []tensor.Quant

	acts    []*graph.Value
	vars    []*graph.Value
	varData []packed
	consts  []*graph.Value
	packed  []packed
	product []bool // of constants: scales follow from input and weights
	used    int    // constants met
}

// parseGraph reads everything but the constants' values and the types that operators infer.
func parseGraph(b []byte, u *unpacker, l *Limits) (*graphReader, error) {
	r := &graphReader{cursor: cursor{b: b}, l: l, mem: u.mem, u: u, g: &graph.Graph{}}
	syntax := r.uvarint()
	if r.err == nil && (syntax < graphSyntax || syntax > onceSyntax) {
		return nil, failf(ErrVersion, "has syntax %d, this reader knows %d to %d", syntax, graphSyntax, onceSyntax)
	}
	none := func() error { return nil }
	variables, once := none, none
	if syntax >= variableSyntax {
		variables = r.variables
	}
	if syntax == onceSyntax {
		once = r.once
	}
	for _, step := range []func() error{r.opTable, r.attrTable, r.quantTable, r.inputs, variables, once, r.constants, r.nodes, r.outputs, r.symbols, r.end} {
		if err := step(); err != nil {
			return nil, err
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	if r.used != len(r.consts) {
		return nil, failf(ErrFormat, "%d of %d constants are not used", len(r.consts)-r.used, len(r.consts))
	}
	return r, at(u.end(), "tensors")
}

func (r *graphReader) opTable() error {
	n := r.count(r.l.Nodes, 2, "operators")
	var unknown []uint64
	for range n {
		code, rev := r.uvarint(), r.u8()
		if r.err != nil {
			return r.err
		}
		var d *op.Def
		if code <= math.MaxUint16 {
			d = op.ByCode(uint16(code))
		}
		if d == nil {
			unknown = append(unknown, code)
		} else if rev > d.Rev {
			return failf(ErrVersion, "operator %s has arithmetic revision %d, this reader has %d", d.Name, rev, d.Rev)
		}
		r.ops = append(r.ops, d)
	}
	if unknown != nil {
		return failf(op.ErrUnsupported, "operators with codes %v are unknown to this reader", unknown)
	}
	return nil
}

func (r *graphReader) attrTable() error {
	n := r.count(r.l.Nodes, 2, "attribute names")
	if err := r.mem.take(uint64(n)*attrBytes, "attribute names"); err != nil {
		return err
	}
	for range n {
		a := attrKey{r.text(r.l.NameBytes, "attribute name"), op.AttrKind(r.u8())}
		if r.err == nil && (a.kind < op.Int || a.kind > op.String) {
			return failf(op.ErrUnsupported, "attribute %q is of kind %d", a.name, a.kind)
		}
		r.attrs = append(r.attrs, a)
	}
	return r.err
}

func (r *graphReader) quantTable() error {
	n := r.count(r.l.Values, 2, "quantizations")
	if err := r.mem.take(uint64(n)*attrBytes, "quantizations"); err != nil {
		return err
	}
	var counts []int
	total := 0
	for range n {
		u := r.uvarint()
		if r.err != nil {
			return r.err
		}
		k := u >> 1
		if k < 1 || k > tensor.MaxDim || total+int(k) > tensor.MaxDim {
			return failf(ErrFormat, "quantization with %d scales", k)
		}
		if u&1 == 1 && k > r.left() {
			return failf(ErrFormat, "%d zero points in %d bytes", k, r.left())
		}
		if err := r.mem.take(4*k, "zero points"); err != nil {
			return err
		}
		q := tensor.Quant{Zero: make([]int32, k), Axis: r.below(tensor.MaxRank, "axis")}
		for i := range q.Zero {
			if u&1 == 0 {
				break
			}
			v := r.varint()
			if int64(int32(v)) != v {
				return failf(ErrFormat, "zero point %d", v)
			}
			q.Zero[i] = int32(v)
		}
		total += int(k)
		counts = append(counts, int(k))
		r.quants = append(r.quants, q)
	}
	if n == 0 || r.err != nil {
		return r.err
	}
	p, err := r.tensor(tensor.Float32, 4*uint64(total))
	if err != nil {
		return at(err, "scales")
	}
	pool, err := r.u.scales(total, &p)
	if err != nil {
		return err
	}
	for i, k := range counts {
		r.quants[i].Scale, pool = pool[:k:k], pool[k:]
	}
	return nil
}

// tensor reads how a tensor is stored and finds it.
func (r *graphReader) tensor(dtype tensor.DType, decoded uint64) (packed, error) {
	encoding, stored := r.u8(), r.uvarint()
	if r.err != nil {
		return packed{}, r.err
	}
	return r.u.next(dtype, encoding, stored, decoded)
}

// typ reads a value's type and the number of its quantization.
func (r *graphReader) typ() (*graph.Value, uint64, error) {
	v := &graph.Value{}
	v.DType = tensor.DType(r.u8())
	v.Shape.Rank = r.below(tensor.MaxRank+1, "rank")
	for i := range v.Shape.Rank {
		v.Shape.Dim[i] = r.below(tensor.MaxDim+1, "dimension")
	}
	return v, r.uvarint(), r.err
}

func (r *graphReader) quantOf(v *graph.Value, number uint64) error {
	switch {
	case number == quantNone:
	case number >= quantFirst && number-quantFirst < uint64(len(r.quants)):
		v.Quant = r.quants[number-quantFirst]
	default:
		return failf(ErrFormat, "quantization number %d of %d", number, len(r.quants))
	}
	return nil
}

func (r *graphReader) inputs() error {
	n := r.count(r.l.Args, 3, "graph inputs")
	if err := r.mem.take(uint64(n)*valueBytes, "graph inputs"); err != nil {
		return err
	}
	for i := range n {
		v, number, err := r.typ()
		if err == nil {
			if err = r.quantOf(v, number); err == nil {
				_, err = sizeOf(&v.Type)
			}
		}
		if err != nil {
			return at(err, "graph input %d", i)
		}
		r.acts = append(r.acts, v)
	}
	r.g.Inputs = r.acts[:n:n]
	return nil
}

func (r *graphReader) variables() error {
	n := r.count(r.l.Args, 5, "variables")
	if err := r.mem.take(uint64(n)*valueBytes, "variables"); err != nil {
		return err
	}
	for i := range n {
		v, number, err := r.typ()
		if err == nil {
			err = r.quantOf(v, number)
		}
		var size uint64
		if err == nil {
			size, err = sizeOf(&v.Type)
		}
		var p packed
		if err == nil {
			p, err = r.tensor(v.DType, size)
		}
		if err != nil {
			return at(err, "variable %d, %v%v", i, v.DType, v.Shape)
		}
		r.u.count(partOther, &p)
		v.Var = &tensor.Tensor{} // filled in by loadVariable
		r.vars, r.varData, r.acts = append(r.vars, v), append(r.varData, p), append(r.acts, v)
	}
	return nil
}

func (r *graphReader) once() error {
	n := r.uvarint()
	if r.err == nil && (n < 1 || n > uint64(r.l.Nodes)) {
		return failf(ErrFormat, "%d nodes run once, want 1 to %d", n, r.l.Nodes)
	}
	r.g.Once = int(n)
	return nil
}

func (r *graphReader) constants() error {
	n := r.count(r.l.Values, 5, "constants")
	if err := r.mem.take(uint64(n)*valueBytes, "constants"); err != nil {
		return err
	}
	for i := range n {
		v, number, err := r.typ()
		if err != nil {
			return at(err, "constant %d", i)
		}
		size, err := sizeOf(&v.Type)
		if err == nil && number != quantProduct {
			err = r.quantOf(v, number)
		}
		var p packed
		if err == nil {
			p, err = r.tensor(v.DType, size)
		}
		if err != nil {
			return at(err, "constant %d, %v%v", i, v.DType, v.Shape)
		}
		v.Const = &tensor.Tensor{} // filled in by load; until then it marks a constant
		r.consts = append(r.consts, v)
		r.packed = append(r.packed, p)
		r.product = append(r.product, number == quantProduct)
	}
	return nil
}

// load decodes constant i, loadVariable what variable i starts from.
func (r *graphReader) load(i int) error {
	return r.decode(r.consts[i].Const, &r.consts[i].Type, &r.packed[i])
}

func (r *graphReader) loadVariable(i int) error {
	return r.decode(r.vars[i].Var, &r.vars[i].Type, &r.varData[i])
}

func (r *graphReader) decode(c *tensor.Tensor, typ *tensor.Type, p *packed) error {
	if err := r.mem.take(p.decoded, "the tensor"); err != nil {
		return err
	}
	c.Type, c.Data = *typ, tensor.Alloc(int(p.decoded))
	return r.u.unpack(c.Data.Bytes(), p)
}
