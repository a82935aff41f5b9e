package main

import (
	"slices"

	"edgerun/rt"
	"edgerun/rt/generate"
)

// firstInputs returns what the first sample of the data at path gives a network's inputs, which must be as large as they can
// be: what is measured is the program, at its bounds.
func firstInputs(m *model, p *rt.Program, path string, pre *preprocessing) (inputs, error) {
	if _, err := generate.TokenInput(m.Graph); err == nil {
		return nil, usagef("--data: %s writes sequences, of tokens of its own", m.path)
	}
	ds, spec, err := openSamples(path, m, pre)
	if err != nil {
		return nil, err
	}
	feed, err := newFeeder(m.Graph, spec, ds, 1)
	if err != nil {
		return nil, m.fail(err)
	}
	s := p.NewSession(nil)
	if err := feed.Fill(0, s); err != nil {
		return nil, err
	}
	var all inputs
	for i, v := range m.Graph.Inputs {
		if shape := s.InputShape(i); shape != v.Shape {
			return nil, usagef("--data: %s: input %q is %v in the first sample, want the most that the network takes, %v", path, v.Name, shape, v.Shape)
		}
		all = append(all, slices.Clone(s.Input(i).Bytes()))
	}
	return all, nil
}
