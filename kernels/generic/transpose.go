package generic

import (
	"unsafe"

	"edgerun/kernels/abi"
)

// Transpose8 moves bytes, Transpose32 elements of four bytes.
func Transpose8(a *abi.Transpose)  { transpose[uint8](a) }
func Transpose32(a *abi.Transpose) { transpose[uint32](a) }

func transpose[T uint8 | uint32](a *abi.Transpose) {
	x := at((*T)(unsafe.Pointer(a.X)), 0, (a.Cols-1)*a.XStride+a.Rows)
	y := at((*T)(unsafe.Pointer(a.Y)), 0, a.Rows*a.Cols)
	for c := range a.Cols {
		column := x[c*a.XStride:][:a.Rows]
		for r, i := 0, c; r < len(column); r, i = r+1, i+a.Cols {
			y[i] = column[r]
		}
	}
}
