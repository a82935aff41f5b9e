package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"edgerun/rt/finetune"
)

// tuned is what a tuning gave.
type tuned struct {
	Model      string  `json:"model"`
	Version    uint64  `json:"version"`
	Output     string  `json:"output,omitempty"`
	NewVersion uint64  `json:"new_version,omitempty"`
	Layers     string  `json:"layers"`
	Parameters int     `json:"parameters"`
	Samples    int     `json:"samples"` // that it learned from
	Held       int     `json:"held_out"`
	Replayed   int     `json:"replayed"` // of Samples, old ones
	OldHeld    int     `json:"old_held_out"`
	Batch      int     `json:"batch"`
	MicroBatch int     `json:"micro_batch"`
	Threads    int     `json:"threads"`
	Seconds    float64 `json:"seconds"`

	Memory    *memoryPlan `json:"memory"`
	Epochs    []epochLine `json:"epochs"`
	Before    *measured   `json:"before,omitempty"` // on held out samples
	After     *measured   `json:"after,omitempty"`
	OldBefore *measured   `json:"old_before,omitempty"`
	OldAfter  *measured   `json:"old_after,omitempty"`
	Gate      *verdict    `json:"gate,omitempty"`
	Folds     []foldLine  `json:"folds,omitempty"`
	FoldMean  *foldLine   `json:"folds_mean,omitempty"`
	FoldSD    *foldLine   `json:"folds_sd,omitempty"`
}

type epochLine struct {
	Loss     float32  `json:"loss"`
	HoldLoss *float32 `json:"held_out_loss,omitempty"`
	HoldAcc  *float32 `json:"held_out_accuracy,omitempty"`
}

