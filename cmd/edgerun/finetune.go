package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/task"
)

// finetuneOptions are the flags of finetune.
type finetuneOptions struct {
	data, labels, output string
	inPlace              bool

	layers int
	names  []string
	biases bool

	epochs, batch, patience                   int
	rate, momentum, decay, clip, smoothing    float64
	optimizer, schedule, classWeights, groups string
	seed                                      uint64
	holdOut                                   float64
	folds                                     int

	replay, replayLabels string
	replaySamples        int
	gate                 string

	memory, features string
	memoryBytes      int
	maxSeconds       float64
	cpus             int

	checkpoint        string
	checkpointSeconds float64
	checkpointMB      int
	resume            bool

	kernels string
	json    bool
	pre     preprocessing
}

var (
	methods   = map[string]finetune.Method{"sgd": finetune.SGD, "adam": finetune.Adam}
	schedules = map[string]finetune.Schedule{"constant": finetune.Constant, "cosine": finetune.Cosine, "linear": finetune.Linear}
)

// finetuneCommand trains the last layers of a model file on labelled samples.
func finetuneCommand() *cobra.Command {
	o := &finetuneOptions{}
	c := &cobra.Command{
		Use:   "finetune MODEL.edge --data DATA (-o TUNED.edge | --in-place)",
		Short: "Train the last layers of a model file on samples of your own",
		Long: `Train the last layers of a model file on samples of your own: a few dozen of each class
teach it what it gets wrong.

DATA is what 'edgerun eval' takes: a folder with a sub-folder of pictures, sounds or .npy
files for each class, or one file with --labels. A model for task regress wants values
(--labels FILE.npy or .csv), one for task anomaly normal samples, without labels.

A share of the samples, --hold-out, is not learnt from. By it the best epoch is chosen, and
the gate decides on the result, which is quantized again and run as a device runs it: it
must not be worse there, and with --replay, old samples that are learnt along, no old class
may lose more than a point. What does not pass is not written, and the exit code is 1.

The memory that training needs is printed before it starts; --memory bounds it. What has
been learnt is saved in a journal beside the output, and the same command goes on from
there after Ctrl-C, a kill or a power cut. --in-place keeps the version before, which
'edgerun rollback' brings back. The same samples, options and seed give the same bytes on
every machine.

--folds K measures by cross-validation: K networks, each trained on all but one part of
the samples and measured on that. --groups FILE, with an id a line for each sample, makes
a part of each id (leave one person out). Without -o nothing is written then.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			err := o.command(c, args[0])
			if errors.Is(err, context.Canceled) {
				err = interrupted{errors.New("interrupted; nothing was saved")}
			}
			return err
		},
	}
	o.pre.flags(c)
	f := c.Flags()
	f.StringVar(&o.data, "data", "", "samples to learn from")
	f.StringVar(&o.labels, "labels", "", "labels: .npy of class numbers, or text with one number or name a line; true values for regress")
	f.StringVarP(&o.output, "output", "o", "", "file to write")
	f.BoolVar(&o.inPlace, "in-place", false, "write the tuned model in the place of MODEL.edge, which stays as MODEL.edge.prev")
	f.IntVar(&o.layers, "layers", 1, "layers with weights to train, from the last one")
	f.StringArrayVar(&o.names, "layer", nil, "layer to train by name, in place of --layers; may be given several times")
	f.BoolVar(&o.biases, "biases", false, "train the biases of these layers alone")
	f.IntVar(&o.epochs, "epochs", 0, "passes over the samples at most (default: those of 1000 steps, 30 to 300)")
	f.IntVar(&o.batch, "batch", 16, "samples of a step")
	f.StringVar(&o.optimizer, "optimizer", "adam", "sgd or adam")
	f.Float64Var(&o.rate, "rate", 0, "rate of learning (default 0.003 for adam, 0.01 for sgd)")
	f.StringVar(&o.schedule, "schedule", "cosine", "how the rate goes: constant, cosine or linear, down to 0 at the last epoch")
	f.Float64Var(&o.momentum, "momentum", 0.9, "momentum of sgd")
	f.Float64Var(&o.decay, "decay", 0, "decay of weights")
	f.Float64Var(&o.clip, "clip", 0, "largest norm of a step's gradient (default: no bound)")
	f.Float64Var(&o.smoothing, "smoothing", 0, "share of a label's weight that goes to all classes alike")
	f.StringVar(&o.classWeights, "class-weights", "none", "balanced: each class counts alike, however many samples it has; or none")
	f.Uint64Var(&o.seed, "seed", 1, "seed of all that is random")
	f.IntVar(&o.patience, "patience", -1, "epochs without a smaller loss of the hold-out after which training ends; 0: never (default a quarter of all, at least 10)")
	f.Float64Var(&o.holdOut, "hold-out", 0.2, "share of each class that is held out")
	f.IntVar(&o.folds, "folds", 0, "measure by cross-validation in so many parts")
	f.StringVar(&o.groups, "groups", "", "text file with the id of each sample's group: measure by leaving out one group after the other")
	f.StringVar(&o.replay, "replay", "", "old samples that are learnt along, and that no class may lose on")
	f.StringVar(&o.replayLabels, "replay-labels", "", "labels of --replay")
	f.IntVar(&o.replaySamples, "replay-samples", 0, "old samples to learn along at most, of each class alike; the others are for the gate (default as many as new ones)")
	f.StringVar(&o.gate, "gate", "1", "points that an old class may lose; or none: write whatever comes out")
	f.StringVar(&o.memory, "memory", "", "bound of the memory that training takes beyond inference, as 256KB or 2MB (default: none)")
	f.StringVar(&o.features, "features-file", "", "keep the samples' features in this file while training, not in memory")
	f.Float64Var(&o.maxSeconds, "max-seconds", 0, "end training after so many seconds (default: none)")
	f.IntVar(&o.cpus, "cpus", 0, "CPUs to use at most (default: all)")
	f.StringVar(&o.checkpoint, "checkpoint", "", "journal of what has been learnt (default: beside the output, with .journal added); or none")
	f.Float64Var(&o.checkpointSeconds, "checkpoint-seconds", 60, "seconds from one write of the journal to the next at least")
	f.IntVar(&o.checkpointMB, "checkpoint-megabytes", 64, "what the journal may write in all, in MB")
	f.BoolVar(&o.resume, "resume", false, "fail where there is no journal to go on from")
	f.StringVar(&o.kernels, "kernels", "auto", "kernel set: auto, generic, or one that 'edgerun info' lists")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return c
}

// crossValidates reports whether the samples are measured in parts.
func (o *finetuneOptions) crossValidates() bool { return o.folds > 0 || o.groups != "" }

// check refuses flags that make no sense.
func (o *finetuneOptions) check(c *cobra.Command, path string) error {
	set := c.Flags().Changed
	switch {
	case isForeign(path):
		return usagef("finetune: %s: works on .edge files: make one with 'edgerun quantize %s --calib DATA'", path, path)
	case o.data == "":
		return usagef("finetune: no data: give --data DATA (a folder with a sub-folder for each class, or a file with --labels)")
	case o.output != "" && o.inPlace:
		return usagef("finetune: --in-place and -o: want one of them")
	case o.output == "" && !o.inPlace && !o.crossValidates():
		return usagef("finetune: no output: give -o FILE, or --in-place (the version before is kept)")
	case set("layers") && len(o.names) > 0:
		return usagef("finetune: --layers and --layer: want one of them")
	case o.folds == 1 || o.folds < 0:
		return usagef("--folds %d, want at least 2", o.folds)
	case o.folds > 0 && o.groups != "":
		return usagef("finetune: --folds and --groups: want one of them")
	case set("replay-labels") && o.replay == "" || set("replay-samples") && o.replay == "":
		return usagef("finetune: --replay-labels and --replay-samples go with --replay")
	case methods[o.optimizer] == 0 && o.optimizer != "sgd":
		return usagef("--optimizer %q, want sgd or adam", o.optimizer)
	case schedules[o.schedule] == 0 && o.schedule != "constant":
		return usagef("--schedule %q, want constant, cosine or linear", o.schedule)
	case o.classWeights != "none" && o.classWeights != "balanced":
		return usagef("--class-weights %q, want balanced or none", o.classWeights)
	case set("momentum") && o.optimizer != "sgd":
		return usagef("--momentum is for --optimizer sgd")
	}
	least := func(name string, given, unset float64) float64 {
		if set(name) {
			return given
		}
		return unset
	}
	for _, n := range []struct {
		name      string
		v, lo, hi float64
	}{
		{"layers", float64(o.layers), 1, 1 << 20}, {"epochs", float64(o.epochs), least("epochs", 1, 0), 1 << 20}, {"batch", float64(o.batch), 1, 1 << 16},
		{"patience", float64(o.patience), least("patience", 0, -1), 1 << 20}, {"rate", o.rate, 0, 1e3}, {"momentum", o.momentum, 0, 1}, {"decay", o.decay, 0, 1},
		{"clip", o.clip, 0, math.MaxFloat32}, {"smoothing", o.smoothing, 0, 0.999}, {"hold-out", o.holdOut, 0, 0.9}, {"replay-samples", float64(o.replaySamples), 0, 1 << 30},
		{"max-seconds", o.maxSeconds, 0, 1e9}, {"cpus", float64(o.cpus), 0, 1024}, {"checkpoint-seconds", o.checkpointSeconds, 0, 1e9},
		{"checkpoint-megabytes", float64(o.checkpointMB), 0, 1 << 30},
	} {
		if !(n.v >= n.lo && n.v <= n.hi) {
			return usagef("--%s %g outside [%g,%g]", n.name, n.v, n.lo, n.hi)
		}
	}
	var err error
	if o.memoryBytes, err = parseBytes(o.memory); err != nil {
		return usagef("--memory: %w", err)
	}
	if o.rate == 0 {
		if o.rate = adamRate; o.optimizer == "sgd" {
			o.rate = sgdRate
		}
	}
	return nil
}

// parseBytes reads a size such as 256KB, in units of 1024; "" is 0.
func parseBytes(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	digits := strings.TrimRight(strings.ToUpper(s), "KMGIB")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s)[len(digits):], "B"), "I")
	shift, known := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[unit]
	n, err := strconv.Atoi(strings.TrimSpace(digits))
	if err != nil || !known || n < 1 || n > math.MaxInt>>shift {
		return 0, fmt.Errorf("%q is no size; want a number of bytes, or one with KB, MB or GB", s)
	}
	return n << shift, nil
}

// command is the whole of finetune.
func (o *finetuneOptions) command(c *cobra.Command, path string) error {
	start := time.Now()
	if err := o.check(c, path); err != nil {
		return err
	}
	g, err := parseGate(o.gate)
	if err != nil {
		return err
	}
	set, err := (&engine{kernels: o.kernels}).set()
	if err != nil {
		return err
	}
	out := o.output
	if o.inPlace {
		out = path
	} else if err := keepInputs([]string{out, o.features}, path, o.data, o.labels, o.replay, o.replayLabels, o.groups, o.pre.file); err != nil {
		return err
	}
	m, err := openModel(path)
	if err != nil {
		return err
	}
	if out != "" {
		if err := writable(out); err != nil {
			return err
		}
	}
	t := &tuning{options: o, model: m, kernels: set, cpus: o.cpus}
	if t.cpus == 0 {
		t.cpus = runtime.NumCPU()
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(t.cpus))
	t.pool = rt.NewPool(t.cpus)
	defer t.pool.Close()
	if t.kind, t.loss, err = lessonOf(m, o.labels); err != nil {
		return err
	}
	if err := trainable(m); err != nil {
		return err
	}
	if m.Task == nil && t.kind == values {
		m.Task = &task.Spec{Kind: task.KindRegress}
	}
	t.corpus = &corpus{model: m}
	if err := t.corpus.openSet(o.data, o.labels, &o.pre, t.kind); err != nil {
		return err
	}
	if o.replay != "" {
		if err := t.corpus.openSet(o.replay, o.replayLabels, &o.pre, t.kind); err != nil {
			return err
		}
	}
	w := c.OutOrStdout()
	if o.json {
		w = c.ErrOrStderr()
	}
	r := &tuned{Model: path, Version: m.Version, Layers: describe(m.Graph, t.layerNames()), Batch: o.batch, Threads: t.cpus}
	if o.crossValidates() {
		if err := t.crossValidate(c.Context(), w, r); err != nil {
			return err
		}
	}
	if out != "" {
		if err = t.tune(c.Context(), w, out, g, r, start); err != nil && !errors.As(err, new(refusal)) {
			return err
		}
	}
	r.Seconds = math.Round(time.Since(start).Seconds()*1000) / 1000
	if o.json {
		return errors.Join(writeJSON(c.OutOrStdout(), r), err)
	}
	return err
}
