package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// ScatterND adds its updates into zeros of attribute shape. Inputs are indices (int32 or int64) [...,K] and updates
// [...,rest]: each index names a place along the first K axes, and the updates' last axes are the shape's others. Sums
// ascend in the order of the indices; integers wrap, of bool it is or.
//
// A constant index outside is an error; a computed one is passed over. int8 and int16: codes are added, and places without
// an update have code 0. Source: TFLite SCATTER_ND.
var ScatterND = register(Def{
	Code: 33, Name: "ScatterND", MinIn: 2, MaxIn: 2, Outs: 1,
	Attrs: []AttrSpec{{Name: "shape", Kind: Ints, Required: true}},
	Infer: func(n *Node) error {
		at, x, shape := &n.In[0], &n.In[1], n.Attrs.Ints("shape")
		if at.DType != tensor.Int32 && at.DType != tensor.Int64 {
			return fmt.Errorf("indices of %v, want int32 or int64: %w", at.DType, ErrUnsupported)
		}
		if len(shape) > tensor.MaxRank {
			return fmt.Errorf("%d dimensions: %w", len(shape), ErrUnsupported)
		}
		out := tensor.Shape{Rank: len(shape)}
		for i, d := range shape {
			if d < 0 || d > tensor.MaxDim {
				return fmt.Errorf("shape %v", shape)
			}
			out.Dim[i] = d
		}
		lead := at.Shape.Rank - 1
		if lead < 0 || at.Shape.Dim[lead] > out.Rank || x.Shape.Rank != lead+out.Rank-at.Shape.Dim[lead] {
			return fmt.Errorf("indices %v and updates %v of shape %v", at.Shape, x.Shape, shape)
		}
		k := at.Shape.Dim[lead]
		for i, d := range x.Shape.Dims() {
			if i < lead && d != at.Shape.Dim[i] || i >= lead && d != shape[i-lead+k] {
				return fmt.Errorf("indices %v and updates %v of shape %v", at.Shape, x.Shape, shape)
			}
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, out
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		at, x := &p.In[0], &p.In[1]
		if err := sameCodes(p, 1); err != nil {
			return nil, err
		}
		s := &scatterStep{at: at.Slot, x: x.Slot, y: p.Out[0].Slot, wide: at.DType == tensor.Int64}
		switch x.DType {
		case tensor.Int8:
			s.run = addRow[int8]
		case tensor.UInt8:
			s.run = addRow[uint8]
		case tensor.Bool:
			s.run = func(y, x tensor.Buffer, to, from, n int) {
				for i, v := range x.Bytes()[from : from+n] {
					y.Bytes()[to+i] |= v
				}
			}
		case tensor.Int16:
			s.run = addRow[int16]
		case tensor.Int32:
			s.run = addRow[int32]
		case tensor.Int64:
			s.run = addRow[int64]
		case tensor.Float32:
			s.run = addRow[float32]
		default:
			return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
		}
		if at.Const != nil {
			k := at.Shape.Dim[at.Shape.Rank-1]
			for i := range at.Shape.Elements() {
				if v, d := s.index(at.Const.Data, i), p.Out[0].Shape.Dim[i%k]; v < 0 || v >= int64(d) {
					return nil, fmt.Errorf("index %d outside [0,%d)", v, d)
				}
			}
		}
		return s, nil
	},
})

func addRow[T element](y, x tensor.Buffer, to, from, n int) {
	sum := tensor.View[T](y)[to:][:n]
	for i, v := range tensor.View[T](x)[from:][:n] {
		sum[i] += v
	}
}

// scatterStep is one task: sums must ascend.
type scatterStep struct {
	at, x, y int
	wide     bool // indices are int64
	run      func(y, x tensor.Buffer, to, from, n int)
}

func (s *scatterStep) index(b tensor.Buffer, i int) int64 {
	if s.wide {
		return b.I64()[i]
	}
	return int64(b.I32()[i])
}

func (s *scatterStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *scatterStep) Tasks(f *Frame) int { return 1 }
func (s *scatterStep) Run(f *Frame, _ *Worker, _ int) {
	at, y := &f.Shape[s.at], &f.Shape[s.y]
	clear(f.Buf[s.y].Bytes())
	k, places := at.Dim[at.Rank-1], 1
	for _, d := range at.Dim[:at.Rank-1] {
		places *= d
	}
	n := 1
	for _, d := range y.Dim[k:y.Rank] {
		n *= d
	}
	for i := range places {
		to, inside := 0, true
		for c, d := range y.Dim[:k] {
			v := s.index(f.Buf[s.at], i*k+c)
			inside = inside && v >= 0 && v < int64(d)
			to = to*d + int(v)
		}
		if inside {
			s.run(f.Buf[s.y], f.Buf[s.x], to*n, i*n, n)
		}
	}
}

// UpdateSlice is its first input with its second one written over it from the position in the third on (int32 or int64,
// one for each axis), which is limited so that the update fits. Any element type of whole bytes. int8: all share their
// quantization. Source: TFLite DYNAMIC_UPDATE_SLICE.
var UpdateSlice = register(Def{
	Code: 34, Name: "UpdateSlice", MinIn: 3, MaxIn: 3, Outs: 1, InPlace: []int{0},
	Quant: Quantization{Kind: TiedRange},
	Infer: func(n *Node) error {
		x, u, at := &n.In[0], &n.In[1], &n.In[2]
		if at.DType != tensor.Int32 && at.DType != tensor.Int64 {
			return fmt.Errorf("position of %v, want int32 or int64: %w", at.DType, ErrUnsupported)
		}
		if x.DType != u.DType || x.Shape.Rank != u.Shape.Rank || at.Shape != tensor.MakeShape(x.Shape.Rank) {
			return fmt.Errorf("update %v%v at a position of %v of %v%v", u.DType, u.Shape, at.Shape, x.DType, x.Shape)
		}
		for i, d := range u.Shape.Dims() {
			if d > x.Shape.Dim[i] {
				return fmt.Errorf("update %v is larger than %v", u.Shape, x.Shape)
			}
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, x.Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		size, err := elementSize(&p.In[0].Type)
		if err != nil {
			return nil, err
		}
		if err := sameCodes(p, 0, 1); err != nil {
			return nil, err
		}
		return &updateStep{x: p.In[0].Slot, u: p.In[1].Slot, at: p.In[2].Slot, y: p.Out[0].Slot, size: size, wide: p.In[2].DType == tensor.Int64}, nil
	},
})

// updateStep is one task: most of it is one copy, or none where the output takes over the input's memory.
type updateStep struct {
	x, u, at, y int
	size        int  // bytes of an element
	wide        bool // the position is int64
}

func (s *updateStep) Info() Info         { return Info{Kernel: "copy"} }
func (s *updateStep) Tasks(f *Frame) int { return 1 }
func (s *updateStep) Run(f *Frame, _ *Worker, _ int) {
	y, u := f.Buf[s.y].Bytes(), f.Buf[s.u].Bytes()
	copy(y, f.Buf[s.x].Bytes())
	shape, part := &f.Shape[s.y], &f.Shape[s.u]
	if len(u) == 0 {
		return
	}
	stride, base := strides(shape), 0
	for i, d := range shape.Dims() {
		var v int64
		if s.wide {
			v = f.Buf[s.at].I64()[i]
		} else {
			v = int64(f.Buf[s.at].I32()[i])
		}
		base += int(min(max(v, 0), int64(d-part.Dim[i]))) * stride[i]
	}
	w := makeWalk(part.Dims(), stride[:], base)
	// Rows of a walk have step 1 here but where the last axis has extent 1.
	n := w.n * s.size
	for r, c := 0, w.seek(0); r < w.rows(); r++ {
		if w.step == 1 {
			copy(y[c.off*s.size:][:n], u[r*n:])
		} else {
			for i := range w.n {
				copy(y[(c.off+i*w.step)*s.size:][:s.size], u[r*n+i*s.size:])
			}
		}
		w.next(&c)
	}
}
