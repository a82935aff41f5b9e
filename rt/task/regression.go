package task

import (
	"fmt"
	"math"
)

// Regression sums up how far answers are from the truth, output by output, in memory that does not grow.
type Regression struct {
	samples int
	outputs []deviation
}

// deviation is of one output. mean and spread, Σ(t − mean)², of the truth follow Welford's recurrence, which does not
// cancel where the truth is far from 0.
type deviation struct{ squares, abs, worst, mean, spread float64 }

// NewRegression returns an empty sum for that many outputs.
func NewRegression(outputs int) *Regression { return &Regression{outputs: make([]deviation, outputs)} }

// Add counts one sample.
func (r *Regression) Add(truth, answer []float32) error {
	if len(truth) != len(r.outputs) || len(answer) != len(r.outputs) {
		return fmt.Errorf("task: %d answers for %d true values, wanted %d outputs", len(answer), len(truth), len(r.outputs))
	}
	r.samples++
	for i := range r.outputs {
		d, t := &r.outputs[i], float64(truth[i])
		e := math.Abs(float64(answer[i]) - t)
		d.squares += float64(e * e)
		d.abs += e
		d.worst = max(d.worst, e)
		off := t - d.mean
		d.mean += off / float64(r.samples)
		d.spread += float64(off * (t - d.mean))
	}
	return nil
}

// Errors are the figures of one output, or of all.
type Errors struct {
	MSE  float64 `json:"mse"`
	RMSE float64 `json:"rmse"`
	MAE  float64 `json:"mae"`
	R2   float64 `json:"r2"`  // 1 − MSE/variance of the truth; for a constant truth 1 if all answers are it, else 0
	Max  float64 `json:"max"` // largest absolute error
}

// Samples returns how many samples were counted.
func (r *Regression) Samples() int { return r.samples }

// Outputs returns the number of outputs.
func (r *Regression) Outputs() int { return len(r.outputs) }

// Output returns the figures of output i.
func (r *Regression) Output(i int) Errors {
	d, n := r.outputs[i], float64(max(r.samples, 1))
	e := Errors{MSE: d.squares / n, MAE: d.abs / n, Max: d.worst}
	e.RMSE = math.Sqrt(e.MSE)
	switch {
	case d.spread > 0:
		e.R2 = 1 - d.squares/d.spread
	case d.squares == 0:
		e.R2 = 1
	}
	return e
}

// All returns the figures of all outputs: averages of MSE, MAE and R², the root of the MSE, the largest error.
func (r *Regression) All() (all Errors) {
	for i := range r.outputs {
		e := r.Output(i)
		all.MSE += e.MSE
		all.MAE += e.MAE
		all.R2 += e.R2
		all.Max = max(all.Max, e.Max)
	}
	n := float64(max(len(r.outputs), 1))
	all.MSE, all.MAE, all.R2 = all.MSE/n, all.MAE/n, all.R2/n
	all.RMSE = math.Sqrt(all.MSE)
	return all
}
