package tensor

import (
	"fmt"
	"unsafe"

	"edgerun/kernels/abi"
)

// Align is the alignment, in bytes, of arenas and of every tensor in one.
const Align = 64

// Buffer is a block of memory with typed views. Views share the memory and cost nothing.
type Buffer struct {
	p unsafe.Pointer
	n int // bytes
}

// Alloc returns sizeBytes zero bytes, aligned to Align, with abi.Slack readable bytes behind them.
func Alloc(sizeBytes int) Buffer {
	raw := make([]byte, sizeBytes+abi.Slack+Align)
	p := unsafe.Pointer(unsafe.SliceData(raw))
	return Buffer{unsafe.Add(p, -uintptr(p)&(Align-1)), sizeBytes}
}

// Of returns a buffer over b's own memory: aligned, and with slack behind it, only if b has both.
func Of(b []byte) Buffer { return Buffer{unsafe.Pointer(unsafe.SliceData(b)), len(b)} }

// Of32 returns a buffer over f's own memory.
func Of32(f []float32) Buffer { return Buffer{unsafe.Pointer(unsafe.SliceData(f)), 4 * len(f)} }

// OfI8 returns a buffer over c's own memory.
func OfI8(c []int8) Buffer { return Buffer{unsafe.Pointer(unsafe.SliceData(c)), len(c)} }

// Slice returns n bytes from offset off.
func (b Buffer) Slice(off, n int) Buffer {
	if off < 0 || n < 0 || off > b.n || n > b.n-off {
		panic(fmt.Sprintf("tensor: slice [%d,+%d) of %d bytes", off, n, b.n))
	}
	return Buffer{unsafe.Add(b.p, off), n}
}

// Len returns the size in bytes.
func (b Buffer) Len() int { return b.n }

// Bytes returns the bytes; the methods after it return b's whole elements of their type.
func (b Buffer) Bytes() []byte  { return unsafe.Slice((*byte)(b.p), b.n) }
func (b Buffer) I8() []int8     { return unsafe.Slice((*int8)(b.p), b.n) }
func (b Buffer) I16() []int16   { return unsafe.Slice((*int16)(b.p), b.n/2) }
func (b Buffer) I32() []int32   { return unsafe.Slice((*int32)(b.p), b.n/4) }
func (b Buffer) I64() []int64   { return unsafe.Slice((*int64)(b.p), b.n/8) }
func (b Buffer) F32() []float32 { return unsafe.Slice((*float32)(b.p), b.n/4) }
func (b Buffer) F64() []float64 { return unsafe.Slice((*float64)(b.p), b.n/8) }

// PtrByte and those after it return the address of the first element, for a kernel's arguments.
func (b Buffer) PtrByte() *byte   { return (*byte)(b.p) }
func (b Buffer) PtrI8() *int8     { return (*int8)(b.p) }
func (b Buffer) PtrI16() *int16   { return (*int16)(b.p) }
func (b Buffer) PtrI64() *int64   { return (*int64)(b.p) }
func (b Buffer) PtrI32() *int32   { return (*int32)(b.p) }
func (b Buffer) PtrF32() *float32 { return (*float32)(b.p) }

// Tensor is a type with its values.
type Tensor struct {
	Type
	Data Buffer
}

// New returns a tensor of zeros.
func New(t Type) *Tensor { return &Tensor{t, Alloc(t.SizeBytes())} }

// FromF32, FromI32 and FromI64 copy values into a new tensor of the given shape, whose product must be their number.
func FromF32(shape Shape, v []float32) *Tensor {
	t := New(Type{DType: Float32, Shape: shape})
	copy(t.Data.F32(), v)
	return t
}

func FromI32(shape Shape, v []int32) *Tensor {
	t := New(Type{DType: Int32, Shape: shape})
	copy(t.Data.I32(), v)
	return t
}

func FromI64(shape Shape, v []int64) *Tensor {
	t := New(Type{DType: Int64, Shape: shape})
	copy(t.Data.I64(), v)
	return t
}
