package calib

import (
	"fmt"
	"slices"
)

// frames says how the rows of a sequence fill a network's input: they follow each other along one of its axes, which need
// not be the first.
type frames struct {
	rows                 int // of a window
	outer, extent, inner int // of the input: before, along and behind the axis
}

// findFrames lays rows of a shape into an input of dims. Along axis, a frame has a row or several; −1 leaves the choice to
// the shapes, which must allow just one; single values fill the input in order. A row that fills the whole input stays as it is.
func findFrames(dims []int, axis int, row []int) (frames, error) {
	n, total := product(row), product(dims)
	if n == 0 || total%n != 0 {
		return frames{}, fmt.Errorf("rows of %d values; wanted some that fill the network's input %v", n, dims)
	}
	f := frames{rows: total / n, outer: 1, extent: total / n, inner: n}
	one, wide := squeezed(row), squeezed(dims)
	plain := func(wanted []int) bool { return len(one) < 2 || slices.Equal(one, wanted) }
	if f.rows == 1 {
		if !plain(wide) {
			return f, fmt.Errorf("rows of shape %v; the network's input is %v", row, dims)
		}
		return f, nil
	}
	if axis < 0 {
		if len(wide) < 2 || n == 1 { // a signal by itself
			return f, nil
		}
		var fit []int
		for i, d := range dims {
			if d == f.rows && plain(squeezed(slices.Delete(slices.Clone(dims), i, i+1))) {
				fit = append(fit, i)
			}
		}
		if len(fit) != 1 {
			return f, AxisError{fmt.Errorf("rows of shape %v are frames along axes %v of the network's input %v; wanted just one", row, fit, dims)}
		}
		axis = fit[0]
	}
	if axis >= len(dims) {
		return f, AxisError{fmt.Errorf("axis %d outside the network's input %v", axis, dims)}
	}
	frame := total / dims[axis]
	rest := squeezed(slices.Delete(slices.Clone(dims), axis, axis+1))
	if frame%n != 0 || frame == n && !plain(rest) {
		return f, fmt.Errorf("rows of shape %v; a frame along axis %d of the network's input %v has %d values, %v", row, axis, dims, frame, rest)
	}
	f.outer, f.extent = product(dims[:axis]), dims[axis]
	f.inner = frame / f.outer
	return f, nil
}

// AxisError is an error of NewWindows that another choice of the axis of time might mend.
type AxisError struct{ error }

// Unwrap returns what is wrong.
func (e AxisError) Unwrap() error { return e.error }

// longAxis returns the axis along which a sample of a shape is longer than an input of dims, all others being alike;
// −1 if there is none. Extents of 1 before the others do not count.
func longAxis(shape, dims []int) int {
	for len(shape) > len(dims) && shape[0] == 1 {
		shape = shape[1:]
	}
	skip := len(dims) - len(shape)
	if skip < 0 || product(dims[:skip]) != 1 {
		return -1
	}
	axis := -1
	for i, d := range shape {
		if d == dims[skip+i] {
			continue
		}
		if axis >= 0 || d < dims[skip+i] {
			return -1
		}
		axis = skip + i
	}
	return axis
}

// swapped returns x of [a,b,inner] as [b,a,inner].
func swapped[T any](x []T, a, b, inner int) []T {
	if len(x) == 0 || a == 1 || b == 1 {
		return x
	}
	out := make([]T, 0, len(x))
	for j := range b {
		for i := range a {
			out = append(out, x[(i*b+j)*inner:][:inner]...)
		}
	}
	return out
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
