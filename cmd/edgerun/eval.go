package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"edgerun/quant/calib"
	"edgerun/rt/task"
)

// evalCommand measures how good models are on labelled data.
func evalCommand() *cobra.Command {
	var e engine
	var pre preprocessing
	var dims []string
	var data, labels string
	var limit int
	var hash, auc, asJSON bool
	c := &cobra.Command{
		Use:   "eval MODEL... --data DATA [--labels LABELS]",
		Short: "Measure how good models are on labelled data, by their task; several models side by side",
		Long: `Measure how good models are on labelled data; several models, such as the int8 file
and its float original, are shown side by side with their agreement. A model without
a front end, labels or task of its own takes those of the first model that has them;
the flags describe a front end where no model has one.

The model's task says what is measured, and what LABELS holds:
  classify  accuracy (from 10 classes on top-5 too), precision, recall, F1, confusion;
            --auc: area under the ROC curve, the mean over the classes, each against the
            rest. LABELS: a class, number or name, for each sample
  anomaly   area under the ROC curve, precision, recall and F1 at the model's threshold,
            and the threshold with the best F1. LABELS: 0 (normal) or 1 (anomalous)
  regress   MSE, RMSE, MAE, R2 and largest error of each output, in its unit. LABELS: an
            .npy or .csv file of true values, as many for each sample as there are outputs
  sequence  sequences that are wholly right, tokens right at their place, and the mean edit
            distance. DATA is a .txt file with a text, a tab and what is wanted a line, or
            a .csv or .jsonl file with "text" and "target"`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if limit < 0 {
				return usagef("--samples %d is negative", limit)
			}
			if data == "" {
				return usagef("eval: no data: give --data DATA (.npy, .npz, .csv, .txt, or a folder of pictures or sounds)")
			}
			if err := checkDims(dims, args...); err != nil {
				return err
			}
			var models []*model
			for _, path := range args {
				m, err := openModel(path, dims...)
				if err != nil {
					return err
				}
				models = append(models, m)
			}
			shareFrontEnd(models)
			for _, m := range models[1:] {
				if a, b := models[0].task().Kind, m.task().Kind; a != b {
					return fmt.Errorf("%s is for task %s, %s for %s: nothing to compare", models[0].path, a, m.path, b)
				}
			}
			var err error
			var t *truth
			if sequences := models[0].task().Kind == task.KindSequence; !sequences {
				t, err = readTruth(data, labels, models[0])
			} else if labels != "" {
				err = usagef("--labels: %s says what is wanted of a model that writes sequences", data)
			} else {
				t = &truth{}
			}
			if err != nil {
				return err
			}
			if t == nil && !hash {
				return usagef("eval: no labels: give --labels FILE, a folder with a sub-folder for each class, or --hash for outputs alone")
			}
			var results []*evaluation
			for _, m := range models {
				if m.task().Kind == task.KindSequence {
					r, err := e.evaluateSequences(c, m, data, limit)
					if err != nil {
						return err
					}
					results = append(results, r)
					continue
				}
				r, err := e.evaluate(c, m, &pre, data, t, limit, auc || asJSON)
				if err != nil {
					return err
				}
				results = append(results, r)
			}
			return printEvaluations(c.OutOrStdout(), results, hash, asJSON)
		},
	}
	e.flags(c)
	pre.flags(c)
	dimFlag(c, &dims)
	f := c.Flags()
	f.StringVar(&data, "data", "", "samples")
	f.StringVar(&labels, "labels", "", "labels: .npy of class numbers, or text with one number or name a line; true values for regress")
	f.IntVar(&limit, "samples", 0, "samples to use (default: all)")
	f.BoolVar(&auc, "auc", false, "classify: print the area under the ROC curve (--json always has it)")
	f.BoolVar(&hash, "hash", false, "print the SHA-256 of all outputs")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// shareFrontEnd gives models without a front end, labels or task those of the first model that has them. What a
// classifier's outputs are, each network says itself.
func shareFrontEnd(models []*model) {
	for _, m := range models {
		for _, other := range models {
			if m.FrontEnd == nil && other.FrontEnd != nil {
				m.FrontEnd = other.FrontEnd
			}
			if m.Labels == nil && other.Labels != nil {
				m.Labels = other.Labels
			}
			if m.Task == nil && other.Task != nil && other.Task.Kind != task.KindClassify {
				m.Task = other.Task
			}
		}
	}
}

// truth is what is known of the samples: a class, or values, of each.
type truth struct {
	classes []int
	values  []float32 // of all samples, one after the other
}

// anomalyLabels are the names of an anomaly detector's two classes, for labels that are words and folders.
var anomalyLabels = []string{"normal", "anomalous"}

// readTruth returns the truth for m's task, from a file of labels or from the data set itself, or nil where there is none.
func readTruth(data, labels string, m *model) (*truth, error) {
	ds, err := openDataset(data, m.Graph)
	if err != nil {
		return nil, err
	}
	names := m.Labels
	switch m.task().Kind {
	case task.KindRegress:
		if labels == "" {
			return nil, nil
		}
		values, err := calib.Targets(labels, ds.Len(), m.Graph.Outputs[0].Shape.Elements())
		return &truth{values: values}, err
	case task.KindAnomaly:
		names = anomalyLabels
	}
	if labels != "" {
		classes, err := calib.Labels(labels, names)
		if err == nil && len(classes) != ds.Len() {
			err = fmt.Errorf("%s: %d labels for %d samples of %s", labels, len(classes), ds.Len(), data)
		}
		return &truth{classes: classes}, err
	}
	if names == nil && m.task().Kind == task.KindClassify {
		if names = folderNames(ds); len(names) > 0 && len(names) == m.Graph.Outputs[0].Shape.Elements() {
			m.Labels = names
		} else {
			names = nil
		}
	}
	t := &truth{}
	for i := range ds.Len() {
		label, err := calib.LabelOf(ds, i)
		if err != nil || label == "" {
			return nil, err
		}
		class, err := calib.Class(label, names)
		if err != nil {
			return nil, fmt.Errorf("%s: sample %d: %w", data, i, err)
		}
		t.classes = append(t.classes, class)
	}
	return t, nil
}

