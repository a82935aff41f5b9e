package optest

import (
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// indexCases pick and write over elements at computed places.
func indexCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	// Computed indices are −1, 0 and 1, constant ones reach over the axis.
	gather := func(name string, axis int, x, at tensor.Shape, as tensor.DType) {
		add(op.GatherElements, name, gatherElements, op.Attrs{op.IntAttr("axis", axis)}, x, at).As = []tensor.DType{tensor.Float32, as}
	}
	gather("last axis", 1, shape(4, 2), shape(4, 30), tensor.Int64)
	gather("first axis", 0, shape(5, 33), shape(3, 33), tensor.Int32)
	gather("fewer along others", 1, shape(4, 3, 7), shape(2, 5, 6), tensor.Int32)
	gather("some outside", 0, shape(1), shape(40000), tensor.Int32)
	constant := func(c *Case, d int) {
		at := tensor.New(tensor.Type{DType: tensor.Int64, Shape: c.In[1]})
		for i := range at.Data.I64() {
			at.Data.I64()[i] = int64(i*5%(2*d) - d)
		}
		c.State, c.Given = make([]bool, len(c.In)), make([]*tensor.Tensor, len(c.In))
		c.Given[1] = at
	}
	constant(add(op.GatherElements, "constant", gatherElements, op.Attrs{op.IntAttr("axis", 1)}, shape(4, 7), shape(3, 11)), 7)

	for _, how := range []string{"none", "add", "mul", "max", "min"} {
		attrs := op.Attrs{op.StringAttr("reduction", how)}
		scatter := func(name string, axis int, x, u tensor.Shape) *Case {
			c := add(op.ScatterElements, how+" "+name, scatterElements, attrs.With(op.IntAttr("axis", axis)), x, u, u)
			c.Jump = 0.1 // a code of x and one of the update
			return c
		}
		scatter("last axis", 1, shape(4, 9), shape(4, 2)).As = []tensor.DType{tensor.Float32, tensor.Int64, tensor.Float32}
		scatter("some outside", 1, shape(4, 1, 3), shape(4, 5, 2)).As = []tensor.DType{tensor.Float32, tensor.Int32, tensor.Float32}
		rows := func(name string, x, at, u tensor.Shape, as tensor.DType) {
			c := add(op.ScatterNDUpdate, how+" "+name, scatterUpdate, attrs, x, at, u)
			c.As, c.Jump = []tensor.DType{tensor.Float32, as, tensor.Float32}, 0.1
		}
		rows("rows", shape(3, 7), shape(2, 1), shape(2, 7), tensor.Int32)
		rows("elements", shape(2, 3), shape(4, 2), shape(4), tensor.Int64)
		rows("some outside", shape(1, 5, 3), shape(2, 2, 2), shape(2, 2, 3), tensor.Int32)
		if how == "add" || how == "mul" {
			continue // no int8 form
		}
		constant(scatter("constant", 0, shape(6, 5, 4), shape(3, 4, 4)), 6)
	}
	for _, d := range []tensor.DType{tensor.Int32, tensor.Int64} {
		add(op.ScatterElements, "add "+d.String(), scatterElements, op.Attrs{op.IntAttr("axis", 0), op.StringAttr("reduction", "add")}, shape(6), shape(20), shape(20)).
			As = []tensor.DType{d, d, d}
	}
	return all
}

// along replaces the place along an axis by an index, negative ones counting from the end.
func along(k float64, d int) (int, bool) {
	if k < 0 {
		k += float64(d)
	}
	return int(min(max(k, 0), float64(d-1))), k >= 0 && k < float64(d)
}

// indices are a case's input 1.
func indices(in [][]float64, c *Case) []float64 {
	if c.Given == nil {
		return whole(in[1])
	}
	var at []float64
	for _, k := range c.Given[1].Data.I64() {
		at = append(at, float64(k))
	}
	return at
}

func gatherElements(in [][]float64, c *Case) []float64 {
	x, axis := c.In[0], c.Attrs.Int("axis", 0)
	var y []float64
	for i, k := range indices(in, c) {
		from := index(c.In[1], i)
		from[axis], _ = along(k, x.Dim[axis])
		y = append(y, in[0][place(x, from)])
	}
	return y
}

// meet is an update of y by u.
func meet(how string, y, u float64) float64 {
	switch how {
	case "add":
		return y + u
	case "mul":
		return y * u
	case "max":
		return max(y, u)
	case "min":
		return min(y, u)
	}
	return u
}

func scatterElements(in [][]float64, c *Case) []float64 {
	x, axis := c.In[0], c.Attrs.Int("axis", 0)
	y, u := append([]float64(nil), in[0]...), in[2]
	if c.As != nil && c.As[0] != tensor.Float32 {
		y, u = whole(y), whole(u)
	}
	for i, k := range indices(in, c) {
		to := index(c.In[1], i)
		var inside bool
		if to[axis], inside = along(k, x.Dim[axis]); inside {
			p := place(x, to)
			y[p] = meet(c.Attrs.String("reduction", ""), y[p], u[i])
		}
	}
	return y
}

func scatterUpdate(in [][]float64, c *Case) []float64 {
	x, at := c.In[0], indices(in, c)
	y := append([]float64(nil), in[0]...)
	k := c.In[1].Dim[c.In[1].Rank-1]
	rest := len(in[2]) / (len(at) / k)
update:
	for i, u := range in[2] {
		var to [tensor.MaxRank]int
		for a := range k {
			var inside bool
			if to[a], inside = along(at[i/rest*k+a], x.Dim[a]); !inside {
				continue update
			}
		}
		inner := tensor.MakeShape(x.Dim[k:x.Rank]...)
		within := index(inner, i%rest)
		copy(to[k:], within[:inner.Rank])
		p := place(x, to)
		y[p] = meet(c.Attrs.String("reduction", ""), y[p], u)
	}
	return y
}
