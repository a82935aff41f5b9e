package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Tile repeats the input along each axis, repeats[i] times along axis i of the output; where there are more repeats
// than axes, axes of extent 1 come first. Broadcasting to a shape is Tile too. Attribute symbols
// says which repeats are symbolic dimensions. Any element type of whole bytes.
var Tile = register(Def{
	Code: 54, Name: "Tile", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "repeats", Kind: Ints, Required: true}, symbolsAttr},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, repeats := &n.In[0].Shape, n.Attrs.Ints("repeats")
		if len(repeats) < x.Rank || len(repeats) > tensor.MaxRank {
			return fmt.Errorf("repeats %v for shape %v", repeats, *x)
		}
		out, axes := tensor.Shape{Rank: len(repeats)}, 0
		for i := range repeats {
			d, r := 1, n.extent(repeats, i)
			if k := i - out.Rank + x.Rank; k >= 0 {
				d = x.Dim[k]
			}
			if r < 0 || r > tensor.MaxDim || r*d > tensor.MaxDim {
				return fmt.Errorf("repeats %v for shape %v", repeats, *x)
			}
			out.Dim[i] = r * d
			axes += btoi(r > 1) + btoi(d > 1)
		}
		if axes > tensor.MaxRank {
			return fmt.Errorf("repeats %v of shape %v, %d axes in all: %w", repeats, *x, axes, ErrUnsupported)
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		return newWalkStep(p, func(x, y *tensor.Shape) walk {
			from := strides(x)
			var dim, stride [2 * tensor.MaxRank]int
			for i, d := range y.Dims() {
				dim[2*i], dim[2*i+1] = d, 1
				if k := i - y.Rank + x.Rank; k >= 0 {
					dim[2*i], dim[2*i+1], stride[2*i+1] = d/max(1, x.Dim[k]), x.Dim[k], from[k]
				}
			}
			return makeWalk(dim[:2*y.Rank], stride[:], 0)
		})
	},
})
