package foreign

import (
	"fmt"
	"math"
	"slices"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Budget bounds the constants made of a file. They may grow by conversion and transposition; a small file that makes a
// lot of them is an attack.
type Budget struct {
	Source int64 // bytes of the file, and of others that it reads
	made   int64
}

const (
	growFactor = 16
	growFree   = 64 << 20
)

// Grow accounts for constant data about to be made.
func (b *Budget) Grow(sizeBytes int) error {
	b.made += int64(sizeBytes)
	if limit := growFactor*b.Source + growFree; b.made > limit {
		return fmt.Errorf("constants need more than %d bytes, %d times what is stored", limit, growFactor)
	}
	return nil
}

// MaxComputed bounds the elements of a constant that is computed while importing and larger than what it is computed from;
// larger ones are left to the passes.
const MaxComputed = 1 << 16

// Compute runs an operator whose inputs are all constant, unless it has much to do: then, and where the operator does not
// run, it returns nil. room reports whether so many more bytes may be made.
func Compute(def *op.Def, name string, attrs op.Attrs, in []*graph.Value, room func(sizeBytes int) bool) *tensor.Tensor {
	constant := func(v *graph.Value) bool { return v != nil && v.Const != nil }
	if def.MACs != nil || def.View || def.Outs != 1 || len(in) == 0 || slices.ContainsFunc(in, func(v *graph.Value) bool { return !constant(v) }) {
		return nil
	}
	g := &graph.Graph{}
	n, err := g.Add(def, name, attrs, in...)
	most := MaxComputed // weights that are cut and turned before a product
	for _, v := range in {
		most = max(most, v.Shape.Elements())
	}
	if err != nil || n.Out[0].Shape.Elements() > most || !room(n.Out[0].SizeBytes()) {
		return nil // the error is Add's again
	}
	g.Outputs = n.Out
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		return nil
	}
	s := prog.NewSession(nil)
	s.Run()
	t := tensor.New(n.Out[0].Type)
	copy(t.Data.Bytes(), s.Output(0).Bytes())
	return t
}

// Ints returns the values of an int64 or int32 tensor.
func Ints(t *tensor.Tensor) ([]int64, error) {
	switch t.DType {
	case tensor.Int64:
		return t.Data.I64(), nil
	case tensor.Int32:
		out := make([]int64, len(t.Data.I32()))
		for i, v := range t.Data.I32() {
			out[i] = int64(v)
		}
		return out, nil
	}
	return nil, fmt.Errorf("element type %v, want int64", t.DType)
}

// Float16 returns the value of IEEE 754 binary16 bits.
func Float16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch exp {
	case 0:
		v := float32(frac) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// Permute returns t with its axes permuted: axis i of the result is axis perm[i] of t. Quantization along an axis is
// the caller's to move.
func Permute(t *tensor.Tensor, perm []int) *tensor.Tensor {
	typ := t.Type
	for i, p := range perm {
		typ.Shape.Dim[i] = t.Shape.Dim[p]
	}
	out := tensor.New(typ)
	rank := len(perm)
	var stride [tensor.MaxRank]int // of the result's axes, in t
	for i, p := range perm {
		stride[i] = 1
		for k := p + 1; k < rank; k++ {
			stride[i] *= t.Shape.Dim[k]
		}
	}
	size := t.DType.SizeBytes(1)
	src, dst := t.Data.Bytes(), out.Data.Bytes()
	var at [tensor.MaxRank]int
	off := 0
	for i := 0; i < len(dst); i += size {
		copy(dst[i:i+size], src[off*size:off*size+size])
		for k := rank - 1; k >= 0; k-- {
			at[k]++
			off += stride[k]
			if at[k] < typ.Shape.Dim[k] {
				break
			}
			off -= at[k] * stride[k]
			at[k] = 0
		}
	}
	return out
}
