package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// GatherElements picks one element for each index: y is shaped as the indices (int32 or int64), and y[…,i,…] is
// x[…,indices[…,i,…],…] along attribute axis. Along other axes the indices reach no further than x. A negative index counts
// from the end. Any element type of whole bytes.
//
// An index outside is an error if it is constant; a computed one is limited to the axis.
var GatherElements = register(Def{
	Code: 119, Name: "GatherElements", MinIn: 2, MaxIn: 2, Outs: 1,
	Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		if err := checkElementIndices(n); err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, n.In[1].Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		size, err := elementSize(&p.In[0].Type)
		if err != nil {
			return nil, err
		}
		if err := sameCodes(p, 0); err != nil {
			return nil, err
		}
		if err := checkConstIndices(p); err != nil {
			return nil, err
		}
		return &gatherElementsStep{elementIndices{p.In[0].Slot, p.In[1].Slot, p.Attrs.Int("axis", 0), p.In[1].DType == tensor.Int64}, p.Out[0].Slot, size}, nil
	},
})

// checkElementIndices looks at input 1, indices for single elements of input 0 along attribute axis.
func checkElementIndices(n *Node) error {
	x, at, axis := &n.In[0], &n.In[1], n.Attrs.Int("axis", 0)
	if at.DType != tensor.Int32 && at.DType != tensor.Int64 {
		return fmt.Errorf("indices of %v, want int32 or int64: %w", at.DType, ErrUnsupported)
	}
	if axis < 0 || axis >= x.Shape.Rank || x.Shape.Dim[axis] < 1 || at.Shape.Rank != x.Shape.Rank {
		return fmt.Errorf("indices %v along axis %d of shape %v", at.Shape, axis, x.Shape)
	}
	for i, d := range at.Shape.Dims() {
		if i != axis && d > x.Shape.Dim[i] {
			return fmt.Errorf("indices %v along axis %d of shape %v", at.Shape, axis, x.Shape)
		}
	}
	return nil
}

func checkConstIndices(p *Prepare) error {
	at := &p.In[1]
	if at.Const == nil {
		return nil
	}
	e := elementIndices{wide: at.DType == tensor.Int64}
	d := p.In[0].Shape.Dim[p.Attrs.Int("axis", 0)]
	for i := range at.Shape.Elements() {
		if k := e.index(at.Const.Data, i); k < -int64(d) || k >= int64(d) {
			return fmt.Errorf("index %d outside [%d,%d]", k, -d, d-1)
		}
	}
	return nil
}

// elementIndices are indices for single elements of x along an axis.
type elementIndices struct {
	x, at, axis int
	wide        bool // indices are int64
}

func (e *elementIndices) index(b tensor.Buffer, i int) int64 {
	if e.wide {
		return b.I64()[i]
	}
	return int64(b.I32()[i])
}

// places calls visit with the positions in x that indices [first,first+n) name, and reports nothing of others outside:
// limit says whether these are limited to the axis or passed over.
func (e *elementIndices) places(f *Frame, first, n int, limit bool, visit func(i, place int)) {
	x, at := &f.Shape[e.x], &f.Shape[e.at]
	stride, d := strides(x), int64(x.Dim[e.axis])
	w := stride
	w[e.axis] = 0
	rows := makeWalk(at.Dims(), w[:], 0)
	for r, c := first/max(1, rows.n), rows.seek(first/max(1, rows.n)); r*rows.n < first+n; r++ {
		for j := range rows.n {
			i := r*rows.n + j
			if i < first || i >= first+n {
				continue
			}
			k := e.index(f.Buf[e.at], i)
			if k < 0 {
				k += d
			}
			if limit {
				k = min(max(k, 0), d-1)
			} else if k < 0 || k >= d {
				continue
			}
			visit(i, c.off+j*rows.step+int(k)*stride[e.axis])
		}
		rows.next(&c)
	}
}

type gatherElementsStep struct {
	elementIndices
	y    int
	size int // bytes of an element
}

func (s *gatherElementsStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *gatherElementsStep) Tasks(f *Frame) int { return chunks(f.Shape[s.y].Elements()) }
func (s *gatherElementsStep) Run(f *Frame, _ *Worker, task int) {
	first, n := chunk(task, f.Shape[s.y].Elements())
	x, y := f.Buf[s.x], f.Buf[s.y]
	s.places(f, first, n, true, func(i, place int) { copyElements(y, x, i, place, 1, 1, s.size) })
}