// folderNames returns the sorted names of a data set's classes, or nil where one is missing or they are numbers.
func folderNames(ds calib.Dataset) []string {
	var names []string
	for i := range ds.Len() {
		label, err := calib.LabelOf(ds, i)
		if err != nil || label == "" {
			return nil
		}
		if _, err := strconv.Atoi(label); err == nil {
			return nil
		}
		names = append(names, label)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// evaluation is one model's result: what all tasks have, and the figures of its own task where the truth is known.
type evaluation struct {
	Model     string   `json:"model"`
	Kernels   string   `json:"kernels"`
	Threads   int      `json:"threads"`
	Samples   int      `json:"samples"`
	Task      string   `json:"task"`
	Agreement *float64 `json:"agreement_with_first,omitempty"` // of classes
	Hash      string   `json:"sha256"`
	*classEvaluation
	Anomaly  *anomalyEvaluation  `json:"anomaly,omitempty"`
	Regress  *regressEvaluation  `json:"regress,omitempty"`
	Sequence *sequenceEvaluation `json:"sequence,omitempty"`

	predicted []int // classes
	labels    []string
}

// scorer sums up a task's answers.
type scorer interface {
	// add counts sample i and returns its class, or −1 where the task has none.
	add(i int, in, out []float32) (class int, err error)
	finish(*evaluation)
}

// evaluate runs a model over the data; t may be nil. auc asks for the area under the ROC curve of a classifier, which
// holds all probabilities.
func (e *engine) evaluate(c *cobra.Command, m *model, pre *preprocessing, data string, t *truth, limit int, auc bool) (*evaluation, error) {
	answers, err := newAnswerer(m, 0)
	if err != nil {
		return nil, err
	}
	r, err := e.runner(m, pre)
	if err != nil {
		return nil, err
	}
	defer r.pool.Close()
	score := newScorer(answers, m, t, auc)
	res := &evaluation{Model: m.path, Kernels: r.session.Program().Kernels().Name, Threads: r.pool.Threads(), Task: answers.spec.Kind, labels: m.Labels}
	sum := sha256.New()
	var raw []byte
	err = r.each(c, data, limit, func(i int, out []float32) error {
		raw = appendBits(raw[:0], out)
		more, err := outputArrays(r.session)
		if err != nil {
			return err
		}
		for _, o := range more[min(1, len(more)):] {
			raw = appendBits(raw, o.Values)
		}
		sum.Write(raw)
		res.Samples++
		class, err := score.add(i, r.in, out)
		if err != nil {
			return fmt.Errorf("%s: sample %d: %w", data, i, err)
		}
		if class >= 0 {
			res.predicted = append(res.predicted, class)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	res.Hash = hex.EncodeToString(sum.Sum(nil))
	if t != nil {
		score.finish(res)
	}
	return res, nil
}

func appendBits(dst []byte, x []float32) []byte {
	for _, v := range x {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// agreement is the share of samples to which both models give the same class.
func (r *evaluation) agreement(other *evaluation) float64 {
	same := 0
	for i, p := range r.predicted {
		if i < len(other.predicted) && other.predicted[i] == p {
			same++
		}
	}
	return float64(same) / float64(max(1, len(r.predicted)))
}

func printEvaluations(w io.Writer, all []*evaluation, hash, asJSON bool) error {
	for _, r := range all {
		if len(r.predicted) > 0 {
			a := r.agreement(all[0])
			r.Agreement = &a
		}
	}
	if asJSON {
		return writeJSON(w, all)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	columns := columnsOf(all[0])
	fmt.Fprint(t, "model\tsamples")
	for _, c := range columns {
		fmt.Fprint(t, "\t", c.name)
	}
	fmt.Fprintln(t, "\tagreement\tkernels")
	for _, r := range all {
		fmt.Fprintf(t, "%s\t%d", r.Model, r.Samples)
		for _, c := range columns {
			fmt.Fprint(t, "\t", c.of(r))
		}
		agreement := "-"
		if r.Agreement != nil {
			agreement = percent(*r.Agreement)
		}
		fmt.Fprintf(t, "\t%s\t%s, %d thread(s)\n", agreement, r.Kernels, r.Threads)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	switch {
	case all[0].classEvaluation != nil:
		fmt.Fprintln(w, "(precision, recall, F1 and AUC are means over the classes; agreement is with the first model)")
	case all[0].Anomaly != nil:
		fmt.Fprintln(w, "(precision, recall and F1 are of the anomalous samples at the threshold; agreement is with the first model)")
	}
	for _, r := range all {
		if hash {
			fmt.Fprintf(w, "sha256 of %s's outputs: %s\n", r.Model, r.Hash)
		}
		if err := r.details(w); err != nil {
			return err
		}
	}
	return nil
}
