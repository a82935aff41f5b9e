package onnx

import (
	"math"
	"slices"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Exports compute shapes with nodes of their own: they are computed here, for reshapes need to know them at once.

const maxComputed = foreign.MaxComputed

// compute runs an operator whose inputs are all constant, unless it has much to do.
func (c *call) compute(def *op.Def, attrs op.Attrs, in []*graph.Value) *graph.Value {
	if t := foreign.Compute(def, c.name, attrs, in, c.room); t != nil {
		return graph.NewConst(c.name, t)
	}
	return nil
}

// folders compute an operator of constants that edgerun has not, or not for integers. nil means: not these constants.
var folders = map[string]func(*call) *tensor.Tensor{
	"Add": func(c *call) *tensor.Tensor {
		return c.arithmetic(func(a, b int64) int64 { return a + b }, func(a, b float32) float32 { return a + b })
	},
	"Sub": func(c *call) *tensor.Tensor {
		return c.arithmetic(func(a, b int64) int64 { return a - b }, func(a, b float32) float32 { return a - b })
	},
	"Mul": func(c *call) *tensor.Tensor {
		return c.arithmetic(func(a, b int64) int64 { return a * b }, func(a, b float32) float32 { return a * b })
	},
	"Div": func(c *call) *tensor.Tensor {
		return c.arithmetic(quotient, func(a, b float32) float32 { return a / b })
	},
	"Floor":  func(c *call) *tensor.Tensor { return c.rounded(math.Floor) },
	"Ceil":   func(c *call) *tensor.Tensor { return c.rounded(math.Ceil) },
	"Gather": (*call).gathered,
	"Range":  (*call).ranged,

	"ConstantOfShape": (*call).constantOfShape,
}

// foldNode computes the node if it can be, or puts an operator in its place that passes know better. Attributes that only older versions have are the translating function's.
func (c *call) foldNode() bool {
	f := folders[c.opType]
	if c.opType == "Gather" && c.gatherOne() {
		return true
	}
	if f == nil || slices.ContainsFunc(c.in, func(v *graph.Value) bool {
		return v == nil || v.Const == nil || v.Shape.Elements() > maxComputed
	}) {
		return false
	}
	t := f(c)
	if t == nil || c.err != nil || !c.room(t.SizeBytes()) {
		return false
	}
	c.set(0, graph.NewConst(c.name, t))
	return c.err == nil
}

// arithmetic applies f to int64 or int32 constants, or g to float32 ones, one of which may be a single number; integers
// wrap.
func (c *call) arithmetic(f func(a, b int64) int64, g func(a, b float32) float32) *tensor.Tensor {
	if len(c.in) != 2 || len(c.attrs) > 0 || c.in[0].DType != c.in[1].DType {
		return nil
	}
	x, y := c.in[0].Const, c.in[1].Const
	n, m, shape := x.Shape.Elements(), y.Shape.Elements(), x.Shape
	if n == 0 || m == 0 || n != 1 && m != 1 && shape != y.Shape {
		return nil
	}
	if n == 1 && (m != 1 || y.Shape.Rank > shape.Rank) {
		shape = y.Shape
	}
	out := tensor.New(tensor.Type{DType: x.DType, Shape: shape})
	if x.DType == tensor.Float32 {
		for i := range out.Data.F32() {
			out.Data.F32()[i] = g(x.Data.F32()[i%n], y.Data.F32()[i%m])
		}
		return out
	}
	a, errA := ints(x)
	b, errB := ints(y)
	if errA != nil || errB != nil {
		return nil
	}
	size := out.DType.SizeBytes(1)
	for i := range shape.Elements() {
		putInt(out.Data.Bytes()[i*size:(i+1)*size], f(a[i%n], b[i%m]))
	}
	return out
}

// quotient truncates toward zero; by zero it is 0.
func quotient(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func (c *call) rounded(f func(float64) float64) *tensor.Tensor {
	if len(c.in) != 1 || c.in[0].DType != tensor.Float32 {
		return nil
	}
	out := tensor.New(c.in[0].Type)
	for i, v := range c.in[0].Const.Data.F32() {
		out.Data.F32()[i] = float32(f(float64(v)))
	}
	return out
}

// gathered picks elements of a list, or rows of a table along axis 0.
func (c *call) gathered() *tensor.Tensor {
	if len(c.in) != 2 || c.in[0].Shape.Rank < 1 || c.axis(c.int("axis", 0), c.in[0].Shape.Rank) != 0 {
		return nil
	}
	x, at := c.in[0].Const, c.in[1].Shape
	index, err := ints(c.in[1].Const)
	if err != nil || at.Rank+x.Shape.Rank-1 > tensor.MaxRank {
		return nil
	}
	shape := tensor.MakeShape(append(slices.Clone(at.Dims()), x.Shape.Dims()[1:]...)...)
	if shape.Check() != nil || shape.Elements() > maxComputed {
		return nil
	}
	out := tensor.New(tensor.Type{DType: x.DType, Shape: shape})
	d := x.Shape.Dim[0]
	row := out.Data.Len() / max(1, len(index))
	for i, k := range index {
		if k < 0 {
			k += int64(d)
		}
		if k < 0 || k >= int64(d) {
			c.fail("index %d outside [%d,%d]", k, -d, d-1)
			return nil
		}
		copy(out.Data.Bytes()[i*row:(i+1)*row], x.Data.Bytes()[int(k)*row:])
	}
	return out
}

// ranged counts from start to below limit by delta.
func (c *call) ranged() *tensor.Tensor {
	c.inputs(3, 3)
	for _, v := range c.in {
		if v.DType != c.in[0].DType || v.Shape.Elements() != 1 {
			c.fail("bounds are %v%v, want three numbers of one type", v.DType, v.Shape)
		}
	}
	if c.err != nil {
		return nil
	}
	if c.in[0].DType == tensor.Float32 {
		start, limit, delta := c.in[0].Const.Data.F32()[0], c.in[1].Const.Data.F32()[0], c.in[2].Const.Data.F32()[0]
		n := math.Ceil(float64(limit-start) / float64(delta))
		if !(n <= maxComputed) {
			return nil
		}
		out := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(max(0, int(n)))})
		for i := range out.Data.F32() {
			out.Data.F32()[i] = start + float32(float32(i)*delta)
		}
		return out
	}
	var v [3]int64
	for i := range v {
		k, err := ints(c.in[i].Const)
		if err != nil {
			return nil
		}
		v[i] = k[0]
	}
	if v[2] == 0 {
		c.fail("delta is 0")
		return nil
	}
	// In float64 no difference of bounds overflows, and counts that matter are exact.
	n := math.Ceil((float64(v[1]) - float64(v[0])) / float64(v[2]))
	if n > maxComputed {
		return nil
	}
	out := tensor.New(tensor.Type{DType: c.in[0].DType, Shape: tensor.MakeShape(max(0, int(n)))})
	size := out.DType.SizeBytes(1)
	for i := range out.Shape.Elements() {
		putInt(out.Data.Bytes()[i*size:(i+1)*size], v[0]+int64(i)*v[2])
	}
	return out
}

