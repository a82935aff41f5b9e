package foreign

import (
	"errors"
	"fmt"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Inner strips the name of the node from an error of package graph, where an importer is about to put its own before it.
func Inner(err error) error {
	if e := errors.Unwrap(err); e != nil {
		return e
	}
	return err
}

// Axis brings an axis of a tensor of some rank into [0,rank).
func Axis(a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, fmt.Errorf("axis %d outside [%d,%d]", a, -rank, rank-1)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}

// Sizes is Ints as numbers of Go's own type: a shape, axes, bounds.
func Sizes(t *tensor.Tensor) ([]int, error) {
	values, err := Ints(t)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(values))
	for k, v := range values {
		out[k] = int(v)
	}
	return out, nil
}

// Infer returns the type of the only output of an operator without making a node of it.
func Infer(def *op.Def, attrs op.Attrs, in ...*graph.Value) (tensor.Type, error) {
	n := &graph.Node{Op: def, Attrs: attrs, In: in, Out: []*graph.Value{{}}}
	if err := n.Infer(); err != nil {
		return tensor.Type{}, Inner(err)
	}
	return n.Out[0].Type, nil
}

// Reshape returns a constant with the same data in the shape that op.Reshape's attributes give it.
func Reshape(v *graph.Value, attrs op.Attrs) (*graph.Value, error) {
	t, err := Infer(op.Reshape, attrs, v)
	if err != nil {
		return nil, err
	}
	view := *v.Const
	view.Shape = t.Shape
	return graph.NewConst(v.Name, &view), nil
}

// Folded keeps constants made from others, so that a weight used twice is converted once.
type Folded map[folded]*graph.Value

type folded struct {
	v   *graph.Value
	how string
}

// Fold returns the constant that make computes from v, computing it once for each how, or nil where there is no room for so
// many bytes.
func (f Folded) Fold(v *graph.Value, how string, sizeBytes int, room func(sizeBytes int) bool, make func(*tensor.Tensor) *tensor.Tensor) *graph.Value {
	key := folded{v, how}
	if f[key] == nil {
		if !room(sizeBytes) {
			return nil
		}
		f[key] = graph.NewConst(v.Name, make(v.Const))
	}
	return f[key]
}
