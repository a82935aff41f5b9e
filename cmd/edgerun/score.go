package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"edgerun/rt/task"
)

// newScorer returns the scorer for a model's task.
func newScorer(a *answerer, m *model, t *truth, auc bool) scorer {
	if t == nil {
		t = &truth{}
	}
	outputs := m.Graph.Outputs[0].Shape.Elements()
	switch a.spec.Kind {
	case task.KindAnomaly:
		return &anomalyScorer{detector: a.detector, threshold: a.spec.Threshold, truth: t.classes}
	case task.KindRegress:
		return &regressScorer{answers: a, truth: t.values, outputs: outputs, sum: task.NewRegression(outputs)}
	}
	s := &classScorer{truth: t.classes, classifier: a.classifier, threshold: a.spec.Threshold}
	if t.classes == nil {
		return s
	}
	s.confusion = task.NewConfusion(outputs)
	if auc && a.classifier != nil {
		s.rest, s.probabilities = task.NewOneVsRest(outputs), make([]float32, outputs)
	}
	return s
}

// classEvaluation are a classifier's figures.
type classEvaluation struct {
	Accuracy  float64    `json:"accuracy"`
	Top5      *float64   `json:"top5_accuracy,omitempty"` // from 10 classes on
	Precision float64    `json:"macro_precision"`
	Recall    float64    `json:"macro_recall"`
	F1        float64    `json:"macro_f1"`
	AUC       *float64   `json:"macro_auc,omitempty"` // of each class against the rest
	Matrix    [][]uint64 `json:"confusion,omitempty"`

	confusion *task.Confusion
}

// top5Classes is the number of classes from which on top-5 accuracy says something.
const top5Classes = 10

// classScorer takes the largest output for the answer, if its probability reaches the task's threshold; a network without
// a task is scored so too.
type classScorer struct {
	truth         []int
	threshold     float32
	classifier    *task.Classifier
	confusion     *task.Confusion
	top5          int
	rest          *task.OneVsRest
	probabilities []float32
}

func (s *classScorer) add(i int, _, out []float32) (int, error) {
	best := argmax(out)
	if s.threshold > 0 && s.classifier != nil {
		answers, err := s.classifier.Classify(out)
		if err != nil {
			return 0, err
		}
		if len(answers) == 0 {
			best = task.NoAnswer
		}
	}
	class := best
	if best == task.NoAnswer {
		class = len(out) // one more class, for the agreement of models
	}
	if s.truth == nil {
		return class, nil
	}
	if err := s.confusion.Add(s.truth[i], best); err != nil {
		return 0, err
	}
	if task.Rank(out, s.truth[i]) < 5 {
		s.top5++
	}
	if s.rest == nil {
		return class, nil
	}
	s.classifier.Probabilities(s.probabilities, out)
	return class, s.rest.Add(s.truth[i], s.probabilities)
}

func (s *classScorer) finish(r *evaluation) {
	k, macro := s.confusion, s.confusion.Macro()
	e := &classEvaluation{Accuracy: k.Accuracy(), Precision: macro.Precision, Recall: macro.Recall, F1: macro.F1, confusion: k}
	if k.Classes() >= top5Classes {
		top := float64(s.top5) / float64(max(1, k.Samples()))
		e.Top5 = &top
	}
	if s.rest != nil {
		if auc, classes := s.rest.MacroAUC(); classes > 0 {
			e.AUC = &auc
		}
	}
	for truth := range k.Classes() {
		var row []uint64
		for predicted := range k.Classes() {
			row = append(row, k.At(truth, predicted))
		}
		e.Matrix = append(e.Matrix, row)
	}
	r.classEvaluation = e
}

// argmax returns the index of the largest value, the first of equals.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// anomalyEvaluation are a detector's figures: at its threshold, and at the best one for these samples.
type anomalyEvaluation struct {
	AUC       *float64    `json:"auc,omitempty"` // missing where all samples are of one kind
	Threshold atThreshold `json:"at_threshold"`
	Best      atThreshold `json:"at_best_f1"`
}