// constantOfShape repeats the attribute's number, 0 of float32 unless given.
func (c *call) constantOfShape() *tensor.Tensor {
	one := tensor.FromF32(tensor.MakeShape(1), []float32{0})
	if a := c.attr("value", attrTensor); a != nil {
		var err error
		if one, err = c.im.tensor(a.t); err != nil || one.Shape.Elements() != 1 {
			c.fail("value: want one number: %v", err)
			return nil
		}
	}
	c.inputs(1, 1)
	dims := c.constInts(0, "shape")
	if c.err != nil {
		return nil
	}
	wide := make([]int64, len(dims))
	for i, d := range dims {
		wide[i] = int64(d)
	}
	shape, err := makeShape(wide)
	if err != nil {
		c.fail("%w", err)
		return nil
	}
	if shape.Elements() > maxComputed {
		return nil
	}
	out := tensor.New(tensor.Type{DType: one.DType, Shape: shape})
	size := one.DType.SizeBytes(1)
	for i := 0; i < out.Data.Len(); i += size {
		copy(out.Data.Bytes()[i:], one.Data.Bytes()[:size])
	}
	return out
}

// gatherOne translates the choice of one position, x[:, 3] in Python, to a slice.
func (c *call) gatherOne() bool {
	if len(c.in) != 2 || c.in[0] == nil || c.in[1] == nil || c.in[0].Const != nil || c.in[1].Const == nil || c.in[1].Shape.Rank != 0 {
		return false
	}
	x := c.in[0]
	index, err := ints(c.in[1].Const)
	axis := c.axis(c.int("axis", 0), x.Shape.Rank)
	if err != nil || c.err != nil {
		return false
	}
	k, d := int(index[0]), x.Shape.Dim[axis]
	if k < -d || k >= d {
		c.fail("index %d outside [%d,%d]", k, -d, d-1)
		return false
	}
	if k < 0 {
		k += d
	}
	var rest []int
	for i := range x.Shape.Rank {
		if i != axis {
			rest = append(rest, i)
		}
	}
	c.set(0, c.rearrange(c.slice(x, "/slice", axis, k, k+1), "", rest))
	return c.err == nil
}
