package calib

import "edgerun/rt/graph"

// Extents returns the shape that an array gives an input v, within the bounds of v's symbolic dimensions: the array's own,
// or with a batch of one before it.
func Extents(shape []int, v *graph.Value) ([]int, bool) {
	for len(shape) > v.Shape.Rank && shape[0] == 1 {
		shape = shape[1:]
	}
	if fitsInput(shape, v, 0) {
		return shape, true
	}
	if with := append([]int{1}, shape...); fitsInput(with, v, 0) {
		return with, true
	}
	return nil, false
}

// Bounds describes what shape an input takes, as in [1 tokens≤12].
func Bounds(v *graph.Value) string { return brackets(extents(v, 0)) }
