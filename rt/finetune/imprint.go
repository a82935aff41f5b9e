package finetune

import (
	"fmt"
	"math"
	"slices"

	"edgerun/kernels/fixed"
)

// overtaken is the part of the other classes' samples whose answer an imprinted class may change.
const overtaken = 0.01

// Imprint gives a class its weights from a few of its samples, without gradient descent: usually one of NewClasses, from 1 to
// 5. others are samples of the other classes, best a few of each. The head must be trained; a sample's embedding x is what it
// reads. With the mean x̂ of normalised embeddings x/‖x‖ over the class's samples, ô over the others, and the mean norm ‖w‖
// of other classes' weights,
//
//	w = ‖w‖·(x̂ − ô)/‖x̂ − ô‖
//
// and the bias is the largest that lets the class's output be, as a mean over the others, what an output that does not win
// is, and lets it win at most one in a hundred of them.
//
// The source takes x̂ alone, of embeddings that were trained to be compared by their angle, and no bias. Those of other
// networks have most of their direction in common: without ô old classes lose 10 to 90 points, or the new one finds
// nothing. Networks of testdata, each class left out in turn, six draws of five samples, classifiers in float32: keywords
// 87 % of the class found, the others lose 0.5 points; digits, convolution 96 %, 0.8 points; digits, two layers 62 %, 1.1
// points. One sample: 86, 94, 45 %.
// Source: Qi, Brown and Lowe, Low-Shot Learning with Imprinted Weights (2018).
func (t *Tuner) Imprint(class int, s *Samples, some, others []int) error {
	p := t.head()
	switch {
	case p == nil:
		return fmt.Errorf("finetune: imprinting needs a fully connected last layer with biases that trains: %w", ErrLayers)
	case class < 0 || class >= t.Outputs():
		return fmt.Errorf("finetune: class %d, want 0 to %d: %w", class, t.Outputs()-1, ErrLayers)
	case len(some) == 0 || len(others) == 0:
		return fmt.Errorf("finetune: %d samples of class %d and %d of others, want one of both at least: %w", len(some), class, len(others), ErrLayers)
	}
	own, _, err := t.embed(p, s, some, class)
	if err != nil {
		return err
	}
	rest, losing, err := t.embed(p, s, others, class)
	if err != nil {
		return err
	}
	for i := range own {
		own[i] -= rest[i]
	}
	norm := fixed.SqrtF32(fixed.SumSquares16(own))
	if !(norm > 0) || norm > math.MaxFloat32 {
		return fmt.Errorf("finetune: samples of class %d look like all others: %w", class, ErrLayers)
	}
	row := make([]float32, p.k)
	sum, n := float32(0), 0
	for c := range p.n {
		if t.known(c, class) {
			p.w.channel(row, c)
			sum, n = sum+fixed.SqrtF32(fixed.SumSquares16(row)), n+1
		}
	}
	for i := range own {
		own[i] *= sum / float32(n) / norm
	}
	p.w.setChannel(own, class)
	p.b.value[class] = 0
	t.tail.e.changed()

	// With no bias the class's output is w·x, and what it lacks to win is a bias that wins.
	mean, lacks := float32(0), make([]float32, 0, len(others))
	err = t.pass(s, others, func(i int) {
		z := t.tail.out.real(i)
		mean += z[class] / float32(len(others))
		lacks = append(lacks, t.top(z, class)-z[class])
	})
	if err != nil {
		return err
	}
	slices.Sort(lacks)
	p.b.value[class] = min(losing-mean, lacks[int(overtaken*float64(len(lacks)))])
	t.imprinted = append(t.imprinted, class)
	return nil
}

// head returns the layer that computes the outputs of classes, where it has one row a sample and trains; nil otherwise.
func (t *Tuner) head() *product {
	for i := range t.tail.layers {
		p, ok := t.tail.layers[i].layer.(*product)
		if ok && p.y == t.tail.out && p.mean == nil && p.rows == 1 && p.groups == 1 && !p.clamp && p.w.train && p.b != nil && p.b.train {
			return p
		}
	}
	return nil
}

// known reports whether a class has weights to compare with those of class: those of a new one say nothing before they are
// imprinted.
func (t *Tuner) known(c, class int) bool {
	return c != class && (c < t.Outputs()-t.options.NewClasses || slices.Contains(t.imprinted, c))
}

// top is the largest output of known classes other than class.
func (t *Tuner) top(z []float32, class int) float32 {
	top := float32(math.Inf(-1))
	for c, v := range z {
		if t.known(c, class) {
			top = max(top, v)
		}
	}
	return top
}

// pass computes samples and calls f for each, by its place in the micro-batch.
func (t *Tuner) pass(s *Samples, some []int, f func(i int)) error {
	for len(some) > 0 {
		part := some[:min(t.micro, len(some))]
		some = some[len(part):]
		if err := t.load(s, part); err != nil {
			return err
		}
		t.tail.forward(len(part))
		for i := range part {
			f(i)
		}
	}
	return nil
}

// embed returns the mean of the samples' normalised embeddings, and of the outputs of known classes that do not win.
func (t *Tuner) embed(p *product, s *Samples, some []int, class int) (mean []float32, losing float32, err error) {
	mean, x := make([]float32, p.k), make([]float32, p.k)
	err = t.pass(s, some, func(i int) {
		tile := p.depthTile(1)
		for k := 0; k < p.k; k += tile {
			end := min(k+tile, p.k)
			part, _ := p.gather(&t.tail.e.hand, 0, i, 1, k, end)
			copy(x[k:end], part)
		}
		whole := fixed.SqrtF32(fixed.SumSquares16(x)) * float32(len(some))
		for k, v := range x {
			mean[k] += v / max(whole, 1e-30)
		}
		z := t.tail.out.real(i)
		sum, n := -t.top(z, class), -1
		for c, v := range z {
			if t.known(c, class) {
				sum, n = sum+v, n+1
			}
		}
		losing += sum / float32(max(n, 1)) / float32(len(some))
	})
	return mean, losing, err
}

// channel reads the weights of an output channel of a layer without groups.
func (p *param) channel(dst []float32, c int) {
	for k := range dst {
		if i := k*p.n + c; p.coded {
			dst[k] = float32(p.codes[i]) * p.unit[c]
		} else {
			dst[k] = p.value[i]
		}
	}
}

// setChannel is channel's reverse. Codes are rounded, halves away from zero.
func (p *param) setChannel(src []float32, c int) {
	for k, v := range src {
		if i := k*p.n + c; p.coded {
			p.codes[i] = int8(min(max(math.Round(float64(v)/float64(p.unit[c])), -127), 127))
		} else {
			p.value[i] = v
		}
	}
}
