package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"edgerun/loader"
	"edgerun/quant/calib"
	"edgerun/quant/pass"
	"edgerun/rt/frontend"
	"edgerun/rt/generate"
	"edgerun/rt/graph"
	"edgerun/rt/task"
)

// sequenceFlags say what a network that writes sequences begins and ends with.
type sequenceFlags struct {
	start, end string
	most       int
}

func (s *sequenceFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.start, "start-token", "0", "sequence: token that begins a sequence, by its label or, where no label is the same, its number")
	c.Flags().StringVar(&s.end, "end-token", "", "sequence: token that ends one, likewise (default none)")
	c.Flags().IntVar(&s.most, "max-tokens", 0, "sequence: tokens to write at most (default as many as the network has places for)")
}

// spec fills in a task for a network over whole sequences; labels are the tokens, where they are known.
func (s *sequenceFlags) spec(t *task.Spec, g *graph.Graph, labels []string) error {
	number := func(flag, token string) (int, error) {
		if i := slices.Index(labels, token); i >= 0 {
			return i, nil
		}
		n, err := strconv.Atoi(token)
		if err != nil {
			return 0, usagef("--%s %q: no number, and none of the %d labels", flag, token, len(labels))
		}
		return n, nil
	}
	var err error
	if t.StartToken, err = number("start-token", s.start); err != nil {
		return err
	}
	t.EndToken = task.NoToken
	if s.end != "" {
		if t.EndToken, err = number("end-token", s.end); err != nil {
			return err
		}
	}
	if y := g.Outputs[0].Shape; y.Rank > 0 {
		if n := y.Dim[y.Rank-1]; max(t.StartToken, t.EndToken) >= n {
			return usagef("--start-token %d, --end-token %d: the network has tokens 0 to %d", t.StartToken, t.EndToken, n-1)
		}
	}
	t.MaxTokens = s.most
	return checkMost(s.most, g)
}

// checkMost refuses more tokens than a network over whole sequences has places for.
func checkMost(most int, g *graph.Graph) error {
	if most < 0 {
		return usagef("--max-tokens %d is negative", most)
	}
	i, err := pass.SequenceInput(g)
	if err != nil {
		return nil // which making steps will say
	}
	if v := g.Inputs[i]; most > v.Shape.Dim[1] {
		return usagef("--max-tokens %d: the network has places for %d (--dim %s)", most, v.Shape.Dim[1], v.Sym[1])
	}
	return nil
}

// stepGraph returns the network that runs position by position if the task is to write sequences, else g.
func stepGraph(g *graph.Graph, spec *task.Spec) (*graph.Graph, error) {
	if spec.Kind != task.KindSequence {
		return g, nil
	}
	return pass.Steps(g)
}

// generateFlags are those of run --generate.
type generateFlags struct {
	on       bool
	sampling task.Sampling
	most     int
	command  *cobra.Command
}

func (f *generateFlags) flags(c *cobra.Command) {
	f.command = c
	c.Flags().BoolVar(&f.on, "generate", false, "write a sequence for each text or prompt, with a model of task sequence")
	c.Flags().Float32Var(&f.sampling.Temperature, "temperature", 0, "of --generate: draw tokens, with logits divided by it (default: always the likeliest token)")
	c.Flags().IntVar(&f.sampling.TopK, "top-k", 0, "of --generate: draw from that many likeliest tokens (default all)")
	c.Flags().Float32Var(&f.sampling.TopP, "top-p", 0, "of --generate: draw from the fewest likeliest tokens whose probabilities add up to it (default all)")
	c.Flags().Uint64Var(&f.sampling.Seed, "seed", 0, "of --generate: of the random numbers that draw tokens")
	c.Flags().IntVar(&f.most, "max-tokens", 0, "of --generate: tokens to write at most (default what the model file says)")
}

