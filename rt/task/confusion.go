package task

import (
	"fmt"
	"strings"
)

// Confusion counts what a classifier answered for samples whose class is known. All metrics are ratios of counts; a
// ratio 0/0 counts as 0 everywhere (the precision of a class that was never answered, say), and macro averages run
// over all classes, such ones included.
type Confusion struct {
	classes int
	count   []uint64 // [truth][answer], with a last column for samples without an answer
}

// NewConfusion returns an empty matrix for that many classes.
func NewConfusion(classes int) *Confusion {
	return &Confusion{classes, make([]uint64, classes*(classes+1))}
}

// NoAnswer is the prediction for a sample that the classifier gave no answer for. It counts as wrong.
const NoAnswer = -1

// Add counts one sample.
func (c *Confusion) Add(truth, prediction int) error {
	if truth < 0 || truth >= c.classes {
		return fmt.Errorf("task: true class %d outside [0,%d)", truth, c.classes)
	}
	if prediction == NoAnswer {
		prediction = c.classes
	} else if prediction < 0 || prediction >= c.classes {
		return fmt.Errorf("task: predicted class %d outside [0,%d)", prediction, c.classes)
	}
	c.count[truth*(c.classes+1)+prediction]++
	return nil
}

// Classes returns the number of classes.
func (c *Confusion) Classes() int { return c.classes }

// At returns how many samples of class truth were answered with prediction, which may be NoAnswer.
func (c *Confusion) At(truth, prediction int) uint64 {
	if prediction == NoAnswer {
		prediction = c.classes
	}
	return c.count[truth*(c.classes+1)+prediction]
}

// Samples returns how many samples were counted.
func (c *Confusion) Samples() (n uint64) {
	for _, v := range c.count {
		n += v
	}
	return n
}

// Correct returns how many samples were answered with their class.
func (c *Confusion) Correct() (n uint64) {
	for k := range c.classes {
		n += c.At(k, k)
	}
	return n
}

// Accuracy is the share of samples answered with their class.
func (c *Confusion) Accuracy() float64 { return ratio(c.Correct(), c.Samples()) }

// Metrics are one class's figures, or their averages.
type Metrics struct {
	Precision float64 // of the samples answered with the class, the share that is of it
	Recall    float64 // of the samples of the class, the share answered with it
	F1        float64 // harmonic mean of both
}

// Class returns the figures of class k and how many samples are of it.
func (c *Confusion) Class(k int) (m Metrics, samples uint64) {
	var answered uint64
	for i := range c.classes {
		samples += c.At(k, i)
		answered += c.At(i, k)
	}
	samples += c.At(k, NoAnswer)
	hit := c.At(k, k)
	return Metrics{ratio(hit, answered), ratio(hit, samples), ratio(2*hit, answered+samples)}, samples
}

// Macro returns the plain averages over the classes that a sample is of or was answered with.
func (c *Confusion) Macro() (m Metrics) {
	seen := 0
	for k := range c.classes {
		v, samples := c.Class(k)
		if samples == 0 && !c.answered(k) {
			continue
		}
		seen++
		m.Precision += v.Precision
		m.Recall += v.Recall
		m.F1 += v.F1
	}
	n := float64(max(seen, 1))
	return Metrics{m.Precision / n, m.Recall / n, m.F1 / n}
}

// answered reports whether any sample was answered with class k.
func (c *Confusion) answered(k int) bool {
	for i := range c.classes {
		if c.At(i, k) > 0 {
			return true
		}
	}
	return false
}

func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// maxMatrix is the number of classes up to which Table draws the matrix.
const maxMatrix = 20

// Table returns the figures as text, in percent: one line for each class, averages, accuracy, and for up to 20 classes
// the matrix. A class without a label goes by its number.
func (c *Confusion) Table(labels []string) string {
	name, wide := c.names(labels)
	var b strings.Builder
	line := func(name string, m Metrics, samples uint64) {
		fmt.Fprintf(&b, "%-*s  %9.2f  %6.2f  %6.2f  %7d\n", wide, name, 100*m.Precision, 100*m.Recall, 100*m.F1, samples)
	}
	fmt.Fprintf(&b, "%-*s  precision  recall      f1  samples\n", wide, "class")
	for k := range c.classes {
		m, samples := c.Class(k)
		line(name(k), m, samples)
	}
	line("macro average", c.Macro(), c.Samples())
	fmt.Fprintf(&b, "accuracy %.2f %% (%d of %d)\n", 100*c.Accuracy(), c.Correct(), c.Samples())
	if c.classes <= maxMatrix {
		b.WriteByte('\n')
		b.WriteString(c.MatrixTable(labels))
	}
	return b.String()
}

// names returns the name of each class and how wide a column of them is.
func (c *Confusion) names(labels []string) (name func(int) string, wide int) {
	name = func(k int) string {
		if k < len(labels) {
			return labels[k]
		}
		return fmt.Sprint(k)
	}
	wide = len("macro average")
	for k := range c.classes {
		wide = max(wide, len([]rune(name(k))))
	}
	return name, wide
}

// MatrixTable returns the matrix as text, a row for each true class and a column for each answer.
func (c *Confusion) MatrixTable(labels []string) string {
	name, wide := c.names(labels)
	cell := len(fmt.Sprint(c.Samples()))
	for k := range c.classes {
		cell = max(cell, min(len([]rune(name(k))), 8))
	}
	var b strings.Builder
	columns := make([]int, 0, c.classes+1)
	var none uint64
	for k := range c.classes {
		columns = append(columns, k)
		none += c.At(k, NoAnswer)
	}
	fmt.Fprintf(&b, "%-*s", wide, "true \\ answer")
	for _, k := range columns {
		fmt.Fprintf(&b, "  %*.8s", cell, name(k))
	}
	if none > 0 {
		columns = append(columns, NoAnswer)
		fmt.Fprintf(&b, "  %*s", cell, "none")
	}
	b.WriteByte('\n')
	for k := range c.classes {
		fmt.Fprintf(&b, "%-*s", wide, name(k))
		for _, j := range columns {
			fmt.Fprintf(&b, "  %*d", cell, c.At(k, j))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
