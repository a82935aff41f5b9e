// Package task turns a network's outputs into answers, and answers into metrics.
//
//	output tensor ──Classifier──▶ classes with probabilities ──Confusion, OneVsRest──▶ accuracy, precision, recall, AUC
//	input, output ──Detector────▶ score, anomalous or not ─────ROC──────────────────▶ AUC, precision, recall
//	output tensor ──Regressor───▶ values with units ───────────Regression───────────▶ MSE, MAE, R²
//	output tensor ──Sampler─────▶ the next token ──────────────Sequences────────────▶ exact matches, edit distance
//
// A Spec says which task a network is for; it travels in the model file. Answers are float32 arithmetic in a defined
// order: equal outputs give equal answers on every machine.
package task

import "fmt"

// Kinds of task.
const (
	KindNone     = "none"     // outputs are the answer
	KindClassify = "classify" // one class out of many
	KindAnomaly  = "anomaly"  // normal or not
	KindRegress  = "regress"  // outputs are quantities
)

// What the numbers of a classifier's output are.
const (
	Logits           = "logits"            // probabilities are their softmax
	LogProbabilities = "log-probabilities" // likewise: int8 ones do not add up to 1 by themselves
	Probabilities    = "probabilities"
)

// Spec describes a task.
type Spec struct {
	Kind string `json:"kind"`

	// Of KindClassify.
	OutputIs string `json:"outputIs,omitempty"`
	TopK     int    `json:"topK,omitempty"` // answers wanted at most; 0 stands for 1

	// Threshold is the least probability of an answer (KindClassify), or the largest score of what is normal (KindAnomaly).
	Threshold float32 `json:"threshold,omitempty"`

	// Score says what a sample's score is (KindAnomaly).
	Score string `json:"score,omitempty"`

	// Of KindRegress: the quantity i is output[i]·Scales[i] + Offsets[i] in Units[i], each one for all outputs, or one for
	// each; none stands for a scale of 1, an offset of 0 and no unit.
	Scales  []float32 `json:"scales,omitempty"`
	Offsets []float32 `json:"offsets,omitempty"`
	Units   []string  `json:"units,omitempty"`

	// Of KindSequence: the token that begins each sequence, and the one that ends it, or NoToken; how many may be written at
	// most, 0 for as many as the network has places for; and how they become text, as a front end's tokenizer has it.
	StartToken int    `json:"startToken,omitempty"`
	EndToken   int    `json:"endToken,omitempty"`
	MaxTokens  int    `json:"maxTokens,omitempty"`
	Tokenizer  string `json:"tokenizer,omitempty"`
}

// Bounds of a specification: no list of answers is longer than maxTopK, no unit's name than maxUnit bytes.
const (
	maxTopK = 1000
	maxUnit = 64
)

// Check reports the first thing that is wrong with the specification.
func (s Spec) Check() error {
	switch s.Kind {
	case KindNone, KindClassify, KindAnomaly, KindRegress, KindSequence:
	default:
		return fmt.Errorf("task: kind %q unknown; wanted %q, %q, %q, %q or %q", s.Kind, KindNone, KindClassify, KindAnomaly, KindRegress, KindSequence)
	}
	for _, f := range []struct {
		name  string
		given bool
		kinds [2]string
	}{
		{"outputIs", s.OutputIs != "", [2]string{KindClassify}},
		{"topK", s.TopK != 0, [2]string{KindClassify}},
		{"threshold", s.Threshold != 0, [2]string{KindClassify, KindAnomaly}},
		{"score", s.Score != "", [2]string{KindAnomaly}},
		{"startToken, endToken, maxTokens or tokenizer", s.StartToken != 0 || s.EndToken != 0 || s.MaxTokens != 0 || s.Tokenizer != "", [2]string{KindSequence}},
		{"scales, offsets or units", len(s.Scales)+len(s.Offsets)+len(s.Units) > 0, [2]string{KindRegress}},
	} {
		if f.given && s.Kind != f.kinds[0] && s.Kind != f.kinds[1] {
			return fmt.Errorf("task: kind %q takes no %s", s.Kind, f.name)
		}
	}
	switch s.Kind {
	case KindClassify:
		return s.checkClassify()
	case KindAnomaly:
		return s.checkAnomaly()
	case KindRegress:
		return s.checkRegress()
	case KindSequence:
		return s.checkSequence()
	}
	return nil
}

func (s *Spec) checkClassify() error {
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
