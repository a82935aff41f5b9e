package main

import (
	"fmt"
	"slices"
	"strings"

	"edgerun/quant/calib"
	"edgerun/quant/pass"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/generate"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/task"
	"edgerun/rt/tensor"
)

// textFeeder writes texts as tokens into a session's inputs: the text into one; for networks that compute a sequence, what is
// wanted for it into another; and which tokens are there into inputs for masks.
type textFeeder struct {
	source, target *frontend.Tokenizer
	inputs         []*graph.Value
	text, wanted   int // inputs, −1: none
	masks          []int
	start          int32 // before what is wanted
	tokens         []int32
	cut            cutTexts
}

// newTextFeeder finds the inputs of a network. spec, which may be nil, is its task; labels are the tokens of what it writes.
func newTextFeeder(g *graph.Graph, source *frontend.Spec, spec *task.Spec, labels []string) (*textFeeder, error) {
	t := &textFeeder{inputs: g.Inputs, text: -1, wanted: -1}
	var err error
	if t.source, err = frontend.NewTokenizer(*source); err != nil {
		return nil, err
	}
	steps := -1
	if spec != nil && spec.Kind == task.KindSequence {
		if steps, err = generate.TokenInput(g); err != nil {
			steps = -1
			if t.wanted, err = pass.SequenceInput(g); err != nil {
				return nil, err
			}
			target := targetSpec(spec, labels, source)
			target.StartToken, target.EndToken = "", ""
			if t.target, err = frontend.NewTokenizer(*target); err != nil {
				return nil, err
			}
			t.start = int32(spec.StartToken)
		}
	}
	for i, v := range g.Inputs {
		ints := v.DType == tensor.Int32 || v.DType == tensor.Int64
		switch {
		case i == steps || i == t.wanted:
		case strings.Contains(strings.ToLower(v.Name), "mask"):
			t.masks = append(t.masks, i)
		case ints && v.Shape.Rank == 2 && v.Shape.Dim[0] == 1 && t.text < 0:
			t.text = i
		default:
			return nil, fmt.Errorf("input %q is %v; wanted one input of tokens, int32 or int64 [1,tokens], and masks of it, by their names", v.Name, v.Type)
		}
	}
	if t.text < 0 && (steps < 0 && t.wanted < 0 || len(t.masks) > 0) {
		return nil, fmt.Errorf("the network has no input of tokens")
	}
	for _, k := range []struct {
		input  int
		tokens *frontend.Tokenizer
	}{{t.text, t.source}, {t.wanted, t.target}} {
		if k.input < 0 {
			continue
		}
		in := g.Inputs[k.input]
		if rows, n := embeddings(g, in), len(k.tokens.Spec().Vocabulary); rows > 0 && n > rows {
			return nil, fmt.Errorf("vocabulary of %d tokens; input %q takes %d: give --vocab the one that the network was trained with", n, in.Name, rows)
		}
	}
	return t, nil
}

// embeddings returns the rows of the table that a network reads at its tokens v, 0 if it reads none.
func embeddings(g *graph.Graph, v *graph.Value) int {
	for _, n := range g.Nodes {
		switch {
		case n.Op == op.Gather && n.In[1] == v && n.In[0].Const != nil:
			return n.In[0].Shape.Dim[n.Attrs.Int("axis", 0)]
		case n.Op == op.Cast && n.In[0] == v:
			if rows := embeddings(g, n.Out[0]); rows > 0 {
				return rows
			}
		}
	}
	return 0
}

