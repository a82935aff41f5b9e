package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"edgerun/kernels"
	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/graph"
	"edgerun/rt/observe"
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

// result returns the model with the trained weights, as it is read back from its file.
func (t *tuning) result(ctx context.Context, train []int) (*model, error) {
	g, err := t.tuner.Result(t.samples, train)
	if err != nil {
		return nil, t.model.fail(err)
	}
	m := *t.model.Model
	m.Graph, m.Version = g, m.Version+1
	m.Meta = map[string]string{}
	for k, v := range t.model.Meta {
		m.Meta[k] = v
	}
	m.Meta["tuned"] = fmt.Sprintf("layers %s; %d samples; seed %d; from version %d", strings.Join(t.layerNames(), ", "), len(train), t.options.seed, t.model.Version)
	tuned := &model{Model: &m, path: t.model.path}
	if err := t.restate(ctx, tuned, train); err != nil {
		return nil, err
	}
	b, err := loader.Encode(&m, loader.EncodeOptions{})
	if err != nil {
		return nil, t.model.fail(err)
	}
	read, err := loader.Decode(b, loader.Options{})
	if err != nil {
		return nil, t.model.fail(err)
	}
	return &model{Model: read, path: "tuned", sizeBytes: int64(len(b))}, nil
}

// layerNames are those that are trained.
func (t *tuning) layerNames() []string {
	if t.options.names != nil {
		return t.options.names
	}
	var names []string
	all := finetune.Trainable(t.model.Graph)
	for _, n := range all[max(0, len(all)-max(1, t.options.layers)):] {
		names = append(names, n.Name)
	}
	return names
}

