package op

import (
	"fmt"
	"math"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Attention is scaled dot-product attention: for each head, y = softmax(q·kᵀ·scale)·v over the keys that take part.
//
// With attribute heads, q is [N,Sq,H·D], k [N,Sk,G·D] and v [N,Sk,G·E] ([S,N,…] where sequenceFirst is 1), G being
// kvHeads, heads unless given: head h reads those of h·G/H. Without it they are [N,Sq,D] or [N,H,Sq,D] and so on. y is
// shaped as q, with E for D. scale is 1/√D unless given.
//
// The mask, bool and optional, broadcasts to [N,H,Sq,Sk] (without heads to the operands' own leading axes, Sq and Sk): keys take
// part where it is true. causal leaves out the keys behind a query's position. A query without keys gives zeros,
// where the softmax of a mask of −Inf alone, PyTorch's and ONNX's, is NaN.
//
// float32: scores ascend over D with fused multiply-add from +0 and are then scaled; the weights are Softmax of those that
// take part, 0 for others; the outputs ascend over all keys with fused multiply-add from +0, a zero being +0. So finite keys
// that take no part behind the last that does change no bit: AttentionStep relies on it.
// int8: fixed.AttentionS8 on exact integer scores and sums. No outside vector proves it.
var Attention = register(Def{
	Code: 102, Name: "Attention", MinIn: 3, MaxIn: 4, Outs: 1, Attrs: attentionAttrs,
	Infer: inferAttention, Prepare: prepareAttention, MACs: attentionMACs,
	Quant: Quantization{Kind: OwnRange},
})

// AttentionBias is Attention whose mask is float32 and added to the scaled scores. A key takes no part where it is −Inf.
var AttentionBias = register(Def{
	Code: 103, Name: "AttentionBias", MinIn: 4, MaxIn: 4, Outs: 1, Attrs: attentionAttrs,
	Infer: inferAttention, Prepare: prepareAttention, MACs: attentionMACs,
})

var attentionAttrs = []AttrSpec{{Name: "heads", Kind: Int}, {Name: "kvHeads", Kind: Int}, {Name: "sequenceFirst", Kind: Int},
	{Name: "scale", Kind: Float}, {Name: "causal", Kind: Int}}

// view is where a head's rows are in an operand: element (n, h, s, d) at n·batch + h·head + s·row + d.
type view struct{ batch, head, row int }

// attentionExtents are the extents of the moment.
type attentionExtents struct {
	n, h, g     int // batch, heads, heads of k and v
	sq, sk      int
	d, e        int // elements of a head of q and k, of v
	q, k, v, y  view
	mask        [4]int // steps of the mask along n, h, sq, sk
	batchFirst  bool
	leadingAxes int
}

func readAttention(a Attrs, q, k, v *tensor.Shape, mask *tensor.Shape) (x attentionExtents, out tensor.Shape, err error) {
	bad := fmt.Errorf
	if q.Rank != k.Rank || k.Rank != v.Rank || q.Rank < 3 || q.Rank > 4 {
		return x, out, bad("operands %v, %v and %v, want all of rank 3 or 4", *q, *k, *v)
	}
	out = *q
	heads := a.Int("heads", 0)
	switch {
	case heads > 0:
		x.h, x.g = heads, a.Int("kvHeads", heads)
		first := a.Int("sequenceFirst", 0)
		if q.Rank != 3 || x.g < 1 || q.Dim[2]%x.h != 0 || k.Dim[2]%x.g != 0 || v.Dim[2]%x.g != 0 {
			return x, out, bad("operands %v, %v and %v with %d and %d heads", *q, *k, *v, x.h, x.g)
		}
		x.n, x.sq, x.sk = q.Dim[first], q.Dim[1-first], k.Dim[1-first]
		if k.Dim[first] != x.n || v.Dim[first] != x.n || v.Dim[1-first] != x.sk {
			return x, out, bad("operands %v, %v and %v differ in their batches or keys", *q, *k, *v)
		}
		x.d, x.e = q.Dim[2]/x.h, v.Dim[2]/x.g
		if k.Dim[2] != x.g*x.d {
			return x, out, bad("queries %v and keys %v with %d and %d heads", *q, *k, x.h, x.g)
		}
		place := func(s, heads, d int) view {
			if first == 1 {
				return view{heads * d, d, x.n * heads * d}
			}
			return view{s * heads * d, d, heads * d}
		}
		x.q, x.k, x.v, x.y = place(x.sq, x.h, x.d), place(x.sk, x.g, x.d), place(x.sk, x.g, x.e), place(x.sq, x.h, x.e)
		out.Dim[2] = x.h * x.e
	default:
		x.n, x.h, x.g = q.Dim[0], 1, 1
		if q.Rank == 4 {
			x.h, x.g = q.Dim[1], k.Dim[1]
			if v.Dim[1] != x.g {
				return x, out, bad("keys %v and values %v differ in their heads", *k, *v)
			}
		}
		r := q.Rank
		x.sq, x.sk, x.d, x.e = q.Dim[r-2], k.Dim[r-2], q.Dim[r-1], v.Dim[r-1]
		if k.Dim[0] != x.n || v.Dim[0] != x.n || v.Dim[r-2] != x.sk || k.Dim[r-1] != x.d {
			return x, out, bad("operands %v, %v and %v differ in their batches, keys or elements", *q, *k, *v)
		}
		place := func(s, heads, d int) view { return view{heads * s * d, s * d, d} }
		x.q, x.k, x.v, x.y = place(x.sq, x.h, x.d), place(x.sk, x.g, x.d), place(x.sk, x.g, x.e), place(x.sq, x.h, x.e)
		out.Dim[r-1] = x.e
	}
	if x.g < 1 || x.h%x.g != 0 || out.Elements() == 0 || x.sk < 1 || x.d < 1 {
		return x, out, bad("operands %v, %v and %v with %d and %d heads", *q, *k, *v, x.h, x.g)
	}
	if mask != nil {
		want := [4]int{x.n, x.h, x.sq, x.sk}
		m := *mask
		if heads == 0 && q.Rank == 3 && m.Rank == 3 { // no axis of heads
			m.Dim = [tensor.MaxRank]int{m.Dim[0], 1, m.Dim[1], m.Dim[2]}
			m.Rank = 4
		}
		if m.Rank > 4 {
			return x, out, bad("mask %v, want %v", *mask, want)
		}
		step := 1
		for i := 1; i <= m.Rank; i++ {
			d := m.Dim[m.Rank-i]
			if d != 1 && d != want[4-i] {
				return x, out, bad("mask %v does not broadcast to %v", *mask, want)
			}
			if d != 1 {
				x.mask[4-i] = step
			}
			step *= d
		}
	}
	return x, out, nil
}

func inferAttention(n *Node) error {
	return attentionOutput(n, optional(n, 3))
}

// attentionOutput infers the output from the first three inputs and a mask, which may be nil.
func attentionOutput(n *Node, m *Arg) error {
	q, k, v := &n.In[0], &n.In[1], &n.In[2]
	if q.DType != k.DType || q.DType != v.DType {
		return fmt.Errorf("operands of %v, %v and %v", q.DType, k.DType, v.DType)
	}
	if f := n.Attrs.Int("sequenceFirst", 0); f != 0 && (f != 1 || n.Attrs.Int("heads", 0) < 1) {
		return fmt.Errorf("sequenceFirst %d with %d heads", f, n.Attrs.Int("heads", 0))
	}
	var mask *tensor.Shape
	if m != nil {
		if m.DType != tensor.Bool && m.DType != tensor.Float32 {
			return fmt.Errorf("mask of %v: %w", m.DType, ErrUnsupported)
		}
		mask = &m.Shape
	}
	_, out, err := readAttention(n.Attrs, &q.Shape, &k.Shape, &v.Shape, mask)
	n.Out[0].DType, n.Out[0].Shape = q.DType, out
	return err
}

func attentionMACs(n *Node) int {
	x, _, err := readAttention(n.Attrs, &n.In[0].Shape, &n.In[1].Shape, &n.In[2].Shape, nil)
	if err != nil {
		return 0
	}
	return x.n * x.h * x.sq * x.sk * (x.d + x.e)
}

type attentionStep struct {
	product
	attrs      Attrs
	q, k, v, y int
	mask       int // −1: none
	position   int // variable that says how many keys there are, less one; −1: all of them
	bias       bool
	scale      float32
	causal     bool
	softmax    func(*abi.SoftmaxF32)
	s8         *fixed.AttentionS8 // nil: float32
	zq, zk, zv int32
	scratch    int
	kernel     string
	// Bounds of the parts of the scratch memory, in bytes.
	keysBytes, valuesBytes, scoresBytes, rowBytes, queryBytes, sumsBytes int
}

func prepareAttention(p *Prepare) (Step, error) {
	q, k, v, y := &p.In[0], &p.In[1], &p.In[2], &p.Out[0]
	x, _, err := readAttention(p.Attrs, &q.Shape, &k.Shape, &v.Shape, nil)
	if err != nil {
		return nil, err
	}
	s := &attentionStep{product: newProduct(p.Kernels.GemmF32, max(x.d, x.sk)), attrs: p.Attrs, q: q.Slot, k: k.Slot, v: v.Slot, y: y.Slot, mask: -1, position: -1,
		causal: p.Attrs.Int("causal", 0) != 0, softmax: p.Kernels.SoftmaxF32, kernel: p.Kernels.GemmF32.Name}
	factor := 1 / math.Sqrt(float64(x.d))
	if p.Attrs.Has("scale") {
		factor = float64(p.Attrs.Float("scale", 1))
	}
	s.scale = float32(factor)
	if m := optional(p.Node, 3); m != nil {
		s.mask, s.bias = m.Slot, m.DType == tensor.Float32
	}
	s.keysBytes = align(4 * s.panelElements(x.d, x.sk))
	s.valuesBytes = align(4 * s.panelElements(x.sk, x.e))
	s.scoresBytes = align(4*productRows*x.sk + abi.Slack)
	s.rowBytes = align(5 * x.sk)
	switch q.DType {
	case tensor.Float32:
	case tensor.Int8:
		if s.bias {
			return nil, fmt.Errorf("int8 with a mask that is added: %w", ErrUnsupported)
		}
		var scales [4]float32
		var zeros [4]int32
		for i, t := range []*tensor.Type{&q.Type, &k.Type, &v.Type, &y.Type} {
			if scales[i], zeros[i], err = perTensor("operand", t); err != nil {
				return nil, err
			}
		}
		s.zq, s.zk, s.zv = zeros[0], zeros[1], zeros[2]
		unit := float64(float64(scales[0])*float64(scales[1])) * factor
		var ok bool
		if s.s8, ok = fixed.NewAttentionS8(unit, float64(scales[2])/float64(scales[3]), zeros[3]); !ok || x.sk > 1<<15 || x.d > 1<<14 {
			return nil, fmt.Errorf("scales %v, %d keys of %d elements: %w", scales, x.sk, x.d, ErrUnsupported)
		}
		s.queryBytes = align(4*productRows*x.d + abi.Slack)
		s.sumsBytes = 2*align(4*productRows*max(x.e, x.sk)) + align(8*productRows)
	default:
		return nil, fmt.Errorf("element type %v: %w", q.DType, ErrUnsupported)
	}
	s.scratch = s.offsetBytes() + s.keysBytes + s.valuesBytes + s.scoresBytes + s.rowBytes + s.queryBytes + s.sumsBytes
	return s, nil
}

func (s *attentionStep) Info() Info { return Info{Kernel: s.kernel, ScratchBytes: s.scratch} }

func (s *attentionStep) extents(f *Frame) attentionExtents {
	var mask *tensor.Shape
	if s.mask >= 0 {
		mask = &f.Shape[s.mask]
	}
	x, _, _ := readAttention(s.attrs, &f.Shape[s.q], &f.Shape[s.k], &f.Shape[s.v], mask)
	if s.position >= 0 {
		x.sk = min(max(int(f.Buf[s.position].I32()[0]), 0)+1, x.sk)
	}
	return x
}

// Tasks is one for each head.
func (s *attentionStep) Tasks(f *Frame) int {
	x := s.extents(f)
	return x.n * x.h
}

func (s *attentionStep) Run(f *Frame, w *Worker, task int) {
	x := s.extents(f)
	n, h := task/x.h, task%x.h
	g := h * x.g / x.h
	at := 0
	part := func(bytes int) tensor.Buffer {
		b := w.Scratch.Slice(at, bytes)
		at += bytes
		return b
	}
	off := part(s.offsetBytes()).I32()
	keys, values, scores := part(s.keysBytes).F32(), part(s.valuesBytes).F32(), part(s.scoresBytes).F32()
	row := part(s.rowBytes)
	fromQ, fromK, fromV, toY := n*x.q.batch+h*x.q.head, n*x.k.batch+g*x.k.head, n*x.v.batch+g*x.v.head, n*x.y.batch+h*x.y.head
	if s.s8 == nil {
		s.packF32(keys, f.Buf[s.k].F32()[fromK:], x.d, x.sk, 1, x.k.row)
		s.packF32(values, f.Buf[s.v].F32()[fromV:], x.sk, x.e, x.v.row, 1)
		q, y := f.Buf[s.q].F32()[fromQ:], f.Buf[s.y].F32()[toY:]
		for r := 0; r < x.sq; r += productRows {
			rows := min(productRows, x.sq-r)
			s.multiply(w, off, q[r*x.q.row:], x.q.row, keys, scores, x.sk, rows, x.d, x.sk)
			s.weights(f, w, &x, n, h, r, rows, scores, row)
			s.multiply(w, off, scores, x.sk, values, y[r*x.y.row:], x.y.row, rows, x.sk, x.e)
			for i := range rows {
				for e := range y[(r+i)*x.y.row:][:x.e] {
					y[(r+i)*x.y.row+e] += 0
				}
			}
		}
		return
	}
	query, sums := part(s.queryBytes).F32(), part(s.sumsBytes)
	one := (s.sumsBytes - align(8*productRows)) / 2
	sum, partial, recips := sums.Slice(0, one).I32(), sums.Slice(one, one).F32(), sums.Slice(2*one, 8*productRows).I64()
	q, k, v := f.Buf[s.q].I8()[fromQ:], f.Buf[s.k].I8()[fromK:], f.Buf[s.v].I8()[fromV:]
	y := f.Buf[s.y].I8()[toY:]
	whole := x.d <= exactK && x.sk <= exactK
	if whole { // packed once for all queries
		s.packS8(keys, k, s.zk, x.d, x.sk, 1, x.k.row)
		s.packS8(values, v, s.zv, x.sk, x.e, x.v.row, 1)
	}
	for r := 0; r < x.sq; r += productRows {
		rows := min(productRows, x.sq-r)
		for i := range rows {
			from, to := q[(r+i)*x.q.row:], query[i*x.d:(i+1)*x.d]
			for d := range to {
				to[d] = float32(int32(from[d]) - s.zq)
			}
		}
		if whole {
			s.multiply(w, off, query, x.d, keys, scores, x.sk, rows, x.d, x.sk)
		} else {
			clear(sum[:rows*x.sk])
			for d := 0; d < x.d; d += exactK {
				depth := min(exactK, x.d-d)
				s.packS8(keys, k[d:], s.zk, depth, x.sk, 1, x.k.row)
				s.multiply(w, off, query[d:], x.d, keys, partial, x.sk, rows, depth, x.sk)
				accumulate(sum[:rows*x.sk], partial)
			}
		}
		for i := range rows {
			line, mask := scores[i*x.sk:(i+1)*x.sk], s.maskRow(f, &x, n, h, r+i, row)
			if whole {
				recips[i] = s.s8.Reciprocal(s.s8.WeightsF32(line, mask))
			} else {
				recips[i] = s.s8.Reciprocal(s.s8.Weights(line, sum[i*x.sk:(i+1)*x.sk], mask))
			}
		}
		clear(sum[:rows*x.e])
		for j := 0; j < x.sk; j += exactK {
			depth := min(exactK, x.sk-j)
			if !whole {
				s.packS8(values, v[j*x.v.row:], s.zv, depth, x.e, x.v.row, 1)
			}
			s.multiply(w, off, scores[j:], x.sk, values, partial, x.e, rows, depth, x.e)
			accumulate(sum[:rows*x.e], partial)
		}
		for i := range rows {
			to := y[(r+i)*x.y.row:][:x.e]
			for e, v := range sum[i*x.e : (i+1)*x.e] {
				to[e] = s.s8.At(v, recips[i])
			}
		}
	}
}

func accumulate(sum []int32, partial []float32) {
	for i := range sum {
		sum[i] += int32(partial[i])
	}
}

// maskRow returns the keys that take part for a query, one byte each; nil: all. row is scratch.
func (s *attentionStep) maskRow(f *Frame, x *attentionExtents, n, h, i int, row tensor.Buffer) []byte {
	if s.mask < 0 && !s.causal {
		return nil
	}
	keys := x.sk
	if s.causal {
		keys = min(keys, i+1)
	}
	m := row.Bytes()[4*x.sk : 5*x.sk]
	clear(m[keys:])
	from := n*x.mask[0] + h*x.mask[1] + i*x.mask[2]
	switch {
	case s.mask < 0:
		for j := range keys {
			m[j] = 1
		}
	case s.bias:
		bias := f.Buf[s.mask].F32()
		for j := range keys {
			m[j] = 1
			if bias[from+j*x.mask[3]] < -math.MaxFloat32 {
				m[j] = 0
			}
		}
	case x.mask[3] == 1:
		copy(m[:keys], f.Buf[s.mask].Bytes()[from:])
	default:
		for j := range keys {
			m[j] = f.Buf[s.mask].Bytes()[from]
		}
	}
	return m
}

// weights turns rows of float32 scores into weights.
func (s *attentionStep) weights(f *Frame, w *Worker, x *attentionExtents, n, h, first, rows int, scores []float32, row tensor.Buffer) {
	for i := range scores[:rows*x.sk] {
		scores[i] *= s.scale
	}
	a := &w.SoftmaxF32
	a.N, a.Log = x.sk, 0
	if s.mask < 0 && !s.causal {
		a.X, a.Y, a.Rows = &scores[0], &scores[0], rows
		s.softmax(a)
		return
	}
	for i := range rows {
		line, mask := scores[i*x.sk:(i+1)*x.sk], s.maskRow(f, x, n, h, first+i, row)
		if s.bias {
			bias, from := f.Buf[s.mask].F32(), n*x.mask[0]+h*x.mask[1]+(first+i)*x.mask[2]
			for j := range line {
				line[j] += bias[from+j*x.mask[3]]
			}
		}
		kept, count := row.F32()[:x.sk], 0
		for j, v := range line {
			if mask[j] != 0 {
				kept[count] = v
				count++
			}
		}
		if count > 0 {
			a.X, a.Y, a.Rows, a.N = &kept[0], &kept[0], 1, count
			s.softmax(a)
		}
		count = 0
		for j := range line {
			line[j] = 0
			if mask[j] != 0 {
				line[j] = kept[count]
				count++
			}
		}
	}
}
