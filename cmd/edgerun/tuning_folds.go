package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"edgerun/rt/finetune"
)

// crossValidate trains on all samples but one part, measures on that, and so on for each part.
func (t *tuning) crossValidate(ctx context.Context, w io.Writer, r *tuned) error {
	o, class := t.options, t.corpus.classes()
	all := t.corpus.numbers(0)
	var folds [][]int
	var names []string
	if o.groups != "" {
		ids, err := readLines(o.groups)
		if err != nil {
			return err
		}
		if len(ids) != len(all) {
			return fmt.Errorf("%s: %d groups for %d samples of %s", o.groups, len(ids), len(all), o.data)
		}
		names = slices.Compact(slices.Sorted(slices.Values(ids)))
		if len(names) < 2 {
			return fmt.Errorf("%s: one group, %q: nothing would be left to learn from", o.groups, names[0])
		}
		folds = make([][]int, len(names))
		for i, id := range ids {
			k, _ := slices.BinarySearch(names, id)
			folds[k] = append(folds[k], i)
		}
	} else {
		if o.folds > len(all) {
			return usagef("--folds %d of %d samples", o.folds, len(all))
		}
		folds = foldsOf(all, class, o.folds, o.seed)
		for k := range folds {
			names = append(names, fmt.Sprint(k+1))
		}
	}
	for k, fold := range folds {
		p, err := t.parts(without(all, fold))
		if err != nil {
			return err
		}
		train := p.all()
		if r.Memory, err = t.prepare(len(p.hold) > 0, t.classWeights(train)); err != nil {
			return err
		}
		if k == 0 {
			r.Parameters, r.MicroBatch, r.Samples, r.Held, r.Replayed = t.tuner.Parameters(), t.tuner.MicroBatch(), len(train), len(p.hold), len(p.oldTrain)
			r.beginning(w, t)
			if err := t.makeFeatures(ctx); err != nil {
				return err
			}
			defer t.features.close()
		}
		run := t.run(len(train))
		run.Stop = deadline(o.maxSeconds, time.Now())
		run.Save = func(*finetune.Progress) error { return ctx.Err() }
		epochs, err := t.tuner.Fit(t.samples, train, t.judges(p), run)
		if err != nil {
			return t.model.fail(err)
		}
		after, err := t.result(ctx, train)
		if err != nil {
			return err
		}
		a, b, err := t.both(ctx, after, fold)
		if err != nil {
			return err
		}
		_, x, _ := foldFigures(a)
		_, y, share := foldFigures(b)
		r.Folds = append(r.Folds, foldLine{Name: names[k], Samples: len(fold), Epochs: len(epochs), Before: x, After: y})
		text := fmt.Sprintf("%.6g to %.6g", x[0], y[0])
		if share {
			text = percent(x[0]) + " to " + percent(y[0])
		}
		figures, _, _ := foldFigures(a)
		fmt.Fprintf(w, "fold %s of %d: %d samples, %d epochs, %s %s\n", names[k], len(folds), len(fold), len(epochs), figures[0], text)
		if k == len(folds)-1 {
			r.FoldMean, r.FoldSD = meanAndSD(r.Folds)
			fmt.Fprintln(w)
			return r.foldTable(w, figures, share)
		}
	}
	return nil
}
