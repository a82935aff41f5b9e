package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/quant"
	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/task"
)

// quantizeCommand turns a float network into an .edge file.
func quantizeCommand() *cobra.Command {
	q := quantizeOptions{axis: -1}
	var dims []string
	var form stepForm
	var data, out, labels, method string
	c := &cobra.Command{
		Use:   "quantize MODEL --calib DATA",
		Short: "Turn a float network into a compressed int8 file",
		Long: `Turn a float network, an .onnx or .tflite file, into a compressed int8 file.

DATA is what the network will see: an .npy file (first axis: samples), a folder of
pictures or .wav files, or a .csv file; for a network of several inputs an .npz file
with an array for each (first axis: samples), or a folder of such. A few hundred samples are enough. uint8 data
are pictures and go through --scale, --mean and --std; float data go into the network
as they are. Sounds and other signals go through the front end that --frontend
describes, float data that are features already do not. Texts, the lines of a .txt file,
go through a front end of kind tokens; behind a tab is what is wanted for them. The front
end travels in the file.

--task says what the outputs are for, and travels in the file too. The threshold of
an anomaly detector is found on the calibration data, which must be normal then.

--task sequence makes of a causal network, which computes what follows each token of a
sequence, one that runs token by token; its --labels are its tokens. It is calibrated on
whole sequences, what is wanted for each text.

A network that keeps a state (variables of a .tflite file) is calibrated in order: a sample
that is longer than its input, a sound say, is a sequence of windows.

--range says how the range of a layer's values follows from calibration:
  minmax      all values
  moving      ends of each sample's range, averaged with a rate of 0.01
  percentile  all but the outermost values (--percentile)
  entropy     the codes keep most information: least Kullback-Leibler divergence
  mse         the codes have the least expected squared error`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if data == "" {
				return usagef("quantize: no calibration set: give --calib DATA (.npy, .npz, .csv, .txt, or a folder of pictures or sounds)")
			}
			var err error
			if q.method, err = calib.ParseMethod(method); err != nil {
				return usagef("--range: %w", err)
			}
			if !(q.percentile > 50 && q.percentile <= 100) {
				return usagef("--percentile %g outside (50,100]", q.percentile)
			}
			if err := form.check(q.task.kind); err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(args[0], filepath.Ext(args[0])) + ".edge"
			}
			if strings.EqualFold(filepath.Ext(args[0]), ".edge") {
				return usagef("quantize: %s: want the .onnx or .tflite file that it was made from, with --stream for step form", args[0])
			}
			if q.samples < 0 {
				return usagef("--samples %d is negative", q.samples)
			}
			if err := keepInputs([]string{out}, args[0], data, labels, q.pre.file); err != nil {
				return err
			}
			g, err := importModel(args[0], dims)
			if err != nil {
				return err
			}
			if hasCodes(g) {
				return fmt.Errorf("%s: is quantized already: use 'edgerun convert'", args[0])
			}
			ds, err := openDataset(data, g)
			if err != nil {
				return err
			}
			if labels != "" {
				if q.labels, err = readLines(labels); err != nil {
					return err
				}
			}
			noteBlank(c.ErrOrStderr(), data, ds)
			o, err := form.options(&loader.Model{Graph: g})
			if err != nil {
				return err
			}
			q.axis = o.Axis
			q.notes = c.ErrOrStderr()
			q.name = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			m, r, err := q.quantize(c.Context(), g, ds)
			if errors.As(err, new(usageError)) {
				return err
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			noteIslands(m, r)
			if err := form.apply(m); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := loader.WriteFileContext(c.Context(), out, m, loader.EncodeOptions{}); err != nil {
				return err
			}
			return reportQuantized(c.OutOrStdout(), args[0], out, m, r, &form)
		},
	}
	q.pre.flags(c)
	q.task.flags(c)
	dimFlag(c, &dims)
	form.flag(c)
	f := c.Flags()
	f.StringVar(&data, "calib", "", "calibration data")
	f.StringVarP(&out, "output", "o", "", "file to write (default: MODEL.edge)")
	f.StringVar(&labels, "labels", "", "text file with one label a line, of the classes or outputs, to travel in the model file")
	f.StringVar(&method, "range", "minmax", "how activation ranges follow from calibration: minmax, moving, percentile, entropy or mse")
	f.Float64Var(&q.percentile, "percentile", calib.DefaultPercentile, "percent of values inside a range, for --range percentile")
	f.IntVar(&q.samples, "samples", 0, "calibration samples to use (default: all)")
	q.engine.flags(c)
	return c
}

type quantizeOptions struct {
	pre        preprocessing
	name       string
	labels     []string
	method     calib.Method
	percentile float64
	samples    int
	task       taskFlags
	axis       int    // of a sequence's frames; −1 what the front end or the shapes say
	engine     engine // runs the calibration
	notes      io.Writer
}

