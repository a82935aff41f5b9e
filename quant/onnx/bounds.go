package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// tooLarge says which bounds of symbolic dimensions a model cannot be imported at, and the largest ones that it can: a table
// of positions, say, has so many rows. cause is the error at the bounds, and the answer where smaller ones do not help;
// build imports at others.
func tooLarge(cause error, dims map[string]int, build func(map[string]int) error) error {
	most := 0
	for _, n := range dims {
		most = max(most, n)
	}
	capped := func(n int) map[string]int {
		at := maps.Clone(dims)
		for name := range at {
			at[name] = min(at[name], n)
		}
		return at
	}
	const least = 2 // at 1, exports lose axes
	if most <= least || build(capped(least)) != nil {
		return cause
	}
	fits := capped(largest(least, most, func(n int) error { return build(capped(n)) }))
	var all []error
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		if fits[name] == dims[name] {
			continue
		}
		var why error
		n := largest(fits[name], dims[name], func(n int) error {
			at := maps.Clone(fits)
			at[name] = n
			err := build(at)
			if err != nil {
				why = err
			}
			return err
		})
		if n < dims[name] {
			all = append(all, fmt.Errorf("dimension %q: %d is too large, it can be imported with at most %d: %w", name, dims[name], n, why))
		}
	}
	if all == nil { // each alone goes, all together do not
		return cause
	}
	return errors.Join(all...)
}

// largest returns, by halving, the largest n in [from,to] that try takes; it takes from.
func largest(from, to int, try func(n int) error) int {
	for to++; to-from > 1; {
		if n := from + (to-from)/2; try(n) == nil {
			from = n
		} else {
			to = n
		}
	}
	return from
}
