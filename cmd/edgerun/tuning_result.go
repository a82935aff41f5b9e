package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/graph"
	"edgerun/rt/observe"
)

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
