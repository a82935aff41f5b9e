package finetune

import (
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// recurrent is RNNLayer, LSTMLayer and GRULayer, trained by back-propagation through time over the whole sequence. With h′ and
// c′ the states of the step before, a the sums that activations see, and δh, δc the gradients by a step's states, from its
// output and from the step behind:
//
//	RNN   δa = δh⊙f′(a)                                 δh′ = δa·R
//	LSTM  δo = δh⊙g(c), δc += δh⊙o⊙g′(c) + δa_o⊙P_o
//	      δi = δc⊙c̃, δc̃ = δc⊙i, δf = δc⊙c′, each δa = δ⊙activation′; with inputForget f = 1 − i: δi −= δf
//	      δh′ = δa·R, δc′ = δc⊙f + δa_i⊙P_i + δa_f⊙P_f
//	GRU   δz = δh⊙(h′ − h̃), δh̃ = δh⊙(1 − z), δa_h = δh̃⊙f′
//	      δr = (δa_h·R_h)⊙h′, δh′ = δh⊙z + (δa_h·R_h)⊙r + δa_z·R_z + δa_r·R_r
//	      with linearBeforeReset q = R_h·h′ + rb: δr = δa_h⊙q, δq = δa_h⊙r, δh′ = δh⊙z + δq·R_h + δa_z·R_z + δa_r·R_r
//
//	∂L/∂W += Σ δaᵀ·x, ∂L/∂R += Σ δaᵀ·h′ (of r⊙h′ for a GRU's candidate, of δq where it is linear), ∂L/∂b += Σ δa, ∂L/∂rb += Σ δq
//	∂L/∂P_i += Σ δa_i⊙c′, so P_f, ∂L/∂P_o += Σ δa_o⊙c,  ∂L/∂x = δa·W
//
// Only h and c are kept: gates are computed again, chunk steps at a time from the last on. Within a chunk sums of products go
// through its steps in the order of memory, those of peepholes in the order of the backward. A sum that clip limits passes
// no gradient.
// Sources: Werbos, Backpropagation Through Time (1990); Hochreiter and Schmidhuber (1997) and Gers et al. (2002) for the LSTM;
// Cho et al. (2014) for the GRU; with the chain rule.
type recurrent struct {
	e              *engine
	lay            *op.RecurrentLayout
	x, y, cells    *value // cells: LSTMLayer
	h0, c0         *value
	firstH, firstC []float32 // h0 and c0 where they are constants
	w, r, b, extra *param    // w as [inputs][gates·units], r as [units][gates·units]; b and extra may be nil
	act            [3]bend
	n, k, g        int // units, inputs, gates·units

	f recurrentRows // of the forward
	t recurrentRows // of the backward
	// Of the backward: Wᵀ, Rᵀ, what comes from the step behind, and a GRU's gradient by r⊙h′.
	wt, rt, dh, dc, du []float32
}

// recurrentRows are of some steps: sums of W and of R, which become activations and then gradients, h′ (of the backward), and
// r⊙h′; of one step: h (of the forward), a cell and g(c).
type recurrentRows struct{ sums, rec, prev, reset, h, c, out []float32 }

// chunk is how many steps' products are computed at once.
const chunk = 16

// bend is an activation's slope: that of its result y where lo < y < hi, which clip's limits become.
type bend struct {
	slope  func(y float32) float32
	lo, hi float32
}

func (a *bend) of(y float32) float32 {
	if y > a.lo && y < a.hi {
		return a.slope(y)
	}
	return 0
}

func buildRecurrent(b *builder, n *graph.Node) (layer, error) {
	of := b.of[n]
	for i := op.RecurrentWeights; i <= op.RecurrentExtra && i < len(of.In); i++ {
		if of.In[i] != nil && of.In[i].Const == nil {
			return nil, fmt.Errorf("node %q (%s): input %d is not constant: %w", n.Name, n.Op.Name, i, op.ErrUnsupported)
		}
	}
	lay, err := op.RecurrentOf(n.Op, n.View(func(*graph.Value) int { return 0 }), b.e.set)
	if err != nil {
		return nil, fmt.Errorf("node %q: %w", n.Name, err)
	}
	l := &recurrent{e: b.e, lay: lay, x: b.values[n.In[0]], y: b.values[n.Out[0]], n: lay.Units, k: lay.Inputs, g: lay.Gates * lay.Units}
	if n.Op == op.LSTMLayer {
		l.cells = b.values[n.Out[1]]
	}
	across := func(rows int) func(i int) int { return func(i int) int { return i%rows*l.g + i/rows } }
	l.w = b.param(n, op.RecurrentWeights, l.k, l.g)
	l.w.order = across(l.k)
	l.r = b.param(n, op.RecurrentRecurrent, l.n, l.g)
	l.r.order = across(l.n)
	given := func(i int) *graph.Value {
		if i < len(n.In) {
			return n.In[i]
		}
		return nil
	}
	if given(op.RecurrentBias) != nil {
		l.b = b.param(n, op.RecurrentBias, 1, l.g)
	}
	if v := given(op.RecurrentExtra); v != nil {
		l.extra = b.param(n, op.RecurrentExtra, 1, v.Shape.Elements())
	}
	state := func(i int) (*value, []float32) {
		switch v := given(i); {
		case v == nil:
			return nil, nil
		case v.Const != nil:
			return nil, v.Const.Data.F32()
		default:
			return b.values[v], nil
		}
	}
	l.h0, l.firstH = state(op.RecurrentH0)
	l.c0, l.firstC = state(op.RecurrentC0)
	for _, v := range []*value{l.x, l.h0, l.c0} {
		if v != nil {
			v.wantData = true
		}
	}
	for i := range l.act {
		if l.act[i], err = l.bend(i); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
		}
	}
	return l, nil
}

