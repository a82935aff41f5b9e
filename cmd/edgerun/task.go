package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/task"
	"edgerun/rt/tensor"
)

// taskFlags are the flags that say what a network is for.
type taskFlags struct {
	kind, score            string
	threshold, percentile  float64
	scales, offsets, units string
	sequence               sequenceFlags
	labels                 []string // of the model, once they are read

	command *cobra.Command
}

func (t *taskFlags) flags(c *cobra.Command) {
	t.command = c
	f := c.Flags()
	f.StringVar(&t.kind, "task", "auto", "what the outputs are: classify, anomaly, regress, sequence (of what a causal network writes token by token), none, or auto (classify where they look like scores of classes; none for the rest, autoencoders too)")
	t.sequence.flags(c)
	f.StringVar(&t.score, "score", task.ScoreMSE, "anomaly: the score, mse, mae or max between output and input, or output itself")
	f.Float64Var(&t.threshold, "threshold", 0, "anomaly: largest normal score, instead of one found on the calibration data; classify: least probability of an answer")
	f.Float64Var(&t.percentile, "threshold-percentile", 99, "anomaly: percent of the calibration data, all of them normal, that lie within the threshold")
	f.StringVar(&t.scales, "output-scale", "", "regress: factor that gives an output its unit, one or one for each, comma-separated (default 1)")
	f.StringVar(&t.offsets, "output-offset", "", "regress: what is added then, likewise (default 0)")
	f.StringVar(&t.units, "units", "", "regress: units, one or one for each output, comma-separated; --labels names the outputs")
}

func (t *taskFlags) changed(name string) bool {
	return t.command != nil && t.command.Flags().Changed(name)
}

// spec returns the task of a float network, with no threshold yet where one must be found on data.
func (t *taskFlags) spec(g *graph.Graph) (*task.Spec, error) {
	s := &task.Spec{Kind: t.kind}
	switch t.kind {
	case "", "auto":
		s = taskOf(g)
	case task.KindClassify:
		if s = taskOf(g); s.Kind != task.KindClassify {
			return nil, fmt.Errorf("output %v is no list of class scores, which --task classify wants", g.Outputs[0].Type)
		}
	case task.KindAnomaly:
		s.Score = t.score
	case task.KindRegress:
		var err error
		if s.Scales, err = floats(t.scales); err != nil {
			return nil, usagef("--output-scale: %w", err)
		}
		if s.Offsets, err = floats(t.offsets); err != nil {
			return nil, usagef("--output-offset: %w", err)
		}
		if t.units != "" {
			s.Units = strings.Split(t.units, ",")
		}
	case task.KindSequence:
		if err := t.sequence.spec(s, g, t.labels); err != nil {
			return nil, err
		}
	case task.KindNone:
	default:
		return nil, usagef("--task %q unknown; wanted classify, anomaly, regress, sequence, none or auto", t.kind)
	}
	for _, f := range []struct {
		flag  string
		kinds string
	}{{"score", task.KindAnomaly}, {"threshold", task.KindAnomaly + task.KindClassify}, {"threshold-percentile", task.KindAnomaly},
		{"output-scale", task.KindRegress}, {"output-offset", task.KindRegress}, {"units", task.KindRegress},
		{"start-token", task.KindSequence}, {"end-token", task.KindSequence}, {"max-tokens", task.KindSequence}} {
		if t.changed(f.flag) && !strings.Contains(f.kinds, s.Kind) {
			return nil, usagef("--%s is not for --task %s", f.flag, s.Kind)
		}
	}
	if t.changed("threshold") {
		if t.changed("threshold-percentile") {
			return nil, usagef("--threshold-percentile: --threshold is given already")
		}
		if s.Threshold = float32(t.threshold); s.Threshold < 0 && s.Score != task.ScoreOutput {
			return nil, usagef("--threshold %g is negative, and no score %s is", t.threshold, s.Score)
		}
	}
	if !(t.percentile >= 0 && t.percentile <= 100) {
		return nil, usagef("--threshold-percentile %g outside [0,100]", t.percentile)
	}
	if err := s.Check(); err != nil {
		return nil, usageError{err}
	}
	a := &answerer{spec: s}
	if err := a.prepare(g); err != nil {
		return nil, err
	}
	return s, nil
}

