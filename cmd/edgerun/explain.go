package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"edgerun/loader"
	"edgerun/rt/finetune"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/task"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	class, method, layer, output string
	sample                       int
	patch                        float64
	json                         bool

	engine engine
	pre    preprocessing
}

// explainCommand shows which part of an input decided.
func explainCommand() *cobra.Command {
	o := &explainOptions{}
	c := &cobra.Command{
		Use:   "explain MODEL INPUT [-o HEAT.png]",
		Short: "Show which part of an input decided the answer",
		Long: `Show which part of an input decided the answer.

Ways to tell, the first two side by side:
  occlusion  covers one part after the other with the sample's mean (of a text: leaves out
             one word) and shows how much of the class's probability that takes away. It
             asks the network as it ships, whatever its layers.
             Source: Zeiler and Fergus (2014)
  cam        gradient-weighted class activation: what the places of the last convolution's
             output contribute to the class (Selvaraju et al., 2017); in a network without
             convolutions gradient × value behind the input. --layer chooses the value
  hirescam   cam with each place's own gradients in place of their mean (Draelos and Carin,
             2020): look at this one where the map is flattened rather than averaged

INPUT is what 'edgerun run' takes. Of a picture -o writes the heat over the picture, of a
sound or a time series strips of heat below its curve. The class is the likeliest one,
or that of --class.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c, args[0], args[1]) },
	}
	o.engine.flags(c)
	o.pre.flags(c)
	f := c.Flags()
	f.StringVar(&o.class, "class", "", "class to explain, by name or number; an output's number, for regress (default: the likeliest)")
	f.StringVar(&o.method, "method", "both", "cam, hirescam, occlusion, or both: cam and occlusion")
	f.StringVar(&o.layer, "layer", "", "node whose output cam looks at (default: the last convolution)")
	f.IntVar(&o.sample, "sample", 0, "which sample of INPUT, from 0")
	f.Float64Var(&o.patch, "patch", 0, "side of what occlusion covers, as share of the sample's (default 0.2 of a picture, 0.1 of a time)")
	f.StringVarP(&o.output, "output", "o", "", "PNG file to write")
	f.BoolVar(&o.json, "json", false, "print JSON, with all values")
	return c
}

// explained is what explain finds.
type explained struct {
	File        string    `json:"file"`
	Sample      int       `json:"sample"`
	Class       int       `json:"class"`
	Label       string    `json:"label,omitempty"`
	Score       float32   `json:"score"`
	Probability bool      `json:"score_is_probability"`
	Kind        string    `json:"kind"` // picture, series, values or text
	Rows        int       `json:"rows"`
	Columns     int       `json:"columns"`
	Seconds     float64   `json:"seconds,omitempty"` // of a sound
	Words       []string  `json:"words,omitempty"`
	Maps        []heatMap `json:"maps"`
	Notes       []string  `json:"notes,omitempty"`
}

// heatMap says how much each cell of a sample, row by row, speaks for the class.
type heatMap struct {
	Method string    `json:"method"`
	Layer  string    `json:"layer,omitempty"`
	Values []float32 `json:"values"`
}

// explainer asks one network about one sample.
type explainer struct {
	*explainOptions
	model   *model
	spec    *frontend.Spec
	answers *answerer
	run     *runner
	field   *field
	class   int
	out     []float32
}

func (o *explainOptions) occludes() bool { return o.method == "occlusion" || o.method == "both" }

func (o *explainOptions) run(c *cobra.Command, path, input string) error {
	switch {
	case !slices.Contains([]string{"cam", "hirescam", "occlusion", "both"}, o.method):
		return usagef("--method %q, want cam, hirescam, occlusion or both", o.method)
	case o.layer != "" && o.method == "occlusion":
		return usagef("--layer is for --method cam")
	case o.patch != 0 && !o.occludes():
		return usagef("--patch is for --method occlusion")
	case !(o.patch >= 0 && o.patch <= 1):
		return usagef("--patch %g outside [0,1]", o.patch)
	case o.sample < 0:
		return usagef("--sample %d is negative", o.sample)
	}
	if err := keepInputs([]string{o.output}, path, input, o.pre.file); err != nil {
		return err
	}
	m, err := openModel(path)
	if err != nil {
		return err
	}
	x := &explainer{explainOptions: o, model: m}
	if x.answers, err = newAnswerer(m, 1); err != nil {
		return err
	}
	if k := m.task().Kind; k == task.KindSequence {
		return m.fail(fmt.Errorf("explain: a model for task %s has no one answer to explain", k))
	}
	ds, spec, err := openSamples(input, m, &o.pre)
	if err != nil {
		return err
	}
	if o.sample >= ds.Len() {
		return usagef("--sample %d: %s has %d samples, from 0", o.sample, input, ds.Len())
	}
	s, err := ds.Sample(o.sample)
	if err != nil {
		return err
	}
	x.spec = spec
	if x.field, err = newField(s, spec, m.Graph.Inputs[0]); err != nil {
		return err
	}
	if o.output != "" && x.field.kind == textKind {
		return usagef("-o: %s is a text, of which there is no picture", input)
	}
	if x.run, err = o.engine.runner(m, &o.pre); err != nil {
		return err
	}
	defer x.run.pool.Close()
	r := &explained{File: input, Sample: o.sample, Kind: x.field.kind, Rows: x.field.rows, Columns: x.field.cols, Words: x.field.words, Seconds: x.field.seconds}
	if err := x.choose(r); err != nil {
		return err
	}
	if o.method != "occlusion" {
		h, err := x.cam()
		switch {
		case err == nil:
			r.Maps = append(r.Maps, *h)
		case !o.occludes() || o.layer != "":
			return m.fail(err)
		default:
			r.Notes = append(r.Notes, fmt.Sprintf("no cam: %v", err))
		}
	}
	if o.occludes() {
		h, err := x.occlusion(c.Context(), r.Score)
		if err != nil {
			return err
		}
		r.Maps = append(r.Maps, *h)
	}
	if o.output != "" {
		if err := loader.WriteAtomic(o.output, func(w io.Writer) error { return x.field.draw(w, r) }); err != nil {
			return err
		}
	}
	if o.json {
		return writeJSONLine(c.OutOrStdout(), r)
	}
	f, terminal := c.OutOrStdout().(*os.File)
	return x.field.print(c.OutOrStdout(), r, terminal && term.IsTerminal(int(f.Fd())))
}

// choose runs the sample as it is and finds the class to explain.
func (x *explainer) choose(r *explained) error {
	score, err := x.score(x.field.sample)
	if err != nil {
		return err
	}
	n := len(x.out)
	switch kind := x.model.task().Kind; {
	case kind == task.KindAnomaly:
		if x.explainOptions.class != "" {
			return usagef("--class: a model for task anomaly has none; its score is explained")
		}
		r.Score = score
		return nil
	case x.explainOptions.class != "":
		if x.class, err = classOf(x.explainOptions.class, x.model.Labels, n); err != nil {
			return usagef("--class: %w", err)
		}
	case kind == task.KindRegress:
	default:
		for i, v := range x.out {
			if v > x.out[x.class] {
				x.class = i
			}
		}
	}
	r.Probability = x.answers.classifier != nil
	r.Class, r.Label, r.Score = x.class, x.answers.label(x.class), x.out[x.class]
	return nil
}

// score returns what the network says to a sample: the class's probability, an output, or the anomaly's score.
func (x *explainer) score(s sampled) (float32, error) {
	feed, err := newFeeder(x.model.Graph, x.spec, s, 1)
	if err != nil {
		return 0, x.model.fail(err)
	}
	return x.ask(feed)
}

func (x *explainer) ask(feed *feeder) (float32, error) {
	r := x.run
	if err := feed.Fill(0, r.session); err != nil {
		return 0, err
	}
	var err error
	if r.in, err = appendReals(r.in[:0], x.model.Graph.Inputs[0], r.session.Input(0)); err != nil {
		return 0, x.model.fail(err)
	}
	r.session.Reset()
	r.session.Run()
	if x.out, err = reals(x.out[:0], r.session); err != nil {
		return 0, x.model.fail(err)
	}
	switch {
	case x.answers.detector != nil:
		a, err := x.answers.detector.Detect(r.in, x.out)
		return a.Score, err
	case x.answers.classifier != nil:
		x.answers.classifier.Probabilities(x.out, x.out)
	}
	if x.class >= len(x.out) {
		return 0, x.model.fail(errors.New("explain: the network has no output"))
	}
	return x.out[x.class], nil
}

// pad makes the feeder fill inputs up to their bounds, which training's part of a network always has.
func (t *textFeeder) pad() {
	t.inputs = slices.Clone(t.inputs)
	for i, v := range t.inputs {
		bound := *v
		bound.Sym = nil
		t.inputs[i] = &bound
	}
}

// classOf finds a class by name or number.
func classOf(name string, labels []string, n int) (int, error) {
	for i, l := range labels {
		if l == name && i < n {
			return i, nil
		}
	}
	var i int
	if _, err := fmt.Sscanf(name+"\n", "%d\n", &i); err != nil || i < 0 || i >= n {
		return 0, fmt.Errorf("%q is none of %q, nor a number in [0,%d)", name, labels, n)
	}
	return i, nil
}

// cam computes what places inside the network contribute, on the cells of the sample.
func (x *explainer) cam() (*heatMap, error) {
	g := x.model.Graph
	if x.answers.detector != nil {
		return nil, errors.New("an anomaly's score has no class to take the gradient of")
	}
	var candidates []*graph.Value
	last := finetune.LastMap(g)
	activation := x.layer != "" || last != nil && x.field.kind != textKind
	switch {
	case x.layer != "":
		for _, n := range g.Nodes {
			if n.Name == x.layer {
				candidates = append(candidates, n.Out[0])
			}
		}
		if candidates == nil {
			return nil, usagef("--layer %q: the network has no such node; 'edgerun inspect' lists them", x.layer)
		}
	case activation:
		candidates = append(candidates, last)
	default:
		// The first value that depends on the input and has a place for each cell is nearest to what a person sees.
		for _, n := range g.Nodes[g.Once:] {
			candidates = append(candidates, n.Out[0])
		}
	}
	set, err := x.engine.set()
	if err != nil {
		return nil, err
	}
	var failed error
	for _, v := range candidates[:min(len(candidates), 8)] {
		a, err := finetune.NewAttribution(g, v, set, x.run.pool)
		if err != nil {
			failed = err
			continue
		}
		s := a.Frozen().NewSession(x.run.pool)
		feed, err := newFeeder(a.Frozen().Graph(), x.spec, x.field.sample, 1)
		if err == nil {
			if feed.text != nil {
				feed.text.pad()
			}
			err = feed.Fill(0, s)
		}
		if err != nil {
			return nil, err
		}
		s.Run()
		if _, err := a.Run(s, x.class); err != nil {
			return nil, err
		}
		h := &heatMap{Method: "cam", Layer: v.Name}
		if activation {
			write := a.ClassActivation
			if x.method == "hirescam" {
				h.Method, write = "hirescam", a.ElementActivation
			}
			h.Values, err = x.field.activation(v, write)
		} else {
			h.Method = "gradient"
			h.Values, err = x.field.contributions(a, v)
		}
		if err != nil {
			failed = err
			continue
		}
		return h, nil
	}
	return nil, failed
}