// bend returns the slope of activation i.
func (l *recurrent) bend(i int) (bend, error) {
	b := bend{lo: float32(math.Inf(-1)), hi: float32(math.Inf(1))}
	name, alpha, _ := l.lay.Activation(i)
	switch name {
	case "logistic":
		b.slope = logisticSlope
	case "tanh":
		b.slope = tanhSlope
	case "relu":
		b.slope = func(y float32) float32 {
			if y > 0 {
				return 1
			}
			return 0
		}
	case "hardSigmoid":
		b.slope = func(y float32) float32 {
			if y > 0 && y < 1 {
				return alpha
			}
			return 0
		}
	case "leakyRelu":
		if !(alpha > 0) {
			return b, fmt.Errorf("leakyRelu of slope %g has no backward: %w", alpha, op.ErrUnsupported)
		}
		b.slope = func(y float32) float32 {
			if y < 0 {
				return alpha
			}
			return 1
		}
	default:
		return b, fmt.Errorf("activation %q has no backward: %w", name, op.ErrUnsupported)
	}
	if l.lay.Clip > 0 {
		ends := []float32{-l.lay.Clip, l.lay.Clip}
		l.lay.Apply[i](&l.e.worker, ends)
		b.lo, b.hi = ends[0], ends[1]
	}
	return b, nil
}