// restate renews what the file says of the network's numbers: statistics of inputs and outputs, an anomaly detector's
// threshold, golden answers.
func (t *tuning) restate(ctx context.Context, m *model, train []int) error {
	var scores []float32
	in, out := observe.NewHistogram(), observe.NewHistogram()
	a := &answerer{spec: m.task()}
	if err := a.prepare(m.Graph); err != nil {
		return m.fail(err)
	}
	if len(m.Stats) == 0 && a.detector == nil && len(m.Golden) == 0 {
		return nil
	}
	err := t.answers(ctx, m, train, func(_ int, x, y []float32) error {
		in.Add(x)
		out.Add(y)
		if a.detector != nil {
			v, err := a.detector.Detect(x, y)
			if err != nil {
				return err
			}
			scores = append(scores, v.Score)
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.Stats = slices.Clone(m.Stats)
	for i, s := range m.Stats {
		switch s.Value {
		case m.Graph.Inputs[0].Name:
			m.Stats[i].Summary = in.Summary()
		case m.Graph.Outputs[0].Name:
			m.Stats[i].Summary = out.Summary()
		}
	}
	if len(scores) > 0 && t.kind == reconstruct {
		slices.Sort(scores)
		spec := *m.Task
		spec.Threshold = scores[max(0, int(math.Ceil(float64(len(scores))*0.99))-1)]
		m.Task = &spec
		m.Meta["threshold"] = "percentile 99 of the samples of the tuning"
	}
	return t.regild(m)
}

// regild computes the answers to golden inputs anew.
func (t *tuning) regild(m *model) error {
	if len(m.Golden) == 0 {
		return nil
	}
	prog, err := rt.Compile(m.Graph, rt.Options{Kernels: t.kernels})
	if err != nil {
		return m.fail(err)
	}
	s := prog.NewSession(nil)
	golden := slices.Clone(m.Golden)
	for i := range golden {
		for k, b := range golden[i].Inputs {
			copy(s.Input(k).Bytes(), b)
		}
		s.Reset()
		s.Run()
		golden[i].Outputs = nil
		for k := range m.Graph.Outputs {
			golden[i].Outputs = append(golden[i].Outputs, sha256.Sum256(s.Output(k).Bytes()))
		}
	}
	m.Golden = golden
	return nil
}

// answers runs m over samples and calls f for each in order, with its input and output as reals.
func (t *tuning) answers(ctx context.Context, m *model, some []int, f func(k int, in, out []float32) error) error {
	prog, err := rt.Compile(m.Graph, rt.Options{Kernels: t.kernels})
	if err != nil {
		return m.fail(err)
	}
	// Blocks bound what is held.
	const block = 64
	in, out := make([][]float32, block), make([][]float32, block)
	type worker struct {
		s    *rt.Session
		feed *corpusFeed
	}
	var idle []worker // of blocks before
	for at := 0; at < len(some); at += block {
		part := some[at:min(at+block, len(some))]
		free := idle
		idle = nil
		err := inParallel(ctx, t.cpus, len(part), func() (func(int) error, error) {
			var w worker
			if len(free) > 0 {
				w, free = free[0], free[1:]
			} else {
				feed, err := t.corpus.feed()
				if err != nil {
					return nil, err
				}
				w = worker{prog.NewSession(nil), feed}
			}
			idle = append(idle, w)
			return func(k int) (err error) {
				if err := w.feed.fill(part[k], w.s); err != nil {
					return err
				}
				if in[k], err = appendReals(in[k][:0], m.Graph.Inputs[0], w.s.Input(0)); err != nil {
					return m.fail(err)
				}
				w.s.Reset()
				w.s.Run()
				out[k], err = reals(out[k][:0], w.s)
				return err
			}, nil
		})
		if err != nil {
			return err
		}
		for k := range part {
			for _, v := range out[k] {
				if v-v != 0 {
					return fmt.Errorf("%s: sample %d: output %g", m.path, part[k], v)
				}
			}
			if err := f(at+k, in[k], out[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// measured is how good a network is on some samples.
type measured struct {
	*evaluation
	// Of an anomaly detector: the mean score of normal samples, and the share of them within the threshold.
	Score  *float64 `json:"mean_score,omitempty"`
	Within *float64 `json:"share_within_threshold,omitempty"`
}

// measure runs m as a device would over samples.
func (t *tuning) measure(ctx context.Context, m *model, some []int) (*measured, error) {
	if len(some) == 0 {
		return nil, nil
	}
	scored := *m
	if t.kind == values && m.task().Kind == task.KindNone {
		scored.Model = &loader.Model{Graph: m.Graph, Labels: m.Labels, Task: &task.Spec{Kind: task.KindRegress}}
	}
	answers, err := newAnswerer(&scored, 0)
	if err != nil {
		return nil, err
	}
	outputs := m.Graph.Outputs[0].Shape.Elements()
	known := t.kind != reconstruct
	truth := &truth{}
	for _, i := range some {
		s, k := t.corpus.at(i)
		switch {
		case s.truth == nil || t.kind == reconstruct && s.truth.classes == nil:
		case s.truth.classes != nil:
			truth.classes = append(truth.classes, s.truth.classes[k])
			known = true
		default:
			truth.values = append(truth.values, s.truth.values[k*outputs:(k+1)*outputs]...)
		}
	}
	if t.kind == reconstruct && len(truth.classes) < len(some) {
		known, truth.classes = false, nil
	}
	score := newScorer(answers, &scored, truth, false)
	r := &measured{evaluation: &evaluation{Model: m.path, Kernels: t.kernels.Name, Samples: len(some), Task: answers.spec.Kind, labels: m.Labels}}
	sum, within, normal := 0.0, 0, 0
	err = t.answers(ctx, m, some, func(k int, in, out []float32) error {
		if t.kind == reconstruct && (truth.classes == nil || truth.classes[k] == 0) {
			a, err := answers.detector.Detect(in, out)
			if err != nil {
				return err
			}
			normal++
			if sum += float64(a.Score); !a.Anomalous {
				within++
			}
		}
		_, err := score.add(k, in, out)
		return err
	})
	if err != nil {
		return nil, err
	}
	if known {
		score.finish(r.evaluation)
	}
	if normal > 0 {
		mean, share := sum/float64(normal), float64(within)/float64(normal)
		r.Score, r.Within = &mean, &share
	}
	return r, nil
}

// figure is the number that says how good m is, and whether it is a share, of which more is better.
func (m *measured) figure() (name string, value float64, share bool) {
	switch {
	case m.classEvaluation != nil:
		return "accuracy", m.Accuracy, true
	case m.Regress != nil:
		return "MSE", m.Regress.MSE, false
	case m.Anomaly != nil && m.Anomaly.AUC != nil:
		return "AUC", *m.Anomaly.AUC, true
	default:
		return "mean score", *m.Score, false
	}
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

// describe lists layers by name and operator.
func describe(g *graph.Graph, names []string) string {
	var all []string
	for _, n := range g.Nodes {
		if slices.Contains(names, n.Name) {
			all = append(all, fmt.Sprintf("%s (%s)", n.Name, n.Op.Name))
		}
	}
	return strings.Join(all, ", ")
}

// deadline returns a Stop of finetune.Run that is true from a moment on, or nil.
func deadline(seconds float64, start time.Time) func() bool {
	if seconds <= 0 {
		return nil
	}
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	return func() bool { return !time.Now().Before(end) }
}
