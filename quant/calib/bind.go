package calib

import (
	"fmt"
	"slices"
	"strings"

	"edgerun/rt/graph"
)

// ExtentError is an error of Bind that other bounds of symbolic dimensions might mend.
type ExtentError struct{ error }

// Unwrap returns what is wrong.
func (e ExtentError) Unwrap() error { return e.error }

// Bind returns d, but where its samples are named arrays with one for each of a network's inputs, in their order. An array
// is an input's value, within the bounds of symbolic dimensions; or it has one more axis, before all others, that counts
// samples; or that axis takes the place of a batch of one. All arrays of a file have as many samples, and one that holds a
// single sample goes with all of them. Types are left to whoever reads the samples.
func Bind(d Dataset, inputs []*graph.Value) (Dataset, error) {
	a, ok := d.(*arrays)
	if !ok {
		return d, nil
	}
	var groups []group
	for _, g := range a.groups {
		bound := group{name: g.name, label: g.label, samples: 1}
		for _, e := range g.entries {
			if !slices.ContainsFunc(inputs, func(v *graph.Value) bool { return v.Name == e.name }) {
				return nil, fmt.Errorf("%s: is no input: %s", e.where, inputList(inputs))
			}
		}
		for _, v := range inputs {
			i := slices.IndexFunc(g.entries, func(e *entry) bool { return e.name == v.Name })
			if i < 0 {
				return nil, fmt.Errorf("%s: no array for input %q: %s", g.name, v.Name, inputList(inputs))
			}
			e := *g.entries[i]
			if err := e.bind(v); err != nil {
				return nil, err
			}
			bound.entries = append(bound.entries, &e)
			bound.samples = max(bound.samples, e.rows)
		}
		if err := bound.agree(inputs); err != nil {
			return nil, err
		}
		groups = append(groups, bound)
	}
	return newArrays(groups), nil
}

// bind cuts an entry for an input.
func (e *entry) bind(v *graph.Value) error {
	first := v.Shape.Rank > 0 && v.Shape.Dim[0] == 1 && (v.Sym == nil || v.Sym[0] == "" || IsBatch(v.Sym[0], 0))
	switch {
	case fitsInput(e.shape, v, 0):
	case len(e.shape) == v.Shape.Rank+1 && fitsInput(e.shape[1:], v, 0):
		e.axis, e.rows, e.sample = true, e.shape[0], e.shape[1:]
	case first && len(e.shape) == v.Shape.Rank && fitsInput(e.shape[1:], v, 1):
		e.axis, e.rows, e.sample = true, e.shape[0], append([]int{1}, e.shape[1:]...)
	default:
		counted := extents(v, 0)
		if first {
			counted = extents(v, 1)
		}
		return ExtentError{fmt.Errorf("%s: shape %v; wanted %v, or %v for N samples", e.where, e.shape, brackets(extents(v, 0)), brackets(append([]string{"N"}, counted...)))}
	}
	return nil
}

// fitsInput reports whether shape is v's from axis from on, within the bounds of symbolic dimensions.
func fitsInput(shape []int, v *graph.Value, from int) bool {
	bound := v.Shape.Dims()[from:]
	if len(shape) != len(bound) {
		return false
	}
	for i, d := range shape {
		symbolic := v.Sym != nil && v.Sym[from+i] != ""
		if d != bound[i] && (!symbolic || d > bound[i]) {
			return false
		}
	}
	return true
}

// agree checks that arrays have as many samples, or one, and the same extent where they have the same symbolic dimension.
func (g *group) agree(inputs []*graph.Value) error {
	for _, e := range g.entries {
		for _, other := range g.entries {
			if e.rows > 1 && other.rows > 1 && e.rows != other.rows {
				return ExtentError{fmt.Errorf("%s: %d samples; %q has %d", other.where, other.rows, e.name, e.rows)}
			}
		}
	}
	type seen struct{ extent, entry int }
	symbols := map[string]seen{}
	for k, v := range inputs {
		for i, name := range v.Sym {
			if name == "" {
				continue
			}
			d := g.entries[k].sample[i]
			if s, ok := symbols[name]; ok && s.extent != d {
				return ExtentError{fmt.Errorf("%s: shape %v, and dimension %q is %d; it is %d in %q", g.entries[k].where, g.entries[k].sample, name, d,
					s.extent, g.entries[s.entry].name)}
			}
			symbols[name] = seen{d, k}
		}
	}
	return nil
}

// IsBatch reports whether the symbolic dimension of an input's given axis is a batch, by its name or for want of one.
func IsBatch(name string, axis int) bool {
	return axis == 0 && strings.HasSuffix(name, ".dim0") || strings.Contains(strings.ToLower(name), "batch")
}

// inputList says what a network takes.
func inputList(inputs []*graph.Value) string {
	var all []string
	for _, v := range inputs {
		all = append(all, fmt.Sprintf("%s %v%v", v.Name, v.DType, brackets(extents(v, 0))))
	}
	return "the network takes " + strings.Join(all, ", ")
}

// extents are those of v from an axis on, symbolic ones with their bound.
func extents(v *graph.Value, from int) []string {
	all := []string{}
	for i, d := range v.Shape.Dims()[from:] {
		s := fmt.Sprint(d)
		if v.Sym != nil && v.Sym[from+i] != "" {
			s = fmt.Sprintf("%s≤%d", v.Sym[from+i], d)
		}
		all = append(all, s)
	}
	return all
}

func brackets(s []string) string { return "[" + strings.Join(s, " ") + "]" }
