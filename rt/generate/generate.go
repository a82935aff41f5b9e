// Package generate writes sequences of tokens with networks that run position by position.
//
//	session, task.Spec ──New──▶ Generator ──Write──▶ tokens
//
// Networks are those that quant/pass.Steps makes: one token in, the logits of the next one out.
package generate

import (
	"errors"
	"fmt"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/task"
	"edgerun/rt/tensor"
)

// ErrNoSteps marks a network that takes no sequence position by position.
var ErrNoSteps = errors.New("the network does not run position by position")

// Generator writes sequences. One goroutine at a time may use it and its session.
type Generator struct {
	session *rt.Session
	spec    task.Spec
	sampler *task.Sampler
	input   int // of tokens
	wide    bool
	places  int
	watch   func(token int32)
}

// TokenInput returns the input that takes one token a Run.
func TokenInput(g *graph.Graph) (int, error) {
	early := map[*graph.Value]bool{}
	for _, n := range g.Nodes[:g.Once] {
		for _, v := range n.In {
			early[v] = true
		}
	}
	for i, v := range g.Inputs {
		if !early[v] && (v.DType == tensor.Int32 || v.DType == tensor.Int64) && v.Shape.Elements() == 1 && Places(g) > 0 {
			return i, nil
		}
	}
	return 0, ErrNoSteps
}

// Places returns the least number of positions that a variable of the network keeps: how many tokens a sequence may have. It
// is 0 for a network without such variables.
func Places(g *graph.Graph) int {
	n := 0
	for _, m := range g.Nodes {
		if m.Op == op.Append {
			if d := m.In[0].Shape.Dim[m.Attrs.Int("axis", 0)]; n == 0 || d < n {
				n = d
			}
		}
	}
	return n
}

// New returns a generator for a session of a network that takes one sequence at a time.
func New(s *rt.Session, spec task.Spec, sampling task.Sampling) (*Generator, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if spec.Kind != task.KindSequence {
		return nil, fmt.Errorf("generate: task %q, want %q", spec.Kind, task.KindSequence)
	}
	net := s.Program().Graph()
	input, err := TokenInput(net)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	y := net.Outputs[0]
	if y.DType != tensor.Float32 {
		return nil, fmt.Errorf("generate: output %q is %v, want float32", y.Name, y.DType)
	}
	g := &Generator{session: s, spec: spec, input: input, wide: net.Inputs[input].DType == tensor.Int64, places: Places(net)}
	tokens := y.Shape.Elements()
	if spec.StartToken >= tokens || spec.EndToken >= tokens {
		return nil, fmt.Errorf("generate: start token %d and end token %d, output %q has %d tokens", spec.StartToken, spec.EndToken, y.Name, tokens)
	}
	g.sampler, err = task.NewSampler(sampling, tokens)
	return g, err
}

// Places returns how many tokens a sequence may have, start token included.
func (g *Generator) Places() int { return g.places }

// Write begins a new sequence with the session's other inputs as they are, gives the network the start token and those of
// prompt, and appends to dst what it writes then: up to an end token, which is left out, the most tokens of the
// specification, or the network's places. It allocates nothing but to make dst larger.
func (g *Generator) Write(dst, prompt []int32) ([]int32, error) {
	if len(prompt) >= g.places {
		return dst, fmt.Errorf("generate: prompt of %d tokens, the network has places for %d and the start token", len(prompt), g.places-1)
	}
	g.session.Reset()
	g.Step(int32(g.spec.StartToken))
	for _, t := range prompt {
		g.Step(t)
	}
	limit := g.places - len(prompt)
	if g.spec.MaxTokens > 0 {
		limit = min(limit, g.spec.MaxTokens)
	}
	for i := range limit {
		t := g.sampler.Next(g.session.Output(0).F32())
		if t == g.spec.EndToken {
			break
		}
		dst = append(dst, int32(t))
		if i+1 < limit {
			g.Step(int32(t))
		}
	}
	return dst, nil
}

// Watch has f called with every token before the network takes it; nil ends that.
func (g *Generator) Watch(f func(token int32)) { g.watch = f }

// Step gives the network one token: what Write does for each, after a Reset of the session, with tokens that somebody else
// knows. It allocates nothing.
func (g *Generator) Step(token int32) {
	if g.watch != nil {
		g.watch(token)
	}
	if b := g.session.Input(g.input); g.wide {
		b.I64()[0] = int64(token)
	} else {
		b.I32()[0] = token
	}
	g.session.Run()
}
