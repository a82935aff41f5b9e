package op

import (
	"fmt"
	"math"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/kernels/generic"
	"edgerun/rt/tensor"
)

// The recurrent layers on int8 x, h and weights, these with a scale for each row, with int32 biases in units of the row's
// products (input 4 of GRULayer: of R's). Each product's sum is rescaled by MBQM to int16 in units of 2^−12, limited, and
// the two, limited again, are what activations see: fixed.Logistic16 and fixed.Tanh16, in Q0.15.
//
// LSTMLayer is LSTM's unit: the cell is int16 and its scale taken as the nearest power of two inside tanh. Peepholes are
// int16; each product is rescaled by MBQM and added with a limit. 1 − i is 2^15 − i.
//
// GRULayer keeps h in int16 beside the int8 that goes into products, for what is carried along a sequence must not be
// rounded to 8 bits in each step. Its unit is 2^(e−15), e ≥ 0 the least with 2^e at or above all that the output's codes
// say. With Q0.15 values z, r and h', and RH the recurrent sum of the candidate,
//
//	linearBeforeReset: sum = limit(WX + (r·RH + 2^14 >> 15)), otherwise RH is R's product with the codes of r·h + 2^14 >> 15
//	h = limit((2^15 − z)·h'/2^e + z·h + 2^14 >> 15)        y = MBQM(h) + zero
//
// where h'/2^e is rounded, halves up. RNNLayer: y = MBQM(tanh16) + zero, or with "relu", whose sums are in units of the
// output's scale/128, y = RDPOT(max(sum, 0), 7) + zero.
type recurrentS8 struct {
	*recurrent
	input, rec, reset *gemvS8
	lstmUnit          lstmUnit      // LSTMLayer
	gruUnit           abi.GRUUnitS8 // GRULayer
	lstmRun           func(*abi.LSTMUnitS8)
	gruReset, gruRun  func(*abi.GRUUnitS8)
	peephole          [3]*peephole
	clip              int32
	relu              bool
	zh                int32
	outM, outE        int32 // RNNLayer: tanh to codes
	inM, inE          int32 // GRULayer: codes to int16 state
}

type peephole struct {
	codes     []int16
	mult, exp int32
}

// gateUnit is the unit of gates' sums.
const gateUnit = 1.0 / (1 << 12)

// GRUState returns the scale of the int16 hidden state of a GRULayer whose output has the quantization q.
func GRUState(q tensor.Quant) float32 {
	scale, zero := q.Scale[0], q.Zero[0]
	most := max(float32(scale*float32(zero+128)), float32(scale*float32(127-zero)))
	unit := float32(1.0 / (1 << 15))
	for unit*(1<<15) < most {
		unit *= 2
	}
	return unit
}

// RecurrentInt8 says why a recurrent layer of these attributes has no int8 form, or nil. The quantizer asks.
func RecurrentInt8(d *Def, a Attrs) error { return int8Activations(d == RNNLayer, a) }

func int8Activations(rnn bool, a Attrs) error {
	candidate := a.String("candidate", "tanh")
	if g := a.String("gate", "logistic"); !rnn && g != "logistic" {
		return fmt.Errorf("activation %q of gates: %w", g, ErrUnsupported)
	}
	if candidate != "tanh" && (!rnn || candidate != "relu") {
		return fmt.Errorf("activation %q: %w", candidate, ErrUnsupported)
	}
	if o := a.String("output", "tanh"); o != "tanh" {
		return fmt.Errorf("activation %q of the output: %w", o, ErrUnsupported)
	}
	if candidate == "relu" && a.Float("clip", 0) > 0 {
		return fmt.Errorf("clip of relu: %w", ErrUnsupported)
	}
	return nil
}

