package op

import (
	"fmt"
	"math"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/kernels/generic"
	"edgerun/rt/tensor"
)

// LSTM runs a long short-term memory layer over a sequence. With the gates' sums i, f, g and o, each bias + W·x + R·h with
// the h of the step before,
//
//	c = clamp(logistic(f)·c + logistic(i)·tanh(g), ±cellClip)        (no clamp where cellClip is 0)
//	h = logistic(o)·tanh(c)
//
// and h is the step's output. x: [B,T,I], or [T,B,I] with timeMajor; hidden and cell: variables [B,N]; then the constants
// W [N,I] of i, f, g, o, R [N,N] of the same, and their biases [N], each of which may be absent. y: [B,T,N] or [T,B,N].
// A Run continues where the one before ended.
//
// float32: each sum is one of fused multiply-adds, from the bias over x, then h; products and the sum of c are rounded one
// by one. int8 with an int16 cell, and int16: TFLite Micro's UNIDIRECTIONAL_SEQUENCE_LSTM; W and R have one scale each, the
// cell's is taken as the nearest power of two inside tanh, and the output has the scale of hidden.
var LSTM = register(Def{
	Code: 61, Name: "LSTM", MinIn: 11, MaxIn: 15, Outs: 1, Updates: []int{1, 2},
	Attrs: []AttrSpec{{Name: "timeMajor", Kind: Int}, {Name: "cellClip", Kind: Float}},
	Infer: func(n *Node) error {
		x, units := &n.In[0], n.In[3].Shape.Dim[0]
		if x.Shape.Rank != 3 || x.Shape.Dim[2] == 0 || units == 0 {
			return fmt.Errorf("input %v and weights %v, want [B,T,I] and [N,I]", x.Shape, n.In[3].Shape)
		}
		input, square := tensor.MakeShape(units, x.Shape.Dim[2]), tensor.MakeShape(units, units)
		for g := range 4 {
			w, r, b := &n.In[3+g].Shape, &n.In[7+g].Shape, optional(n, 11+g)
			if *w != input || *r != square || b != nil && b.Shape.Elements() != units {
				return fmt.Errorf("weights %v and %v of gate %d, want %v and %v", *w, *r, g, input, square)
			}
		}
		batch := x.Shape.Dim[n.Attrs.Int("timeMajor", 0)&1]
		if err := stateOf("hidden state", &n.In[1], batch, units, x.DType); err != nil {
			return err
		}
		if err := stateOf("cell", &n.In[2], batch, units, tensor.Float32, tensor.Int16); err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = x.DType, x.Shape
		n.Out[0].Shape.Dim[2] = units
		return nil
	},
	Prepare: prepareLSTM,
	MACs: func(n *Node) int {
		x := &n.In[0].Shape
		return x.Dim[0] * x.Dim[1] * 4 * (n.In[3].Shape.Elements() + n.In[7].Shape.Elements())
	},
})

// lstm is what all element types share. A task is one batch: its steps follow one another.
type lstm struct {
	x, hidden, cell, y int // slots
	inputs, units      int
	timeMajor          bool
}

// gateOrder are the gates in the order in which sums are computed: those of a logistic side by side.
var gateOrder = [4]int{0, 3, 1, 2}

func (s *lstm) batches(f *Frame) (batches, steps int) {
	x := &f.Shape[s.x]
	if s.timeMajor {
		return x.Dim[1], x.Dim[0]
	}
	return x.Dim[0], x.Dim[1]
}

func (s *lstm) Tasks(f *Frame) int { n, _ := s.batches(f); return n }

// row is where a step of a batch lies, in rows of x and y.
func (s *lstm) row(f *Frame, batch, step int) int {
	batches, steps := s.batches(f)
	if s.timeMajor {
		return step*batches + batch
	}
	return batch*steps + step
}

