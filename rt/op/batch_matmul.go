package op

import (
	"fmt"

	"edgerun/kernels/abi"
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

// matmulStep multiplies one matrix of the batch in a task, float32 and int8 with the kernels of GemmF32.
type matmulStep struct {
	slots
	product
	attrs       Attrs
	f32, s16    bool
	za, zb, zy  int32
	mult, shift int32
	// Bounds of the parts of the scratch memory, in bytes.
	packedBytes, rowsBytes, sumsBytes int
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
	if !s.s16 {
		_, k, n := matmulExtents(p.Attrs, p.In[0].Shape, p.In[1].Shape)
		if !s.f32 && k > 1<<15 {
			return nil, fmt.Errorf("%d products of int8, want at most 32768: %w", k, ErrUnsupported) // their sum would leave 32 bits
		}
		s.setGemm(p.Kernels.GemmF32, k, n)
	}
	return s, nil
}

// setGemm chooses the kernel and scratch memory for matrices of up to k terms and n columns.
func (s *matmulStep) setGemm(class abi.GemmF32Class, k, n int) {
	if !s.f32 {
		s.sumsBytes = align(4 * productRows * n)
		k = min(k, exactK)
	}
	s.product = newProduct(class, k)
	s.packedBytes, s.rowsBytes = align(4*s.panelElements(k, n)), align(4*productRows*k+abi.Slack)
}

func (s *matmulStep) Info() Info {
	if s.s16 {
		return Info{Kernel: "portable"}
	}
	return Info{Kernel: s.class.Name, ScratchBytes: s.offsetBytes() + s.packedBytes + s.rowsBytes + 2*s.sumsBytes}
}

// Tasks is one per matrix of the output, for int16 one per row.
func (s *matmulStep) Tasks(f *Frame) int {
	y := f.Shape[s.y]
	if y.Elements() == 0 {
		return 0
	}
	rows := y.Elements() / y.Dim[y.Rank-1]
	if s.s16 {
		return rows
	}
	return rows / y.Dim[y.Rank-2]
}

// multiplyMatrix computes one matrix of the batch, whose operands begin at a0 and b0; steps are those between rows and
// columns of a, and of b.
func (s *matmulStep) multiplyMatrix(f *Frame, w *Worker, a0, b0, y0, m, k, n int, rowA, colA, rowB, colB int) {
	at := 0
	part := func(bytes int) tensor.Buffer {
		b := w.Scratch.Slice(at, bytes)
		at += bytes
		return b
	}
	off, packed, x := part(s.offsetBytes()).I32(), part(s.packedBytes).F32(), part(s.rowsBytes).F32()
	if s.f32 {
		if k == 0 {
			clear(f.Buf[s.y].F32()[y0 : y0+m*n])
			return
		}
		a, y := f.Buf[s.a].F32()[a0:], f.Buf[s.y].F32()[y0:]
		s.packF32(packed, f.Buf[s.b].F32()[b0:], k, n, rowB, colB)
		for r := 0; r < m; r += productRows {
			rows := min(productRows, m-r)
			if colA == 1 {
				s.multiply(w, off, a[r*rowA:], rowA, packed, y[r*n:], n, rows, k, n)
				continue
			}
			for i := range rows {
				for c := range k {
					x[i*k+c] = a[(r+i)*rowA+c*colA]
				}
			}
			s.multiply(w, off, x, k, packed, y[r*n:], n, rows, k, n)
		}
		return
	}
	sum, partial := part(s.sumsBytes).I32(), part(s.sumsBytes).F32()
	a, b, y := f.Buf[s.a].I8()[a0:], f.Buf[s.b].I8()[b0:], f.Buf[s.y].I8()[y0:]
	for r := 0; r < m; r += productRows {
		rows := min(productRows, m-r)
		clear(sum[:rows*n])
		for from := 0; from < k; from += exactK {
			depth := min(exactK, k-from)
			for i := range rows {
				row := a[(r+i)*rowA+from*colA:]
				for c := range depth {
					x[i*depth+c] = float32(int32(row[c*colA]) - s.za)
				}
			}
			if k > exactK || r == 0 { // otherwise it is packed already
				s.packS8(packed, b[from*rowB:], s.zb, depth, n, rowB, colB)
			}
			s.multiply(w, off, x, depth, packed, partial, n, rows, depth, n)
			accumulate(sum[:rows*n], partial)
		}
		for i, v := range sum[:rows*n] {
			y[r*n+i] = int8(min(max(fixed.MBQM(v, s.mult, s.shift)+s.zy, -128), 127))
		}
	}
}

func (s *matmulStep) Run(f *Frame, w *Worker, task int) {
	sa, sb, sy := f.Shape[s.a], f.Shape[s.b], f.Shape[s.y]
	m, k, n := matmulExtents(s.attrs, sa, sb)
	batch, row := task, 0
	if s.s16 {
		batch, row = task/m, task%m
	}
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
	if !s.s16 {
		rowA, colA := k, 1
		if s.attrs.Int("adjX", 0) != 0 {
			rowA, colA = 1, m
		}
		s.multiplyMatrix(f, w, a0, b0, task*m*n, m, k, n, rowA, colA, bStep, bCol)
		return
	}
	a, b, y := f.Buf[s.a].I16(), f.Buf[s.b].I16(), f.Buf[s.y].I16()
	for j := range n {
		acc := int64(0)
		for i := range k {
			acc += int64(a[a0+i*aStep]) * int64(b[b0+i*bStep+j*bCol])
		}
		y[y0+j] = fixed.Saturate16(fixed.MBQM64(acc, s.mult, s.shift))
	}
}
