package op

import (
	"fmt"
	"math"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

type recurrentF32 struct {
	*recurrent
	input, hidden, reset *gemmF32  // W, R, and R's candidate where it is a product of its own
	peephole             []float32 // i, o, f
	apply                [3]func(w *Worker, x []float32)
	add, mul, sub        func(*abi.BinaryF32)
}

// oneF32 is what a GRU's update gate is taken from.
var oneF32 = [1]float32{1}

func newRecurrentF32(p *Prepare, r *recurrent) (Step, error) {
	n := r.units
	w, rec := &p.In[recurrentW], &p.In[recurrentR]
	if w.DType != tensor.Float32 || rec.DType != tensor.Float32 {
		return nil, fmt.Errorf("weights of %v and %v: %w", w.DType, rec.DType, ErrUnsupported)
	}
	bias, err := biasF32(optional(p.Node, recurrentBias), r.gates*n)
	if err != nil {
		return nil, err
	}
	s := &recurrentF32{recurrent: r, add: p.Kernels.AddF32, mul: p.Kernels.MulF32, sub: p.Kernels.SubF32}
	extra := make([]float32, r.gates*n) // biases of R's products
	if a := optional(p.Node, recurrentExtra); a != nil {
		if a.DType != tensor.Float32 {
			return nil, fmt.Errorf("input %d is %v: %w", recurrentExtra, a.DType, ErrUnsupported)
		}
		if r.gates == 4 {
			s.peephole = a.Const.Data.F32()
		} else {
			copy(extra[2*n:], a.Const.Data.F32())
		}
	}
	s.input = newGemmF32(p.Kernels, w.Const.Data.F32(), bias, 1, r.inputs, nil, stepRows(r.inputs), -1, -1)
	rw, own := rec.Const.Data.F32(), r.gates*n
	if r.gates == 3 && !r.linear {
		own = 2 * n
		s.reset = newGemmF32(p.Kernels, rw[own*n:], extra[own:], 1, n, nil, oneRow(n), -1, -1)
	}
	s.hidden = newGemmF32(p.Kernels, rw[:own*n], extra[:own], 1, n, nil, oneRow(n), -1, -1)
	for i := range s.apply {
		if s.apply[i], err = activationF32(p.Kernels, r.act[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func activationF32(set *kernels.Set, a activation) (func(w *Worker, x []float32), error) {
	unary := func(run func(*abi.UnaryF32)) func(w *Worker, x []float32) {
		return func(w *Worker, x []float32) {
			if len(x) == 0 {
				return
			}
			u := &w.UnaryF32
			u.X, u.Y, u.N, u.Alpha, u.Beta = &x[0], &x[0], len(x), a.alpha, a.beta
			run(u)
		}
	}
	switch a.name {
	case "logistic":
		return unary(set.LogisticF32), nil
	case "tanh":
		return unary(set.TanhF32), nil
	case "hardSigmoid":
		return unary(set.HardSigmoidF32), nil
	case "leakyRelu":
		return unary(set.LeakyReluF32), nil
	case "relu":
		return func(_ *Worker, x []float32) {
			for i, v := range x {
				x[i] = fixed.ClampF32(v, 0, float32(math.Inf(1)))
			}
		}, nil
	}
	return nil, fmt.Errorf("activation %q: %w", a.name, ErrUnsupported)
}

func (s *recurrentF32) Info() Info {
	i := s.input.info()
	i.PackedBytes += s.hidden.info().PackedBytes
	if s.reset != nil {
		i.PackedBytes += s.reset.info().PackedBytes
	}
	i.ScratchBytes = 4*(recurrentChunk*(s.inputs+s.gates*s.units)+s.gates*s.units+3*s.units) + 4*abi.Slack
	return i
}

// carve cuts the next n elements and the slack behind them off what is left of scratch.
func carve(left []float32, n int) (p, rest []float32) { return left[:n], left[n+abi.Slack/4:] }

func (s *recurrentF32) Run(f *Frame, w *Worker, batch int) {
	n, k := s.units, s.inputs
	g := s.gates * n
	rows, left := carve(w.Scratch.F32(), recurrentChunk*k)
	sums, left := left[:recurrentChunk*g], left[recurrentChunk*g:]
	rec, left := left[:g], left[g:]
	h, left := carve(left, n)
	c, left := carve(left, n)
	t := left[:n]
	load := func(dst []float32, first, variable int) {
		switch {
		case variable >= 0:
			copy(dst, f.Buf[variable].F32()[batch*n:])
		case first >= 0:
			copy(dst, f.Buf[first].F32()[batch*n:])
		default:
			clear(dst)
		}
	}
	load(h, s.h0, s.recurrent.hidden)
	load(c, s.c0, s.cell)
	x, y := f.Buf[s.x].F32(), f.Buf[s.y].F32()
	batches, steps := s.batches(f)
	for first := 0; first < steps; first += recurrentChunk {
		chunk := min(recurrentChunk, steps-first)
		for i := range chunk {
			copy(rows[i*k:(i+1)*k], x[s.row(batches, steps, batch, first+i)*k:])
		}
		s.input.multiply(w, &rows[0], 0, s.input.ind.tables[chunk-1], sums, g, chunk, 0, 1)
		for i := range chunk {
			at := s.row(batches, steps, batch, first+i)
			s.hidden.multiply(w, &h[0], 0, s.hidden.ind.tables[0], rec, g, 1, 0, 1)
			gates := sums[i*g:][:g]
			switch s.gates {
			case 1:
				s.sum(w, gates, rec)
				s.apply[1](w, gates)
				copy(h, gates)
			case 3:
				s.gru(w, gates, rec, h, t)
			case 4:
				s.lstm(w, gates, rec, h, c, t)
				copy(f.Buf[s.cells].F32()[at*n:][:n], c)
			}
			copy(y[at*n:][:n], h)
		}
	}
	if s.recurrent.hidden >= 0 {
		copy(f.Buf[s.recurrent.hidden].F32()[batch*n:][:n], h)
	}
	if s.cell >= 0 {
		copy(f.Buf[s.cell].F32()[batch*n:][:n], c)
	}
}

// sum adds the recurrent part and limits the sums.
func (s *recurrentF32) sum(w *Worker, gates, rec []float32) {
	binaryF32(w, s.add, gates, rec, gates)
	s.limit(gates)
}

// binaryF32 is y = a∘b; y may be a or b.
func binaryF32(w *Worker, run func(*abi.BinaryF32), a, b, y []float32) {
	k := &w.BinaryF32
	k.A, k.B, k.Y, k.N = &a[0], &b[0], &y[0], len(a)
	k.BStep, k.Reverse, k.Clamp = 1, 0, 0
	run(k)
}

func (s *recurrentF32) limit(x []float32) {
	if s.clip > 0 {
		for i, v := range x {
			x[i] = fixed.ClampF32(v, -s.clip, s.clip)
		}
	}
}

func (s *recurrentF32) lstm(w *Worker, gates, rec, h, c, t []float32) {
	n := s.units
	in, out, forget, cand := gates[:n], gates[n:2*n], gates[2*n:3*n], gates[3*n:]
	if s.peephole == nil {
		s.sum(w, gates, rec)
		s.apply[0](w, gates[:3*n])
	} else {
		binaryF32(w, s.add, gates, rec, gates)
		for i, v := range c {
			in[i] += float32(s.peephole[i] * v)
			forget[i] += float32(s.peephole[2*n+i] * v)
		}
		s.limit(in)
		s.limit(forget)
		s.limit(cand)
		s.apply[0](w, in)
		s.apply[0](w, forget)
	}
	s.apply[1](w, cand)
	if s.inputForget {
		for i, v := range in {
			forget[i] = 1 - v
		}
	}
	binaryF32(w, s.mul, forget, c, c)
	binaryF32(w, s.mul, in, cand, cand)
	binaryF32(w, s.add, c, cand, c)
	if s.peephole != nil {
		for i, v := range c {
			out[i] += float32(s.peephole[n+i] * v)
		}
		s.limit(out)
		s.apply[0](w, out)
	}
	copy(t, c)
	s.limit(t)
	s.apply[2](w, t)
	binaryF32(w, s.mul, out, t, h)
}

func (s *recurrentF32) gru(w *Worker, gates, rec, h, t []float32) {
	n := s.units
	z, r, cand := gates[:n], gates[n:2*n], gates[2*n:]
	s.sum(w, gates[:2*n], rec)
	s.apply[0](w, gates[:2*n])
	candidate := rec[2*n:]
	if s.linear {
		binaryF32(w, s.mul, r, candidate, candidate)
	} else {
		binaryF32(w, s.mul, r, h, t)
		s.reset.multiply(w, &t[0], 0, s.reset.ind.tables[0], candidate, n, 1, 0, 1)
	}
	s.sum(w, cand, candidate)
	s.apply[1](w, cand)
	k := &w.BinaryF32
	k.A, k.B, k.Y, k.N = &z[0], &oneF32[0], &t[0], n
	k.BStep, k.Reverse, k.Clamp = 0, 1, 0
	s.sub(k)
	binaryF32(w, s.mul, t, cand, t)
	binaryF32(w, s.mul, z, h, h)
	binaryF32(w, s.add, t, h, h)
}
