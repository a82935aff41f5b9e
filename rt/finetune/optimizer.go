package finetune

import (
	"math"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// Method is how gradients become steps.
type Method uint8

const (
	// SGD is v ← μ·v + g + λ·w, w ← w − η·v, with Nesterov w ← w − η·(g + λ·w + μ·v). The first v is g + λ·w.
	// Source: PyTorch's SGD; Sutskever et al., On the importance of initialization and momentum (2013).
	SGD Method = iota
	// Adam is m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g², w ← w − η·(m/(1−β1^t)) / (√(v/(1−β2^t)) + ε), where weights first
	// decay by η·λ·w. Source: Kingma and Ba (2015); Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019).
	Adam
)

// Schedule is how the rate of learning η goes over a run.
type Schedule uint8

const (
	Constant Schedule = iota
	Cosine            // η·(1 + cos(π·t))/2 for t from 0 to 1 over all steps
	Linear            // η·(1 − t)
)

// states is how many numbers an optimizer keeps for each parameter.
func (o *Options) states() int {
	switch {
	case o.Method == Adam:
		return 2
	case o.Momentum != 0:
		return 1
	}
	return 0
}

// update takes one step with the gradients' sums times scale at rate η; t counts steps from 1.
func (t *Tuner) update(scale, rate float32) {
	o := &t.options
	if o.Clip > 0 {
		scale = t.clip(scale)
	}
	if o.Method == Adam {
		t.beta1 *= float64(o.Beta1)
		t.beta2 *= float64(o.Beta2)
	}
	for _, p := range t.tail.params {
		if !p.train {
			continue
		}
		decay := o.Decay
		if p.k == 1 {
			decay = 0 // of vectors: biases and norms
		}
		if o.merged(p) {
			decay /= 1 - o.Momentum
		}
		t.now = update{p, scale, rate, decay, fixed.Random(t.random.Next())}
		t.tail.e.do((p.size()+piece-1)/piece, t.updateTask)
	}
	t.tail.e.changed()
}

// update is what a step does to a parameter.
type update struct {
	p                  *param
	scale, rate, decay float32
	random             fixed.Random // of the first piece
}

// piece is how many weights one call of a kernel updates: a kernel cannot be interrupted.
const piece = 1 << 12

// updatePiece updates a piece of a parameter and clears its gradient.
func (t *Tuner) updatePiece(worker, task int) {
	h, p := t.tail.e.of(worker), t.now.p
	i, end := task*piece, min((task+1)*piece, p.size())
	switch {
	case p.coded:
		t.updateCodes(h, task, i, end)
	case p.unit != nil && t.options.Weights == Int8Plain:
		t.updatePlain(h, i, end)
	default:
		t.optimize(h, p.value[i:end], i, end)
		clear(p.grad[i:end])
	}
	h.pause()
}

// optimize takes the optimizer's step on w, which are the parameter's elements [i,end).
func (t *Tuner) optimize(h *hand, w []float32, i, end int) {
	if t.options.Method == Adam {
		t.adam(h, w, i, end)
	} else {
		t.sgd(h, w, i, end)
	}
}

func (t *Tuner) sgd(h *hand, w []float32, i, end int) {
	o, u := &t.options, &t.now
	h.sgd = abi.SGDF32{W: &w[0], G: &u.p.grad[i], N: end - i, GScale: u.scale, Decay: u.decay, Momentum: o.Momentum, LR: u.rate}
	if o.Momentum != 0 && !o.merged(u.p) {
		h.sgd.V = &u.p.state[0][i]
	}
	if o.Nesterov {
		h.sgd.Nesterov = 1
	}
	h.set.SGDF32(&h.sgd)
}

func (t *Tuner) adam(h *hand, w []float32, i, end int) {
	o, u := &t.options, &t.now
	h.adam = abi.AdamF32{W: &w[0], G: &u.p.grad[i], M: &u.p.state[0][i], V: &u.p.state[1][i], N: end - i,
		GScale: u.scale, Shrink: u.rate * u.decay, InvBeta1: 1 - o.Beta1, Beta2: o.Beta2, InvBeta2: 1 - o.Beta2,
		StepSize: float32(float64(u.rate) / (1 - t.beta1)), InvSqrtBias2: float32(1 / math.Sqrt(1-t.beta2)), Eps: o.Epsilon}
	h.set.AdamF32(&h.adam)
}

// clip returns the scale with which the norm of all gradients is at most Clip. Each parameter's squares are summed as
// fixed.SumSquares16 does, parameters ascending.
func (t *Tuner) clip(scale float32) float32 {
	e := t.tail.e
	sum := float32(0)
	for _, p := range t.tail.params {
		if !p.train {
			continue
		}
		e.sums = [16]float32{}
		for i := 0; i < p.size(); i += piece {
			e.squares = abi.SumSquaresF32{X: &p.grad[i], N: min(piece, p.size()-i), Sum: &e.sums}
			e.set.SumSquaresF32(&e.squares)
			e.pause()
		}
		sum += fixed.Reduce16(&e.sums)
	}
	norm := float32(fixed.SqrtF32(sum) * scale)
	if norm > t.options.Clip {
		scale = float32(scale * (t.options.Clip / (norm + 1e-6)))
	}
	return scale
}

// rate is η at step i of total.
func (o *Options) rate(i, total int) float32 {
	x := float64(i) / float64(max(total, 1))
	switch o.Schedule {
	case Cosine:
		return float32(float64(o.Rate) * (1 + float64(fixed.CosF32(float32(math.Pi*x)))) / 2)
	case Linear:
		return float32(float64(o.Rate) * (1 - x))
	}
	return o.Rate
}
