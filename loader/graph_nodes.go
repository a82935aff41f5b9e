package loader

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func (r *graphReader) nodes() error {
	n := r.count(r.l.Nodes, 4, "nodes")
	if err := r.mem.take(uint64(n)*nodeBytes, "nodes"); err != nil {
		return err
	}
	for i := range n {
		node, err := r.node()
		if err != nil {
			return at(err, "node %d", i)
		}
		r.g.Nodes = append(r.g.Nodes, node)
	}
	return nil
}

func (r *graphReader) node() (*graph.Node, error) {
	i := r.below(len(r.ops), "operator")
	if r.err != nil {
		return nil, r.err
	}
	n := &graph.Node{Op: r.ops[i]}
	k := r.count(r.l.Args, 1, "inputs")
	if err := r.mem.take(uint64(k)*attrBytes, "inputs"); err != nil {
		return nil, err
	}
	first := r.used
	bias := -1 // the constant that gets its scales from this node
	for j := range k {
		before := r.used
		v, err := r.ref()
		if err != nil {
			return nil, err
		}
		n.In = append(n.In, v)
		if r.used == before {
			continue
		}
		part := partOther
		switch {
		case isBias(n, j):
			part = partBiases
			bias = before
		case n.Op.Quant.Weight > 0 && j == n.Op.Quant.Weight:
			part = partWeights
		}
		r.u.count(part, &r.packed[before])
	}
	for c := first; c < r.used; c++ {
		if !r.product[c] {
			continue
		}
		q := productQuant(n)
		if c != bias || !q.Quantized() {
			return nil, failf(ErrFormat, "constant %d wants scales from a node that has none to give", c)
		}
		if err := r.mem.take(8*uint64(len(q.Scale)), "scales"); err != nil {
			return nil, err
		}
		r.consts[c].Quant = q
	}
	if err := r.nodeAttrs(n); err != nil {
		return nil, err
	}
	outs := r.count(r.l.Args, 1, "outputs")
	if r.err == nil && outs != n.Op.Outs {
		return nil, failf(ErrFormat, "%d outputs, %s has %d", outs, n.Op.Name, n.Op.Outs)
	}
	if len(r.acts)+len(r.consts)+outs > r.l.Values {
		return nil, failf(ErrFormat, "more than %d values", r.l.Values)
	}
	if err := r.mem.take(uint64(outs)*valueBytes, "values"); err != nil {
		return nil, err
	}
	for range outs {
		v := &graph.Value{}
		if err := r.quantOf(v, r.uvarint()); err != nil {
			return nil, err
		}
		n.Out = append(n.Out, v)
		r.acts = append(r.acts, v)
	}
	return n, r.err
}

// ref reads which value is meant.
func (r *graphReader) ref() (*graph.Value, error) {
	u := r.uvarint()
	switch k := (u - refFirst) / 2; {
	case r.err != nil || u == refMissing:
		return nil, r.err
	case u == refNext:
		if r.used >= len(r.consts) {
			return nil, failf(ErrFormat, "uses more constants than the %d there are", len(r.consts))
		}
		r.used++
		return r.consts[r.used-1], nil
	case u%2 == 0:
		if k >= uint64(len(r.acts)) {
			return nil, failf(ErrFormat, "reads the value computed %d ago of %d", k, len(r.acts))
		}
		return r.acts[uint64(len(r.acts))-1-k], nil
	default:
		if k >= uint64(r.used) {
			return nil, failf(ErrFormat, "reads constant %d again of %d used", k, r.used)
		}
		return r.consts[k], nil
	}
}

func (r *graphReader) nodeAttrs(n *graph.Node) error {
	k := r.count(r.l.Args, 2, "attributes")
	if err := r.mem.take(uint64(k)*attrBytes, "attributes"); err != nil {
		return err
	}
	for range k {
		i := r.below(len(r.attrs), "attribute")
		if r.err != nil {
			return r.err
		}
		a := op.Attr{Name: r.attrs[i].name, Kind: r.attrs[i].kind}
		switch a.Kind {
		case op.Int:
			a.I = []int{r.int()}
		case op.Ints:
			if err := r.list(&a, 1); err != nil {
				return err
			}
			for j := range a.I {
				a.I[j] = r.int()
			}
		case op.Float:
			a.F = []float32{r.f32()}
		case op.Floats:
			if err := r.list(&a, 4); err != nil {
				return err
			}
			for j := range a.F {
				a.F[j] = r.f32()
			}
		case op.String:
			a.S = r.text(r.l.TextBytes, "attribute")
			if err := r.mem.take(uint64(len(a.S)), "attributes"); err != nil {
				return err
			}
		}
		n.Attrs = append(n.Attrs, a)
	}
	return r.err
}

// list makes room for an attribute's values, of least bytes each in the file.
func (r *graphReader) list(a *op.Attr, least uint64) error {
	n := r.count(r.l.AttrValues, least, "values of an attribute")
	if err := r.mem.take(8*uint64(n), "attributes"); err != nil {
		return err
	}
	if a.Kind == op.Floats {
		a.F = make([]float32, n)
	} else {
		a.I = make([]int, n)
	}
	return nil
}

func (r *graphReader) outputs() error {
	n := r.count(r.l.Args, 1, "graph outputs")
	for i := range n {
		before := r.used
		v, err := r.ref()
		if err == nil && v == nil && r.err == nil {
			err = failf(ErrFormat, "missing")
		}
		if err != nil {
			return at(err, "graph output %d", i)
		}
		if r.used != before {
			if r.product[before] {
				return failf(ErrFormat, "graph output %d wants scales from a node", i)
			}
			r.u.count(partOther, &r.packed[before])
		}
		r.g.Outputs = append(r.g.Outputs, v)
	}
	return r.err
}

func (r *graphReader) symbols() error {
	n := r.count(r.l.Values, 3, "symbolic shapes")
	last := -1
	for range n {
		i := r.below(len(r.acts), "value")
		if r.err == nil && i <= last {
			return failf(ErrFormat, "symbolic shapes out of order")
		}
		last = i
		k := r.count(tensor.MaxRank, 1, "symbolic dimensions")
		if r.err != nil {
			return r.err
		}
		if err := r.mem.take(16*uint64(k), "symbolic dimensions"); err != nil {
			return err
		}
		v := r.acts[i]
		for range k {
			v.Sym = append(v.Sym, r.text(r.l.NameBytes, "dimension"))
		}
	}
	return r.err
}