func newRecurrentS8(p *Prepare, r *recurrent) (Step, error) {
	if err := int8Activations(r.gates == 1, p.Attrs); err != nil {
		return nil, err
	}
	sx, zx, err := codesOf("input", &p.In[0].Type, tensor.Int8)
	if err != nil {
		return nil, err
	}
	sh, zh, err := codesOf("output", &p.Out[0].Type, tensor.Int8)
	if err != nil {
		return nil, err
	}
	s := &recurrentS8{recurrent: r, zh: zh, relu: r.act[1].name == "relu", lstmRun: p.Kernels.LSTMUnitS8,
		gruReset: p.Kernels.GRUResetS8, gruRun: p.Kernels.GRUUnitS8}
	for _, i := range []int{recurrentH0, recurrentHidden} {
		if a := optional(p.Node, i); a != nil && a.DType == tensor.Int8 && !a.Quant.Equal(p.Out[0].Quant) {
			return nil, fmt.Errorf("hidden state is %v, want the output's %v: %w", a.Type, p.Out[0].Type, ErrUnsupported)
		}
	}
	unit := gateUnit
	if s.relu {
		unit = float64(sh) / 128
	}
	if r.clip > 0 {
		s.clip = int32(min(float64(r.clip)/gateUnit, 1<<15-1))
	}
	n := r.units
	w, rec := &p.In[recurrentW], &p.In[recurrentR]
	if err := symmetricS8(w); err != nil {
		return nil, err
	}
	if err := symmetricS8(rec); err != nil {
		return nil, err
	}
	bias, err := biasS8(optional(p.Node, recurrentBias), r.gates*n)
	if err != nil {
		return nil, err
	}
	extra := make([]int32, r.gates*n)
	if r.gates == 3 {
		rb, err := biasS8(optional(p.Node, recurrentExtra), n)
		if err != nil {
			return nil, err
		}
		copy(extra[2*n:], rb)
	}
	mult, shift := channelMultipliers(sx, w.Quant.Scale, float32(unit), r.gates*n)
	if s.input, err = newGemvS8(p.Kernels, w.Const.Data.I8(), bias, mult, shift, zx); err != nil {
		return nil, err
	}
	mult, shift = channelMultipliers(sh, rec.Quant.Scale, float32(unit), r.gates*n)
	rw, own := rec.Const.Data.I8(), r.gates*n
	if r.gates == 3 && !r.linear {
		own = 2 * n
		if s.reset, err = newGemvS8(p.Kernels, rw[own*n:], extra[own:], mult[own:], shift[own:], zh); err != nil {
			return nil, err
		}
	}
	if s.rec, err = newGemvS8(p.Kernels, rw[:own*n], extra[:own], mult[:own], shift[:own], zh); err != nil {
		return nil, err
	}
	switch r.gates {
	case 1:
		s.outM, s.outE = fixed.Quantize(1.0 / (1 << 15) / float64(sh))
	case 3:
		if err := s.prepareGRU(p, sh); err != nil {
			return nil, err
		}
	case 4:
		if err := s.prepareLSTM(p, sh, zh); err != nil {
			return nil, err
		}
	}
	if s.outE > 15 {
		return nil, fmt.Errorf("output scale %g: %w", sh, ErrUnsupported)
	}
	return s, nil
}

func (s *recurrentS8) prepareGRU(p *Prepare, sh float32) error {
	u := &s.gruUnit
	u.N, u.Linear, u.Zero = s.units, btoi(s.linear), s.zh
	u.Lo, u.Hi = s.limits()
	state := GRUState(p.Out[0].Quant)
	for v := float32(1.0 / (1 << 15)); v < state; v *= 2 {
		u.Exp++
	}
	if a := optional(p.Node, recurrentHidden); a != nil {
		if sc, z, err := codesOf("hidden state", &a.Type, tensor.Int16); err != nil {
			return err
		} else if sc != state || z != 0 {
			return fmt.Errorf("hidden state is %v, want scale %g: %w", a.Type, state, ErrUnsupported)
		}
	}
	m, e := fixed.Quantize(float64(state) / float64(sh))
	u.OutM, u.Left, u.Right = m, max(e, 0), max(-e, 0)
	s.inM, s.inE = fixed.Quantize(float64(sh) / float64(state))
	if s.inE > 15 || u.Exp > 15 || u.Left > 15 {
		return fmt.Errorf("output scale %g: %w", sh, ErrUnsupported)
	}
	return nil
}

// limits are those of a sum.
func (s *recurrentS8) limits() (lo, hi int32) {
	if s.clip > 0 {
		return -s.clip, s.clip
	}
	return math.MinInt16, math.MaxInt16
}

func (s *recurrentS8) prepareLSTM(p *Prepare, sh float32, zh int32) error {
	cells := &p.Out[1].Type
	sc, zc, err := codesOf("cell", cells, tensor.Int16)
	if err != nil {
		return err
	}
	if zc != 0 {
		return symmetric(zc)
	}
	for _, i := range []int{recurrentC0, recurrentCell} {
		if a := optional(p.Node, i); a != nil && !a.Quant.Equal(cells.Quant) {
			return fmt.Errorf("cell is %v, want output 1's %v: %w", a.Type, *cells, ErrUnsupported)
		}
	}
	u := &s.lstmUnit
	if *u, err = newLSTMUnit(sc, sh, zh); err != nil {
		return err
	}
	u.N = s.units
	u.Lo, u.Hi = s.limits()
	if s.clip > 0 {
		u.TanhMax = 3 * s.clip
	}
	a := optional(p.Node, recurrentExtra)
	if a == nil {
		return nil
	}
	sp, zp, err := codesOf("peepholes", &a.Type, tensor.Int16)
	if err != nil {
		return err
	}
	if zp != 0 {
		return symmetric(zp)
	}
	m, e := fixed.Quantize(float64(sp) * float64(sc) / gateUnit)
	if e > 0 {
		return fmt.Errorf("scale %g of peepholes with %g of the cell: %w", sp, sc, ErrUnsupported)
	}
	for i := range s.peephole {
		s.peephole[i] = &peephole{codes: a.Const.Data.I16()[i*s.units : (i+1)*s.units], mult: m, exp: e}
	}
	return nil
}

