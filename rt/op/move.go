package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Reshape gives the input's elements another shape: in attribute shape, 0 copies the input's dimension at that place
// and one −1 takes what is left; attribute symbols says which numbers are symbolic dimensions. It never runs: the output is the input's memory.
var Reshape = register(Def{
	Code: 10, Name: "Reshape", MinIn: 1, MaxIn: 1, Outs: 1, View: true,
	Attrs: []AttrSpec{{Name: "shape", Kind: Ints, Required: true}, symbolsAttr},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		want := n.Attrs.Ints("shape")
		if len(want) > tensor.MaxRank {
			return fmt.Errorf("shape %v has more than %d dimensions", want, tensor.MaxRank)
		}
		x := n.In[0].Shape
		out, known, open := tensor.Shape{Rank: len(want)}, 1, -1
		for i := range want {
			d := n.extent(want, i)
			switch {
			case d == 0 && i < x.Rank:
				d = x.Dim[i]
			case d == -1 && open < 0:
				open = i
				continue
			case d < 1 || d > tensor.MaxDim:
				return fmt.Errorf("cannot reshape %v to %v", x, want)
			}
			out.Dim[i] = d
			if known *= d; known < 0 || known > tensor.MaxElements {
				return fmt.Errorf("cannot reshape %v to %v", x, want)
			}
		}
		if open >= 0 {
			if known == 0 || x.Elements()%known != 0 {
				return fmt.Errorf("cannot reshape %v to %v", x, want)
			}
			out.Dim[open] = x.Elements() / known
			known *= out.Dim[open]
		}
		if known != x.Elements() {
			return fmt.Errorf("cannot reshape %v to %v", x, want)
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
})

// copyElements copies n elements of size bytes, the source's step elements apart.
func copyElements(dst, src tensor.Buffer, to, from, n, step, size int) {
	switch {
	case step == 1:
		copy(dst.Bytes()[to*size:(to+n)*size], src.Bytes()[from*size:])
	case size == 1:
		d, s := dst.Bytes()[to:to+n], src.Bytes()
		for i := range d {
			d[i] = s[from+i*step]
		}
	case size == 4:
		d, s := dst.I32()[to:to+n], src.I32()
		for i := range d {
			d[i] = s[from+i*step]
		}
	default:
		d, s := dst.Bytes(), src.Bytes()
		for i := range n {
			copy(d[(to+i)*size:(to+i+1)*size], s[(from+i*step)*size:])
		}
	}
}
