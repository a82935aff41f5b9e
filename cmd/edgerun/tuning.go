package main

import (
	"errors"
	"fmt"
	"time"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/op"
	"edgerun/rt/task"
)

// lessonKind is what is known of the samples that a network learns from.
type lessonKind int

const (
	classes     lessonKind = iota // a class of each, for softmax
	oneOfMany                     // a class of each, for outputs that each say yes or no
	values                        // numbers
	reconstruct                   // the input itself is wanted
)

// lessonOf returns what m learns from, and its loss.
func lessonOf(m *model, labels string) (lessonKind, finetune.Loss, error) {
	sigmoid := false
	if n := m.Graph.Producers()[m.Graph.Outputs[0]]; n != nil {
		for n != nil && (n.Op == op.Quantize || n.Op == op.Dequantize || n.Op == op.Reshape) {
			n = m.Graph.Producers()[n.In[0]]
		}
		sigmoid = n != nil && n.Op == op.Logistic
	}
	switch kind := m.task().Kind; {
	case kind == task.KindClassify && sigmoid:
		return oneOfMany, finetune.BinaryCrossEntropy, nil
	case kind == task.KindClassify:
		return classes, finetune.CrossEntropy, nil
	case kind == task.KindAnomaly && m.Task.Score != task.ScoreOutput:
		return reconstruct, finetune.MeanSquaredError, nil
	case kind == task.KindRegress || kind == task.KindNone && labels != "":
		if sigmoid {
			return values, finetune.BinaryCrossEntropy, nil
		}
		return values, finetune.MeanSquaredError, nil
	case kind == task.KindNone:
		return 0, 0, usagef("%s: the file does not say what its outputs are: give --labels FILE of true values", m.path)
	default:
		return 0, 0, fmt.Errorf("%s: task %s: no loss to train by", m.path, taskText(m.task()))
	}
}

// tuning is the training of one network on one corpus.
type tuning struct {
	options *finetuneOptions
	model   *model
	kind    lessonKind
	loss    finetune.Loss
	kernels *kernels.Set
	cpus    int
	pool    *rt.Pool // of as many

	corpus   *corpus
	tuner    *finetune.Tuner
	features *features
	samples  *finetune.Samples
}

// recipe is what the training depends on, samples aside.
func (t *tuning) recipe() finetune.Options {
	o := t.options
	r := finetune.Options{Layers: o.layers, Names: o.names, BiasOnly: o.biases, Loss: t.loss, Smoothing: float32(o.smoothing),
		Rate: float32(o.rate), Momentum: float32(o.momentum), Decay: float32(o.decay), Clip: float32(o.clip), Batch: o.batch}
	r.Method = methods[o.optimizer]
	if r.Method != finetune.SGD {
		r.Momentum = 0
	}
	r.Schedule = schedules[o.schedule]
	return r
}

// What is trained where nothing else is said: found on digits of another hand and on movements of a sensor upside down.
const (
	adamRate   = 0.003
	sgdRate    = 0.01
	leastSteps = 1000 // of the optimizer: few samples are gone through more often
)

// run is how long is trained on that many samples.
func (t *tuning) run(samples int) finetune.Run {
	o := t.options
	r := finetune.Run{Epochs: o.epochs, Seed: o.seed, Patience: o.patience}
	if r.Epochs == 0 {
		steps := (samples + o.batch - 1) / o.batch
		r.Epochs = min(max((leastSteps+steps-1)/steps, 30), 300)
	}
	if r.Patience < 0 {
		r.Patience = max(10, r.Epochs/4)
	}
	return r
}

// memoryPlan is what training takes beyond inference, in bytes.
type memoryPlan struct {
	Training int `json:"training"` // weights, gradients, optimizer, activations
	Best     int `json:"best"`     // the best weights so far
	Features int `json:"features"` // of all samples, where they are in memory
	Samples  int `json:"samples"`  // order, labels and targets
	Total    int `json:"total"`
	Bound    int `json:"bound,omitempty"`
	File     int `json:"features_file,omitempty"` // bytes on disk
	Used     int `json:"used"`
}

// prepare makes a tuner that learns within the bound, and says what it takes. weights are those of the classes. Each thread
// takes memory of its own: where the bound is too small for all, one trains.
func (t *tuning) prepare(held bool, weights []float32) (*memoryPlan, error) {
	p, err := t.prepareOn(t.pool, held, weights)
	if errors.Is(err, finetune.ErrMemory) && t.pool.Threads() > 1 {
		p, err = t.prepareOn(nil, held, weights)
	}
	if err != nil {
		return nil, t.model.fail(err)
	}
	return p, nil
}

func (t *tuning) prepareOn(pool *rt.Pool, held bool, weights []float32) (*memoryPlan, error) {
	r := t.recipe()
	r.Kernels, r.Pool, r.ClassWeights, r.MemoryBytes = t.kernels, pool, weights, t.options.memoryBytes
	p := &memoryPlan{Bound: t.options.memoryBytes}
	var err error
	if t.tuner, err = finetune.New(t.model.Graph, r); err != nil {
		return nil, err
	}
	n := t.corpus.Len()
	p.Samples, p.Features = 20*n, n*t.tuner.RecordBytes()
	if held {
		p.Best = t.tuner.KeepBytes()
	}
	if t.kind != classes {
		p.Samples += 4 * n * t.tuner.Outputs()
	}
	if t.options.features != "" {
		p.File, p.Features = p.Features, 0
	}
	rest := p.Best + p.Features + p.Samples
	if p.Bound > 0 && t.tuner.Memory()+rest > p.Bound { // smaller parts of a batch may fit
		r.MemoryBytes = max(1, p.Bound-rest)
		if t.tuner, err = finetune.New(t.model.Graph, r); err != nil {
			return nil, fmt.Errorf("--memory %d, less %d for features (--features-file keeps them on disk), best weights and order: %w", p.Bound, rest, err)
		}
	}
	p.Training = t.tuner.Memory()
	p.Total = p.Training + rest
	return p, nil
}

// classWeights returns the weight of each class that makes all count alike, n/(classes·samples of it), or nil.
func (t *tuning) classWeights(train []int) []float32 {
	if t.options.classWeights != "balanced" || t.kind != classes {
		return nil
	}
	w := make([]float32, t.model.Graph.Outputs[0].Shape.Elements())
	all := byClass(train, t.corpus.classes())
	class := t.corpus.classes()
	for _, of := range all {
		w[class[of[0]]] = float32(float64(len(train)) / float64(len(all)*len(of)))
	}
	return w
}

// trainable fails where none of the network can be trained.
func trainable(m *model) error {
	if len(finetune.Trainable(m.Graph)) == 0 {
		return fmt.Errorf("%s: no layer with weights that can be trained", m.path)
	}
	return nil
}

// used is what the tuning has allocated of its plan.
func (t *tuning) used(held bool) int {
	n := t.tuner.Memory() + len(t.features.slab) + 20*t.corpus.Len()
	if held {
		n += t.tuner.KeepBytes()
	}
	for _, x := range t.samples.Targets {
		n += 4 * len(x)
	}
	return n
}

// deadline returns a Stop of finetune.Run that is true from a moment on, or nil.
func deadline(seconds float64, start time.Time) func() bool {
	if seconds <= 0 {
		return nil
	}
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	return func() bool { return !time.Now().Before(end) }
}
