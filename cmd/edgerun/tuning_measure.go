package main

import (
	"context"
	"fmt"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/task"
)

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
