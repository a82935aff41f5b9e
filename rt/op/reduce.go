package op

import (
	"fmt"
	"math"

	"edgerun/rt/tensor"
)

// Sum is the sum over axes, all of them unless given. With keepDims the axes stay with extent 1.
//
// float32: in Mean's order. int8: TFLite's SUM, the sum of nothing is code 0 as it is there. int32, int64: wraps.
var Sum = register(Def{
	Code: 47, Name: "Sum", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: reduceAttrs,
	Infer: inferReduced,
	Prepare: func(p *Prepare) (Step, error) {
		switch p.In[0].DType {
		case tensor.Int32:
			return newFold(p, 0, func(sum, x int32) int32 { return sum + x })
		case tensor.Int64:
			return newFold(p, 0, func(sum, x int64) int64 { return sum + x })
		}
		return prepareMean(p, true)
	},
	Quant: Quantization{Kind: OwnRange},
})

// ReduceMax is the largest element over axes, as Sum has them; of nothing it is the least number of its type. NaN wins.
// int8: TFLite's REDUCE_MAX, on codes.
var ReduceMax = register(Def{
	Code: 48, Name: "ReduceMax", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: reduceAttrs,
	Infer: inferReduced, Quant: Quantization{Kind: SameRange},
	Prepare: func(p *Prepare) (Step, error) {
		if err := sameCodes(p, 0); err != nil {
			return nil, err
		}
		switch p.In[0].DType {
		case tensor.Int8:
			return newFold(p, math.MinInt8, maximumOf[int8])
		case tensor.UInt8, tensor.Bool:
			return newFold(p, 0, maximumOf[uint8])
		case tensor.Int32:
			return newFold(p, math.MinInt32, maximumOf[int32])
		case tensor.Int64:
			return newFold(p, math.MinInt64, maximumOf[int64])
		case tensor.Float32:
			return newFold(p, float32(math.Inf(-1)), maximumOf[float32])
		}
		return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
	},
})

// ReduceMin is the smallest element over axes, else as ReduceMax.
var ReduceMin = register(Def{
	Code: 49, Name: "ReduceMin", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: reduceAttrs,
	Infer: inferReduced, Quant: Quantization{Kind: SameRange},
	Prepare: func(p *Prepare) (Step, error) {
		if err := sameCodes(p, 0); err != nil {
			return nil, err
		}
		switch p.In[0].DType {
		case tensor.Int8:
			return newFold(p, math.MaxInt8, minimumOf[int8])
		case tensor.UInt8:
			return newFold(p, math.MaxUint8, minimumOf[uint8])
		case tensor.Bool:
			return newFold(p, 1, minimumOf[uint8])
		case tensor.Int32:
			return newFold(p, math.MaxInt32, minimumOf[int32])
		case tensor.Int64:
			return newFold(p, math.MaxInt64, minimumOf[int64])
		case tensor.Float32:
			return newFold(p, float32(math.Inf(1)), minimumOf[float32])
		}
		return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
	},
})

// ReduceProd is the product over axes, as Sum has them, in ascending order; of nothing it is 1. int32, int64: wraps.
var ReduceProd = register(Def{
	Code: 50, Name: "ReduceProd", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: reduceAttrs,
	Infer: inferReduced,
	Prepare: func(p *Prepare) (Step, error) {
		switch p.In[0].DType {
		case tensor.Int32:
			return newFold(p, 1, func(y, x int32) int32 { return y * x })
		case tensor.Int64:
			return newFold(p, 1, func(y, x int64) int64 { return y * x })
		case tensor.Float32:
			return newFold(p, 1, func(y, x float32) float32 { return y * x })
		}
		return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
	},
})

// reduceAttrs are the attributes of a reduction.
var reduceAttrs = []AttrSpec{{Name: "axes", Kind: Ints}, {Name: "keepDims", Kind: Int}}

func inferReduced(n *Node) error {
	x := n.In[0].Shape
	reduced, err := reducedAxes(n.Attrs, &x)
	if err != nil {
		return err
	}
	n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, reducedShape(&x, reduced, n.Attrs.Int("keepDims", 0) != 0)
	return nil
}

// reducedShape leaves the axes out, or gives them extent 1.
func reducedShape(x *tensor.Shape, reduced int, keep bool) (out tensor.Shape) {
	for i, d := range x.Dims() {
		if reduced>>i&1 == 1 {
			if d = 1; !keep {
				continue
			}
		}
		out.Dim[out.Rank] = d
		out.Rank++
	}
	return out
}

// foldStep reduces with a function of what came so far and the next element: like a meanStep, blocks of outputs that lie
// side by side, or one output after the other.
type foldStep[T element] struct {
	x, y    int
	reduced int
	empty   T
	f       func(y, x T) T
}

func newFold[T element](p *Prepare, empty T, f func(y, x T) T) (Step, error) {
	reduced, err := reducedAxes(p.Attrs, &p.In[0].Shape)
	return &foldStep[T]{p.In[0].Slot, p.Out[0].Slot, reduced, empty, f}, err
}

func (s *foldStep[T]) Info() Info { return Info{Kernel: "portable"} }

func (s *foldStep[T]) Tasks(f *Frame) int {
	n := f.Shape[s.y].Elements()
	if n == 0 {
		return 0
	}
	l := reduceLoops(&f.Shape[s.x], s.reduced)
	if l.side && l.n > 0 {
		return l.kept.rows() * l.blocks()
	}
	return (n + l.outputs() - 1) / l.outputs()
}

func (s *foldStep[T]) Run(f *Frame, _ *Worker, task int) {
	l := reduceLoops(&f.Shape[s.x], s.reduced)
	x, y := tensor.View[T](f.Buf[s.x]), tensor.View[T](f.Buf[s.y])
	if l.side && l.n > 0 {
		row, first := task/l.blocks(), task%l.blocks()*meanBlock
		from := l.kept.seek(row)
		out := y[row*l.kept.n+first:][:min(meanBlock, l.kept.n-first)]
		for i := range out {
			out[i] = s.empty
		}
		c := l.summed.seek(0)
		for range l.summed.rows() {
			for k := range l.summed.n {
				in := x[from.off+first+c.off+k*l.summed.step:]
				for i := range out {
					out[i] = s.f(out[i], in[i])
				}
			}
			l.summed.next(&c)
		}
		return
	}
	first := task * l.outputs()
	for i := first; i < min(first+l.outputs(), f.Shape[s.y].Elements()); i++ {
		from := l.kept.seek(i / l.kept.n)
		v := s.empty
		if l.n > 0 {
			c := l.summed.seek(0)
			for range l.summed.rows() {
				at := from.off + i%l.kept.n*l.kept.step + c.off
				for k := range l.summed.n {
					v = s.f(v, x[at+k*l.summed.step])
				}
				l.summed.next(&c)
			}
		}
		y[i] = v
	}
}