func prepareLSTM(p *Prepare) (Step, error) {
	x := &p.In[0]
	for i := range p.In[3:] {
		if a := &p.In[3+i]; !a.Missing() && a.Const == nil {
			return nil, fmt.Errorf("weights are not constant: %w", ErrUnsupported)
		}
	}
	s := lstm{x: x.Slot, hidden: p.In[1].Slot, cell: p.In[2].Slot, y: p.Out[0].Slot, inputs: x.Shape.Dim[2], units: p.In[3].Shape.Dim[0],
		timeMajor: p.Attrs.Int("timeMajor", 0) != 0}
	switch {
	case x.DType == tensor.Float32 && p.In[2].DType == tensor.Float32:
		return newLSTMF32(p, s)
	case (x.DType == tensor.Int8 || x.DType == tensor.Int16) && p.In[2].DType == tensor.Int16:
		return newLSTMCodes(p, s)
	}
	return nil, fmt.Errorf("input %v with cell %v: %w", x.DType, p.In[2].DType, ErrUnsupported)
}

type lstmF32 struct {
	lstm
	gates    *gemmF32 // over x and h side by side
	clip     float32
	logistic func(*abi.UnaryF32)
	tanh     func(*abi.UnaryF32)
}

func newLSTMF32(p *Prepare, s lstm) (Step, error) {
	k := s.inputs + s.units
	w, bias := make([]float32, 0, 4*s.units*k), make([]float32, 0, 4*s.units)
	for _, g := range gateOrder {
		in, rec := &p.In[3+g], &p.In[7+g]
		b, err := biasF32(optional(p.Node, 11+g), s.units)
		if err != nil {
			return nil, err
		}
		if in.DType != tensor.Float32 || rec.DType != tensor.Float32 {
			return nil, fmt.Errorf("weights of %v and %v: %w", in.DType, rec.DType, ErrUnsupported)
		}
		bias = append(bias, b...)
		for u := range s.units {
			w = append(w, in.Const.Data.F32()[u*s.inputs:(u+1)*s.inputs]...)
			w = append(w, rec.Const.Data.F32()[u*s.units:(u+1)*s.units]...)
		}
	}
	d := &lstmF32{lstm: s, clip: p.Attrs.Float("cellClip", 0), logistic: p.Kernels.LogisticF32, tanh: p.Kernels.TanhF32}
	d.gates = newGemmF32(p.Kernels, w, bias, 1, k, nil, oneRow(k), -1, -1)
	return d, nil
}

func (s *lstmF32) Info() Info {
	i := s.gates.info()
	i.ScratchBytes = 4*(s.inputs+s.units+4*s.units) + abi.Slack
	return i
}

func (s *lstmF32) Run(f *Frame, w *Worker, batch int) {
	n := s.units
	scratch := w.Scratch.F32()
	gates, row := scratch[:4*n], scratch[4*n:][:s.inputs+n]
	h, c := f.Buf[s.hidden].F32()[batch*n:][:n], f.Buf[s.cell].F32()[batch*n:][:n]
	_, steps := s.batches(f)
	for step := range steps {
		at := s.row(f, batch, step)
		copy(row, f.Buf[s.x].F32()[at*s.inputs:][:s.inputs])
		copy(row[s.inputs:], h)
		s.gates.multiply(w, &row[0], 0, s.gates.ind.tables[0], gates, 4*n, 1, 0, 1)
		a := &w.UnaryF32
		a.X, a.Y, a.N = &gates[0], &gates[0], 3*n
		s.logistic(a)
		a.X, a.Y, a.N = &gates[3*n], &gates[3*n], n
		s.tanh(a)
		in, out, forget, g := gates[:n], gates[n:2*n], gates[2*n:3*n], gates[3*n:]
		for i := range c {
			v := float32(forget[i]*c[i]) + float32(in[i]*g[i])
			if s.clip > 0 {
				v = fixed.ClampF32(v, -s.clip, s.clip)
			}
			c[i] = v
		}
		a.X, a.Y, a.N = &c[0], &g[0], n
		s.tanh(a)
		for i := range h {
			h[i] = float32(out[i] * g[i])
		}
		copy(f.Buf[s.y].F32()[at*n:][:n], h)
	}
}

// lstmCodes is the form on int8 and int16. Source: TFLite Micro lstm_eval.h.
type lstmCodes struct {
	lstm
	wide             bool     // activations of int16
	input, recurrent *gemmS16 // sums of all gates, in units of 2^−12
	rows             [2]*gemvS8
	unit             lstmUnit
	run              func(*abi.LSTMUnitS8)
}

