package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// BatchMatMul is y = a·b over the last two axes: a [...,M,K], b [...,K,N], leading axes broadcast; adjX and adjY
// transpose an operand's last two axes.
//
// float32: each output ascends over k with fused multiply-add from +0. int8, and int16 with int64 sums:
// TFLite's BATCH_MATMUL.
var BatchMatMul = register(Def{
	Code: 4, Name: "BatchMatMul", MinIn: 2, MaxIn: 2, Outs: 1,
	Attrs:   []AttrSpec{{Name: "adjX", Kind: Int}, {Name: "adjY", Kind: Int}},
	Infer:   inferBatchMatMul,
	Prepare: prepareBatchMatMul,
	Quant:   Quantization{Kind: OwnRange},
	MACs: func(n *Node) int {
		_, k, _ := matmulExtents(n.Attrs, n.In[0].Shape, n.In[1].Shape)
		return n.Out[0].Shape.Elements() * k
	},
})

func matmulExtents(at Attrs, a, b tensor.Shape) (m, k, n int) {
	m, k, n = a.Dim[a.Rank-2], a.Dim[a.Rank-1], b.Dim[b.Rank-1]
	if at.Int("adjX", 0) != 0 {
		m, k = k, m
	}
	if at.Int("adjY", 0) != 0 {
		n = b.Dim[b.Rank-2]
	}
	return m, k, n
}

func inferBatchMatMul(n *Node) error {
	a, b := n.In[0].Shape, n.In[1].Shape
	if a.Rank < 2 || b.Rank < 2 || n.In[0].DType != n.In[1].DType {
		return fmt.Errorf("operands %v and %v, want [...,M,K] and [...,K,N] of one type", n.In[0].Type, n.In[1].Type)
	}
	m, k, cols := matmulExtents(n.Attrs, a, b)
	kb := b.Dim[b.Rank-2]
	if n.Attrs.Int("adjY", 0) != 0 {
		kb = b.Dim[b.Rank-1]
	}
	if k != kb {
		return fmt.Errorf("operands %v and %v differ in the inner extent", a, b)
	}
	a.Rank, b.Rank = a.Rank-2, b.Rank-2
	out, err := broadcast(a, b)
	if err != nil {
		return err
	}
	if out.Rank+2 > tensor.MaxRank {
		return fmt.Errorf("operands have more than %d axes", tensor.MaxRank)
	}
	out.Dim[out.Rank], out.Dim[out.Rank+1] = m, cols
	out.Rank += 2
	n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, out
	return nil
}

// matmulStep is portable: products of two computed matrices are not where these networks spend their time.
type matmulStep struct {
	slots
	attrs       Attrs
	f32, s16    bool
	za, zb, zy  int32
	mult, shift int32
}

func prepareBatchMatMul(p *Prepare) (Step, error) {
	s := &matmulStep{slots: slots{p.In[0].Slot, p.In[1].Slot, p.Out[0].Slot}, attrs: p.Attrs}
	switch p.In[0].DType {
	case tensor.Float32:
		s.f32 = true
	case tensor.Int8, tensor.Int16:
		d := p.In[0].DType
		sc, z, err := binaryCodes(p, d, d, d)
		if err == nil && d == tensor.Int16 {
			s.s16 = true
			err = symmetric(z[:]...)
		}
		if err != nil {
			return nil, err
		}
		s.za, s.zb, s.zy = z[0], z[1], z[2]
		s.mult, s.shift = fixed.Quantize(float64(sc[0]*sc[1]) / float64(sc[2]))
		_, k, _ := matmulExtents(p.Attrs, p.In[0].Shape, p.In[1].Shape)
		if s.shift > 31 || s.s16 && (s.shift > 7 || k >= 1<<17) { // sums stay below 2^47
			return nil, productError(sc)
		}
	default:
		return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
	}
	return s, nil
}

func (s *matmulStep) Info() Info { return Info{Kernel: "portable"} }

// Tasks is one per row of the output.
func (s *matmulStep) Tasks(f *Frame) int {
	y := f.Shape[s.y]
	return y.Elements() / max(1, y.Dim[y.Rank-1])
}

func (s *matmulStep) Run(f *Frame, w *Worker, task int) {
	sa, sb, sy := f.Shape[s.a], f.Shape[s.b], f.Shape[s.y]
	m, k, n := matmulExtents(s.attrs, sa, sb)
	batch, row := task/m, task%m
	sa.Rank, sb.Rank, sy.Rank = sa.Rank-2, sb.Rank-2, sy.Rank-2
	r := makeRuns(sa, sb, sy)
	// The run's own axes count as an innermost outer axis here.
	offA, offB := r.at(batch / r.n)
	a0 := (offA + batch%r.n*r.stepA) * m * k
	b0 := (offB + batch%r.n*r.stepB) * k * n
	aStep, bStep, bCol := 1, n, 1
	a0 += row * k
	if s.attrs.Int("adjX", 0) != 0 {
		a0, aStep = a0-row*k+row, m
	}
	if s.attrs.Int("adjY", 0) != 0 {
		bStep, bCol = 1, k
	}
	y0 := task * n
	if s.f32 {
		a, b, y := f.Buf[s.a].F32(), f.Buf[s.b].F32(), f.Buf[s.y].F32()
		for j := range n {
			acc := float32(0)
			for i := range k {
				acc = fixed.FMA32(a[a0+i*aStep], b[b0+i*bStep+j*bCol], acc)
			}
			y[y0+j] = acc
		}
		return
	}
	if s.s16 {
		a, b, y := f.Buf[s.a].I16(), f.Buf[s.b].I16(), f.Buf[s.y].I16()
		for j := range n {
			acc := int64(0)
			for i := range k {
				acc += int64(a[a0+i*aStep]) * int64(b[b0+i*bStep+j*bCol])
			}
			y[y0+j] = fixed.Saturate16(fixed.MBQM64(acc, s.mult, s.shift))
		}
		return
	}
	a, b, y := f.Buf[s.a].I8(), f.Buf[s.b].I8(), f.Buf[s.y].I8()
	for j := range n {
		acc := int32(0)
		for i := range k {
			acc += (int32(a[a0+i*aStep]) - s.za) * (int32(b[b0+i*bStep+j*bCol]) - s.zb)
		}
		v := fixed.MBQM(acc, s.mult, s.shift) + s.zy
		y[y0+j] = int8(min(max(v, -128), 127))
	}
}
