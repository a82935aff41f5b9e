package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// The Signal operators are those of TFLite Micro's audio front end. Their integers are plain numbers without a scale, and
// where the reference leaves elements of an output as they happen to be, these operators write zeros.

// serial is a step of one task: for operators with little to do, or with a state that goes from element to element.
type serial struct {
	scratchBytes int
	run          func(*Frame, *Worker)
}

func (s *serial) Info() Info                        { return Info{Kernel: "portable", ScratchBytes: s.scratchBytes} }
func (s *serial) Tasks(*Frame) int                  { return 1 }
func (s *serial) Run(f *Frame, w *Worker, task int) { s.run(f, w) }

// inputTypes checks the element types of the first inputs.
func inputTypes(n *Node, want ...tensor.DType) error {
	for i, d := range want {
		if n.In[i].DType != d {
			return fmt.Errorf("input %d of %v, want %v: %w", i, n.In[i].DType, d, ErrUnsupported)
		}
	}
	return nil
}

// oneDimension checks that an input has one dimension.
func oneDimension(n *Node, i int) error {
	if s := n.In[i].Shape; s.Rank != 1 {
		return fmt.Errorf("input %d has shape %v, want one dimension", i, s)
	}
	return nil
}

// bounded returns an attribute that lies in [least, most].
func bounded(n *Node, name string, least, most int) (int, error) {
	v := n.Attrs.Int(name, least)
	if v < least || v > most {
		return 0, fmt.Errorf("%s %d outside [%d,%d]", name, v, least, most)
	}
	return v, nil
}

// rows returns the innermost dimension and the product of the others; an error where there is none or it is empty.
func rows(s *tensor.Shape) (outer, inner int, err error) {
	if s.Rank == 0 || s.Dim[s.Rank-1] == 0 {
		return 0, 0, fmt.Errorf("shape %v has no innermost elements", *s)
	}
	inner = s.Dim[s.Rank-1]
	return s.Elements() / inner, inner, nil
}

// counter checks a variable of one int32.
func counter(what string, v *Arg) error {
	if v.DType != tensor.Int32 || v.Shape.Elements() != 1 {
		return fmt.Errorf("%s is %v%v, want one int32", what, v.DType, v.Shape)
	}
	return nil
}

// slide moves a window of the last samples on by x.
func slide(window, x []int16) {
	if n := len(window) - len(x); n > 0 {
		copy(window, window[len(x):])
		copy(window[n:], x)
	} else {
		copy(window, x[-n:])
	}
}

// required makes the attributes of integers that must be there.
func required(names ...string) (specs []AttrSpec) {
	for _, name := range names {
		specs = append(specs, AttrSpec{Name: name, Kind: Int, Required: true})
	}
	return specs
}
