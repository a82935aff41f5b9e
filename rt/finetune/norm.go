package finetune

import (
	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// softmax is Softmax or LogSoftmax within a network, over rows of the last axis.
//
//	y = softmax(x): ∂L/∂x += δ⊙y − y·Σ δ⊙y
//	y = ln softmax(x): ∂L/∂x += δ − e^y·Σ δ
//
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.2.2.3, with the chain rule.
type softmax struct {
	operator
	x, y *value
	n    int // elements of a row
	log  bool
}

func buildSoftmax(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	return &softmax{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], n: lastAxis(n), log: n.Op == op.LogSoftmax}, err
}

func lastAxis(n *graph.Node) int {
	x := n.In[0].Shape
	return x.Dim[x.Rank-1]
}

func (s *softmax) keeps() (in, out bool) { return false, true }

func (s *softmax) backward(n int) {
	rows(s.e, n, s.x, s.n, func(at int) {
		dx, y, dy := s.x.grad[at:at+s.n], s.y.data[at:at+s.n], s.y.grad[at:at+s.n]
		if s.log {
			sum := fixed.Sum16(dy)
			for i, d := range dy {
				dx[i] += d - float32(fixed.ExpF32(y[i])*sum)
			}
			return
		}
		for i := range dy {
			dy[i] = float32(dy[i] * y[i])
		}
		sum := fixed.Sum16(dy)
		for i, p := range dy {
			dx[i] += p - float32(y[i]*sum)
		}
	})
}

// rows calls f with where each row of size elements begins in n samples of v.
func rows(e *engine, n int, v *value, size int, f func(at int)) {
	done := 0
	for at := 0; at < n*v.size; at += size {
		f(at)
		if done += size; done >= block/4 {
			done = 0
			e.pause()
		}
	}
	e.pause()
}

// norm is LayerNorm or RMSNorm: y = x̂·γ + β over rows of C elements, x̂ = (x − μ)·r, r = 1/√(mean (x−μ)² + ε), where μ = 0
// for RMSNorm. With g = δ⊙γ:
//
//	∂L/∂γ += Σ_rows δ⊙x̂,  ∂L/∂β += Σ_rows δ
//	∂L/∂x += r·(g − mean(g) − x̂·mean(g⊙x̂))      without mean(g) for RMSNorm
//
// μ and r are computed again from x. Sources: Ba, Kiros and Hinton, Layer Normalization (2016); Zhang and Sennrich, Root Mean
// Square Layer Normalization (2019), with the chain rule.
type norm struct {
	e           *engine
	x, y        *value
	scale, bias *param // bias may be nil
	n           int
	epsilon     float32
	center      bool
	zeros       []float32 // for an absent bias
	row, mul    []float32 // x̂, and products
}

func buildNorm(b *builder, n *graph.Node) (layer, error) {
	if _, err := b.operator(n); err != nil { // refuses what the operator does
		return nil, err
	}
	l := &norm{e: b.e, x: b.values[n.In[0]], y: b.values[n.Out[0]], n: lastAxis(n), epsilon: n.Attrs.Float("epsilon", 1e-5), center: n.Op == op.LayerNorm}
	l.scale = b.param(n, 1, 1, l.n)
	if len(n.In) > 2 && n.In[2] != nil {
		l.bias = b.param(n, 2, 1, l.n)
	}
	return l, nil
}

func (l *norm) ports() (in, out []*value) { return []*value{l.x}, []*value{l.y} }
func (l *norm) params() []*param {
	if l.bias == nil {
		return []*param{l.scale}
	}
	return []*param{l.scale, l.bias}
}
func (l *norm) keeps() (in, out bool) { return l.x.wantGrad || l.scale.train, false }

func (l *norm) reserve(lay *layout, n, at, back int) {
	if l.bias == nil {
		first, last := lay.always()
		lay.f32(&l.zeros, l.scale.name+" no bias", l.n, first, last)
	}
	lay.f32(&l.row, l.scale.name+" row", l.n, back, back)
	lay.f32(&l.mul, l.scale.name+" products", l.n, back, back)
}

func (l *norm) forward(n int) {
	a := &l.e.worker.NormF32
	bias := l.zeros
	if l.bias != nil {
		bias = l.bias.value
	}
	a.Scale, a.Bias, a.N, a.Rows, a.Epsilon, a.Center = &l.scale.value[0], &bias[0], l.n, 1, l.epsilon, 0
	if l.center {
		a.Center = 1
	}
	rows(l.e, n, l.x, l.n, func(at int) {
		a.X, a.Y = &l.x.data[at], &l.y.data[at]
		l.e.set.NormF32(a)
	})
}

func (l *norm) backward(n int) {
	if l.bias != nil && l.bias.train {
		l.e.sumRows(l.bias.grad, l.y.grad, n*l.x.size/l.n, l.n)
	}
	if !l.scale.train && !l.x.wantGrad {
		return
	}
	count := float32(l.n)
	rows(l.e, n, l.x, l.n, func(at int) {
		dy := l.y.grad[at : at+l.n]
		r := fixed.WhitenF32(l.row, l.x.data[at:at+l.n], l.epsilon, l.center)
		for i, d := range l.row {
			l.row[i] = float32(d * r)
		}
		if l.scale.train {
			for i, d := range dy {
				l.scale.grad[i] += float32(d * l.row[i])
			}
		}
		if !l.x.wantGrad {
			return
		}
		for i, d := range dy {
			dy[i] = float32(d * l.scale.value[i])
			l.mul[i] = float32(dy[i] * l.row[i])
		}
		mean := float32(0)
		if l.center {
			mean = fixed.Sum16(dy) / count
		}
		along := fixed.Sum16(l.mul) / count
		for i, g := range dy {
			l.x.grad[at+i] += float32(r * (g - mean - float32(l.row[i]*along)))
		}
	})
}

// unit is L2Normalization: y = x/m over rows, m = max(‖x‖, 10⁻⁶).
//
//	∂L/∂x += (δ − y·Σ δ⊙y)/m, without the sum where m is the limit
type unit struct {
	operator
	x, y *value
	n    int
	row  []float32
}

func buildUnit(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	return &unit{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], n: lastAxis(n)}, err
}

func (l *unit) keeps() (in, out bool) { return true, true }
func (l *unit) reserve(lay *layout, n, at, back int) {
	lay.f32(&l.row, l.y.name+" products", l.n, back, back)
}

func (l *unit) backward(n int) {
	const least = 1e-6
	rows(l.e, n, l.x, l.n, func(at int) {
		y, dy := l.y.data[at:at+l.n], l.y.grad[at:at+l.n]
		m, along := fixed.SqrtF32(fixed.SumSquares16(l.x.data[at:at+l.n])), float32(0)
		if m > least {
			for i, d := range dy {
				l.row[i] = float32(d * y[i])
			}
			along = fixed.Sum16(l.row)
		}
		m = max(m, least)
		for i, d := range dy {
			l.x.grad[at+i] += (d - float32(y[i]*along)) / m
		}
	})
}
