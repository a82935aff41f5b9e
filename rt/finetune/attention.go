package finetune

import (
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// attention is Attention and AttentionBias: for each head Y = P·V, P = softmax of the rows of S = s·Q·Kᵀ + mask over the keys
// that take part, 0 elsewhere.
//
//	∂L/∂V += Pᵀ·δ,  D = δ·Vᵀ,  ∂L/∂S = P⊙(D − rowsum(P⊙D))
//	∂L/∂Q += s·∂L/∂S·K,  ∂L/∂K += s·(∂L/∂S)ᵀ·Q,  ∂L/∂mask += ∂L/∂S where it is added
//
// P is computed again, some queries at a time. Heads that share keys add to their gradients, heads ascending.
// Source: Vaswani et al., Attention Is All You Need (2017), 3.2.1, with the chain rule; Dao et al., FlashAttention (2022), B.2.
type attention struct {
	operator
	q, k, v, y *value
	mask       *value // nil unless it is computed
	constants  [4]tensor.Buffer
	bits       []byte // a mask of bools, of the sample worked on; nil: none
	bias       bool   // the mask is added
	geo        op.AttentionGeometry

	kt, vt, p, d []float32
	row          []float32
}

// attentionRows is how many queries are worked on at a time.
const attentionRows = 16

func buildAttention(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	a := &attention{operator: o, y: b.values[n.Out[0]]}
	if a.geo, err = op.AttentionOf(n.View(nil)); err != nil {
		return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
	}
	for i, v := range []**value{&a.q, &a.k, &a.v, &a.mask} {
		if i >= len(n.In) || n.In[i] == nil {
			continue
		}
		if *v = b.values[n.In[i]]; n.In[i].Const != nil {
			a.constants[i] = n.In[i].Const.Data
		}
	}
	if len(n.In) > 3 && n.In[3] != nil {
		a.bias = n.In[3].DType == tensor.Float32
		if n.In[3].Const != nil && !a.bias {
			a.bits = n.In[3].Const.Data.Bytes()
		}
	}
	return a, nil
}

func (a *attention) keeps() (in, out bool) { return true, false }
func (a *attention) reserve(l *layout, n, at, back int) {
	g := &a.geo
	l.f32(&a.kt, a.y.name+" keys", g.KeySize()*g.Keys(), back, back)
	l.f32(&a.vt, a.y.name+" values", g.ValueSize()*g.Keys(), back, back)
	l.f32(&a.p, a.y.name+" weights", attentionRows*g.Keys(), back, back)
	l.f32(&a.d, a.y.name+" weights' gradients", attentionRows*g.Keys(), back, back)
	l.f32(&a.row, a.y.name+" row", g.Keys(), back, back)
}

// of returns input i of sample k and where its gradient is to be added, nil where nobody wants it.
func (a *attention) of(v *value, i, k int) (x, dx []float32) {
	if v == nil {
		return a.constants[i].F32(), nil
	}
	return operand(v, nil, nil, k)
}

func (a *attention) backward(n int) {
	g := &a.geo
	sk, dk, dv := g.Keys(), g.KeySize(), g.ValueSize()
	rowQ, rowK, rowV, rowY := g.Rows()
	for i := range n {
		q, dq := a.of(a.q, 0, i)
		k, dkeys := a.of(a.k, 1, i)
		v, dvalues := a.of(a.v, 2, i)
		var bias, dbias []float32
		switch {
		case a.bias:
			bias, dbias = a.of(a.mask, 3, i)
		case a.mask != nil:
			a.bits = a.mask.buffer(i).Bytes()
		}
		dy := a.y.gradient(i)
		for head := range g.Heads() {
			atQ, atK, atV, atY := g.At(head)
			turn(a.kt, k[atK:], sk, dk, rowK)
			turn(a.vt, v[atV:], sk, dv, rowV)
			a.e.pause()
			for first := 0; first < g.Queries(); first += attentionRows {
				m := min(attentionRows, g.Queries()-first)
				fromQ, fromY := atQ+first*rowQ, atY+first*rowY
				p, d := a.p[:m*sk], a.d[:m*sk]
				clear(p)
				a.e.add(p, sk, q[fromQ:], rowQ, 1, a.kt, sk, m, sk, dk)
				for r := range m {
					a.weigh(p[r*sk:(r+1)*sk], bias, head, first+r)
				}
				a.e.pause()
				if dvalues != nil {
					a.e.add(dvalues[atV:], rowV, p, 1, sk, dy[fromY:], rowY, sk, dv, m)
				}
				if dq == nil && dkeys == nil && dbias == nil {
					continue
				}
				clear(d)
				a.e.add(d, sk, dy[fromY:], rowY, 1, a.vt, sk, m, sk, dv)
				for r := range m {
					a.throughSoftmax(p[r*sk:(r+1)*sk], d[r*sk:(r+1)*sk])
					if dbias != nil {
						at, step := g.Mask(head, first+r)
						for _, s := range d[r*sk : (r+1)*sk] {
							dbias[at] += s
							at += step
						}
					}
				}
				for j := range d {
					d[j] = float32(d[j] * g.Scale)
				}
				a.e.pause()
				if dq != nil {
					a.e.add(dq[fromQ:], rowQ, d, sk, 1, k[atK:], rowK, m, dk, sk)
				}
				if dkeys != nil {
					a.e.add(dkeys[atK:], rowK, d, 1, sk, q[fromQ:], rowQ, sk, dk, m)
				}
			}
		}
	}
}

// throughSoftmax turns the gradients d by a row of weights p into those by its scores.
func (a *attention) throughSoftmax(p, d []float32) {
	for j := range d {
		d[j] = float32(d[j] * p[j])
	}
	sum := fixed.Sum16(d)
	for j := range d {
		d[j] -= float32(p[j] * sum)
	}
}

// weigh turns the products of a query with all keys into weights.
func (a *attention) weigh(p, bias []float32, head, query int) {
	at, step := a.geo.Mask(head, query)
	count := 0
	for j, s := range p {
		s = float32(s * a.geo.Scale)
		if bias != nil {
			s += bias[at+j*step]
		}
		p[j] = s
		if a.takesPart(bias, query, j, at+j*step) {
			a.row[count] = s
			count++
		}
	}
	if count > 0 {
		w := &a.e.worker.SoftmaxF32
		w.X, w.Y, w.Rows, w.N, w.Log = &a.row[0], &a.row[0], 1, count, 0
		a.e.set.SoftmaxF32(w)
	}
	count = 0
	for j := range p {
		if p[j] = 0; a.takesPart(bias, query, j, at+j*step) {
			p[j] = a.row[count]
			count++
		}
	}
}

// takesPart reports whether a key takes part for a query; at is where the mask has it.
func (a *attention) takesPart(bias []float32, query, key, at int) bool {
	switch {
	case a.geo.Causal && key > query:
		return false
	case a.bias:
		return !(bias[at] < -math.MaxFloat32)
	case a.bits != nil:
		return a.bits[at] != 0
	}
	return true
}

// turn writes the transpose of n rows of size elements, which lie stride apart.
func turn(dst, src []float32, n, size, stride int) {
	for r := range n {
		for c, v := range src[r*stride:][:size] {
			dst[c*n+r] = v
		}
	}
}

// matmul is BatchMatMul: for each matrix of the batch Y = A·B.
//
//	∂L/∂A += δ·Bᵀ,  ∂L/∂B += Aᵀ·δ
//
// where an operand is broadcast over several matrices, these ascending; transposed operands have transposed gradients.
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5.2.
type matmul struct {
	operator
	a, b, y    *value
	ca, cb     []float32
	m, k, n    int
	adjA, adjB bool
	runs       op.Runs // over matrices
	turned     []float32
}

func buildMatMul(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	p := &matmul{operator: o, a: b.values[n.In[0]], b: b.values[n.In[1]], y: b.values[n.Out[0]],
		adjA: n.Attrs.Int("adjX", 0) != 0, adjB: n.Attrs.Int("adjY", 0) != 0}
	p.m, p.k, p.n = op.MatMulExtents(n.View(nil))
	if c := n.In[0].Const; c != nil {
		p.ca = c.Data.F32()
	}
	if c := n.In[1].Const; c != nil {
		p.cb = c.Data.F32()
	}
	batch := func(s tensor.Shape) tensor.Shape { s.Rank -= 2; return s }
	p.runs = op.MakeRuns(batch(n.In[0].Shape), batch(n.In[1].Shape), batch(n.Out[0].Shape))
	return p, nil
}

func (p *matmul) keeps() (in, out bool) { return true, false }
func (p *matmul) reserve(l *layout, n, at, back int) {
	l.f32(&p.turned, p.y.name+" transposed", max(p.m*p.k, p.k*p.n, p.m*p.n), back, back)
}

func (p *matmul) backward(n int) {
	for i := range n {
		a, da := operand(p.a, p.ca, nil, i)
		b, db := operand(p.b, p.cb, nil, i)
		dy := p.y.gradient(i)
		for r := range p.runs.Outer() {
			atA, atB := p.runs.At(r)
			stepA, stepB := p.runs.Steps()
			for j := range p.runs.N() {
				a, b, dy := a[(atA+j*stepA)*p.m*p.k:], b[(atB+j*stepB)*p.k*p.n:], dy[(r*p.runs.N()+j)*p.m*p.n:]
				if da != nil {
					p.byA(da[(atA+j*stepA)*p.m*p.k:], b, dy)
				}
				if db != nil {
					p.byB(db[(atB+j*stepB)*p.k*p.n:], a, dy)
				}
			}
		}
	}
}

func (p *matmul) byA(da, b, dy []float32) {
	rowB, colB := p.n, 1
	if p.adjB {
		rowB, colB = 1, p.k
	}
	if p.adjA { // [K,M] += B·δᵀ
		turn(p.turned, dy, p.m, p.n, p.n)
		p.e.add(da, p.m, b, rowB, colB, p.turned, p.m, p.k, p.m, p.n)
		return
	}
	if !p.adjB {
		turn(p.turned, b, p.k, p.n, p.n)
		b = p.turned
	}
	p.e.add(da, p.k, dy, p.n, 1, b, p.k, p.m, p.k, p.n)
}

func (p *matmul) byB(db, a, dy []float32) {
	rowA, colA := p.k, 1
	if p.adjA {
		rowA, colA = 1, p.m
	}
	if !p.adjB {
		p.e.add(db, p.n, a, colA, rowA, dy, p.n, p.k, p.n, p.m)
		return
	}
	if p.adjA { // [N,K] += δᵀ·A
		turn(p.turned, a, p.k, p.m, p.m)
		a = p.turned
	}
	p.e.add(db, p.k, dy, 1, p.n, a, p.k, p.n, p.k, p.m)
}
