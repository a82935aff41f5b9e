package task

import (
	"fmt"

	"edgerun/kernels/fixed"
)

// Answer is a class and its probability.
type Answer struct {
	Class       int
	Probability float32
}

// Classifier answers which classes an output speaks for. One goroutine at a time may use it.
type Classifier struct {
	spec    Spec
	classes int
	answers []Answer
}

// NewClassifier returns a classifier for outputs of that many classes.
func NewClassifier(spec Spec, classes int) (*Classifier, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if spec.Kind != KindClassify {
		return nil, fmt.Errorf("task: kind %q is no classifier", spec.Kind)
	}
	if classes < 1 {
		return nil, fmt.Errorf("task: %d classes", classes)
	}
	return &Classifier{spec, classes, make([]Answer, 0, min(max(spec.TopK, 1), classes))}, nil
}

// Classify returns the TopK most probable classes whose probability is at least Threshold, most probable first, equal
// outputs in order of their class. Ranks follow the output itself, which tells apart what probabilities round to the
// same. An output with NaN, or with infinite logits, has no probabilities and may give no answer.
//
// The answers are valid until the next call. Classify allocates nothing unless it fails: output must hold one number
// for each class.
func (c *Classifier) Classify(output []float32) ([]Answer, error) {
	if len(output) != c.classes {
		return nil, fmt.Errorf("task: output of %d values, wanted %d classes", len(output), c.classes)
	}
	best := c.answers[:0]
	for class, v := range output {
		if v != v {
			continue
		}
		i := len(best) // v's rank
		for i > 0 && v > best[i-1].Probability {
			i--
		}
		if i == cap(best) {
			continue
		}
		if len(best) < cap(best) {
			best = best[:len(best)+1]
		}
		copy(best[i+1:], best[i:])
		best[i] = Answer{class, v} // the output itself until ranks are final
	}
	if len(best) == 0 {
		return best, nil
	}
	top := best[0].Probability
	var sum float32
	if c.spec.OutputIs != Probabilities {
		sum = fixed.Sum16Exp(output, top)
	}
	kept := 0
	for _, a := range best {
		if c.spec.OutputIs != Probabilities {
			a.Probability = fixed.ExpF32(a.Probability-top) / sum
		}
		if a.Probability >= c.spec.Threshold {
			best[kept] = a
			kept++
		}
	}
	return best[:kept], nil
}

// Probabilities writes the probability of every class to dst, which must be as long as output: the output itself, or its
// softmax. It allocates nothing.
func (c *Classifier) Probabilities(dst, output []float32) {
	copy(dst, output)
	if c.spec.OutputIs == Probabilities || len(output) == 0 {
		return
	}
	top := output[0]
	for _, v := range output {
		top = max(top, v)
	}
	sum := fixed.Sum16Exp(output, top)
	for i, v := range output {
		dst[i] = fixed.ExpF32(v-top) / sum
	}
}

// Rank returns how many classes Classify would list before the given one: an answer is in the top k if its rank is below
// k. A class whose output is NaN comes last.
func Rank(output []float32, class int) int {
	v := output[class]
	if v != v {
		return len(output)
	}
	rank := 0
	for i, u := range output {
		if u > v || u == v && i < class {
			rank++
		}
	}
	return rank
}
