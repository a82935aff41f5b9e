package main

import (
	"context"
	"fmt"
	"io"

	"edgerun/quant/calib"
	"edgerun/quant/pass"
	"edgerun/rt/frontend"
	"edgerun/rt/generate"
	"edgerun/rt/task"
)

// bothWrite reports whether two networks write sequences, and brings those that compute whole ones into step form.
func bothWrite(float, int8 *model) (bool, error) {
	kind := int8.task().Kind
	if kind != task.KindSequence {
		return false, nil
	}
	if k := float.task().Kind; k != kind {
		return false, fmt.Errorf("%s is for task %s, %s for %s: nothing to compare", float.path, k, int8.path, kind)
	}
	for _, m := range []*model{float, int8} {
		if _, err := generate.TokenInput(m.Graph); err == nil {
			continue
		}
		steps, err := pass.Steps(m.Graph)
		if err != nil {
			return false, m.fail(err)
		}
		m.Graph = steps
	}
	if a, b := generate.Places(float.Graph), generate.Places(int8.Graph); a != b {
		return false, fmt.Errorf("%s has places for %d tokens, %s for %d: give --dim the bound of the int8 file", float.path, a, int8.path, b)
	}
	return true, nil
}

// tokenAgreement says how often two networks that read the same tokens would write the same one next.
type tokenAgreement struct {
	Tokens    float64 `json:"tokens"`    // share of tokens, those that end a sequence included
	Sequences float64 `json:"sequences"` // share of sequences with no other token: both networks write these alone, too

	tokens, sameTokens, sequences, sameSequences int
}

// add counts a sequence: what the float network wrote, and what the int8 one would have at each place.
func (a *tokenAgreement) add(float, int8 []int32) {
	same := 0
	for i, t := range float {
		if int8[i] == t {
			same++
		}
	}
	a.tokens += len(float)
	a.sameTokens += same
	a.sequences++
	if same == len(float) {
		a.sameSequences++
	}
	a.Tokens = float64(a.sameTokens) / float64(max(1, a.tokens))
	a.Sequences = float64(a.sameSequences) / float64(a.sequences)
}

func (a *tokenAgreement) print(w io.Writer) {
	fmt.Fprintf(w, "after the same tokens both choose the same next one %d of %d times (%s), throughout %d of %d sequences (%s)\n",
		a.sameTokens, a.tokens, percent(a.Tokens), a.sameSequences, a.sequences, percent(a.Sequences))
}

// write compares while the float network writes a sequence for each of at most limit texts: the others take the same tokens.
func (c *comparison) write(ctx context.Context, float, int8 *model, data calib.Dataset, limit int) error {
	spec := *int8.task()
	if int8.FrontEnd == nil || int8.FrontEnd.Kind != frontend.KindTokens {
		return int8.fail(fmt.Errorf("no front end of kind %q, which takes texts apart", frontend.KindTokens))
	}
	texts, err := newTextFeeder(float.Graph, int8.FrontEnd, &spec, int8.Labels)
	if err != nil {
		return float.fail(err)
	}
	var writers [3]*generate.Generator // of the sessions
	for i, s := range c.sessions() {
		if writers[i], err = generate.New(s, spec, task.Sampling{}); err != nil {
			return err
		}
	}
	lead, alone, codes := writers[0], writers[1], writers[2]
	var tokens, prompt, chosen []int32
	lead.Watch(func(token int32) {
		codes.Step(token)
		if len(chosen) == 0 { // what runs once takes its inputs then, and their memory is others' afterwards
			c.lookInputs()
		}
		alone.Step(token)
		chosen = append(chosen, int32(argmax(c.int8.Output(0).F32())))
	})
	c.agreement = &tokenAgreement{}
	n := min(data.Len(), limit)
	show := progress("comparing", n)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := data.Sample(i)
		if err != nil {
			return err
		}
		if !s.IsText() {
			return fmt.Errorf("%s: no text; wanted a .txt, .jsonl or .csv file of texts", s.Name)
		}
		for _, session := range c.sessions() {
			if err := texts.fill(session, &s); err != nil {
				return err
			}
			session.Reset()
		}
		prompt, chosen = prompt[:0], chosen[:0]
		if texts.text < 0 { // the network has no encoder: it continues the text
			if prompt, err = texts.source.Append(prompt, s.Text, lead.Places()-1); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		if tokens, err = lead.Write(tokens[:0], prompt); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if places := chosen[len(prompt):]; len(places) > len(tokens) {
			tokens = append(tokens, int32(spec.EndToken))
		}
		c.agreement.add(tokens, chosen[len(prompt):])
		c.samples++
		show(i+1, n)
	}
	return nil
}