// weightsInCache is how much of a matrix is multiplied at a time: a part of what a first-level cache holds.
const weightsInCache = 12 << 10

func (s *recurrentS8) Info() Info {
	i := Info{Kernel: s.input.kernel, PackedBytes: s.input.packed.Len() + s.rec.packed.Len()}
	if s.reset != nil {
		i.PackedBytes += s.reset.packed.Len()
	}
	n := roundUnits(s.units)
	wide := recurrentChunk*s.input.cols + s.rec.cols + 2*n + 2*abi.UnitNR
	if s.reset != nil {
		wide += s.reset.cols
	}
	i.ScratchBytes = 2*wide + 2*(n+abi.Slack)
	return i
}

func (s *recurrentS8) Run(f *Frame, w *Worker, batch int) {
	n, padded := s.units, roundUnits(s.units)
	wide, at := w.Scratch.I16(), 0
	take := func(n int) []int16 { at += n; return wide[at-n : at] }
	sums := take(recurrentChunk*s.input.cols + abi.UnitNR)
	rec := take(s.rec.cols + abi.UnitNR)
	h, c := take(padded), take(padded) // h: int16 state of a GRU
	var reset []int16
	if s.reset != nil {
		reset = take(s.reset.cols)
	}
	bytes := w.Scratch.I8()[2*at:]
	codes, product := bytes[:padded], bytes[padded+abi.Slack:][:padded]
	s.load(f, batch, codes[:n], h[:n], c[:n])
	x, y := f.Buf[s.x].I8(), f.Buf[s.y].I8()
	batches, steps := s.batches(f)
	stride := 0
	if steps > 1 {
		stride = (s.row(batches, steps, batch, 1) - s.row(batches, steps, batch, 0)) * s.inputs
	}
	for step := range steps {
		at := s.row(batches, steps, batch, step)
		in := step % recurrentChunk
		if in == 0 {
			s.input.multiply(w, &x[at*s.inputs], stride, &sums[0], min(recurrentChunk, steps-step))
		}
		gates := sums[in*s.input.cols:]
		s.rec.multiplyRow(w, step, &codes[0], rec)
		switch s.gates {
		case 1:
			s.rnn(gates, rec, codes[:n])
		case 3:
			s.gru(w, step, gates, rec, reset, codes, product, h)
		case 4:
			s.lstm(w, gates, rec, codes, c)
			copy(f.Buf[s.cells].I16()[at*n:][:n], c)
		}
		copy(y[at*n:][:n], codes)
	}
	switch {
	case s.hidden >= 0 && s.gates == 3:
		copy(f.Buf[s.hidden].I16()[batch*n:][:n], h)
	case s.hidden >= 0:
		copy(f.Buf[s.hidden].I8()[batch*n:][:n], codes)
	}
	if s.cell >= 0 {
		copy(f.Buf[s.cell].I16()[batch*n:][:n], c)
	}
}

// load sets the state that the sequence starts from.
func (s *recurrentS8) load(f *Frame, batch int, codes []int8, h, c []int16) {
	n := s.units
	switch {
	case s.hidden >= 0 && s.gates == 3:
		copy(h, f.Buf[s.hidden].I16()[batch*n:])
		for i, v := range h {
			codes[i] = generic.GRUCode(&s.gruUnit, int32(v))
		}
	case s.hidden >= 0 || s.h0 >= 0:
		from := max(s.hidden, s.h0)
		copy(codes, f.Buf[from].I8()[batch*n:])
		for i, v := range codes {
			h[i] = fixed.Saturate16(fixed.MBQM(int32(v)-s.zh, s.inM, s.inE))
		}
	default:
		clear(h)
		for i := range codes {
			codes[i] = int8(s.zh)
		}
	}
	switch {
	case s.cell >= 0:
		copy(c, f.Buf[s.cell].I16()[batch*n:])
	case s.c0 >= 0:
		copy(c, f.Buf[s.c0].I16()[batch*n:])
	default:
		clear(c)
	}
}
