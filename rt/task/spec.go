// Package task turns a network's outputs into answers, and answers into metrics.
//
//	output tensor ──Classifier──▶ classes with probabilities ──Confusion──▶ accuracy, precision, recall
//
// A Spec says which task a network is for; it travels in the model file.
package task

import "fmt"

// Kinds of task.
const (
	KindNone     = "none"     // outputs are the answer
	KindClassify = "classify" // one class out of many
)

// What the numbers of a classifier's output are.
const (
	Logits           = "logits"            // probabilities are their softmax
	LogProbabilities = "log-probabilities" // probabilities are their exponential
	Probabilities    = "probabilities"
)

// Spec describes a task. All but Kind is for KindClassify.
type Spec struct {
	Kind      string  `json:"kind"`
	OutputIs  string  `json:"outputIs,omitempty"`
	TopK      int     `json:"topK,omitempty"`      // answers wanted at most; 0 stands for 1
	Threshold float32 `json:"threshold,omitempty"` // least probability of an answer
}

// maxTopK bounds TopK; no list of answers is longer.
const maxTopK = 1000

// Check reports the first thing that is wrong with the specification.
func (s Spec) Check() error {
	switch s.Kind {
	case KindNone:
		if s != (Spec{Kind: KindNone}) {
			return fmt.Errorf("task: kind %q takes no other field", s.Kind)
		}
		return nil
	case KindClassify:
	default:
		return fmt.Errorf("task: kind %q unknown; wanted %q or %q", s.Kind, KindNone, KindClassify)
	}
	if s.OutputIs != Logits && s.OutputIs != LogProbabilities && s.OutputIs != Probabilities {
		return fmt.Errorf("task: outputIs %q unknown; wanted %q, %q or %q", s.OutputIs, Logits, LogProbabilities, Probabilities)
	}
	if s.TopK < 0 || s.TopK > maxTopK {
		return fmt.Errorf("task: topK %d outside [0,%d]", s.TopK, maxTopK)
	}
	if !(s.Threshold >= 0 && s.Threshold <= 1) {
		return fmt.Errorf("task: threshold %g outside [0,1]", s.Threshold)
	}
	return nil
}
