package op

import (
	"fmt"
	"math"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SVDF is a layer of filters over time, each the product of a vector over the input's features and one over the last
// steps: with each Run, every filter's feature product enters its row of the state, the oldest leaves it, and
//
//	y[b,u] = clamp(bias[u] + Σ_r Σ_t state[b,u·rank+r,t] · time[u·rank+r,t])
//
// x: [B,I], features: constant [F,I], time: constant [F,T], state: variable [B,F·T], bias: constant [F/rank] or absent;
// y: [B,F/rank]. F counts filters, rank of them to a unit.
//
// float32: feature products as FullyConnected's; over time, fused multiply-add from +0, ascending; then sums from the
// bias on. int8: TFLite Micro's SVDF; state and time weights are both int16 or both int8, and the clamp does not apply.
var SVDF = register(Def{
	Code: 60, Name: "SVDF", MinIn: 4, MaxIn: 5, Outs: 1, Updates: []int{3},
	Attrs: append([]AttrSpec{{Name: "rank", Kind: Int}}, clampAttrs...),
	Infer: func(n *Node) error {
		x, features, time := &n.In[0], &n.In[1].Shape, &n.In[2].Shape
		rank := n.Attrs.Int("rank", 1)
		if x.Shape.Rank != 2 || features.Rank != 2 || time.Rank != 2 || features.Dim[1] != x.Shape.Dim[1] || time.Dim[0] != features.Dim[0] ||
			features.Elements() == 0 || time.Elements() == 0 || rank < 1 || features.Dim[0]%rank != 0 {
			return fmt.Errorf("input %v, weights %v and %v with rank %d, want [B,I], [F,I] and [F,T]", x.Shape, *features, *time, rank)
		}
		if err := stateOf("state", &n.In[3], x.Shape.Dim[0], time.Elements(), tensor.Float32, tensor.Int8, tensor.Int16); err != nil {
			return err
		}
		if b := optional(n, 4); b != nil && b.Shape.Elements() != features.Dim[0]/rank {
			return fmt.Errorf("bias has shape %v, want [%d]", b.Shape, features.Dim[0]/rank)
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, tensor.MakeShape(x.Shape.Dim[0], features.Dim[0]/rank)
		return nil
	},
	Prepare: prepareSVDF,
	MACs: func(n *Node) int {
		return n.In[0].Shape.Dim[0] * (n.In[1].Shape.Elements() + n.In[2].Shape.Elements())
	},
})

// svdf is what all element types share. A task is one batch.
type svdf struct {
	x, state, y             int // slots
	filters, steps, rank, k int
}

func (s *svdf) Tasks(f *Frame) int { return f.Shape[s.x].Dim[0] }

// advance moves each row of the state on by one step; its last element is then to be set.
func advance[T int8 | int16 | float32](s *svdf, state []T) {
	for i := range s.filters {
		row := state[i*s.steps : (i+1)*s.steps]
		copy(row, row[1:])
	}
}

func prepareSVDF(p *Prepare) (Step, error) {
	x, features, time, state := &p.In[0], &p.In[1], &p.In[2], &p.In[3]
	if features.Const == nil || time.Const == nil {
		return nil, fmt.Errorf("weights are not constant: %w", ErrUnsupported)
	}
	s := svdf{x: x.Slot, state: state.Slot, y: p.Out[0].Slot, filters: time.Shape.Dim[0], steps: time.Shape.Dim[1],
		rank: p.Attrs.Int("rank", 1), k: x.Shape.Dim[1]}
	switch {
	case x.DType == tensor.Float32 && features.DType == x.DType && time.DType == x.DType && state.DType == x.DType:
		bias, err := biasF32(optional(p.Node, 4), s.filters/s.rank)
		if err != nil {
			return nil, err
		}
		d := &svdfF32{svdf: s, time: time.Const.Data.F32(), bias: bias}
		d.features = newGemmF32(p.Kernels, features.Const.Data.F32(), make([]float32, s.filters), 1, s.k, nil, oneRow(s.k), -1, -1)
		d.clamp, d.lo, d.hi = clampF32(p.Attrs)
		return d, nil
	case x.DType == tensor.Int8 && time.DType == state.DType && (state.DType == tensor.Int8 || state.DType == tensor.Int16):
		return prepareSVDFS8(p, s)
	}
	return nil, fmt.Errorf("input %v with weights %v and %v and state %v: %w", x.DType, features.DType, time.DType, state.DType, ErrUnsupported)
}

// oneRow builds the indirection of a product with a single row.
func oneRow(k int) func(mr int) indirection {
	return func(mr int) indirection { return linear(1, k, mr) }
}

type svdfF32 struct {
	svdf
	features   *gemmF32
	time, bias []float32
	clamp      int
	lo, hi     float32
}

func (s *svdfF32) Info() Info {
	i := s.features.info()
	i.ScratchBytes = 4 * s.filters
	return i
}

func (s *svdfF32) Run(f *Frame, w *Worker, b int) {
	state := f.Buf[s.state].F32()[b*s.filters*s.steps:][:s.filters*s.steps]
	advance(&s.svdf, state)
	now := w.Scratch.F32()[:s.filters]
	s.features.multiply(w, &f.Buf[s.x].F32()[b*s.k], 0, s.features.ind.tables[0], now, s.filters, 1, 0, 1)
	y := f.Buf[s.y].F32()[b*len(s.bias):][:len(s.bias)]
	for u := range y {
		sum := s.bias[u]
		for i := u * s.rank; i < (u+1)*s.rank; i++ {
			row, t := state[i*s.steps:(i+1)*s.steps], float32(0)
			row[s.steps-1] = now[i]
			for k, v := range row {
				t = fixed.FMA32(v, s.time[i*s.steps+k], t)
			}
			sum += t
		}
		if s.clamp != 0 {
			sum = fixed.ClampF32(sum, s.lo, s.hi)
		}
		y[u] = sum
	}
}

// svdfS8 is SVDF on int8. Source: TFLite Micro svdf_common.cc, EvalIntegerSvdfReference.
type svdfS8 struct {
	svdf
	features  *gemmS16
	row       *gemvS8 // or it
	wide      bool    // state and time weights of int16
	time      tensor.Buffer
	bias      []int32
	zs, zy    int32
	mult, exp int32
}

func prepareSVDFS8(p *Prepare, s svdf) (Step, error) {
	x, features, time, state := &p.In[0], &p.In[1], &p.In[2], &p.In[3]
	sx, sy, zx, zy, err := unaryS8(p.Node)
	if err != nil {
		return nil, err
	}
	ss, zs, err := codesOf("state", &state.Type, state.DType)
	if err != nil {
		return nil, err
	}
	sf, zf, err := codesOf("feature weights", &features.Type, tensor.Int8)
	if err != nil {
		return nil, err
	}
	st, zt, err := codesOf("time weights", &time.Type, state.DType)
	if err != nil {
		return nil, err
	}
	if zf != 0 || zt != 0 {
		return nil, fmt.Errorf("weights have zero points %d and %d, want 0: %w", zf, zt, ErrUnsupported)
	}
	d := &svdfS8{svdf: s, wide: state.DType == tensor.Int16, time: time.Const.Data, zs: zs, zy: zy}
	if d.bias, err = biasS8(optional(p.Node, 4), s.filters/s.rank); err != nil {
		return nil, err
	}
	if d.mult, d.exp = fixed.Quantize(float64(float32(ss*st) / sy)); d.exp > 31 {
		return nil, scaleError(ss*st, sy)
	}
	g := &gemmS16Params{narrow: true, bias: make([]int64, s.filters)}
	g.w, g.taps, g.k, g.zx, g.buildRows = features.Const.Data.I8(), 1, x.Shape.Dim[1], zx, oneRow(s.k)
	g.mult, g.shift = make([]int32, s.filters), make([]int32, s.filters)
	m, e := fixed.Quantize(float64(float32(sx*sf) / ss))
	for i := range s.filters {
		g.mult[i], g.shift[i] = m, e
	}
	g.lo, g.hi = codeRange(state.DType)
	return d, d.pack(p.Kernels, g)
}

// pack takes the product with x: as a row of int8 where it can.
func (s *svdfS8) pack(set *kernels.Set, features *gemmS16Params) (err error) {
	if s.row, err = features.rows(set); err != nil {
		s.row = nil
		s.features, err = newGemmS16(set, features)
	}
	return err
}

func (s *svdfS8) Info() Info {
	if s.row != nil {
		return Info{Kernel: s.row.kernel, PackedBytes: s.row.packed.Len(), ScratchBytes: 2 * s.row.cols}
	}
	i := s.features.info()
	i.ScratchBytes = 2 * (s.features.k + abi.Slack/2 + s.filters)
	return i
}

func (s *svdfS8) Run(f *Frame, w *Worker, b int) {
	now := s.products(w, f.Buf[s.x].I8()[b*s.k:])
	y := f.Buf[s.y].I8()[b*len(s.bias):][:len(s.bias)]
	if s.wide {
		svdfStep(s, y, now, s.time.I16(), f.Buf[s.state].I16()[b*s.filters*s.steps:][:s.filters*s.steps])
	} else {
		svdfStep(s, y, now, s.time.I8(), f.Buf[s.state].I8()[b*s.filters*s.steps:][:s.filters*s.steps])
	}
}

// products are those of the features with x, within the codes of the state.
func (s *svdfS8) products(w *Worker, x []int8) []int16 {
	scratch := w.Scratch.I16()
	if s.row == nil {
		wide, now := scratch[:s.k], scratch[s.features.k+abi.Slack/2:][:s.filters]
		widen(wide, x)
		s.features.multiply(w, &wide[0], 0, s.features.ind.tables[0], now, s.filters, 1, 0, 1)
		return now
	}
	s.row.multiply(w, &x[0], 0, &scratch[0], 1)
	now := scratch[:s.filters]
	if !s.wide {
		for i, v := range now {
			now[i] = min(max(v, math.MinInt8), math.MaxInt8)
		}
	}
	return now
}

// svdfStep brings the feature products now into the state and computes a row of y. Sums wrap, as does a product beside a
// zero point: the reference does not limit their sum.
func svdfStep[T int8 | int16](s *svdfS8, y []int8, now []int16, time, state []T) {
	advance(&s.svdf, state)
	for u := range y {
		sum := s.bias[u]
		for i := u * s.rank; i < (u+1)*s.rank; i++ {
			row := state[i*s.steps : (i+1)*s.steps]
			row[s.steps-1] = T(int32(now[i]) + s.zs)
			for k, v := range row {
				sum += int32(time[i*s.steps+k]) * (int32(v) - s.zs)
			}
		}
		y[u] = int8(min(max(fixed.MBQM(sum, s.mult, s.exp)+s.zy, -128), 127))
	}
}

func widen(dst []int16, src []int8) {
	for i := range dst {
		dst[i] = int16(src[i])
	}
}
