package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Slice keeps, along axes[i], the elements starts[i], starts[i]+steps[i], … before ends[i]. Without axes the lists are
// of the first axes; without steps each is 1. Negative positions count from the end; all are clamped to what the axis
// has, as in ONNX; attribute symbols says which ends are symbolic dimensions. Steps may be negative, never 0. Any element type of whole bytes.
var Slice = register(Def{
	Code: 28, Name: "Slice", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "starts", Kind: Ints, Required: true}, {Name: "ends", Kind: Ints, Required: true},
		{Name: "axes", Kind: Ints}, {Name: "steps", Kind: Ints}, symbolsAttr},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		_, _, out, err := sliceBounds(n, &n.In[0].Shape)
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		bounds := &Node{Attrs: p.Attrs} // ends do not matter here: the output's shape has them
		return newWalkStep(p, func(x, y *tensor.Shape) walk {
			start, step, _, _ := sliceBounds(bounds, x)
			stride, base := strides(x), 0
			for i := range x.Rank {
				base += start[i] * stride[i]
				stride[i] *= step[i]
			}
			return makeWalk(y.Dims(), stride[:], base)
		})
	},
})

// sliceBounds returns the first position and the step on each axis, and the shape of the result.
func sliceBounds(node *Node, x *tensor.Shape) (start, step [tensor.MaxRank]int, out tensor.Shape, err error) {
	a := node.Attrs
	starts, ends, axes, steps := a.Ints("starts"), a.Ints("ends"), a.Ints("axes"), a.Ints("steps")
	n := len(starts)
	if len(ends) != n || n > x.Rank || axes != nil && len(axes) != n || steps != nil && len(steps) != n {
		return start, step, out, fmt.Errorf("starts %v, ends %v, axes %v, steps %v do not fit shape %v", starts, ends, axes, steps, *x)
	}
	out = *x
	for i := range x.Rank {
		step[i] = 1
	}
	seen := 0
	for i := range starts {
		axis, by := i, 1
		if axes != nil {
			axis = axes[i]
		}
		if steps != nil {
			by = steps[i]
		}
		if axis < 0 || axis >= x.Rank || seen>>axis&1 == 1 || by == 0 || by < -tensor.MaxDim || by > tensor.MaxDim {
			return start, step, out, fmt.Errorf("axes %v with steps %v, want each axis of %v at most once and no step 0", axes, steps, *x)
		}
		seen |= 1 << axis
		d := x.Dim[axis]
		from, to := fromEnd(starts[i], d), fromEnd(node.extent(ends, i), d)
		if by > 0 {
			from, to = min(max(from, 0), d), min(max(to, 0), d)
			out.Dim[axis] = max(0, (to-from+by-1)/by)
		} else {
			from, to = min(max(from, 0), d-1), min(max(to, -1), d-1)
			out.Dim[axis] = max(0, (from-to-by-1)/-by)
		}
		start[axis], step[axis] = from, by
	}
	return start, step, out, nil
}

// fromEnd resolves a position that counts from the end if it is negative.
func fromEnd(i, d int) int {
	if i < 0 {
		return i + d
	}
	return i
}
