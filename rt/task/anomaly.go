package task

import (
	"fmt"

	"edgerun/kernels/fixed"
)

// What a sample's anomaly score is. All but ScoreOutput compare a network's output with the input that it reconstructs.
const (
	ScoreMSE    = "mse"    // mean squared difference
	ScoreMAE    = "mae"    // mean absolute difference
	ScoreMax    = "max"    // largest absolute difference
	ScoreOutput = "output" // the network's only output itself
)

func (s *Spec) checkAnomaly() error {
	switch s.Score {
	case ScoreMSE, ScoreMAE, ScoreMax, ScoreOutput:
	default:
		return fmt.Errorf("task: score %q unknown; wanted %q, %q, %q or %q", s.Score, ScoreMSE, ScoreMAE, ScoreMax, ScoreOutput)
	}
	if s.Threshold-s.Threshold != 0 {
		return fmt.Errorf("task: threshold %g", s.Threshold)
	}
	return nil
}

// Anomaly is the answer for one sample.
type Anomaly struct {
	Score     float32
	Anomalous bool // the score passes the threshold, or is NaN
}

// Detector answers which samples are anomalous.
type Detector struct {
	spec            Spec
	inputs, outputs int
}

// NewDetector returns a detector for a network of that many inputs and outputs: equal numbers, or one output for
// ScoreOutput.
func NewDetector(spec Spec, inputs, outputs int) (*Detector, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	switch {
	case spec.Kind != KindAnomaly:
		return nil, fmt.Errorf("task: kind %q is no detector of anomalies", spec.Kind)
	case spec.Score == ScoreOutput && outputs != 1:
		return nil, fmt.Errorf("task: %d outputs, wanted one, which is the score", outputs)
	case spec.Score != ScoreOutput && (inputs != outputs || inputs < 1):
		return nil, fmt.Errorf("task: %d outputs for %d inputs, wanted as many, which reconstruct them", outputs, inputs)
	}
	return &Detector{spec, inputs, outputs}, nil
}

// Detect returns the answer for a sample: input is what the network was given, in its own units, and output what it made
// of it. Sums are fixed.Sum16's, so equal numbers give equal scores everywhere. A session may reuse its input's memory
// while it runs: keep a copy. Detect allocates nothing unless it fails; ScoreOutput does not look at input.
func (d *Detector) Detect(input, output []float32) (Anomaly, error) {
	if len(output) != d.outputs || d.spec.Score != ScoreOutput && len(input) != d.inputs {
		return Anomaly{}, fmt.Errorf("task: %d inputs and %d outputs, wanted %d and %d", len(input), len(output), d.inputs, d.outputs)
	}
	var score float32
	switch d.spec.Score {
	case ScoreMSE:
		score = fixed.Sum16Squares(input, output) / float32(d.inputs)
	case ScoreMAE:
		score = fixed.Sum16Abs(input, output) / float32(d.inputs)
	case ScoreMax:
		score = fixed.MaxAbs(input, output)
	case ScoreOutput:
		score = output[0]
	}
	return Anomaly{score, !(score <= d.spec.Threshold)}, nil
}