// pack takes the products with x and with h: as rows of int8 where it can.
func (s *lstmCodes) pack(set *kernels.Set, input, recurrent *gemmS16Params) (err error) {
	s.run = set.LSTMUnitS8
	if !s.wide {
		if s.rows[0], err = input.rows(set); err == nil {
			if s.rows[1], err = recurrent.rows(set); err == nil {
				return nil
			}
		}
		s.rows = [2]*gemvS8{}
	}
	if s.input, err = newGemmS16(set, input); err != nil {
		return err
	}
	s.recurrent, err = newGemmS16(set, recurrent)
	return err
}

// rows is the product of int8 x with one tap, whose sums are narrow. It refuses sums that might wrap.
func (p *gemmS16Params) rows(set *kernels.Set) (*gemvS8, error) {
	bias := make([]int32, len(p.bias))
	for c, b := range p.bias {
		bias[c] = int32(b)
	}
	return newGemvS8(set, p.w, bias, p.mult, p.shift, p.zx)
}

func newLSTMCodes(p *Prepare, s lstm) (Step, error) {
	d := p.In[0].DType
	sx, zx, err := codesOf("input", &p.In[0].Type, d)
	if err != nil {
		return nil, err
	}
	sh, zh, err := codesOf("hidden state", &p.In[1].Type, d)
	if err != nil {
		return nil, err
	}
	sc, zc, err := codesOf("cell", &p.In[2].Type, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if zc != 0 {
		return nil, symmetric(zc)
	}
	l := &lstmCodes{lstm: s, wide: d == tensor.Int16}
	input, err := lstmGates(p, s, 3, s.inputs, sx, zx, true)
	if err != nil {
		return nil, err
	}
	recurrent, err := lstmGates(p, s, 7, s.units, sh, zh, false)
	if err != nil {
		return nil, err
	}
	if l.unit, err = newLSTMUnit(sc, sh, zh); err != nil {
		return nil, err
	}
	l.unit.N = s.units
	if clip := p.Attrs.Float("cellClip", 0); clip > 0 {
		if l.unit.CellMax = int32(min(float64(clip)/float64(sc), 1<<15-1)); l.unit.CellMax == 0 {
			l.unit.CellMax = 1 << 15 // less than a code is no limit, as in the reference
		}
	}
	return l, l.pack(p.Kernels, input, recurrent)
}

// lstmGates gathers the weights of all gates, inputs first to first+3 of the node. Biases belong to the input's products.
func lstmGates(p *Prepare, s lstm, first, k int, sx float32, zx int32, biased bool) (*gemmS16Params, error) {
	g := &gemmS16Params{narrow: p.In[0].DType == tensor.Int8}
	g.taps, g.k, g.zx, g.buildRows = 1, k, zx, oneRow(k)
	g.lo, g.hi = codeRange(tensor.Int16)
	for _, gate := range gateOrder {
		w := &p.In[first+gate]
		sw, zw, err := codesOf("weights", &w.Type, tensor.Int8)
		if err != nil {
			return nil, err
		}
		if zw != 0 {
			return nil, fmt.Errorf("weights have zero point %d, want 0: %w", zw, ErrUnsupported)
		}
		g.w = append(g.w, w.Const.Data.I8()...)
		bias := make([]int64, s.units)
		if b := optional(p.Node, 11+gate); biased && b != nil {
			var narrow bool
			if bias, narrow, err = biasS16(b, s.units); err != nil {
				return nil, err
			}
			if narrow != g.narrow {
				return nil, fmt.Errorf("bias is %v with activations of %v: %w", b.Type, p.In[0].DType, ErrUnsupported)
			}
		}
		g.bias = append(g.bias, bias...)
		m, e := fixed.Quantize(float64(sx*sw) * (1 << 12))
		for range s.units {
			g.mult, g.shift = append(g.mult, m), append(g.shift, e)
		}
	}
	return g, nil
}

func (s *lstmCodes) Info() Info {
	if in, rec := s.rows[0], s.rows[1]; in != nil {
		n := roundUnits(s.units)
		return Info{Kernel: in.kernel, PackedBytes: in.packed.Len() + rec.packed.Len(),
			ScratchBytes: 2*(recurrentChunk*in.cols+rec.cols+2*abi.UnitNR+n) + n + abi.Slack}
	}
	i, r := s.input.info(), s.recurrent.info()
	i.PackedBytes += r.PackedBytes
	i.ScratchBytes = 2 * (8*s.units + s.rowElements())
	return i
}

// rowElements is room for a row of x or h in int16, and what a kernel may read behind it.
func (s *lstmCodes) rowElements() int { return max(s.input.k, s.recurrent.k) + abi.Slack/2 }

func (s *lstmCodes) Run(f *Frame, w *Worker, batch int) {
	if s.rows[0] != nil {
		s.runRows(f, w, batch)
		return
	}
	_, steps := s.batches(f)
	for step := range steps {
		at := s.row(f, batch, step)
		if s.wide {
			lstmStep(s, w, f.Buf[s.x].I16()[at*s.inputs:], f.Buf[s.hidden].I16()[batch*s.units:], f.Buf[s.cell].I16()[batch*s.units:],
				f.Buf[s.y].I16()[at*s.units:])
		} else {
			lstmStep(s, w, f.Buf[s.x].I8()[at*s.inputs:], f.Buf[s.hidden].I8()[batch*s.units:], f.Buf[s.cell].I16()[batch*s.units:],
				f.Buf[s.y].I8()[at*s.units:])
		}
	}
}

// runRows computes on copies of the state, which have the room that kernels want.
func (s *lstmCodes) runRows(f *Frame, w *Worker, batch int) {
	n, in, rec := s.units, s.rows[0], s.rows[1]
	sums := w.Scratch.I16()
	recurrent := sums[recurrentChunk*in.cols+abi.UnitNR:]
	c := recurrent[rec.cols+abi.UnitNR:]
	h := w.Scratch.I8()[2*(recurrentChunk*in.cols+rec.cols+2*abi.UnitNR+roundUnits(n)):]
	hidden, cell := f.Buf[s.hidden].I8()[batch*n:][:n], f.Buf[s.cell].I16()[batch*n:][:n]
	copy(h, hidden)
	copy(c, cell)
	_, steps := s.batches(f)
	stride := (s.row(f, batch, 1) - s.row(f, batch, 0)) * s.inputs
	for step := range steps {
		at := s.row(f, batch, step)
		if step%recurrentChunk == 0 {
			in.multiply(w, &f.Buf[s.x].I8()[at*s.inputs], stride, &sums[0], min(recurrentChunk, steps-step))
		}
		rec.multiplyRow(w, step, &h[0], recurrent)
		a := &w.LSTMUnitS8
		*a = s.unit
		a.X, a.R, a.C, a.Y = &sums[step%recurrentChunk*in.cols], &recurrent[0], &c[0], &h[0]
		s.run(a)
		copy(f.Buf[s.y].I8()[at*n:][:n], h)
	}
	copy(hidden, h)
	copy(cell, c)
}

func lstmStep[T int8 | int16](s *lstmCodes, w *Worker, x, h []T, c []int16, y []T) {
	n, scratch := s.units, w.Scratch.I16()
	gates, recurrent, row := scratch[:4*n], scratch[4*n:8*n], scratch[8*n:][:s.rowElements()]
	for i, v := range x[:s.inputs] {
		row[i] = int16(v)
	}
	s.input.multiply(w, &row[0], 0, s.input.ind.tables[0], gates, 4*n, 1, 0, 1)
	for i, v := range h[:n] {
		row[i] = int16(v)
	}
	s.recurrent.multiply(w, &row[0], 0, s.recurrent.ind.tables[0], recurrent, 4*n, 1, 0, 1)
	for i, v := range recurrent {
		gates[i] = fixed.Saturate16(int32(gates[i]) + int32(v))
	}
	lo, hi := int32(math.MinInt8), int32(math.MaxInt8)
	if s.wide {
		lo, hi = math.MinInt16, math.MaxInt16
	}
	logistic := func(i int) int32 { return int32(fixed.Logistic16(3 * int32(gates[i]))) }
	for i := range n {
		c[i] = generic.LSTMCell(&s.unit, logistic(i), logistic(2*n+i), int32(fixed.Tanh16(3*int32(gates[3*n+i]))), c[i])
		h[i] = T(min(max(generic.LSTMOutput(&s.unit, logistic(n+i), int32(c[i])), lo), hi))
	}
	copy(y[:n], h[:n])
}