func epochLines(all []finetune.Epoch, held bool, kind lessonKind) (lines []epochLine) {
	for _, e := range all {
		l := epochLine{Loss: e.Loss}
		if held {
			l.HoldLoss = &e.HoldLoss
			if kind == classes {
				l.HoldAcc = &e.HoldAcc
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// curve shows a learning curve while it grows: a line an epoch, with bars where the reader is a terminal.
type curve struct {
	w        io.Writer
	kind     lessonKind
	epochs   int
	held     bool
	terminal bool
	top      float32 // the first loss
	losses   []float32
}

func newCurve(w io.Writer, kind lessonKind, epochs int, held bool) *curve {
	f, ok := w.(*os.File)
	return &curve{w: w, kind: kind, epochs: epochs, held: held, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

func (c *curve) report(e finetune.Epoch) {
	line := fmt.Sprintf("epoch %*d of %d: loss %-8.4g", len(fmt.Sprint(c.epochs)), e.Index+1, c.epochs, e.Loss)
	loss := e.Loss
	if c.held {
		line += fmt.Sprintf("  held out %-8.4g", e.HoldLoss)
		loss = e.HoldLoss
		if c.kind == classes {
			line += fmt.Sprintf("  accuracy %7s", percent(float64(e.HoldAcc)))
		}
	}
	c.losses = append(c.losses, loss)
	c.top = max(c.top, loss)
	if c.terminal {
		line += "  " + bar(loss, c.top, 24)
	}
	fmt.Fprintln(c.w, strings.TrimRight(line, " "))
}

// finish draws the whole curve in one line.
func (c *curve) finish() {
	if len(c.losses) > 1 {
		fmt.Fprintf(c.w, "loss %s\n", sparkline(c.losses))
	}
}

// bar is a length of blocks, in eighths.
func bar(v, top float32, wide int) string {
	if !(v > 0 && top > 0) {
		return ""
	}
	n := int(math.Round(float64(8*wide) * float64(v) / float64(top)))
	s := strings.Repeat("█", n/8)
	if n%8 > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[n%8-1])
	}
	return s
}

// sparkline draws numbers as columns, all of up to 60 of them.
func sparkline(x []float32) string {
	const most = 60
	top := float32(0)
	for _, v := range x {
		top = max(top, v)
	}
	var b strings.Builder
	for i := range min(len(x), most) {
		v := x[i*len(x)/min(len(x), most)]
		k := 0
		if top > 0 && v > 0 {
			k = min(7, int(float64(8)*float64(v)/float64(top)))
		}
		b.WriteRune([]rune("▁▂▃▄▅▆▇█")[k])
	}
	return b.String()
}

// beginning says what will be done.
func (r *tuned) beginning(w io.Writer, t *tuning) {
	what := map[finetune.Loss]string{finetune.CrossEntropy: "cross-entropy", finetune.BinaryCrossEntropy: "binary cross-entropy", finetune.MeanSquaredError: "mean squared error"}[t.loss]
	if t.kind == reconstruct {
		what += " of the reconstruction"
	}
	only := ""
	if t.options.biases {
		only = ", biases alone"
	}
	fmt.Fprintf(w, "%s, version %d: %d numbers of %s%s learn by %s\n", r.Model, r.Version, r.Parameters, r.Layers, only, what)
	fmt.Fprintf(w, "samples: %d to learn from", r.Samples)
	if r.Replayed > 0 {
		fmt.Fprintf(w, " (%d of them old)", r.Replayed)
	}
	fmt.Fprintf(w, ", %d held out", r.Held)
	if r.OldHeld > 0 {
		fmt.Fprintf(w, ", %d old ones to check", r.OldHeld)
	}
	fmt.Fprintln(w)
	m := r.Memory
	fmt.Fprintf(w, "training needs %d bytes beyond inference: %d for weights, gradients, optimizer and activations", m.Total, m.Training)
	for _, part := range []struct {
		n    int
		what string
	}{{m.Best, "the best weights"}, {m.Features, "features"}, {m.Samples, "order and targets"}} {
		if part.n > 0 {
			fmt.Fprintf(w, ", %d for %s", part.n, part.what)
		}
	}
	if m.Bound > 0 {
		fmt.Fprintf(w, "; the bound is %d", m.Bound)
	}
	if m.File > 0 {
		fmt.Fprintf(w, "; %d bytes of features are on disk", m.File)
	}
	fmt.Fprintln(w)
}

// beforeAfter shows a network before and after on the same samples.
func beforeAfter(w io.Writer, title string, before, after *measured, labels []string) error {
	if before == nil {
		return nil
	}
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	switch {
	case before.classEvaluation != nil:
		b, a := before.confusion, after.confusion
		fmt.Fprintln(t, "class\tprecision\tafter\trecall\tafter\tF1\tafter\tsamples\t")
		for k := range b.Classes() {
			x, n := b.Class(k)
			y, _ := a.Class(k)
			name := fmt.Sprint(k)
			if k < len(labels) {
				name = labels[k]
			}
			fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t\n", name, 100*x.Precision, 100*y.Precision, 100*x.Recall, 100*y.Recall, 100*x.F1, 100*y.F1, n)
		}
		x, y := b.Macro(), a.Macro()
		fmt.Fprintf(t, "macro average\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t\n", 100*x.Precision, 100*y.Precision, 100*x.Recall, 100*y.Recall, 100*x.F1, 100*y.F1, b.Samples())
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(w, "accuracy %s before, %s after\n", percent(b.Accuracy()), percent(a.Accuracy()))
		if b.Classes() <= 20 {
			fmt.Fprintf(w, "\nbefore\n%s\nafter\n%s", b.MatrixTable(labels), a.MatrixTable(labels))
		}
		return nil
	case before.Regress != nil:
		fmt.Fprintln(t, "output\tRMSE\tafter\tMAE\tafter\tR2\tafter\t")
		for i, o := range before.Regress.Outputs {
			n := after.Regress.Outputs[i]
			name := o.Name
			if name == "" {
				name = fmt.Sprint(i)
			}
			fmt.Fprintf(t, "%s\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t\n", name, o.RMSE, n.RMSE, o.MAE, n.MAE, o.R2, n.R2)
		}
		return t.Flush()
	}
	fmt.Fprintln(t, "\tbefore\tafter\t")
	if before.Score != nil {
		fmt.Fprintf(t, "mean score of normal samples\t%.6g\t%.6g\t\n", *before.Score, *after.Score)
		fmt.Fprintf(t, "within the threshold\t%s\t%s\t\n", percent(*before.Within), percent(*after.Within))
	}
	if x, y := before.Anomaly, after.Anomaly; x != nil && y != nil {
		fmt.Fprintf(t, "AUC\t%s\t%s\t\n", optionalPercent(x.AUC), optionalPercent(y.AUC))
		fmt.Fprintf(t, "F1 at the threshold\t%s\t%s\t\n", percent(x.Threshold.F1), percent(y.Threshold.F1))
	}
	return t.Flush()
}

// foldLine is one part of a cross-validation.
type foldLine struct {
	Name    string    `json:"name,omitempty"`
	Samples int       `json:"samples,omitempty"`
	Epochs  int       `json:"epochs,omitempty"`
	Before  []float64 `json:"before"` // by foldFigures
	After   []float64 `json:"after"`
}

// foldFigures are what a cross-validation shows for a result, and whether they are shares.
func foldFigures(m *measured) (names []string, values []float64, share bool) {
	switch {
	case m.classEvaluation != nil:
		return []string{"accuracy", "precision", "recall", "F1"}, []float64{m.Accuracy, m.Precision, m.Recall, m.F1}, true
	case m.Regress != nil:
		return []string{"RMSE", "MAE", "R2"}, []float64{m.Regress.RMSE, m.Regress.MAE, m.Regress.R2}, false
	}
	return []string{"mean score"}, []float64{*m.Score}, false
}

// meanAndSD returns the mean over folds and the standard deviation of the folds around it (n − 1).
func meanAndSD(folds []foldLine) (mean, sd *foldLine) {
	of := func(get func(*foldLine) []float64) (m, s []float64) {
		for k := range get(&folds[0]) {
			sum, squares := 0.0, 0.0
			for i := range folds {
				sum += get(&folds[i])[k]
			}
			mean := sum / float64(len(folds))
			for i := range folds {
				d := get(&folds[i])[k] - mean
				squares += float64(d * d)
			}
			m, s = append(m, mean), append(s, math.Sqrt(squares/float64(max(1, len(folds)-1))))
		}
		return m, s
	}
	mean, sd = &foldLine{}, &foldLine{}
	mean.Before, sd.Before = of(func(f *foldLine) []float64 { return f.Before })
	mean.After, sd.After = of(func(f *foldLine) []float64 { return f.After })
	return mean, sd
}

// foldTable prints a cross-validation.
func (r *tuned) foldTable(w io.Writer, names []string, share bool) error {
	text := func(v float64) string {
		if share {
			return fmt.Sprintf("%.2f", 100*v)
		}
		return fmt.Sprintf("%.6g", v)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "fold\tsamples\t")
	for _, n := range names {
		fmt.Fprintf(t, "%s\tafter\t", n)
	}
	fmt.Fprintln(t)
	for _, f := range r.Folds {
		fmt.Fprintf(t, "%s\t%d\t", f.Name, f.Samples)
		for k := range names {
			fmt.Fprintf(t, "%s\t%s\t", text(f.Before[k]), text(f.After[k]))
		}
		fmt.Fprintln(t)
	}
	fmt.Fprint(t, "mean ± sd\t\t")
	for k := range names {
		fmt.Fprintf(t, "%s ± %s\t%s ± %s\t", text(r.FoldMean.Before[k]), text(r.FoldSD.Before[k]), text(r.FoldMean.After[k]), text(r.FoldSD.After[k]))
	}
	fmt.Fprintln(t)
	return t.Flush()
}
