// Package generic holds the portable kernels: the truth that every other implementation is compared with, bit for
// bit. They are slow and obvious on purpose.
package generic

import "unsafe"

// at is p[i:i+n] for a kernel argument.
func at[T any](p *T, i, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p)))), n)
}
