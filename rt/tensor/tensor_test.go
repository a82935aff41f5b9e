package tensor_test

import (
	"fmt"
	"testing"
	"unsafe"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

func ExampleShape() {
	s := tensor.MakeShape(2, 3, 4)
	fmt.Println(s, s.Elements(), s == tensor.MakeShape(2, 3, 4))
	// Output: [2 3 4] 24 true
}

func ExampleType() {
	t := tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(1, 10), Quant: tensor.PerTensor(0.5, -3)}
	fmt.Println(t, t.SizeBytes())
	// Output: int8[1 10] scale 0.5 zero -3 10
}

func TestShapeCheck(t *testing.T) {
	for _, c := range []struct {
		s  tensor.Shape
		ok bool
	}{
		{tensor.MakeShape(), true},
		{tensor.MakeShape(0, 5), true},
		{tensor.MakeShape(tensor.MaxDim, 127), true},
		{tensor.MakeShape(tensor.MaxDim + 1), false},
		{tensor.MakeShape(-1), false},
		{tensor.MakeShape(tensor.MaxDim, tensor.MaxDim, tensor.MaxDim), false},
		{tensor.MakeShape(tensor.MaxDim, 128), false},
		{tensor.Shape{Rank: 9}, false},
	} {
		if err := c.s.Check(); (err == nil) != c.ok {
			t.Errorf("rank %d, %v: %v", c.s.Rank, c.s.Dim, err)
		}
	}
}

// TestAlloc: memory is aligned, zero, and readable for abi.Slack bytes past its end.
func TestAlloc(t *testing.T) {
	for n := range 200 {
		b := tensor.Alloc(n)
		if b.Len() != n || uintptr(unsafe.Pointer(b.PtrByte()))%tensor.Align != 0 {
			t.Fatalf("%d bytes: length %d at %p", n, b.Len(), b.PtrByte())
		}
		for i, v := range unsafe.Slice(b.PtrByte(), n+abi.Slack) {
			if v != 0 {
				t.Fatalf("%d bytes: byte %d is %d", n, i, v)
			}
		}
	}
}

func TestSlice(t *testing.T) {
	b := tensor.Alloc(16)
	copy(b.I32(), []int32{1, 2, 3, 4})
	if got := b.Slice(4, 8).I32(); len(got) != 2 || got[0] != 2 || got[1] != 3 {
		t.Errorf("middle is %v", got)
	}
	for _, c := range [][2]int{{-1, 1}, {17, 0}, {8, 9}, {0, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("slice %v of 16 bytes accepted", c)
				}
			}()
			b.Slice(c[0], c[1])
		}()
	}
}

func TestSizeBytes(t *testing.T) {
	for d, want := range map[tensor.DType]int{tensor.Int4: 3, tensor.Int8: 5, tensor.Float16: 10, tensor.Float32: 20, tensor.Int64: 40, tensor.Invalid: 0, 99: 0} {
		if got := d.SizeBytes(5); got != want {
			t.Errorf("5 elements of %v take %d bytes, want %d", d, got, want)
		}
	}
}
