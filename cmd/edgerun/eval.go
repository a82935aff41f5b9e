package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
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
	var hash, asJSON bool
	c := &cobra.Command{
		Use:   "eval MODEL... --data DATA [--labels LABELS]",
		Short: "Measure accuracy, precision, recall, F1 and confusion; several models side by side",
		Long: `Measure accuracy, precision, recall, F1 and confusion on labelled data; several
models, such as the int8 file and its float original, are shown side by side with
their agreement. A model without a front end of its own takes that of the first
model that has one, or the flags.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if limit < 0 {
				return usagef("--samples %d is negative", limit)
			}
			if data == "" {
				return usagef("eval: no data: give --data DATA (.npy, .csv, or a folder of pictures)")
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
			truth, err := readTruth(data, labels, models[0].Labels)
			if err != nil {
				return err
			}
			if truth == nil && !hash {
				return usagef("eval: no labels: give --labels FILE, a folder with a sub-folder for each class, or --hash for outputs alone")
			}
			var results []*evaluation
			for _, m := range models {
				r, err := e.evaluate(c, m, &pre, data, truth, limit)
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
	f.StringVar(&labels, "labels", "", "labels: .npy of class numbers, or text with one number a line")
	f.IntVar(&limit, "samples", 0, "samples to use (default: all)")
	f.BoolVar(&hash, "hash", false, "print the SHA-256 of all outputs")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// shareFrontEnd gives models without a front end, labels or task those of the first model that has them.
func shareFrontEnd(models []*model) {
	for _, m := range models {
		for _, other := range models {
			if m.FrontEnd == nil && other.FrontEnd != nil {
				m.FrontEnd = other.FrontEnd
			}
			if m.Labels == nil && other.Labels != nil {
				m.Labels = other.Labels
			}
		}
	}
}

// readTruth returns the class of each sample, from a file of labels or from the data set itself, or nil where there is
// none. names are the classes' names, for labels that are words.
func readTruth(data, labels string, names []string) ([]int, error) {
	ds, err := calib.Open(data)
	if err != nil {
		return nil, err
	}
	if labels != "" {
		truth, err := calib.Labels(labels, names)
		if err == nil && len(truth) != ds.Len() {
			err = fmt.Errorf("%s: %d labels for %d samples of %s", labels, len(truth), ds.Len(), data)
		}
		return truth, err
	}
	var truth []int
	for i := range ds.Len() {
		s, err := ds.Sample(i)
		if err != nil {
			return nil, err
		}
		if s.Label == "" {
			return nil, nil
		}
		class, err := calib.Class(s.Label, names)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		truth = append(truth, class)
	}
	return truth, nil
}

// evaluation is one model's result.
type evaluation struct {
	Model     string     `json:"model"`
	Kernels   string     `json:"kernels"`
	Threads   int        `json:"threads"`
	Samples   int        `json:"samples"`
	Accuracy  float64    `json:"accuracy"`
	Precision float64    `json:"macro_precision"`
	Recall    float64    `json:"macro_recall"`
	F1        float64    `json:"macro_f1"`
	Agreement float64    `json:"agreement_with_first"`
	Hash      string     `json:"sha256"`
	Matrix    [][]uint64 `json:"confusion,omitempty"`

	predicted []int
	confusion *task.Confusion
	labels    []string
}

// evaluate runs a model over the data; truth may be nil.
func (e *engine) evaluate(c *cobra.Command, m *model, pre *preprocessing, data string, truth []int, limit int) (*evaluation, error) {
	r, err := e.runner(m, pre)
	if err != nil {
		return nil, err
	}
	defer r.pool.Close()
	res := &evaluation{Model: m.path, Kernels: r.session.Program().Kernels().Name, Threads: r.pool.Threads(), labels: m.Labels}
	sum := sha256.New()
	var raw []byte
	err = r.each(c, data, limit, func(i int, out []float32) error {
		raw = raw[:0]
		for _, v := range out {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		sum.Write(raw)
		best := argmax(out)
		res.predicted = append(res.predicted, best)
		if truth == nil {
			return nil
		}
		if res.confusion == nil {
			res.confusion = task.NewConfusion(len(out))
		}
		if err := res.confusion.Add(truth[i], best); err != nil {
			return fmt.Errorf("%s: sample %d: %w", data, i, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	res.Samples, res.Hash = len(res.predicted), hex.EncodeToString(sum.Sum(nil))
	if k := res.confusion; k != nil {
		macro := k.Macro()
		res.Accuracy, res.Precision, res.Recall, res.F1 = k.Accuracy(), macro.Precision, macro.Recall, macro.F1
		for truth := range k.Classes() {
			var row []uint64
			for predicted := range k.Classes() {
				row = append(row, k.At(truth, predicted))
			}
			res.Matrix = append(res.Matrix, row)
		}
	}
	return res, nil
}

// agreement is the share of samples to which both models give the same class.
func (r *evaluation) agreement(other *evaluation) float64 {
	same := 0
	for i, p := range r.predicted {
		if i < len(other.predicted) && other.predicted[i] == p {
			same++
		}
	}
	return float64(same) / float64(max(1, r.Samples))
}

// argmax returns the index of the largest value, the first of equals.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

func printEvaluations(w io.Writer, all []*evaluation, hash, asJSON bool) error {
	for _, r := range all {
		r.Agreement = r.agreement(all[0])
	}
	if asJSON {
		return writeJSON(w, all)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tsamples\taccuracy\tprecision\trecall\tF1\tagreement\tkernels")
	for _, r := range all {
		if r.confusion == nil {
			fmt.Fprintf(t, "%s\t%d\t-\t-\t-\t-\t%.2f %%\t%s, %d thread(s)\n", r.Model, r.Samples, 100*r.Agreement, r.Kernels, r.Threads)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%.2f %%\t%.2f %%\t%.2f %%\t%.2f %%\t%.2f %%\t%s, %d thread(s)\n", r.Model, r.Samples, 100*r.Accuracy,
			100*r.Precision, 100*r.Recall, 100*r.F1, 100*r.Agreement, r.Kernels, r.Threads)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "(precision, recall and F1 are means over the classes; agreement is with the first model)")
	for _, r := range all {
		if hash {
			fmt.Fprintf(w, "sha256 of %s's outputs: %s\n", r.Model, r.Hash)
		}
		if r.confusion != nil {
			fmt.Fprintf(w, "\n%s\n%s", r.Model, r.confusion.Table(r.labels))
		}
	}
	return nil
}