type atThreshold struct {
	Threshold float32 `json:"threshold"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	task.Binary
}

func newAtThreshold(threshold float32, b task.Binary) atThreshold {
	m := b.Metrics()
	return atThreshold{threshold, m.Precision, m.Recall, m.F1, b}
}

type anomalyScorer struct {
	detector  *task.Detector
	threshold float32
	truth     []int
	roc       task.ROC
}

func (s *anomalyScorer) add(i int, in, out []float32) (int, error) {
	a, err := s.detector.Detect(in, out)
	if err != nil {
		return 0, err
	}
	if s.truth != nil {
		s.roc.Add(a.Score, s.truth[i] == 1)
	}
	if a.Anomalous {
		return 1, nil
	}
	return 0, nil
}

func (s *anomalyScorer) finish(r *evaluation) {
	e := &anomalyEvaluation{Threshold: newAtThreshold(s.threshold, s.roc.At(s.threshold)), Best: newAtThreshold(s.roc.BestF1())}
	if auc, ok := s.roc.AUC(); ok {
		e.AUC = &auc
	}
	r.Anomaly = e
}

// regressEvaluation are a regressor's figures.
type regressEvaluation struct {
	task.Errors                    // of all outputs
	Outputs     []outputEvaluation `json:"outputs"`
}

type outputEvaluation struct {
	Name string `json:"name,omitempty"`
	Unit string `json:"unit,omitempty"`
	task.Errors
}

type regressScorer struct {
	answers *answerer
	truth   []float32
	outputs int
	sum     *task.Regression
}

func (s *regressScorer) add(i int, _, out []float32) (int, error) {
	values, err := s.answers.regressor.Values(out)
	if err != nil || s.truth == nil {
		return -1, err
	}
	return -1, s.sum.Add(s.truth[i*s.outputs:(i+1)*s.outputs], values)
}

func (s *regressScorer) finish(r *evaluation) {
	e := &regressEvaluation{Errors: s.sum.All()}
	for i := range s.outputs {
		e.Outputs = append(e.Outputs, outputEvaluation{s.answers.label(i), s.answers.regressor.Unit(i), s.sum.Output(i)})
	}
	r.Regress = e
}

// column is one figure of the table that shows models side by side.
type column struct {
	name string
	of   func(*evaluation) string
}

// columnsOf returns the columns for a result's task.
func columnsOf(first *evaluation) []column {
	switch {
	case first.classEvaluation != nil:
		columns := []column{{"accuracy", func(r *evaluation) string { return percent(r.Accuracy) }}}
		if first.Top5 != nil {
			columns = append(columns, column{"top-5", func(r *evaluation) string { return optionalPercent(r.Top5) }})
		}
		columns = append(columns, column{"precision", func(r *evaluation) string { return percent(r.Precision) }},
			column{"recall", func(r *evaluation) string { return percent(r.Recall) }}, column{"F1", func(r *evaluation) string { return percent(r.F1) }})
		if first.AUC != nil {
			columns = append(columns, column{"AUC", func(r *evaluation) string { return optionalPercent(r.AUC) }})
		}
		return columns
	case first.Anomaly != nil:
		return []column{{"AUC", func(r *evaluation) string { return optionalPercent(r.Anomaly.AUC) }},
			{"precision", func(r *evaluation) string { return percent(r.Anomaly.Threshold.Precision) }},
			{"recall", func(r *evaluation) string { return percent(r.Anomaly.Threshold.Recall) }},
			{"F1", func(r *evaluation) string { return percent(r.Anomaly.Threshold.F1) }},
			{"threshold", func(r *evaluation) string { return fmt.Sprintf("%.6g", r.Anomaly.Threshold.Threshold) }},
			{"best F1", func(r *evaluation) string { return percent(r.Anomaly.Best.F1) }},
			{"at", func(r *evaluation) string { return fmt.Sprintf("%.6g", r.Anomaly.Best.Threshold) }}}
	case first.Regress != nil:
		figure := func(name string, of func(task.Errors) float64) column {
			return column{name, func(r *evaluation) string { return fmt.Sprintf("%.6g", of(r.Regress.Errors)) }}
		}
		return []column{figure("MSE", func(e task.Errors) float64 { return e.MSE }), figure("RMSE", func(e task.Errors) float64 { return e.RMSE }),
			figure("MAE", func(e task.Errors) float64 { return e.MAE }), figure("R2", func(e task.Errors) float64 { return e.R2 }),
			figure("max error", func(e task.Errors) float64 { return e.Max })}
	case first.Sequence != nil:
		return []column{{"exact", func(r *evaluation) string { return percent(r.Sequence.Exact) }},
			{"tokens", func(r *evaluation) string { return percent(r.Sequence.Tokens) }},
			{"edit distance", func(r *evaluation) string { return fmt.Sprintf("%.4g", r.Sequence.EditDistance) }}}
	}
	return nil
}

func percent(v float64) string { return fmt.Sprintf("%.2f %%", float64(100*v)) }

func optionalPercent(v *float64) string {
	if v == nil {
		return "-"
	}
	return percent(*v)
}

// details writes what does not fit into one line: the classes, the counts, or the outputs.
func (r *evaluation) details(w io.Writer) error {
	var err error
	switch {
	case r.classEvaluation != nil:
		_, err = fmt.Fprintf(w, "\n%s\n%s", r.Model, r.confusion.Table(r.labels))
	case r.Anomaly != nil:
		b := r.Anomaly.Threshold
		_, err = fmt.Fprintf(w, "\n%s\nanomalous samples: %d found, %d missed; normal ones: %d taken for anomalous, %d not\n", r.Model,
			b.TruePositives, b.FalseNegatives, b.FalsePositives, b.TrueNegatives)
	case r.Regress != nil:
		fmt.Fprintf(w, "\n%s\n", r.Model)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "output\tunit\tMSE\tRMSE\tMAE\tR2\tmax error")
		for i, o := range r.Regress.Outputs {
			if o.Name == "" {
				o.Name = fmt.Sprint(i)
			}
			if o.Unit == "" {
				o.Unit = "-"
			}
			fmt.Fprintf(t, "%s\t%s\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\n", o.Name, o.Unit, o.MSE, o.RMSE, o.MAE, o.R2, o.Max)
		}
		err = t.Flush()
	}
	return err
}
