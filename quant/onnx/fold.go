package onnx

import (
	"math"
	"slices"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Exports compute shapes with nodes of their own: they are computed here, for reshapes need to know them at once.

// maxComputed bounds a constant that the importer computes; larger ones are left to the passes.
const maxComputed = 1 << 16

// compute runs an operator whose inputs are all constant, unless it has much to do.
func (c *call) compute(def *op.Def, attrs op.Attrs, in []*graph.Value) *graph.Value {
	constant := func(v *graph.Value) bool { return v != nil && v.Const != nil }
	if def.MACs != nil || def.View || def.Outs != 1 || len(in) == 0 || slices.ContainsFunc(in, func(v *graph.Value) bool { return !constant(v) }) {
		return nil
	}
	g := &graph.Graph{}
	n, err := g.Add(def, c.name, attrs, in...)
	if err != nil || n.Out[0].Shape.Elements() > maxComputed || !c.room(n.Out[0].SizeBytes()) {
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
	return graph.NewConst(c.name, t)
}

// folders compute an operator of constants that edgerun has not, or not for integers. nil means: not these constants.
var folders = map[string]func(*call) *tensor.Tensor{
	"Add":    func(c *call) *tensor.Tensor { return c.arithmetic(func(a, b int64) int64 { return a + b }) },
	"Sub":    func(c *call) *tensor.Tensor { return c.arithmetic(func(a, b int64) int64 { return a - b }) },
	"Mul":    func(c *call) *tensor.Tensor { return c.arithmetic(func(a, b int64) int64 { return a * b }) },
	"Div":    func(c *call) *tensor.Tensor { return c.arithmetic(quotient) },
	"Floor":  func(c *call) *tensor.Tensor { return c.rounded(math.Floor) },
	"Ceil":   func(c *call) *tensor.Tensor { return c.rounded(math.Ceil) },
	"Gather": (*call).gathered,
}

// foldNode computes the node if it can be. Attributes that only older versions have are the translating function's.
func (c *call) foldNode() bool {
	f := folders[c.opType]
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

// arithmetic applies f to int64 or int32 constants, one of which may be a single number; results wrap.
func (c *call) arithmetic(f func(a, b int64) int64) *tensor.Tensor {
	if len(c.in) != 2 || len(c.attrs) > 0 || c.in[0].DType != c.in[1].DType {
		return nil
	}
	a, errA := ints(c.in[0].Const)
	b, errB := ints(c.in[1].Const)
	shape := c.in[0].Shape
	if errA != nil || errB != nil || len(a) != 1 && len(b) != 1 && shape != c.in[1].Shape {
		return nil
	}
	if len(a) == 1 && (len(b) != 1 || c.in[1].Shape.Rank > shape.Rank) {
		shape = c.in[1].Shape
	}
	out := tensor.New(tensor.Type{DType: c.in[0].DType, Shape: shape})
	size := out.DType.SizeBytes(1)
	for i := range shape.Elements() {
		putInt(out.Data.Bytes()[i*size:(i+1)*size], f(a[i%len(a)], b[i%len(b)]))
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
