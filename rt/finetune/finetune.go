// Package finetune trains the last layers of a network on the device that runs it.
//
//	model ─split─▶ frozen part, as it ships ─Session▶ features, a record for each sample
//	                    └▶ tail in float32: forward, loss, backward, optimizer ─Result▶ model with new weights, requantized
//
// The frozen int8 part runs once for each sample; what it gives is small and kept. The tail has float32 shadows of its
// weights. Its forward is the operators' own where they learn nothing. All arithmetic has a defined order: the same seed
// gives the same bytes on every machine. New computes all memory and allocates it; steps allocate nothing.
package finetune

import (
	"errors"
	"fmt"
	"math"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/plan"
)

// Options say what is trained, and how.
type Options struct {
	// Layers trains the last K layers with weights, 1 if 0, and norms and PRelu behind the first of them; Names the layers,
	// norms and PRelu of these nodes instead. BiasOnly trains their biases alone.
	Layers   int
	Names    []string
	BiasOnly bool

	// NewClasses is how many classes the network gets beside those that it has, behind them. They start as the mean of the old
	// ones, or better, as what Imprint makes of a few samples.
	NewClasses int

	Loss         Loss
	ClassWeights []float32 // of CrossEntropy, by class; nil: all 1
	Smoothing    float32   // of CrossEntropy's labels, in [0,1)

	Method   Method
	Rate     float32 // of learning, η
	Schedule Schedule
	Momentum float32 // of SGD
	Nesterov bool
	Beta1    float32 // of Adam; 0: 0.9
	Beta2    float32 // 0: 0.999
	Epsilon  float32 // 0: 1e-8
	Decay    float32 // λ of weights; biases and other vectors do not decay (in PyTorch: two groups of parameters)
	Clip     float32 // the largest norm of all gradients; 0: none

	Weights Weights // how they are held
	Seed    uint64  // of rounding to codes, and of the weights of new classes

	Batch int // samples of a step; 0: 16
	// MemoryBytes bounds all that New allocates; 0: no bound. A step goes through its batch in parts that fit.
	MemoryBytes int

	Kernels *kernels.Set // nil: the fastest of this CPU; the result does not depend on it
	Pool    *rt.Pool     // shares the work; nil: the caller's thread alone. The result does not depend on it
	// Pause is called often between pieces of work, each short; what it does, training waits for. It is where inference with
	// priority has its turn; a pool's other threads may then be at a piece of work, as short. May be nil.
	Pause func()
}

// ErrMemory marks a bound that training does not fit into.
var ErrMemory = errors.New("memory bound too small")

// ErrDiverged marks training whose loss or weights are not finite any more.
var ErrDiverged = errors.New("training diverged")

// Tuner trains the last layers of one network. One goroutine at a time may use it.
type Tuner struct {
	options Options
	cut     *cut
	frozen  *rt.Program
	tail    *tail
	crit    criterion
	memory  int
	micro   int    // samples of a micro-batch
	record  []byte // of a sample that goes into several values
	now     update
	beta1   float64 // β^t
	beta2   float64
	random  fixed.Random
	count   float32 // what the gradients of the last step were divided by

	imprinted []int // classes

	updateTask func(worker, task int)
}

// New prepares training of g, a classifier, regressor or autoencoder of one output, int8 or float32. It keeps g and does not
// change it.
func New(g *graph.Graph, o Options) (*Tuner, error) {
	if o.Batch == 0 {
		o.Batch = 16
	}
	if o.Beta1 == 0 {
		o.Beta1 = 0.9
	}
	if o.Beta2 == 0 {
		o.Beta2 = 0.999
	}
	if o.Epsilon == 0 {
		o.Epsilon = 1e-8
	}
	if o.Pause == nil {
		o.Pause = func() {}
	}
	if o.Kernels == nil {
		o.Kernels = kernels.Best()
	}
	if o.NewClasses > 0 {
		var err error
		if g, err = withClasses(g, o.NewClasses, o.Seed); err != nil {
			return nil, err
		}
	}
	trained, err := o.choose(g)
	if err != nil {
		return nil, err
	}
	c, err := split(g, trained)
	if err != nil {
		return nil, err
	}
	t := &Tuner{options: o, cut: c, beta1: 1, beta2: 1, random: fixed.Random(o.Seed), count: 1}
	t.updateTask = t.updatePiece
	t.crit = criterion{loss: o.Loss, weights: o.ClassWeights, smoothing: o.Smoothing}
	if t.frozen, err = rt.Compile(c.frozen, rt.Options{Kernels: o.Kernels}); err != nil {
		return nil, fmt.Errorf("finetune: %w", err)
	}
	chosen := map[*graph.Node]bool{}
	for _, n := range trained {
		chosen[n] = true
	}
	if len(o.Names) == 0 {
		for _, n := range c.beside() {
			chosen[n] = true
		}
	}
	train := func(n *graph.Node, input int) bool { return chosen[n] && (!o.BiasOnly || learns[n.Op].bias(input)) }
	e := newEngine(o.Kernels, o.Pool, o.Pause)
	e.weights = o.Weights
	if t.tail, err = buildTail(e, c, o.Loss, train); err != nil {
		return nil, err
	}
	if n := t.Outputs(); o.ClassWeights != nil && len(o.ClassWeights) != n {
		return nil, fmt.Errorf("finetune: %d weights of classes, want %d", len(o.ClassWeights), n)
	}
	for t.micro = o.Batch; ; t.micro = (t.micro + 1) / 2 {
		l := newLayout(len(t.tail.layers))
		t.tail.reserve(l, t.micro, &o)
		if len(t.tail.in) > 1 {
			l.bytes(&t.record, "record", t.RecordBytes(), -1, -1)
		}
		var p *plan.Plan
		if p, err = l.plan(); err != nil {
			return nil, fmt.Errorf("finetune: %w", err)
		}
		t.memory = p.ArenaBytes + e.packed
		if o.MemoryBytes == 0 || t.memory <= o.MemoryBytes {
			l.allocate(p)
			break
		}
		if t.micro == 1 {
			return nil, fmt.Errorf("finetune: training needs %d bytes beyond inference, the bound is %d: %w", t.memory, o.MemoryBytes, ErrMemory)
		}
	}
	for _, p := range t.tail.params {
		p.load(p.node.In[p.input].Const, biasScales(p.node, p.input))
	}
	return t, nil
}

