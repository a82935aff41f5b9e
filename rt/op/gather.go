package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Gather picks positions along attribute axis of x, its first input, by the indices (int32 or int64) of the second: the
// axis is replaced by the indices' axes. A negative index counts from the end. The first batchDims axes, 0 unless
// given, are common to both inputs. Any element type of whole bytes.
//
// An index outside is an error if it is constant; a computed one is limited to the axis.
var Gather = register(Def{
	Code: 53, Name: "Gather", MinIn: 2, MaxIn: 2, Outs: 1,
	Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}, {Name: "batchDims", Kind: Int}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, at := &n.In[0], &n.In[1]
		axis, batch := n.Attrs.Int("axis", 0), n.Attrs.Int("batchDims", 0)
		if at.DType != tensor.Int32 && at.DType != tensor.Int64 {
			return fmt.Errorf("indices of %v, want int32 or int64: %w", at.DType, ErrUnsupported)
		}
		if axis < 0 || axis >= x.Shape.Rank || x.Shape.Dim[axis] < 1 || batch < 0 || batch > axis || batch > at.Shape.Rank {
			return fmt.Errorf("axis %d with %d batch axes of shapes %v and %v", axis, batch, x.Shape, at.Shape)
		}
		rank := x.Shape.Rank + at.Shape.Rank - batch - 1
		if rank > tensor.MaxRank {
			return fmt.Errorf("%d dimensions: %w", rank, ErrUnsupported)
		}
		out := tensor.Shape{Rank: rank}
		k := copy(out.Dim[:], x.Shape.Dim[:axis])
		for i := range batch {
			if x.Shape.Dim[i] != at.Shape.Dim[i] {
				return fmt.Errorf("shapes %v and %v differ in their first %d axes", x.Shape, at.Shape, batch)
			}
		}
		k += copy(out.Dim[k:], at.Shape.Dims()[batch:])
		copy(out.Dim[k:], x.Shape.Dims()[axis+1:])
		n.Out[0].DType, n.Out[0].Shape = x.DType, out
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		x, at := &p.In[0], &p.In[1]
		size, err := elementSize(&x.Type)
		if err != nil {
			return nil, err
		}
		if err := sameCodes(p, 0); err != nil {
			return nil, err
		}
		s := &gatherStep{x: x.Slot, at: at.Slot, y: p.Out[0].Slot, size: size, axis: p.Attrs.Int("axis", 0),
			batch: p.Attrs.Int("batchDims", 0), wide: at.DType == tensor.Int64}
		if at.Const != nil {
			d := int64(x.Shape.Dim[s.axis])
			for i := range at.Shape.Elements() {
				if k := s.index(at.Const.Data, i); k < -d || k >= d {
					return nil, fmt.Errorf("index %d outside [%d,%d]", k, -d, d-1)
				}
			}
		}
		return s, nil
	},
})

type gatherStep struct {
	x, at, y    int
	size        int // bytes of an element
	axis, batch int
	wide        bool // indices are int64
}

func (s *gatherStep) index(b tensor.Buffer, i int) int64 {
	if s.wide {
		return b.I64()[i]
	}
	return int64(b.I32()[i])
}

func (s *gatherStep) Info() Info { return Info{Kernel: "copy"} }

// extents returns the indices of a batch, the runs before the axis within it, the axis's extent and a run's bytes.
func (s *gatherStep) extents(f *Frame) (picks, outer, axis, runBytes int) {
	x, at := &f.Shape[s.x], &f.Shape[s.at]
	picks, outer, runBytes = 1, 1, s.size
	for _, d := range at.Dims()[s.batch:] {
		picks *= d
	}
	for _, d := range x.Dim[s.batch:s.axis] {
		outer *= d
	}
	for _, d := range x.Dims()[s.axis+1:] {
		runBytes *= d
	}
	return picks, outer, x.Dim[s.axis], runBytes
}

func (s *gatherStep) Tasks(f *Frame) int {
	_, _, _, runBytes := s.extents(f)
	if runBytes == 0 {
		return 0
	}
	per := rowsPerTask(runBytes)
	return (f.Shape[s.y].Elements()*s.size/runBytes + per - 1) / per
}

func (s *gatherStep) Run(f *Frame, _ *Worker, task int) {
	picks, outer, axis, runBytes := s.extents(f)
	per := rowsPerTask(runBytes)
	x, at, y := f.Buf[s.x].Bytes(), f.Buf[s.at], f.Buf[s.y].Bytes()
	for r := task * per; r < min((task+1)*per, f.Shape[s.y].Elements()*s.size/runBytes); r++ {
		group := r / picks // of batch and outer
		k := s.index(at, group/outer*picks+r%picks)
		if k < 0 {
			k += int64(axis)
		}
		from := group*axis + int(min(max(k, 0), int64(axis-1)))
		copy(y[r*runBytes:(r+1)*runBytes], x[from*runBytes:])
	}
}
