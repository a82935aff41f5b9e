package op

import (
	"bytes"
	"fmt"
	"math"

	"edgerun/kernels"
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

// attentionFactor is what scores of heads of d elements are scaled by.
func attentionFactor(a Attrs, d int) float64 {
	if a.Has("scale") {
		return float64(a.Float("scale", 1))
	}
	return 1 / math.Sqrt(float64(d))
}

type attentionStep struct {
	product
	heads      attentionHeads
	q, k, v, y int
	mask       int // −1: none
	position   int // variable that says how many keys there are, less one; −1: all of them
	bias       bool
	factor     []float32 // of scores, and +0
	causal     bool
	kernels    *kernels.Set
	s8         *fixed.AttentionS8 // nil: float32
	zq, zk, zv int32
	scratch    int
	kernel     string
	// Bounds of the parts of the scratch memory, in bytes.
	keysBytes, valuesBytes, scoresBytes, rowBytes, queryBytes, sumsBytes int
}

func prepareAttention(p *Prepare) (Step, error) {
	q, k, v, y := &p.In[0], &p.In[1], &p.In[2], &p.Out[0]
	x, _, err := readAttention(headsOf(p.Attrs), &q.Shape, &k.Shape, &v.Shape, nil)
	if err != nil {
		return nil, err
	}
	s := &attentionStep{product: newProduct(p.Kernels.GemmF32, max(x.d, x.sk)), heads: headsOf(p.Attrs), q: q.Slot, k: k.Slot, v: v.Slot, y: y.Slot, mask: -1, position: -1,
		causal: p.Attrs.Int("causal", 0) != 0, kernels: p.Kernels, kernel: p.Kernels.GemmF32.Name}
	factor := attentionFactor(p.Attrs, x.d)
	s.factor = tensor.Alloc(8).F32()
	s.factor[0] = float32(factor)
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
	if x.sq == 1 && (s.s8 == nil || x.d <= exactK) { // nothing is packed
		s.keysBytes, s.valuesBytes, s.scoresBytes = align(2*x.d+abi.Slack), 0, align(4*x.sk+abi.Slack)
		s.queryBytes, s.sumsBytes = 0, align(4*x.e)
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
	x, _, _ := readAttention(s.heads, &f.Shape[s.q], &f.Shape[s.k], &f.Shape[s.v], mask)
	if s.position >= 0 {
		x.sk = min(max(int(f.Buf[s.position].I32()[0]), 0)+1, x.sk)
	}
	return x
}

// Tasks shares out the heads, several to a task where they have little to do.
func (s *attentionStep) Tasks(f *Frame) int {
	x := s.extents(f)
	return x.tasks()
}

func (x *attentionExtents) tasks() int {
	heads := x.n * x.h
	return min(heads, max(1, heads*x.sq*x.sk*(x.d+x.e)/taskMACs))
}

// parts hands out scratch memory from at on.
type parts struct {
	scratch tensor.Buffer
	at      int
}

func (p *parts) take(sizeBytes int) tensor.Buffer {
	b := p.scratch.Slice(p.at, sizeBytes)
	p.at += sizeBytes
	return b
}

func (s *attentionStep) Run(f *Frame, w *Worker, task int) {
	x := s.extents(f)
	heads, tasks := x.n*x.h, x.tasks()
	for i := task * heads / tasks; i < (task+1)*heads/tasks; i++ {
		s.head(f, w, &x, i/x.h, i%x.h)
	}
}

// head computes head h of sample n.
func (s *attentionStep) head(f *Frame, w *Worker, x *attentionExtents, n, h int) {
	g := h * x.g / x.h
	scratch := parts{scratch: w.Scratch}
	off := scratch.take(s.offsetBytes()).I32()
	keys, values, scores := scratch.take(s.keysBytes).F32(), scratch.take(s.valuesBytes).F32(), scratch.take(s.scoresBytes).F32()
	row := scratch.take(s.rowBytes)
	fromQ, fromK, fromV, toY := n*x.q.batch+h*x.q.head, n*x.k.batch+g*x.k.head, n*x.v.batch+g*x.v.head, n*x.y.batch+h*x.y.head
	if x.sq == 1 && (s.s8 == nil || x.d <= exactK) {
		s.oneQuery(f, w, x, n, h, fromQ, fromK, fromV, toY)
		return
	}
	if s.s8 == nil {
		s.packF32(keys, f.Buf[s.k].F32()[fromK:], x.d, x.sk, 1, x.k.row)
		s.packF32(values, f.Buf[s.v].F32()[fromV:], x.sk, x.e, x.v.row, 1)
		q, y := f.Buf[s.q].F32()[fromQ:], f.Buf[s.y].F32()[toY:]
		for r := 0; r < x.sq; r += productRows {
			rows := min(productRows, x.sq-r)
			s.multiply(w, off, q[r*x.q.row:], x.q.row, keys, scores, x.sk, rows, x.d, x.sk)
			s.weights(f, w, x, n, h, r, rows, scores, row)
			s.multiply(w, off, scores, x.sk, values, y[r*x.y.row:], x.y.row, rows, x.sk, x.e)
			for i := range rows {
				s.endAtZero(w, y[(r+i)*x.y.row:][:x.e])
			}
		}
		return
	}
	query, sums := scratch.take(s.queryBytes).F32(), scratch.take(s.sumsBytes)
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
			line, mask := scores[i*x.sk:(i+1)*x.sk], s.maskRow(f, x, n, h, r+i, row)
			if whole {
				recips[i] = s.s8.Reciprocal(s.weightsS8(w, line, mask))
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

// weightsS8 turns integer scores into weights and returns their sum.
func (s *attentionStep) weightsS8(w *Worker, scores []float32, mask []byte) int64 {
	count, first := len(scores), true
	if mask != nil {
		count, first = leading(mask)
	}
	if !first || count == 0 {
		return s.s8.WeightsF32(scores, mask)
	}
	a := &w.AttentionS8
	a.X, a.N, a.M, a.Right, a.Exp = &scores[0], count, s.s8.M, int(s.s8.Right), s.s8.Exp
	s.kernels.AttentionS8(a)
	clear(scores[count:])
	return int64(a.Sum)
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

// leading counts the keys before the first one that takes no part, and reports whether they are all that do.
func leading(mask []byte) (n int, all bool) {
	if n = bytes.IndexByte(mask, 0); n < 0 {
		return len(mask), true
	}
	return n, bytes.Count(mask[n:], zeroByte) == len(mask)-n
}

var zeroByte = []byte{0}

// weights turns rows of float32 scores into weights.
func (s *attentionStep) weights(f *Frame, w *Worker, x *attentionExtents, n, h, first, rows int, scores []float32, row tensor.Buffer) {
	product := &w.BinaryF32
	product.A, product.B, product.Y, product.N, product.BStep, product.Clamp = &scores[0], &s.factor[0], &scores[0], rows*x.sk, 0, 0
	s.kernels.MulF32(product)
	a := &w.SoftmaxF32
	a.N, a.Log = x.sk, 0
	if s.mask < 0 && !s.causal {
		a.X, a.Y, a.Rows = &scores[0], &scores[0], rows
		s.kernels.SoftmaxF32(a)
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
		if count, all := leading(mask); all && count > 0 {
			a.X, a.Y, a.Rows, a.N = &line[0], &line[0], 1, count
			s.kernels.SoftmaxF32(a)
			clear(line[count:])
			continue
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
			s.kernels.SoftmaxF32(a)
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