// Frozen returns the part of the network that runs as it ships; Record reads what a session of it computed.
func (t *Tuner) Frozen() *rt.Program { return t.frozen }

// Memory is what New allocated, in bytes, beyond a session of the frozen part: shadow weights, gradients, the optimizer's
// state and activations.
func (t *Tuner) Memory() int { return t.memory }

// MicroBatch is how many samples are worked on together.
func (t *Tuner) MicroBatch() int { return t.micro }

// Outputs is the number of values that the loss reads: classes, for a classifier.
func (t *Tuner) Outputs() int { return t.tail.out.size }

// RecordBytes is the size of a sample's features.
func (t *Tuner) RecordBytes() int {
	n := 0
	for _, v := range t.cut.at {
		n += v.SizeBytes()
	}
	return n
}

// Record writes the features of the sample that s, a session of Frozen, has just run. Features that grow with a symbolic
// dimension must have its bound: rt.ErrShape otherwise.
func (t *Tuner) Record(dst []byte, s *rt.Session) error {
	for i, v := range t.cut.at {
		if got := s.OutputShape(i); got != v.Shape {
			return fmt.Errorf("finetune: %q, which the layers to train read, is %v, want %v (pad the sample, or train layers behind the pooling): %w", v.Name, got, v.Shape, rt.ErrShape)
		}
		dst = dst[copy(dst, s.Output(i).Bytes()):]
	}
	return nil
}

// Store gives the features of samples by number.
type Store interface {
	Get(i int, record []byte) error
}

// Samples are what a step learns from: features with a label each (CrossEntropy), or with a target of Outputs numbers.
type Samples struct {
	Store
	Labels  []int32
	Targets [][]float32
}

func (s *Samples) truth(i int) (label int, target []float32) {
	if s.Targets != nil {
		return 0, s.Targets[i]
	}
	return int(s.Labels[i]), nil
}

// load puts the features of the given samples into the tail.
func (t *Tuner) load(s *Samples, some []int) error {
	in := t.tail.in
	for k, i := range some {
		rec := t.record
		if len(in) == 1 {
			rec = in[0].record(k)
		}
		if err := s.Get(i, rec); err != nil {
			return fmt.Errorf("finetune: sample %d: %w", i, err)
		}
		if len(in) == 1 {
			continue
		}
		for _, v := range in {
			rec = rec[copy(v.record(k), rec):]
		}
	}
	return nil
}

// Step takes one optimizer step over the given samples at rate of learning η and returns their loss before it. After an
// error, weights are as they were.
func (t *Tuner) Step(s *Samples, batch []int, rate float32) (float32, error) {
	t.carry(t.total(s, batch))
	var sum, count float32
	for len(batch) > 0 {
		some := batch[:min(t.micro, len(batch))]
		batch = batch[len(some):]
		if err := t.load(s, some); err != nil {
			t.forget()
			return 0, err
		}
		t.tail.forward(len(some))
		for k, i := range some {
			label, target := s.truth(i)
			loss, n := t.crit.sample(t.tail.out.gradient(k), t.tail.out.real(k), label, target)
			sum, count = sum+loss, count+n
		}
		t.tail.backward(len(some))
	}
	loss := sum / count
	if loss-loss != 0 {
		t.forget()
		return loss, fmt.Errorf("finetune: loss %g: %w", loss, ErrDiverged)
	}
	t.update(1/count, rate)
	return loss, nil
}

// forget clears the gradients of a step that is not taken.
func (t *Tuner) forget() {
	for _, p := range t.tail.params {
		clear(p.grad)
	}
}

// Loss returns the mean loss of samples as the network is now, and how many of them have their label as the largest output.
func (t *Tuner) Loss(s *Samples, some []int) (loss float32, right int, err error) {
	var sum, count float32
	for len(some) > 0 {
		part := some[:min(t.micro, len(some))]
		some = some[len(part):]
		if err := t.load(s, part); err != nil {
			return 0, 0, err
		}
		t.tail.forward(len(part))
		for k, i := range part {
			label, target := s.truth(i)
			l, n := t.crit.sample(nil, t.tail.out.real(k), label, target)
			sum, count = sum+l, count+n
			if t.options.Loss == CrossEntropy && largest(t.tail.out.real(k)) == label {
				right++
			}
		}
	}
	return sum / count, right, nil
}

func largest(z []float32) int {
	best := 0
	for i, x := range z {
		if x > z[best] {
			best = i
		}
	}
	return best
}

// finite reports the first parameter that is not a number.
func (t *Tuner) finite() error {
	for i := range t.tail.e.threads() {
		if t.tail.e.of(i).broken {
			return fmt.Errorf("finetune: a weight is no number: %w", ErrDiverged)
		}
	}
	for _, p := range t.tail.params {
		for _, w := range p.value {
			if w-w != 0 || abs(w) > math.MaxFloat32/1e6 {
				return fmt.Errorf("finetune: %q has a weight of %g: %w", p.name, w, ErrDiverged)
			}
		}
	}
	return nil
}
