package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// ScatterElements is x with single elements written over: inputs are x, indices (int32 or int64) and updates of the
// indices' shape, and y[…,indices[…,i,…],…] becomes updates[…,i,…] along attribute axis. A negative index counts from the
// end. Updates are made in their order.
//
// Attribute reduction, none unless given, says how an update meets the element that is there: add, mul, max or min; integers
// wrap. An index outside is an error if it is constant; a computed one is passed over.
// int8: codes, with none, max and min only. Source: ONNX ScatterElements.
var ScatterElements = register(Def{
	Code: 120, Name: "ScatterElements", MinIn: 3, MaxIn: 3, Outs: 1, InPlace: []int{0},
	Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}, {Name: "reduction", Kind: String}},
	Quant: Quantization{Kind: TiedRange},
	Infer: func(n *Node) error {
		if err := checkElementIndices(n); err != nil {
			return err
		}
		x, u := &n.In[0], &n.In[2]
		if u.DType != x.DType || u.Shape != n.In[1].Shape {
			return fmt.Errorf("updates %v%v of %v at indices %v", u.DType, u.Shape, x.DType, n.In[1].Shape)
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, x.Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		if err := sameCodes(p, 0, 2); err != nil {
			return nil, err
		}
		if err := checkConstIndices(p); err != nil {
			return nil, err
		}
		s := &scatterElementsStep{elementIndices: elementIndices{p.In[0].Slot, p.In[1].Slot, p.Attrs.Int("axis", 0), p.In[1].DType == tensor.Int64},
			u: p.In[2].Slot, y: p.Out[0].Slot}
		var err error
		s.update, err = updater(p)
		return s, err
	},
})

// updater returns what writes n updates over elements of input 0.
func updater(p *Prepare) (func(y, u tensor.Buffer, to, from, n int), error) {
	how := p.Attrs.String("reduction", "none")
	switch p.In[0].DType {
	case tensor.Float32:
		return update[float32](how)
	case tensor.Int32:
		return update[int32](how)
	case tensor.Int64:
		return update[int64](how)
	case tensor.UInt8:
		return update[uint8](how)
	case tensor.Int8, tensor.Int16:
		if how == "add" || how == "mul" {
			return nil, fmt.Errorf("reduction %q of codes: %w", how, ErrUnsupported)
		}
		if p.In[0].DType == tensor.Int8 {
			return update[int8](how)
		}
		return update[int16](how)
	case tensor.Bool:
		if how == "none" {
			return update[uint8](how)
		}
	}
	return nil, fmt.Errorf("reduction %q of %v: %w", how, p.In[0].DType, ErrUnsupported)
}

func update[T element](how string) (func(y, u tensor.Buffer, to, from, n int), error) {
	each := func(f func(y, u T) T) (func(y, u tensor.Buffer, to, from, n int), error) {
		return func(y, u tensor.Buffer, to, from, n int) {
			out := tensor.View[T](y)[to:][:n]
			for i, v := range tensor.View[T](u)[from:][:n] {
				out[i] = f(out[i], v)
			}
		}, nil
	}
	switch how {
	case "none":
		return each(func(_, u T) T { return u })
	case "add":
		return each(func(y, u T) T { return y + u })
	case "mul":
		return each(func(y, u T) T { return y * u })
	case "max":
		return each(maximumOf[T])
	case "min":
		return each(minimumOf[T])
	}
	return nil, fmt.Errorf("reduction %q: %w", how, ErrUnsupported)
}

// scatterElementsStep is one task: of two updates of one element the later one wins.
type scatterElementsStep struct {
	elementIndices
	u, y   int
	update func(y, u tensor.Buffer, to, from, n int)
}

func (s *scatterElementsStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *scatterElementsStep) Tasks(f *Frame) int { return 1 }
func (s *scatterElementsStep) Run(f *Frame, _ *Worker, _ int) {
	y, u := f.Buf[s.y], f.Buf[s.u]
	copy(y.Bytes(), f.Buf[s.x].Bytes())
	s.places(f, 0, f.Shape[s.at].Elements(), false, func(i, place int) { s.update(y, u, place, i, 1) })
}

