package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edgerun/loader"
	"edgerun/rt/finetune"
)

// refusal marks that the gate let a result not pass.
type refusal struct{ error }

// parts is who learns and who is held out, of new and of old samples.
type parts struct{ train, hold, oldTrain, oldHold []int }

// all are the samples that are learnt from.
func (p *parts) all() []int { return append(slices.Clone(p.train), p.oldTrain...) }

// parts splits the samples.
func (t *tuning) parts(of []int) (*parts, error) {
	o, class := t.options, t.corpus.classes()
	p := &parts{}
	learn, odd := of, []int(nil)
	if t.kind == reconstruct && class != nil { // anomalies are for measuring only
		learn = slices.DeleteFunc(slices.Clone(of), func(i int) bool { return class[i] != 0 })
		odd = without(of, learn)
	}
	p.train, p.hold = holdOut(learn, class, o.holdOut, o.seed)
	p.hold = append(p.hold, odd...)
	slices.Sort(p.hold)
	if len(p.train) == 0 {
		return nil, fmt.Errorf("%s: no samples to learn from", o.data)
	}
	if len(t.corpus.sets) > 1 {
		old := t.corpus.numbers(1)
		if t.kind == reconstruct && class != nil {
			old = slices.DeleteFunc(old, func(i int) bool { return class[i] != 0 })
		}
		n := o.replaySamples
		if n == 0 {
			n = len(p.train)
		}
		p.oldTrain, p.oldHold = holdOut(old, class, max(o.holdOut, 0.1), o.seed)
		var more []int
		p.oldTrain, more = fewOfEach(p.oldTrain, class, n, o.seed)
		p.oldHold = append(p.oldHold, more...)
		slices.Sort(p.oldHold)
	}
	if t.kind == classes || t.kind == oneOfMany {
		if all := byClass(p.all(), class); len(all) == 1 && t.model.Graph.Outputs[0].Shape.Elements() > 1 {
			return nil, fmt.Errorf("%s: all samples are of class %s: a classifier would forget the others: give samples of them too, or --replay old ones",
				o.data, className(class[all[0][0]], t.model.Labels))
		}
	}
	return p, nil
}

// tune trains, judges and writes.
func (t *tuning) tune(ctx context.Context, w io.Writer, out string, g gate, r *tuned, start time.Time) error {
	o := t.options
	p, err := t.parts(t.corpus.numbers(0))
	if err != nil {
		return err
	}
	train, held := p.all(), len(p.hold) > 0
	if r.Memory, err = t.prepare(held, t.classWeights(train)); err != nil {
		return err
	}
	r.Parameters, r.MicroBatch = t.tuner.Parameters(), t.tuner.MicroBatch()
	r.Samples, r.Held, r.Replayed, r.OldHeld = len(train), len(p.hold), len(p.oldTrain), len(p.oldHold)
	r.beginning(w, t)
	if err := t.makeFeatures(ctx); err != nil {
		return err
	}
	defer t.features.close()
	run := t.run(len(train))
	run.Stop = deadline(o.maxSeconds, time.Now())
	keeper, err := t.openCheckpoint(w, out, train, t.judges(p), &run)
	if err != nil {
		return err
	}
	defer keeper.close()
	run.Save = func(p *finetune.Progress) error { return keeper.save(ctx, p) }
	show := newCurve(w, t.kind, run.Epochs, held)
	run.Report = show.report
	epochs, err := t.tuner.Fit(t.samples, train, t.judges(p), run)
	if err != nil {
		return t.fitFailed(err, keeper)
	}
	show.finish()
	r.Epochs = epochLines(epochs, held, t.kind)
	if err := t.finish(ctx, w, out, g, r, p, start); err != nil {
		if errors.Is(err, context.Canceled) {
			return keeper.interrupt()
		}
		if errors.As(err, new(refusal)) {
			keeper.remove()
		}
		return err
	}
	keeper.remove()
	return nil
}

// finish judges what was learnt and writes it.
func (t *tuning) finish(ctx context.Context, w io.Writer, out string, g gate, r *tuned, p *parts, start time.Time) error {
	o := t.options
	after, err := t.result(ctx, p.all())
	if err != nil {
		return err
	}
	if r.Before, r.After, err = t.both(ctx, after, p.hold); err != nil {
		return err
	}
	if r.OldBefore, r.OldAfter, err = t.both(ctx, after, p.oldHold); err != nil {
		return err
	}
	if err := beforeAfter(w, fmt.Sprintf("new samples, %d held out: before, after", len(p.hold)), r.Before, r.After, t.model.Labels); err != nil {
		return err
	}
	if err := beforeAfter(w, fmt.Sprintf("old samples, %d held out: before, after", len(p.oldHold)), r.OldBefore, r.OldAfter, t.model.Labels); err != nil {
		return err
	}
	r.Gate = g.judge(r.Before, r.After, r.OldBefore, r.OldAfter, t.model.Labels)
	g.guard(r.Gate, t.model.Graph, after.Graph)
	r.Memory.Used = t.used(len(p.hold) > 0)
	fmt.Fprintf(w, "\n%d epochs in %.1f s; %d bytes beyond inference were used, %d were predicted\n", len(r.Epochs), time.Since(start).Seconds(), r.Memory.Used, r.Memory.Total)
	for _, n := range r.Gate.Notes {
		fmt.Fprintln(w, "gate:", n)
	}
	if !r.Gate.Passed {
		return refusal{fmt.Errorf("%s: the gate refuses the result, nothing is written: %s", out, strings.Join(r.Gate.Reasons, "; "))}
	}
	if o.inPlace {
		err = loader.Replace(ctx, out, after.Model, loader.EncodeOptions{})
	} else {
		err = loader.WriteFileContext(ctx, out, after.Model, loader.EncodeOptions{})
	}
	if err != nil {
		return err
	}
	r.Output, r.NewVersion = out, after.Version
	if o.inPlace {
		fmt.Fprintf(w, "%s: version %d; version %d is kept as %s ('edgerun rollback %s' brings it back)\n", out, after.Version, t.model.Version, loader.PreviousPath(out), out)
	} else {
		fmt.Fprintf(w, "%s: version %d\n", out, after.Version)
	}
	return nil
}

// judges are the samples whose loss says how good an epoch was: those held out of the new ones, and no more of the old ones.
func (t *tuning) judges(p *parts) []int {
	class := t.corpus.classes()
	hold := p.hold
	if t.kind == reconstruct && class != nil {
		hold = slices.DeleteFunc(slices.Clone(hold), func(i int) bool { return class[i] != 0 })
	}
	old, _ := fewOfEach(p.oldHold, class, len(hold), t.options.seed)
	return slices.Concat(hold, old)
}

// makeFeatures computes the features of all samples.
func (t *tuning) makeFeatures(ctx context.Context) (err error) {
	if t.features, err = newFeatures(t.corpus.Len(), t.tuner.RecordBytes(), t.options.features); err != nil {
		return err
	}
	if err := t.extract(ctx); err != nil {
		t.features.close()
		return err
	}
	return nil
}

// both measures the model before and after on samples.
func (t *tuning) both(ctx context.Context, after *model, some []int) (a, b *measured, err error) {
	if a, err = t.measure(ctx, t.model, some); err != nil {
		return nil, nil, err
	}
	b, err = t.measure(ctx, after, some)
	return a, b, err
}

// writable fails where no file can be made beside path, before hours of work are spent on it.
func writable(path string) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%s: is no regular file", path)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".edgerun-*.tmp")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
