package optest

import (
	"fmt"
	"math"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// reduceCases are reductions, positions of extremes, running sums, and operators that pick and repeat elements.
func reduceCases() []*Case {
	var all []*Case
	add := func(def *op.Def, name string, want func([][]float64, *Case) []float64, attrs op.Attrs, in ...tensor.Shape) *Case {
		c := &Case{Name: def.Name + "/" + name, Def: def, Attrs: attrs, In: in, Want: want}
		all = append(all, c)
		return c
	}
	for _, k := range []struct {
		def   *op.Def
		empty float64
		f     func(y, x float64) float64
	}{
		{op.Sum, 0, func(y, x float64) float64 { return y + x }},
		{op.ReduceMax, math.Inf(-1), math.Max},
		{op.ReduceMin, math.Inf(1), math.Min},
		{op.ReduceProd, 1, func(y, x float64) float64 { return y * x }},
	} {
		reduce := func(name string, x tensor.Shape, attrs ...op.Attr) *Case {
			return add(k.def, name, func(in [][]float64, c *Case) []float64 { return reduced(in, c, k.empty, k.f) }, attrs, x)
		}
		reduce("picture", shape(2, 3, 7, 70), ints("axes", 1, 2))
		reduce("kept", shape(2, 3, 3, 1100), ints("axes", 1, 2), op.IntAttr("keepDims", 1))
		reduce("rows", shape(5, 31), ints("axes", 1))
		reduce("alternate", shape(3, 8, 7, 6), ints("axes", 0, 2))
		reduce("alternate to the last", shape(3, 8, 7, 6), ints("axes", 1, 3))
		reduce("all", shape(3, 2, 5))
		reduce("none", shape(3, 8), ints("axes"))
		reduce("integers", shape(5, 9), ints("axes", 0)).As = []tensor.DType{tensor.Int64}
	}
	for _, d := range []*op.Def{op.ArgMax, op.ArgMin} {
		arg := func(name string, x tensor.Shape, attrs ...op.Attr) *Case { return add(d, name, positions, attrs, x) }
		arg("rows", shape(50, 31), op.IntAttr("axis", 1))
		arg("channels", shape(2, 9, 8, 21), op.IntAttr("axis", 3), op.IntAttr("keepDims", 1), op.IntAttr("to", int(tensor.Int64)))
		arg("planes", shape(2, 21, 9, 8), op.IntAttr("axis", 1))
		arg("long", shape(3, 40000), op.IntAttr("axis", 0))
		arg("first of equals", shape(40, 7), op.IntAttr("axis", 0)).As = []tensor.DType{tensor.Int32}
		arg("last of equals", shape(40, 7), op.IntAttr("axis", 0), op.IntAttr("last", 1)).As = []tensor.DType{tensor.Int64}
	}
	for axis := range 3 {
		cumulate := func(name string, attrs ...op.Attr) {
			add(op.CumSum, fmt.Sprint(name, " ", axis), cumulated, append(op.Attrs{op.IntAttr("axis", axis)}, attrs...), shape(4, 7, 9))
		}
		exclusive, reverse := op.IntAttr("exclusive", 1), op.IntAttr("reverse", 1)
		cumulate("forward")
		cumulate("exclusive", exclusive)
		cumulate("reverse", reverse)
		cumulate("exclusive reverse", exclusive, reverse)
	}
	sum := func(in [][]float64, c *Case) []float64 {
		y := make([]float64, len(in[0]))
		for _, x := range in {
			for i, v := range x {
				y[i] += v
			}
		}
		return y
	}
	add(op.AddN, "three", sum, nil, shape(5, 77), shape(5, 77), shape(5, 77))
	add(op.AddN, "one", sum, nil, shape(40000))
	add(op.L2Normalization, "rows", normalized, nil, shape(5, 77))
	add(op.L2Normalization, "pixels", normalized, nil, shape(2, 3, 4, 5))

	gather := func(name string, x, at tensor.Shape, attrs ...op.Attr) {
		c := add(op.Gather, name, gathered, attrs, x, at)
		c.As = []tensor.DType{tensor.Float32, tensor.Int32}
		if at.Rank != 1 {
			c.As[1] = tensor.Int64
		}
	}
	gather("rows", shape(7, 33), shape(50), op.IntAttr("axis", 0))
	gather("channels", shape(2, 3, 9), shape(2, 2), op.IntAttr("axis", 2))
	gather("middle", shape(2, 5, 3), shape(4), op.IntAttr("axis", 1))
	gather("one", shape(2, 5, 3), shape(), op.IntAttr("axis", 1))
	gather("batches", shape(3, 4, 5, 2), shape(3, 6), op.IntAttr("axis", 2), op.IntAttr("batchDims", 1))
	gather("long", shape(3, 2), shape(40000), op.IntAttr("axis", 0))

	tile := func(name string, x tensor.Shape, repeats ...int) {
		add(op.Tile, name, tiled, op.Attrs{ints("repeats", repeats...)}, x)
	}
	tile("matrix", shape(3, 5), 2, 3)
	tile("picture", shape(1, 4, 5, 3), 2, 1, 2, 1)
	tile("column", shape(300, 1), 1, 170)
	tile("number", shape(), 3, 50)
	tile("new axes", shape(4, 1, 3), 2, 1, 5, 1)
	tile("nothing", shape(4, 3), 1, 1)

	block := func(n int, more ...op.Attr) op.Attrs { return append(op.Attrs{op.IntAttr("block", n)}, more...) }
	add(op.DepthToSpace, "2", depthToSpace, block(2), shape(2, 3, 5, 12))
	add(op.DepthToSpace, "3 one channel", depthToSpace, block(3), shape(1, 40, 31, 9))
	add(op.DepthToSpace, "column first", depthToSpace, block(2, op.IntAttr("crd", 1)), shape(2, 3, 5, 12))
	add(op.SpaceToDepth, "2", spaceToDepth, block(2), shape(2, 6, 10, 3))
	add(op.SpaceToDepth, "4", spaceToDepth, block(4), shape(1, 8, 200, 1))
	return all
}

// reduced folds the elements of each output in ascending order; casts truncate.
func reduced(in [][]float64, c *Case, empty float64, f func(y, x float64) float64) []float64 {
	x, o := c.In[0], OutShape(c)
	dropped := [tensor.MaxRank]bool{}
	for k := range x.Rank {
		dropped[k] = !c.Attrs.Has("axes")
	}
	for _, k := range c.Attrs.Ints("axes") {
		dropped[k] = true
	}
	y := make([]float64, o.Elements())
	for i := range y {
		y[i] = empty
	}
	for i, v := range in[0] {
		if c.As != nil {
			v = math.Trunc(v)
		}
		at, to := index(x, i), 0
		for k, d := range x.Dims() {
			if !dropped[k] {
				to = to*d + at[k]
			}
		}
		y[to] = f(y[to], v)
	}
	return y
}

func positions(in [][]float64, c *Case) []float64 {
	x, axis := c.In[0], c.Attrs.Int("axis", 0)
	var y []float64
	for i := range in[0] {
		at := index(x, i)
		if at[axis] != 0 {
			continue
		}
		best, found := math.Inf(-1), 0
		for k := range x.Dim[axis] {
			at[axis] = k
			v := in[0][place(x, at)]
			if c.As != nil {
				v = math.Trunc(v)
			}
			if c.Def == op.ArgMin {
				v = -v
			}
			if v > best || v == best && c.Attrs.Int("last", 0) != 0 {
				best, found = v, k
			}
		}
		y = append(y, float64(found))
	}
	return y
}

func cumulated(in [][]float64, c *Case) []float64 {
	x, axis := c.In[0], c.Attrs.Int("axis", 0)
	y := make([]float64, len(in[0]))
	for i := range y {
		at := index(x, i)
		own := at[axis]
		for k := range x.Dim[axis] {
			before := k < own
			if c.Attrs.Int("reverse", 0) != 0 {
				before = k > own
			}
			if at[axis] = k; before || k == own && c.Attrs.Int("exclusive", 0) == 0 {
				y[i] += in[0][place(x, at)]
			}
		}
	}
	return y
}

func normalized(in [][]float64, c *Case) []float64 {
	n := c.In[0].Dim[c.In[0].Rank-1]
	y := make([]float64, len(in[0]))
	for r := 0; r < len(y); r += n {
		sum := 0.0
		for _, v := range in[0][r : r+n] {
			sum += v * v
		}
		for i, v := range in[0][r : r+n] {
			y[r+i] = v / math.Sqrt(sum)
		}
	}
	return y
}

func gathered(in [][]float64, c *Case) []float64 {
	x, pick, o := c.In[0], c.In[1], OutShape(c)
	axis, batch := c.Attrs.Int("axis", 0), c.Attrs.Int("batchDims", 0)
	y := make([]float64, o.Elements())
	for i := range y {
		at := index(o, i)
		var from, which [tensor.MaxRank]int
		copy(from[:axis], at[:axis])
		copy(from[axis+1:], at[axis+pick.Rank-batch:])
		copy(which[:batch], at[:batch])
		copy(which[batch:pick.Rank], at[axis:axis+pick.Rank-batch])
		k := int(in[1][place(pick, which)])
		from[axis] = (k + x.Dim[axis]) % x.Dim[axis]
		y[i] = in[0][place(x, from)]
	}
	return y
}

func tiled(in [][]float64, c *Case) []float64 {
	x, o := c.In[0], OutShape(c)
	y := make([]float64, o.Elements())
	for i := range y {
		at := index(o, i)
		var from [tensor.MaxRank]int
		for k, d := range x.Dims() {
			from[k] = at[o.Rank-x.Rank+k] % d
		}
		y[i] = in[0][place(x, from)]
	}
	return y
}

func depthToSpace(in [][]float64, c *Case) []float64 {
	x, o, b := c.In[0], OutShape(c), c.Attrs.Int("block", 0)
	y := make([]float64, o.Elements())
	for i := range y {
		at := index(o, i)
		ch := (at[1]%b*b+at[2]%b)*o.Dim[3] + at[3]
		if c.Attrs.Int("crd", 0) != 0 {
			ch = (at[3]*b+at[1]%b)*b + at[2]%b
		}
		y[i] = in[0][place(x, [tensor.MaxRank]int{at[0], at[1] / b, at[2] / b, ch})]
	}
	return y
}

func spaceToDepth(in [][]float64, c *Case) []float64 {
	x, o, b := c.In[0], OutShape(c), c.Attrs.Int("block", 0)
	y := make([]float64, o.Elements())
	for i, v := range in[0] {
		at := index(x, i)
		y[place(o, [tensor.MaxRank]int{at[0], at[1] / b, at[2] / b, (at[1]%b*b+at[2]%b)*x.Dim[3] + at[3]})] = v
	}
	return y
}