func (l *recurrent) ports() (in, out []*value) {
	return present([]*value{l.x, l.h0, l.c0}), present([]*value{l.y, l.cells})
}
func (l *recurrent) params() (all []*param) {
	for _, p := range []*param{l.w, l.r, l.b, l.extra} {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}
func (l *recurrent) keeps() (in, out bool) { return true, true }

// gru and linear report the form: a GRU's candidate reads r⊙h′, or r multiplies what it reads.
func (l *recurrent) gru() bool    { return l.lay.Gates == 3 }
func (l *recurrent) lstm() bool   { return l.lay.Gates == 4 }
func (l *recurrent) resets() bool { return l.gru() && !l.lay.Linear }

func (l *recurrent) reserve(lay *layout, n, at, back int) {
	m := min(chunk, l.lay.Steps)
	l.carve(lay, l.w.name+" forward", at, append(l.f.parts(l, m, 1), carving{&l.f.h, l.n}))
	parts := append(l.t.parts(l, m, m), carving{&l.t.prev, m * l.n}, carving{&l.rt, l.g * l.n}, carving{&l.dh, l.n}, carving{&l.dc, l.n}, carving{&l.du, l.n})
	if l.x.wantGrad {
		parts = append(parts, carving{&l.wt, l.g * l.k})
	}
	l.carve(lay, l.w.name+" backward", back, parts)
}

// carving is a slice of n floats that is to be made.
type carving struct {
	dst *[]float32
	n   int
}

// parts are the pieces of sums of m steps and states of some rows.
func (r *recurrentRows) parts(l *recurrent, m, rows int) []carving {
	parts := []carving{{&r.sums, m * l.g}, {&r.rec, rows * l.g}, {&r.c, l.n}, {&r.out, l.n}}
	if l.resets() {
		parts = append(parts, carving{&r.reset, rows * l.n})
	}
	return parts
}

// carve asks for one block that lives for a step, and cuts it into pieces.
func (l *recurrent) carve(lay *layout, name string, step int, parts []carving) {
	size := 0
	for _, p := range parts {
		size += 4 * p.n
	}
	lay.add(name, size, step, step, func(b tensor.Buffer) {
		left := b.F32()
		for _, p := range parts {
			*p.dst, left = left[:p.n:p.n], left[p.n:]
		}
	})
}

// slot is where the step that comes i-th of m lies among the rows of a chunk, which are in the order of memory.
func (l *recurrent) slot(i, m int) int {
	if l.lay.Reverse {
		return m - 1 - i
	}
	return i
}

// rows returns the first row in memory of the m steps from the one that comes first-th on, and how far apart rows are.
func (l *recurrent) rows(batch, first, m int) (row, stride int) {
	row = l.lay.Row(batch, first)
	last := l.lay.Row(batch, first+m-1)
	if m == 1 {
		return row, 1
	}
	if l.lay.Reverse {
		row, last = last, row
	}
	return row, (last - row) / (m - 1)
}

// multiplyInput writes the sums of W, biases in front, for m steps.
func (l *recurrent) multiplyInput(sums, x []float32, batch, first, m int) {
	for i := range m {
		if l.b != nil {
			copy(sums[i*l.g:(i+1)*l.g], l.b.value)
		} else {
			clear(sums[i*l.g : (i+1)*l.g])
		}
	}
	row, stride := l.rows(batch, first, m)
	l.e.add(sums, l.g, x[row*l.k:], stride*l.k, 1, l.w.value, l.g, m, l.g, l.k)
}

// multiplyStates writes the sums of R for m states, a GRU's candidate among them only where it is linear.
func (l *recurrent) multiplyStates(rec, prev []float32, m int) {
	clear(rec[:m*l.g])
	width := l.g
	if l.resets() {
		width = 2 * l.n
	}
	if l.gru() && l.extra != nil {
		for i := range m {
			copy(rec[i*l.g+2*l.n:(i+1)*l.g], l.extra.value)
		}
	}
	l.e.add(rec, l.g, prev, l.n, 1, l.r.value, l.g, m, width, l.n)
}

// multiplyReset adds the products of R_h with m rows of r⊙h′.
func (l *recurrent) multiplyReset(rec, reset []float32, m int) {
	l.e.add(rec[2*l.n:], l.g, reset, l.n, 1, l.r.value[2*l.n:], l.g, m, l.n, l.n)
}

func (l *recurrent) limit(x []float32) {
	if l.lay.Clip > 0 {
		for i, v := range x {
			x[i] = fixed.ClampF32(v, -l.lay.Clip, l.lay.Clip)
		}
	}
}

func (l *recurrent) apply(i int, x []float32) {
	l.limit(x)
	l.lay.Apply[i](&l.e.worker, x)
}

// gatesOf turns the sums of a step's gates into activations: of all but an LSTM's output and a GRU's candidate.
func (l *recurrent) gatesOf(a, rec, c []float32) {
	n := l.n
	switch l.lay.Gates {
	case 1:
		accumulate(a, rec)
		l.apply(1, a)
	case 3:
		accumulate(a[:2*n], rec)
		l.apply(0, a[:2*n])
	case 4:
		accumulate(a, rec)
		in, forget := a[:n], a[2*n:3*n]
		if l.extra != nil {
			for i, v := range c {
				in[i] += float32(l.extra.value[i] * v)
				forget[i] += float32(l.extra.value[2*n+i] * v)
			}
		}
		l.apply(0, in)
		l.apply(0, forget)
		l.apply(1, a[3*n:])
		if l.lay.InputForget {
			for i, v := range in {
				forget[i] = 1 - v
			}
		}
	}
}

// candidate finishes a GRU's step: the activation of its candidate.
func (l *recurrent) candidate(a, rec []float32) {
	n := l.n
	cand := a[2*n:]
	if l.lay.Linear {
		for i, r := range a[n : 2*n] {
			cand[i] += float32(r * rec[2*n+i])
		}
	} else {
		accumulate(cand, rec[2*n:])
	}
	l.apply(1, cand)
}

// output finishes an LSTM's step: the activation of its output gate, and g(c).
func (l *recurrent) output(a, c, out []float32) {
	n := l.n
	o := a[n : 2*n]
	if l.extra != nil {
		for i, v := range c {
			o[i] += float32(l.extra.value[n+i] * v)
		}
	}
	l.apply(0, o)
	copy(out, c)
	l.apply(2, out)
}

// start returns what a batch starts from; nil: zeros.
func (l *recurrent) start(v *value, constant []float32, sample, batch int) []float32 {
	x := constant
	if v != nil {
		x = v.real(sample)
	}
	if x == nil {
		return nil
	}
	return x[batch*l.n : (batch+1)*l.n]
}

func set(dst, src []float32) {
	if src == nil {
		clear(dst)
		return
	}
	copy(dst, src)
}

func (l *recurrent) forward(n int) {
	b := &l.f
	for s := range n {
		for batch := range l.lay.Batches {
			set(b.h, l.start(l.h0, l.firstH, s, batch))
			set(b.c, l.start(l.c0, l.firstC, s, batch))
			for first := 0; first < l.lay.Steps; first += chunk {
				m := min(chunk, l.lay.Steps-first)
				l.multiplyInput(b.sums, l.x.real(s), batch, first, m)
				for i := range m {
					l.step(s, l.lay.Row(batch, first+i), b.sums[l.slot(i, m)*l.g:][:l.g])
				}
			}
		}
	}
}

// step computes one step and writes its states to a row of y and of cells.
func (l *recurrent) step(sample, row int, a []float32) {
	b, n := &l.f, l.n
	l.multiplyStates(b.rec, b.h, 1)
	l.gatesOf(a, b.rec, b.c)
	switch {
	case l.lstm():
		in, o, forget, cand := a[:n], a[n:2*n], a[2*n:3*n], a[3*n:]
		for i, c := range b.c {
			b.c[i] = float32(forget[i]*c) + float32(in[i]*cand[i])
		}
		l.output(a, b.c, b.out)
		for i, t := range b.out {
			b.h[i] = float32(o[i] * t)
		}
		copy(l.cells.real(sample)[row*n:], b.c)
	case l.gru():
		z, r, cand := a[:n], a[n:2*n], a[2*n:]
		if l.resets() {
			for i, h := range b.h {
				b.reset[i] = float32(r[i] * h)
			}
			l.multiplyReset(b.rec, b.reset, 1)
		}
		l.candidate(a, b.rec)
		for i, h := range b.h {
			b.h[i] = float32((1-z[i])*cand[i]) + float32(z[i]*h)
		}
	default:
		copy(b.h, a)
	}
	copy(l.y.real(sample)[row*n:], b.h)
}