// fill writes a text and what is wanted for it. A network that only continues texts gets both as one sequence.
func (t *textFeeder) fill(s *rt.Session, sample *calib.Sample) error {
	fail := func(err error) error { return fmt.Errorf("%s: %w", sample.Name, err) }
	var err error
	if t.text >= 0 {
		if t.tokens, err = t.source.Append(t.tokens[:0], sample.Text, t.room(t.text)); err == nil {
			t.cut.add(sample.Name, len(t.tokens), t.source.Cut())
			err = t.put(s, t.text, t.tokens, t.source.Padding())
		}
		if err != nil {
			return fail(err)
		}
		for _, i := range t.masks {
			if err := t.putMask(s, i, len(t.tokens)); err != nil {
				return fail(err)
			}
		}
	}
	if t.wanted < 0 {
		return nil
	}
	t.tokens = append(t.tokens[:0], t.start)
	room := t.room(t.wanted) - 1
	if t.text < 0 {
		before := len(t.tokens)
		if t.tokens, err = t.source.Append(t.tokens, sample.Text, room); err != nil {
			return fail(err)
		}
		room -= len(t.tokens) - before
		t.cut.add(sample.Name, len(t.tokens)-before, t.source.Cut())
	}
	before := len(t.tokens)
	if t.tokens, err = t.target.Append(t.tokens, sample.Label, room); err == nil {
		t.cut.add(sample.Name+", what is wanted", len(t.tokens)-before, t.target.Cut())
		err = t.put(s, t.wanted, t.tokens, t.target.Padding())
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

func (t *textFeeder) room(input int) int { return t.inputs[input].Shape.Dim[1] }

// put writes tokens into an input that becomes as long as they are where it can, and is filled up otherwise.
func (t *textFeeder) put(s *rt.Session, input int, tokens []int32, padding int32) error {
	if err := t.resize(s, input, len(tokens)); err != nil {
		return err
	}
	b := s.Input(input)
	for i := range s.InputShape(input).Elements() {
		n := padding
		if i < len(tokens) {
			n = tokens[i]
		}
		if t.inputs[input].DType == tensor.Int64 {
			b.I64()[i] = int64(n)
		} else {
			b.I32()[i] = n
		}
	}
	return nil
}

func (t *textFeeder) resize(s *rt.Session, input, n int) error {
	v := t.inputs[input]
	shape := v.Shape
	if len(v.Sym) > 1 && v.Sym[1] != "" {
		shape.Dim[1] = max(n, 1)
	}
	return s.Resize(input, shape)
}

// putMask marks the n tokens, or with "padding" in its name what is not one.
func (t *textFeeder) putMask(s *rt.Session, input, n int) error {
	v := t.inputs[input]
	padding := strings.Contains(strings.ToLower(v.Name), "padding")
	if shape := s.InputShape(input); shape != s.InputShape(t.text) {
		return fmt.Errorf("mask %q is %v, the tokens %v", v.Name, shape, s.InputShape(t.text))
	}
	marks := make([]float32, s.InputShape(input).Elements())
	for i := range marks {
		if (i < n) != padding {
			marks[i] = 1
		}
	}
	if v.DType == tensor.Float32 {
		copy(s.Input(input).F32(), marks)
		return nil
	}
	if !isPlain(v) {
		return fmt.Errorf("mask %q is %v; wanted bool, integers or float32", v.Name, v.Type)
	}
	return putPlain(s.Input(input), v.DType, marks)
}

// targetSpec describes the tokens that a task of sequences writes: the labels are its vocabulary, without them the front
// end's.
func targetSpec(spec *task.Spec, labels []string, source *frontend.Spec) *frontend.Spec {
	t := &frontend.Spec{Kind: frontend.KindTokens, Text: source.Text}
	t.StartToken, t.EndToken, t.MaxTokens = "", "", 0
	if len(labels) > 0 {
		t.Vocabulary = labels
	}
	if spec.Tokenizer != "" {
		t.Tokenizer = spec.Tokenizer
	}
	for _, name := range []*string{&t.UnknownToken, &t.PadToken} {
		if !slices.Contains(t.Vocabulary, *name) {
			*name = ""
		}
	}
	if spec.StartToken < len(t.Vocabulary) {
		t.StartToken = t.Vocabulary[spec.StartToken]
	}
	if spec.EndToken >= 0 && spec.EndToken < len(t.Vocabulary) {
		t.EndToken = t.Vocabulary[spec.EndToken]
	}
	return t
}

// newTokensFeeder is newFeeder for a front end of kind tokens; task and labels are newTextFeeder's.
func newTokensFeeder(g *graph.Graph, spec *frontend.Spec, data calib.Dataset, limit int, t *task.Spec, labels []string) (*feeder, error) {
	fe, err := frontend.New(*spec)
	if err != nil {
		return nil, err
	}
	f := &feeder{data: data, fe: fe, n: data.Len()}
	if limit > 0 {
		f.n = min(f.n, limit)
	}
	if f.text, err = newTextFeeder(g, spec, t, labels); err != nil {
		return nil, err
	}
	return f, nil
}