// check reports flags that do not go with the others or with the model.
func (f *generateFlags) check(m *model, pre *preprocessing, output string) error {
	is := m.task().Kind == task.KindSequence
	if !f.on {
		for _, name := range []string{"temperature", "top-k", "top-p", "seed", "max-tokens"} {
			if f.changed(name) {
				return usagef("--%s goes with --generate", name)
			}
		}
		if is {
			return usagef("%s is for task %s: give --generate", m.path, task.KindSequence)
		}
		return nil
	}
	switch {
	case !is && m.imported:
		return usagef("--generate: %s is no network of --task %s yet: make one with 'edgerun convert' or 'edgerun quantize'", m.path, task.KindSequence)
	case !is:
		return usagef("--generate: %s is for task %s, want %s", m.path, m.task().Kind, task.KindSequence)
	case pre.given() != "":
		return usagef("--%s: the model file says how texts become tokens", pre.given())
	}
	for _, name := range []string{"stream", "top", "input"} {
		if f.changed(name) {
			return usagef("--%s does not go with --generate", name)
		}
	}
	if f.sampling.Temperature == 0 {
		for _, name := range []string{"top-k", "top-p"} {
			if f.changed(name) {
				return usagef("--%s is for tokens that are drawn: give --temperature too, 1 for the network's own probabilities", name)
			}
		}
	}
	places := generate.Places(m.Graph)
	switch s := &f.sampling; {
	case !(s.Temperature >= 0 && s.Temperature <= 1000):
		return usagef("--temperature %g outside [0,1000]", s.Temperature)
	case s.TopK < 0:
		return usagef("--top-k %d is negative", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return usagef("--top-p %g outside [0,1]", s.TopP)
	case f.changed("max-tokens") && (f.most < 1 || f.most > places):
		return usagef("--max-tokens %d outside [1,%d], the places of the network", f.most, places)
	}
	return checkWritten(output)
}

func (f *generateFlags) changed(name string) bool { return f.command.Flags().Changed(name) }

// writer writes sequences for the samples of data sets.
type writer struct {
	*runner
	generator      *generate.Generator
	source, target *frontend.Tokenizer // nil: numbers
	prompts        bool                // texts are continued, not read by an encoder
	tokens, prompt []int32
}

// writer returns one that writes most tokens, or where it is 0 as many as the model's task says.
func (r *runner) writer(sampling task.Sampling, most int) (*writer, error) {
	w := &writer{runner: r}
	m := r.model
	spec := *m.task()
	if most > 0 {
		spec.MaxTokens = most
	}
	var err error
	if w.generator, err = generate.New(r.session, spec, sampling); err != nil {
		return nil, m.fail(err)
	}
	w.prompts = len(m.Graph.Inputs) == 1
	if m.FrontEnd == nil || m.FrontEnd.Kind != frontend.KindTokens {
		return nil, m.fail(fmt.Errorf("no front end of kind %q, which takes texts apart", frontend.KindTokens))
	}
	if w.source, err = frontend.NewTokenizer(*m.FrontEnd); err != nil {
		return nil, m.fail(err)
	}
	if w.target, err = frontend.NewTokenizer(*targetSpec(m.task(), m.Labels, m.FrontEnd)); err != nil {
		return nil, m.fail(err)
	}
	return w, nil
}

// each calls f with the tokens that the model writes for each sample. f must not keep the slice.
func (w *writer) each(c *cobra.Command, path string, limit int, f func(i int, s *calib.Sample, tokens []int32) error) error {
	ds, err := w.open(c, path)
	if err != nil {
		return err
	}
	feed, err := newTextFeeder(w.model.Graph, w.model.FrontEnd, w.model.task(), w.model.Labels)
	if err != nil {
		return w.model.fail(err)
	}
	defer feed.cut.print(c.ErrOrStderr())
	n := ds.Len()
	if limit > 0 {
		n = min(n, limit)
	}
	show := progress(path, n)
	for i := range n {
		if err := c.Context().Err(); err != nil {
			return err
		}
		s, err := ds.Sample(i)
		if err != nil {
			return err
		}
		if !s.IsText() {
			return fmt.Errorf("%s: no text; wanted a .txt, .jsonl or .csv file of texts", s.Name)
		}
		w.prompt = w.prompt[:0]
		if w.prompts {
			if w.prompt, err = w.source.Append(w.prompt, s.Text, w.generator.Places()-1); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			feed.cut.add(s.Name, len(w.prompt), w.source.Cut())
		} else if err := feed.fill(w.session, &s); err != nil {
			return err
		}
		if w.tokens, err = w.generator.Write(w.tokens[:0], w.prompt); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := f(i, &s, w.tokens); err != nil {
			return err
		}
		show(i+1, n)
	}
	return nil
}

// written is what a model wrote for a sample.
type written struct {
	File   string  `json:"file"`
	Sample int     `json:"sample"`
	Text   string  `json:"text"`
	Tokens []int32 `json:"tokens"`
}

// runGenerate prints what the model writes for all samples, and writes it to file output unless that is "".
func runGenerate(c *cobra.Command, r *runner, f *generateFlags, paths []string, asJSON bool, output string) error {
	w, err := r.writer(f.sampling, f.most)
	if err != nil {
		return err
	}
	var all writtenFile
	out := bufio.NewWriter(c.OutOrStdout())
	for _, path := range paths {
		err := w.each(c, path, 0, func(i int, _ *calib.Sample, tokens []int32) error {
			text := string(w.target.AppendText(nil, tokens))
			if output != "" {
				all.add(text, tokens)
			}
			if asJSON {
				return writeJSONLine(out, written{path, i, text, tokens})
			}
			_, err := fmt.Fprintf(out, "%s\n", text)
			return err
		})
		if err != nil {
			return errors.Join(out.Flush(), err) // what was written is not lost
		}
	}
	if err := out.Flush(); err != nil || output == "" {
		return err
	}
	return loader.WriteAtomic(output, all.writer(output))
}

// sequenceEvaluation are the figures of a model that writes sequences.
type sequenceEvaluation struct {
	Exact        float64 `json:"exact"`
	Tokens       float64 `json:"token_accuracy"`
	EditDistance float64 `json:"edit_distance"`
}

// evaluateSequences has a model write for all samples of data and compares with what is wanted there, if anything is.
func (e *engine) evaluateSequences(c *cobra.Command, m *model, data string, limit int) (*evaluation, error) {
	r, err := e.runner(m, nil)
	if err != nil {
		return nil, err
	}
	defer r.pool.Close()
	w, err := r.writer(task.Sampling{}, 0)
	if err != nil {
		return nil, err
	}
	spec := w.target.Spec()
	spec.StartToken, spec.EndToken = "", ""
	wanted, err := frontend.NewTokenizer(spec)
	if err != nil {
		return nil, m.fail(err)
	}
	res := &evaluation{Model: m.path, Kernels: r.session.Program().Kernels().Name, Threads: r.pool.Threads(), Task: task.KindSequence}
	sum := sha256.New()
	var raw []byte
	var want []int32
	var score task.Sequences
	err = w.each(c, data, limit, func(i int, s *calib.Sample, tokens []int32) error {
		raw = binary.LittleEndian.AppendUint32(raw[:0], uint32(len(tokens)))
		for _, t := range tokens {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(t))
		}
		sum.Write(raw)
		res.Samples++
		h := fnv.New32a() // equal sequences count as one class, for the agreement of models
		h.Write(raw)
		res.predicted = append(res.predicted, int(h.Sum32()))
		if s.Label == "" {
			return nil
		}
		if want, err = wanted.Append(want[:0], s.Label, 1<<20); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		score.Add(want, tokens)
		return nil
	})
	if err != nil {
		return nil, err
	}
	res.Hash = hex.EncodeToString(sum.Sum(nil))
	switch score.Samples() {
	case res.Samples:
		res.Sequence = &sequenceEvaluation{score.Exact(), score.TokenAccuracy(), score.EditDistance()}
	case 0:
	default:
		return nil, fmt.Errorf("%s: %d of %d samples say what is wanted", data, score.Samples(), res.Samples)
	}
	return res, nil
}