// findThreshold runs the int8 network over calibration data and returns the score that the given percent of them do not
// pass: the device scores with the same bytes.
func findThreshold(ctx context.Context, g *graph.Graph, spec *task.Spec, feed *feeder, set *kernels.Set, pool *rt.Pool, percent float64) (float32, error) {
	prog, err := rt.Compile(g, rt.Options{Kernels: set})
	if err != nil {
		return 0, err
	}
	a := &answerer{spec: spec}
	if err := a.prepare(g); err != nil {
		return 0, err
	}
	s := prog.NewSession(pool)
	var scores, input, output []float32
	for i := range feed.Len() {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := feed.Fill(i, s); err != nil {
			return 0, err
		}
		input = append(input[:0], s.Input(0).F32()...)
		if !feed.continues(i) {
			s.Reset()
		}
		s.Run()
		if output, err = reals(output[:0], s); err != nil {
			return 0, err
		}
		v, err := a.detector.Detect(input, output)
		if err != nil {
			return 0, err
		}
		scores = append(scores, v.Score)
	}
	slices.Sort(scores)
	k := int(math.Ceil(float64(float64(len(scores))*percent)/100)) - 1
	return scores[max(k, 0)], nil
}

// taskOf guesses a network's task from its output: scores of classes, or none.
func taskOf(g *graph.Graph) *task.Spec {
	y := g.Outputs[0]
	if len(g.Outputs) != 1 || y.Shape.Rank != 2 || y.Shape.Dim[1] < 2 || y.DType != tensor.Float32 && !isCodes(y) ||
		len(g.Inputs) == 1 && y.Shape == g.Inputs[0].Shape { // an autoencoder
		return &task.Spec{Kind: task.KindNone}
	}
	s := &task.Spec{Kind: task.KindClassify, OutputIs: task.Logits, TopK: min(5, y.Shape.Dim[1])}
	producers := g.Producers()
	n := producers[y]
	for n != nil && (n.Op == op.Quantize || n.Op == op.Dequantize || n.Op == op.Reshape) {
		n = producers[n.In[0]]
	}
	if n != nil {
		switch n.Op {
		case op.Softmax:
			s.OutputIs = task.Probabilities
		case op.LogSoftmax:
			s.OutputIs = task.LogProbabilities
		}
	}
	return s
}

// answerer turns outputs into answers for any kind of task.
type answerer struct {
	spec       *task.Spec
	labels     []string
	classifier *task.Classifier
	detector   *task.Detector
	regressor  *task.Regressor
}

// prepare makes what the task needs for a network; it fails where they do not fit.
func (a *answerer) prepare(g *graph.Graph) (err error) {
	outputs := g.Outputs[0].Shape.Elements()
	switch a.spec.Kind {
	case task.KindClassify:
		a.classifier, err = task.NewClassifier(*a.spec, outputs)
	case task.KindAnomaly:
		a.detector, err = task.NewDetector(*a.spec, g.Inputs[0].Shape.Elements(), outputs)
	case task.KindRegress:
		a.regressor, err = task.NewRegressor(*a.spec, outputs)
	}
	return err
}

// newAnswerer returns the model's, with at most top classes where top is positive.
func newAnswerer(m *model, top int) (*answerer, error) {
	s := *m.task()
	if s.Kind == task.KindClassify && top > 0 {
		s.TopK = min(top, m.Graph.Outputs[0].Shape.Elements())
	}
	a := &answerer{spec: &s, labels: m.Labels}
	if err := a.prepare(m.Graph); err != nil {
		return nil, m.fail(err)
	}
	return a, nil
}

// task returns what the file says the model is for, or else what its output looks like.
func (m *model) task() *task.Spec {
	if m.Task != nil {
		return m.Task
	}
	return taskOf(m.Graph)
}

func (a *answerer) label(i int) string {
	if i < len(a.labels) {
		return a.labels[i]
	}
	return ""
}

// taskText says in a few words what a task is.
func taskText(s *task.Spec) string {
	switch s.Kind {
	case task.KindClassify:
		t := "classify, outputs are " + s.OutputIs
		if s.Threshold > 0 {
			t += fmt.Sprintf(", from probability %g", s.Threshold)
		}
		return t
	case task.KindAnomaly:
		return fmt.Sprintf("anomaly, score %s, normal up to %g", s.Score, s.Threshold)
	case task.KindRegress:
		t := "regress"
		if len(s.Units) > 0 {
			t += " in " + strings.Join(s.Units, ", ")
		}
		if len(s.Scales) > 0 {
			t += fmt.Sprintf(", scale %v", s.Scales)
		}
		if len(s.Offsets) > 0 {
			t += fmt.Sprintf(", offset %v", s.Offsets)
		}
		return t
	}
	if s.Kind == task.KindSequence {
		t := fmt.Sprintf("sequence, from token %d", s.StartToken)
		if s.EndToken >= 0 {
			t += fmt.Sprintf(" to token %d", s.EndToken)
		}
		if s.MaxTokens > 0 {
			t += fmt.Sprintf(", at most %d tokens", s.MaxTokens)
		}
		return t
	}
	return "none: outputs are the answer"
}
