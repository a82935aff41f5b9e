package optest

import (
	"slices"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// stepCases are those of operators that take a sequence position by position.
func stepCases() []*Case {
	position := func(at int32) *tensor.Tensor {
		t := tensor.New(tensor.Type{DType: tensor.Int32, Shape: shape(1)})
		t.Data.I32()[0] = at
		return t
	}
	var all []*Case
	for _, k := range []struct {
		name     string
		at       int32
		q, k     tensor.Shape
		attrs    op.Attrs
		mask     []tensor.Shape
		elements int // of a value
	}{
		{"first", 0, shape(2, 1, 24), shape(2, 7, 24), op.Attrs{op.IntAttr("heads", 4)}, nil, 24},
		{"middle", 3, shape(2, 1, 24), shape(2, 7, 12), op.Attrs{op.IntAttr("heads", 4), op.IntAttr("kvHeads", 2)}, nil, 12},
		{"behind the last", 9, shape(1, 2, 1, 8), shape(1, 2, 7, 8), op.Attrs{op.FloatAttr("scale", 0.5)}, nil, 6},
		{"sequence first", 4, shape(1, 2, 24), shape(7, 2, 24), op.Attrs{op.IntAttr("heads", 3), op.IntAttr("sequenceFirst", 1)}, nil, 24},
		{"masked", 5, shape(2, 1, 24), shape(2, 7, 24), op.Attrs{op.IntAttr("heads", 3)}, []tensor.Shape{shape(2, 1, 1, 7)}, 24},
		{"many keys", 400, shape(1, 1, 16), shape(1, 500, 16), op.Attrs{op.IntAttr("heads", 2)}, nil, 16},
	} {
		v := k.k
		v.Dim[v.Rank-1] = k.elements
		c := &Case{Name: "AttentionStep/" + k.name, Def: op.AttentionStep, Attrs: k.attrs, In: append([]tensor.Shape{k.q, k.k, v, shape(1)}, k.mask...),
			Want: sdpaStep, Jump: 0.25}
		c.Given, c.State, c.Const = make([]*tensor.Tensor, len(c.In)), make([]bool, len(c.In)), make([]bool, len(c.In))
		c.Given[3], c.Const[3] = position(k.at), true
		if k.mask != nil {
			c.As = []tensor.DType{tensor.Float32, tensor.Float32, tensor.Float32, tensor.Float32, tensor.Bool}
		}
		all = append(all, c)
	}
	for _, k := range []struct {
		at   int32
		axis int
		v    tensor.Shape
	}{{0, 1, shape(2, 5, 3)}, {4, 0, shape(5, 3)}, {7, 2, shape(2, 3, 4)}} {
		x := k.v
		x.Dim[k.axis] = 1
		all = append(all, &Case{Name: "Append/" + k.v.String(), Def: op.Append, Attrs: op.Attrs{op.IntAttr("axis", k.axis)}, In: []tensor.Shape{k.v, x, shape(1)},
			State: []bool{true, false, false}, Const: []bool{false, false, true}, Given: []*tensor.Tensor{nil, nil, position(k.at)}, Want: appended})
	}
	return append(all, &Case{Name: "Advance/41", Def: op.Advance, In: []tensor.Shape{shape(1)}, State: []bool{true}, Given: []*tensor.Tensor{position(41)},
		Want: func([][]float64, *Case) []float64 { return []float64{42} }})
}

// sdpaStep is attention with a mask of the keys up to the position.
func sdpaStep(in [][]float64, c *Case) []float64 {
	keys, heads := c.In[1].Dim[c.In[1].Rank-2], c.Attrs.Int("heads", 0)
	if c.Attrs.Int("sequenceFirst", 0) == 1 {
		keys = c.In[1].Dim[0]
	}
	over := &Case{Def: op.Attention, Attrs: c.Attrs, In: append(slices.Clone(c.In[:3]), shape(c.In[0].Dim[0], 1, 1, keys)), As: []tensor.DType{}}
	if heads == 0 || c.Attrs.Int("sequenceFirst", 0) == 1 {
		over.In[3] = shape(1, keys)
	}
	mask := make([]float64, over.In[3].Elements())
	for i := range mask {
		if i%keys <= int(c.Given[3].Data.I32()[0]) && (len(in) < 5 || int(in[4][i]) != 0) {
			mask[i] = 1
		}
	}
	return sdpa([][]float64{in[0], in[1], in[2], mask}, over)
}

func appended(in [][]float64, c *Case) []float64 {
	v, axis := c.In[0], c.Attrs.Int("axis", 0)
	y := make([]float64, v.Elements())
	at := min(int(c.Given[2].Data.I32()[0]), v.Dim[axis]-1)
	behind := 1
	for _, d := range v.Dims()[axis+1:] {
		behind *= d
	}
	next := 0
	for i := range y {
		if i/behind%v.Dim[axis] == at {
			y[i] = in[1][next]
			next++
		}
	}
	return y
}