// ScatterNDUpdate is x with rows written over: inputs are x, indices (int32 or int64) [...,K] and updates [...,rest]. Each
// index names a place along x's first K axes, and the updates' last axes are x's others. Negative indices, the order, attribute
// reduction, indices outside and int8 are as in ScatterElements. Source: ONNX ScatterND.
var ScatterNDUpdate = register(Def{
	Code: 121, Name: "ScatterNDUpdate", MinIn: 3, MaxIn: 3, Outs: 1, InPlace: []int{0},
	Attrs: []AttrSpec{{Name: "reduction", Kind: String}},
	Quant: Quantization{Kind: TiedRange},
	Infer: func(n *Node) error {
		x, at, u := &n.In[0], &n.In[1], &n.In[2]
		if at.DType != tensor.Int32 && at.DType != tensor.Int64 {
			return fmt.Errorf("indices of %v, want int32 or int64: %w", at.DType, ErrUnsupported)
		}
		lead := at.Shape.Rank - 1
		ok := lead >= 0 && at.Shape.Dim[max(0, lead)] <= x.Shape.Rank && u.DType == x.DType && u.Shape.Rank == lead+x.Shape.Rank-at.Shape.Dim[max(0, lead)]
		if ok {
			for i, d := range u.Shape.Dims() {
				ok = ok && (i < lead && d == at.Shape.Dim[i] || i >= lead && d == x.Shape.Dim[i-lead+at.Shape.Dim[lead]])
			}
		}
		if !ok {
			return fmt.Errorf("updates %v%v at indices %v of %v%v", u.DType, u.Shape, at.Shape, x.DType, x.Shape)
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, x.Shape
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		if err := sameCodes(p, 0, 2); err != nil {
			return nil, err
		}
		at := &p.In[1]
		s := &scatterUpdateStep{x: p.In[0].Slot, at: at.Slot, u: p.In[2].Slot, y: p.Out[0].Slot, wide: at.DType == tensor.Int64}
		if at.Const != nil {
			k := at.Shape.Dim[at.Shape.Rank-1]
			for i := range at.Shape.Elements() {
				if v, d := s.index(at.Const.Data, i), p.In[0].Shape.Dim[i%k]; v < -int64(d) || v >= int64(d) {
					return nil, fmt.Errorf("index %d outside [%d,%d]", v, -d, d-1)
				}
			}
		}
		var err error
		s.update, err = updater(p)
		return s, err
	},
})

// scatterUpdateStep is one task, as scatterElementsStep is.
type scatterUpdateStep struct {
	x, at, u, y int
	wide        bool // indices are int64
	update      func(y, u tensor.Buffer, to, from, n int)
}

func (s *scatterUpdateStep) index(b tensor.Buffer, i int) int64 {
	if s.wide {
		return b.I64()[i]
	}
	return int64(b.I32()[i])
}

func (s *scatterUpdateStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *scatterUpdateStep) Tasks(f *Frame) int { return 1 }
func (s *scatterUpdateStep) Run(f *Frame, _ *Worker, _ int) {
	at, y := &f.Shape[s.at], &f.Shape[s.y]
	copy(f.Buf[s.y].Bytes(), f.Buf[s.x].Bytes())
	k, places, n := at.Dim[at.Rank-1], 1, 1
	for _, d := range at.Dim[:at.Rank-1] {
		places *= d
	}
	for _, d := range y.Dim[k:y.Rank] {
		n *= d
	}
	for i := range places {
		to, inside := 0, true
		for c, d := range y.Dim[:k] {
			v := s.index(f.Buf[s.at], i*k+c)
			if v < 0 {
				v += int64(d)
			}
			inside = inside && v >= 0 && v < int64(d)
			to = to*d + int(v)
		}
		if inside {
			s.update(f.Buf[s.y], f.Buf[s.u], to*n, i*n, n)
		}
	}
}