// quantize runs all stages up to the finished model.
func (q *quantizeOptions) quantize(ctx context.Context, g *graph.Graph, ds calib.Dataset) (*loader.Model, *quant.Result, error) {
	if ds.Len() == 0 {
		return nil, nil, quant.ErrNoSamples
	}
	first, err := ds.Sample(0)
	if err != nil {
		return nil, nil, err
	}
	if err := q.pre.checkText(&first); err != nil {
		return nil, nil, err
	}
	if flag := q.pre.changed("scale", "mean", "std", "resize", "layout"); flag != "" && calib.HasArrays(ds) {
		return nil, nil, usagef("--%s: %s holds the network's inputs as they are", flag, first.Name)
	}
	fe, err := q.pre.spec(g.Inputs[0], first.Bytes != nil, first.PictureFile())
	if err != nil {
		return nil, nil, err
	}
	q.task.labels = q.labels
	before, err := q.task.spec(g) // before calibration takes its time
	if err != nil {
		return nil, nil, err
	}
	var feed *feeder
	switch {
	case len(g.Variables()) > 0 && !calib.HasArrays(ds):
		var sequences *calib.Sequences
		axis := q.axis
		if axis < 0 {
			axis = featureAxis(fe, g)
		}
		if sequences, err = calib.NewSequences(ds, fe, g.Inputs[0].Type, axis, q.samples); err == nil {
			feed, err = newFeeder(g, fe, sequences, 0)
		}
		err = hintAxis(err)
	case before.Kind != task.KindSequence || calib.HasArrays(ds):
		feed, err = newFeeder(g, fe, ds, q.samples)
	case fe.Kind != frontend.KindTokens:
		err = usagef("--task sequence wants a front end of kind %q: give --frontend", frontend.KindTokens)
	default:
		feed, err = newTokensFeeder(g, fe, ds, q.samples, before, q.labels)
	}
	if err != nil {
		return nil, nil, hintDims(err, g)
	}
	if feed.text != nil && q.notes != nil {
		defer feed.text.cut.print(q.notes)
	}
	set, err := q.engine.set()
	if err != nil {
		return nil, nil, err
	}
	pool := rt.NewPool(q.engine.threads)
	defer pool.Close()
	r, err := quant.Convert(g, cancellable{feed, ctx}, quant.Options{Method: q.method, Percentile: q.percentile, Kernels: set, Pool: pool, Continues: feed.continues,
		Progress: progress("calibrating", feed.Len())})
	if err != nil {
		return nil, nil, err
	}
	spec, err := q.task.spec(r.Float)
	if err != nil {
		return nil, nil, err
	}
	if n := r.Int8.Outputs[0].Shape; len(q.labels) > 0 && len(q.labels) != n.Dim[n.Rank-1] {
		return nil, nil, fmt.Errorf("%d labels for an output of %v", len(q.labels), n)
	}
	if r.Int8, err = stepGraph(r.Int8, spec); err != nil {
		return nil, nil, err
	}
	r.Int8.Name = q.name
	m := &loader.Model{Graph: r.Int8, Labels: q.labels, FrontEnd: fe, Task: spec,
		Meta: map[string]string{"range": q.method.String(), "calibration samples": fmt.Sprint(feed.Len())}}
	if spec.Kind == task.KindAnomaly && !q.task.changed("threshold") {
		if spec.Threshold, err = findThreshold(ctx, r.Int8, spec, feed, set, pool, q.task.percentile); err != nil {
			return nil, nil, err
		}
		m.Meta["threshold"] = fmt.Sprintf("percentile %g of the calibration samples", q.task.percentile)
	}
	for _, v := range r.Float.Inputs {
		if h := r.Ranges[v.Name]; h != nil {
			m.Stats = append(m.Stats, loader.Stat{Value: v.Name, Summary: h.Summary()})
		}
	}
	for _, v := range r.Float.Outputs {
		if h := r.Ranges[v.Name]; h != nil {
			m.Stats = append(m.Stats, loader.Stat{Value: v.Name, Summary: h.Summary()})
		}
	}
	return m, r, nil
}

// cancellable stops feeding when its context ends.
type cancellable struct {
	quant.Samples
	ctx context.Context
}

func (c cancellable) Fill(i int, s *rt.Session) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return c.Samples.Fill(i, s)
}

func reportQuantized(w io.Writer, from, to string, m *loader.Model, r *quant.Result, form *stepForm) error {
	prog, err := rt.Compile(m.Graph, rt.Options{})
	if err != nil {
		return err
	}
	before, err := os.Stat(from)
	if err != nil {
		return err
	}
	after, err := os.Stat(to)
	if err != nil {
		return err
	}
	mem := prog.Memory(1)
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s: %d layers, %d bytes (%.1f %% of %s); to run: arena %d, packed weights %d bytes\n", to, len(m.Graph.Nodes), after.Size(),
		float64(100*after.Size())/float64(max(1, before.Size())), from, mem.Arena, mem.Packed)
	if m.FrontEnd.Kind == frontend.KindPicture {
		f := m.FrontEnd
		fmt.Fprintf(b, "  pictures become %dx%dx%d, scale %g, mean %v, std %v\n", f.Width, f.Height, f.Channels, f.Scale, f.Mean, f.Std)
	}
	if f := m.FrontEnd; f.Signals() {
		fmt.Fprintf(b, "  signals of %d samples become %v: %s\n", f.Length, f.Shape(), f.Kind)
	}
	fmt.Fprintln(b, "  task:", taskText(m.Task))
	for _, s := range r.Issues {
		fmt.Fprintln(b, "  float32:", s)
	}
	form.print(b)
	return b.Flush()
}

// keepInputs refuses outputs that are files which the command reads, or the same file twice. Empty names are none.
func keepInputs(outputs []string, inputs ...string) error {
	for i, out := range outputs {
		for _, in := range append(inputs, outputs[:i]...) {
			if out != "" && in != "" && (sameFile(in, out) || filepath.Clean(in) == filepath.Clean(out)) {
				return usagef("output %s would overwrite %s", out, in)
			}
		}
	}
	return nil
}

// sameFile reports whether both paths are one existing file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// readLines reads a text file's lines.
func readLines(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	if s == "" {
		return nil, fmt.Errorf("%s: is empty, want one label a line", path)
	}
	return strings.Split(s, "\n"), nil
}
