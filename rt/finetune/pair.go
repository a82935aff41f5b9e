package finetune

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// pair is a function of two elements with numpy's broadcasting, y = clamp(f(a, b)). With δ the gradient by y where the clamp
// lets it pass:
//
//	∂L/∂a += Σ δ·∂f/∂a,  ∂L/∂b += Σ δ·∂f/∂b
//
// over all elements that an element of an operand is broadcast to, ascending. Source: Goodfellow, Bengio and Courville, Deep
// Learning (2016), 6.5.2; Minimum and Maximum share δ evenly where both are equal, as PyTorch's do.
type pair struct {
	operator
	a, b, y *value    // a or b is nil for a constant
	ca, cb  []float32 // those constants
	slopes  *param    // of PRelu; else nil
	slot    int       // of slopes in the frame
	runs    op.Runs
	rule    *pairRule
	clamp   bool
	lo, hi  float32
	mask    []byte
}

// pairRule gives a function's slopes by both arguments, times δ.
type pairRule struct {
	in, out bool // it reads the arguments, the result
	f       func(d, a, b, y float32) (da, db float32)
}

var pairRules = map[*op.Def]*pairRule{
	op.Add: {f: func(d, _, _, _ float32) (da, db float32) { return d, d }},
	op.Sub: {f: func(d, _, _, _ float32) (da, db float32) { return d, -d }},
	op.Mul: {in: true, f: func(d, a, b, _ float32) (da, db float32) { return float32(d * b), float32(d * a) }},
	// ∂(a/b)/∂b = −a/b² = −y/b
	op.Div: {in: true, out: true, f: func(d, _, b, y float32) (da, db float32) {
		da = d / b
		return da, -float32(da * y)
	}},
	op.SquaredDifference: {in: true, f: func(d, a, b, _ float32) (da, db float32) {
		da = float32(2 * d * (a - b))
		return da, -da
	}},
	op.Minimum: {in: true, f: func(d, a, b, _ float32) (da, db float32) { return share(d, a < b, b < a) }},
	op.Maximum: {in: true, f: func(d, a, b, _ float32) (da, db float32) { return share(d, a > b, b > a) }},
	op.PRelu: {in: true, f: func(d, a, b, _ float32) (da, db float32) {
		if a < 0 {
			return float32(d * b), float32(d * a)
		}
		return d, 0
	}},
}

// power is a^b with a constant b: b·a^(b−1).
var power = &pairRule{in: true, f: func(d, a, b, _ float32) (da, db float32) {
	if b == 0 {
		return 0, 0
	}
	return float32(d * float32(b*fixed.PowF32(a, b-1))), 0
}}

func share(d float32, a, b bool) (da, db float32) {
	switch {
	case a:
		return d, 0
	case b:
		return 0, d
	}
	return d / 2, d / 2
}

func buildPair(b *builder, n *graph.Node) (layer, error) {
	p := &pair{rule: pairRules[n.Op]}
	if n.Op == op.Binary {
		if n.Attrs.String("function", "") != "pow" || n.In[1].Const == nil {
			return nil, fmt.Errorf("node %q (%s): %s has no backward: %w", n.Name, n.Op.Name, n.Attrs.String("function", ""), op.ErrUnsupported)
		}
		p.rule = power
	}
	var err error
	if p.operator, err = b.operator(n); err != nil {
		return nil, err
	}
	p.a, p.b, p.y = b.values[n.In[0]], b.values[n.In[1]], b.values[n.Out[0]]
	if c := n.In[0].Const; c != nil {
		p.ca = c.Data.F32()
	}
	if c := n.In[1].Const; c != nil {
		p.cb = c.Data.F32()
	}
	p.runs = op.MakeRuns(n.In[0].Shape, n.In[1].Shape, n.Out[0].Shape)
	p.clamp = n.Attrs.Has("min") || n.Attrs.Has("max")
	p.lo, p.hi = limits(n)
	if n.Op == op.PRelu && n.In[1].Const != nil {
		p.slopes, p.slot = b.param(n, 1, 1, n.In[1].Shape.Elements()), 1 // the node's inputs have the first slots
	}
	return p, nil
}

func (p *pair) params() []*param {
	if p.slopes == nil {
		return nil
	}
	return []*param{p.slopes}
}
func (p *pair) keeps() (in, out bool) { return p.rule.in, p.rule.out }
func (p *pair) reserve(l *layout, n, at, back int) {
	if p.clamp {
		l.bytes(&p.mask, p.y.name+" mask", (n*p.y.size+7)/8, at, back)
	}
}

