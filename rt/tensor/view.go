package tensor

import "unsafe"

// View returns b's whole elements as values of T, an element type of fixed size.
func View[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64](b Buffer) []T {
	var one T
	return unsafe.Slice((*T)(b.p), b.n/int(unsafe.Sizeof(one)))
}
