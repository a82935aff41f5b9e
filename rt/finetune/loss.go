package finetune

import (
	"math"

	"edgerun/kernels/fixed"
)

// Loss is what training makes small.
type Loss uint8

const (
	// CrossEntropy is −Σ_c t_c·w_c·ln softmax(z)_c over classes, with t the label in one-hot form, smoothed to
	// t_c = (1−s)·[c = label] + s/classes, and class weights w. A step's loss and gradient are divided by Σ w_label over its
	// samples. ∂/∂z_c = softmax(z)_c·Σ_k t_k·w_k − t_c·w_c. Source: PyTorch's CrossEntropyLoss; Bishop (2006), 4.3.4.
	CrossEntropy Loss = iota
	// BinaryCrossEntropy is the mean over outputs of −t·ln σ(z) − (1−t)·ln(1−σ(z)) for targets t in [0,1], as
	// max(z,0) − z·t + ln(1+e^−|z|). ∂/∂z = (σ(z) − t)/outputs. Source: PyTorch's BCEWithLogitsLoss.
	BinaryCrossEntropy
	// MeanSquaredError is the mean over outputs of (y − t)². ∂/∂y = 2·(y − t)/outputs.
	MeanSquaredError
)

// criterion computes losses of samples and their gradients by the tail's output.
type criterion struct {
	loss      Loss
	weights   []float32 // by class; nil: 1
	smoothing float32
	softmax   []float32
}

// sample returns a sample's loss, what it counts in a step's mean, and writes the gradient for an undivided sum; grad may be
// nil.
func (c *criterion) sample(grad, z []float32, label int, target []float32) (loss, count float32) {
	switch c.loss {
	case CrossEntropy:
		return c.crossEntropy(grad, z, label)
	case BinaryCrossEntropy:
		for i, x := range z {
			l := max(x, 0) - float32(x*target[i]) + fixed.SoftplusF32(-abs(x))
			loss += l
			if grad != nil {
				grad[i] = (fixed.LogisticF32(x) - target[i]) / float32(len(z))
			}
		}
	case MeanSquaredError:
		for i, x := range z {
			d := x - target[i]
			loss += float32(d * d)
			if grad != nil {
				grad[i] = 2 * d / float32(len(z))
			}
		}
	}
	return loss / float32(len(z)), 1
}

func (c *criterion) weight(class int) float32 {
	if c.weights == nil {
		return 1
	}
	return c.weights[class]
}

func (c *criterion) crossEntropy(grad, z []float32, label int) (loss, count float32) {
	top := float32(math.Inf(-1))
	for _, x := range z {
		top = max(top, x)
	}
	sum := fixed.Sum16Exp(z, top)
	log := fixed.LogF32(sum)
	share := c.smoothing / float32(len(z))
	total := float32(0) // Σ t·w
	for i, x := range z {
		t := share
		if i == label {
			t += 1 - c.smoothing
		}
		t = float32(t * c.weight(i))
		total += t
		if t != 0 {
			loss += float32(t * (log - (x - top)))
		}
		if grad != nil {
			grad[i] = t
		}
	}
	if grad != nil {
		for i, x := range z {
			p := fixed.ExpF32(x-top) / sum
			grad[i] = float32(p*total) - grad[i]
		}
	}
	return loss, c.weight(label)
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
