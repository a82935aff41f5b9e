package rt

import (
	"fmt"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// symbols are the extents of the moment of a session's symbolic dimensions.
type symbols struct {
	now, before []int // by index in graph.Symbols
	inputs      []symbolicInput
}

// symbolicInput says which dimensions of an input are which symbols, −1 for a fixed one.
type symbolicInput struct {
	value *graph.Value
	slot  int
	at    [tensor.MaxRank]int
}

func newSymbols(p *Program) symbols {
	names := p.graph.Symbols()
	s := symbols{now: make([]int, len(names)), before: make([]int, len(names))}
	for _, v := range p.graph.Inputs {
		in := symbolicInput{value: v, slot: p.slots[v]}
		for k := range in.at {
			in.at[k] = -1
			if k < len(v.Sym) && v.Sym[k] != "" {
				in.at[k] = slices.Index(names, v.Sym[k])
				s.now[in.at[k]] = v.Shape.Dim[k]
			}
		}
		s.inputs = append(s.inputs, in)
	}
	return s
}

// read takes the symbols of input i from its shape.
func (s *symbols) read(i int, shape tensor.Shape) error {
	in := &s.inputs[i]
	for k, d := range shape.Dims() {
		if at := in.at[k]; at >= 0 {
			s.now[at] = d
		}
	}
	for k, d := range shape.Dims() {
		if at := in.at[k]; at >= 0 && s.now[at] != d {
			return fmt.Errorf("rt: input %q: shape %v: dimension %q is %d and %d: %w", in.value.Name, shape, in.value.Sym[k], d, s.now[at], ErrShape)
		}
	}
	for k := range s.inputs {
		other := &s.inputs[k]
		for axis, at := range other.at[:other.value.Shape.Rank] {
			if at >= 0 && s.now[at] > other.value.Shape.Dim[axis] {
				return fmt.Errorf("rt: input %q: shape %v: dimension %q of input %q is at most %d: %w", in.value.Name, shape,
					other.value.Sym[axis], other.value.Name, other.value.Shape.Dim[axis], ErrShape)
			}
		}
	}
	return nil
}

// readAll takes the symbols of all inputs from their shapes.
func (s *symbols) readAll(shapes []tensor.Shape) error {
	for i := range s.inputs {
		for k, at := range s.inputs[i].at[:shapes[i].Rank] {
			if at >= 0 {
				s.now[at] = shapes[i].Dim[k]
			}
		}
	}
	for i := range s.inputs {
		in := &s.inputs[i]
		for k, at := range in.at[:shapes[i].Rank] {
			if at >= 0 && s.now[at] != shapes[i].Dim[k] {
				return fmt.Errorf("rt: input %q: shape %v: dimension %q is %d, of another input %d: %w", in.value.Name, shapes[i], in.value.Sym[k],
					shapes[i].Dim[k], s.now[at], ErrShape)
			}
		}
	}
	return nil
}

// write gives all inputs the shapes that follow.
func (s *symbols) write(f *op.Frame) {
	for i := range s.inputs {
		in := &s.inputs[i]
		for k, at := range in.at[:in.value.Shape.Rank] {
			if at >= 0 {
				f.Shape[in.slot].Dim[k] = s.now[at]
			}
		}
	}
}