func (p *pair) forward(n int) {
	if p.slopes != nil {
		p.frame.Buf[p.slot] = tensor.Of32(p.slopes.value)
	}
	p.operator.forward(n)
	if p.clamp {
		p.e.passes(p.y.data[:n*p.y.size], p.mask, p.lo, p.hi)
	}
}

func (p *pair) backward(n int) {
	if p.clamp {
		p.e.mask(p.y.grad[:n*p.y.size], p.mask)
	}
	cb := p.cb
	var db []float32 // by what is no value
	if p.slopes != nil {
		cb, db = p.slopes.value, p.slopes.grad
	}
	done := 0
	for i := range n {
		a, da := operand(p.a, p.ca, nil, i)
		b, db := operand(p.b, cb, db, i)
		y, dy := p.y.real(i), p.y.gradient(i)
		for r := range p.runs.Outer() {
			atA, atB := p.runs.At(r)
			stepA, stepB := p.runs.Steps()
			for at := r * p.runs.N(); at < (r+1)*p.runs.N(); at++ {
				ga, gb := p.rule.f(dy[at], a[atA], b[atB], y[at])
				if da != nil {
					da[atA] += ga
				}
				if db != nil {
					db[atB] += gb
				}
				atA, atB = atA+stepA, atB+stepB
				if done++; done%block == 0 {
					p.e.pause()
				}
			}
		}
	}
	p.e.pause()
}

// operand returns the elements of an operand in sample i and their gradients, nil where nobody wants them.
func operand(v *value, constant, grad []float32, i int) (x, dx []float32) {
	if v == nil {
		return constant, grad
	}
	if v.wantGrad {
		dx = v.gradient(i)
	}
	return v.real(i), dx
}

// sum is AddN.
//
//	∂L/∂x += δ, for each x
type sum struct {
	operator
	x []*value
	y *value
}

func buildSum(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	s := &sum{operator: o, y: b.values[n.Out[0]]}
	for _, v := range n.In {
		if x := b.values[v]; x != nil {
			s.x = append(s.x, x)
		}
	}
	return s, err
}

func (s *sum) keeps() (in, out bool) { return false, false }
func (s *sum) backward(n int) {
	for _, x := range s.x {
		if x.wantGrad {
			for first := 0; first < n*x.size; first += block {
				last := min(first+block, n*x.size)
				accumulate(x.grad[first:last], s.y.grad[first:last])
				s.e.pause()
			}
		}
	}
}

// reduction is Mean, Sum and ReduceMax.
//
//	sum: ∂L/∂x += δ    mean: ∂L/∂x += δ/count    maximum: ∂L/∂x += δ for the first x that equals it
//
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5.2.
type reduction struct {
	operator
	x, y    *value
	runs    op.Runs // of x, and of y with its axes kept
	largest bool
	count   float32
}

func buildReduction(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	r := &reduction{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], largest: n.Op == op.ReduceMax, count: 1}
	kept, err := op.KeptShape(n.View(func(*graph.Value) int { return 0 }))
	if err != nil {
		return nil, err
	}
	r.runs = op.MakeRuns(n.In[0].Shape, kept, n.In[0].Shape)
	if n.Op == op.Mean {
		r.count = float32(r.x.size / max(1, r.y.size))
	}
	return r, nil
}

func (r *reduction) keeps() (in, out bool) { return r.largest, r.largest }

func (r *reduction) backward(n int) {
	_, step := r.runs.Steps()
	for i := range n {
		dx, dy := r.x.gradient(i), r.y.gradient(i)
		if !r.largest && r.count != 1 {
			for k := range dy {
				dy[k] /= r.count
			}
		}
		done := 0
		for run := range r.runs.Outer() {
			from, at := r.runs.At(run)
			for k := from; k < from+r.runs.N(); k++ {
				if !r.largest {
					dx[k] += dy[at]
				} else if r.x.real(i)[k] == r.y.real(i)[at] {
					dx[k] += dy[at]
					dy[at] = 0 // the first one took it
				}
				at += step
			}
			if done += r.runs.N(); done >= block {
				done = 0
				r.e.pause()
			}
		}
		r.e.pause()
	}
}
