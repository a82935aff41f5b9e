package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Transpose permutes the axes: axis i of the output is axis perm[i] of the input. Any element type of whole bytes.
var Transpose = register(Def{
	Code: 11, Name: "Transpose", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: []AttrSpec{{Name: "perm", Kind: Ints, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, perm := n.In[0].Shape, n.Attrs.Ints("perm")
		out := tensor.Shape{Rank: x.Rank}
		seen := 0
		for i, p := range perm {
			if len(perm) != x.Rank || p < 0 || p >= x.Rank || seen>>p&1 == 1 {
				return fmt.Errorf("perm %v does not permute the axes of %v", perm, x)
			}
			seen |= 1 << p
			out.Dim[i] = x.Dim[p]
		}
		if len(perm) != x.Rank {
			return fmt.Errorf("perm %v does not permute the axes of %v", perm, x)
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		perm := p.Attrs.Ints("perm")
		return newWalkStep(p, func(x, y *tensor.Shape) walk {
			from := strides(x)
			var stride [tensor.MaxRank]int // of the input, by output axis
			for i, k := range perm {
				stride[i] = from[k]
			}
			return makeWalk(y.Dims(), stride[:], 0)
		})
	},
})
