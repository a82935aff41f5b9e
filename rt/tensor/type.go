// Package tensor describes typed blocks of memory: element type, shape, quantization, and views of an arena.
package tensor

import (
	"fmt"
	"slices"
)

// DType is an element type. The numbers are part of the .edge format: never change one.
type DType uint8

const (
	Invalid DType = 0
	Float32 DType = 1
	Float16 DType = 2
	Int4    DType = 3 // two to a byte, low nibble first
	Int8    DType = 4
	UInt8   DType = 5
	Int16   DType = 6
	UInt16  DType = 7
	Int32   DType = 8
	UInt32  DType = 9
	Int64   DType = 10
	UInt64  DType = 11
	Bool    DType = 12 // one byte, 0 or 1
	Float64 DType = 13
)

var dtypes = [...]struct {
	name string
	bits int
}{
	{"invalid", 0}, {"float32", 32}, {"float16", 16}, {"int4", 4}, {"int8", 8}, {"uint8", 8}, {"int16", 16},
	{"uint16", 16}, {"int32", 32}, {"uint32", 32}, {"int64", 64}, {"uint64", 64}, {"bool", 8}, {"float64", 64},
}

// Valid reports whether d is a known element type.
func (d DType) Valid() bool { return d != Invalid && int(d) < len(dtypes) }

func (d DType) String() string {
	if int(d) < len(dtypes) {
		return dtypes[d].name
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// SizeBytes returns the bytes that n elements take.
func (d DType) SizeBytes(n int) int {
	if !d.Valid() {
		return 0
	}
	return (n*dtypes[d].bits + 7) / 8
}

// MaxRank is the largest number of dimensions.
const MaxRank = 8

// MaxDim and MaxElements bound shapes, so that sizes in bytes and strides stay far inside int.
const (
	MaxDim      = 1 << 24
	MaxElements = 1<<31 - 1
)

// Shape is a list of dimensions, outermost first. It is a value: comparing and copying allocate nothing.
type Shape struct {
	Rank int
	Dim  [MaxRank]int
}

// MakeShape returns the shape of the given dimensions; it panics on more than MaxRank, so parsers check first.
func MakeShape(dims ...int) Shape {
	var s Shape
	s.Rank = copy(s.Dim[:], dims)
	if s.Rank != len(dims) {
		panic("tensor: rank over MaxRank")
	}
	return s
}

// Dims returns the dimensions; the slice aliases s.
func (s *Shape) Dims() []int { return s.Dim[:s.Rank] }

// Elements returns the product of the dimensions: 1 for a scalar.
func (s Shape) Elements() int {
	n := 1
	for _, d := range s.Dim[:s.Rank] {
		n *= d
	}
	return n
}

// Check reports dimensions outside [0, MaxDim] and products over MaxElements.
func (s Shape) Check() error {
	if s.Rank < 0 || s.Rank > MaxRank {
		return fmt.Errorf("rank %d outside [0,%d]", s.Rank, MaxRank)
	}
	n := int64(1)
	for _, d := range s.Dim[:s.Rank] {
		if d < 0 || d > MaxDim {
			return fmt.Errorf("shape %v: dimension %d outside [0,%d]", s, d, MaxDim)
		}
		if n *= int64(d); n > MaxElements {
			return fmt.Errorf("shape %v has more than %d elements", s, MaxElements)
		}
	}
	return nil
}

// Fits reports whether s has bound's rank and no dimension over bound's.
func (s Shape) Fits(bound Shape) bool {
	if s.Rank != bound.Rank {
		return false
	}
	for i, d := range s.Dim[:s.Rank] {
		if d < 0 || d > bound.Dim[i] {
			return false
		}
	}
	return true
}

func (s Shape) String() string { return fmt.Sprint(s.Dim[:s.Rank]) }

// Quant says how codes stand for reals: real = Scale[c]·(code − Zero[c]), c counting along Axis, or one entry for
// the whole tensor. The zero value means not quantized.
type Quant struct {
	Scale []float32
	Zero  []int32
	Axis  int
}

// PerTensor returns the quantization with one scale and zero point.
func PerTensor(scale float32, zero int32) Quant {
	return Quant{Scale: []float32{scale}, Zero: []int32{zero}}
}

// Quantized reports whether q holds a scale.
func (q Quant) Quantized() bool { return len(q.Scale) > 0 }

// Equal reports whether both mean the same reals.
func (q Quant) Equal(r Quant) bool {
	return q.Axis == r.Axis && slices.Equal(q.Scale, r.Scale) && slices.Equal(q.Zero, r.Zero)
}

// Type is all that is known of a tensor without its values. Shape holds upper bounds where Run may use less.
type Type struct {
	DType DType
	Shape Shape
	Quant Quant
}

// SizeBytes returns the bytes of a tensor of this type.
func (t Type) SizeBytes() int { return t.DType.SizeBytes(t.Shape.Elements()) }

func (t Type) String() string {
	s := t.DType.String() + t.Shape.String()
	switch {
	case len(t.Quant.Scale) == 1:
		s += fmt.Sprintf(" scale %.6g zero %d", t.Quant.Scale[0], t.Quant.Zero[0])
	case t.Quant.Quantized():
		s += fmt.Sprintf(" %d scales on axis %d", len(t.Quant.Scale), t.Quant.Axis)
	}
	return s
}
