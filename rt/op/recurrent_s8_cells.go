package op

import (
	"edgerun/kernels/fixed"
	"edgerun/kernels/generic"
)

// sum adds two parts of a sum and limits the result.
func (s *recurrentS8) sum(a, b int16) int32 { return s.limit(int32(a) + int32(b)) }

func (s *recurrentS8) limit(v int32) int32 {
	v = int32(fixed.Saturate16(v))
	if s.clip > 0 {
		v = max(min(v, s.clip), -s.clip)
	}
	return v
}

func (s *recurrentS8) rnn(gates, rec []int16, codes []int8) {
	for i := range codes {
		v := s.sum(gates[i], rec[i])
		if s.relu {
			codes[i] = int8(min(fixed.RDPOT(max(v, 0), 7)+s.zh, 127))
		} else {
			codes[i] = int8(min(max(fixed.MBQM(int32(fixed.Tanh16(3*v)), s.outM, s.outE)+s.zh, -128), 127))
		}
	}
}

func (s *recurrentS8) lstm(w *Worker, gates, rec []int16, codes []int8, c []int16) {
	n := s.units
	if s.peephole[0] == nil && !s.inputForget {
		a := &w.LSTMUnitS8
		*a = s.lstmUnit
		a.X, a.R, a.C, a.Y = &gates[0], &rec[0], &c[0], &codes[0]
		s.lstmRun(a)
		return
	}
	u := &s.lstmUnit
	for i := range codes[:n] {
		in := int32(fixed.Logistic16(3 * s.peep(0, i, gates[i], rec[i], c[i])))
		forget := 1<<15 - in
		if !s.inputForget {
			forget = int32(fixed.Logistic16(3 * s.peep(2, i, gates[2*n+i], rec[2*n+i], c[i])))
		}
		c[i] = generic.LSTMCell(u, in, forget, int32(fixed.Tanh16(3*s.sum(gates[3*n+i], rec[3*n+i]))), c[i])
		out := int32(fixed.Logistic16(3 * s.peep(1, i, gates[n+i], rec[n+i], c[i])))
		codes[i] = int8(min(max(generic.LSTMOutput(u, out, int32(c[i])), -128), 127))
	}
}

// peep is sum with what the g-th peephole adds, where there are any.
func (s *recurrentS8) peep(g, i int, a, b, c int16) int32 {
	p := s.peephole[g]
	if p == nil {
		return s.sum(a, b)
	}
	v := int32(fixed.Saturate16(int32(a) + int32(b)))
	return s.limit(v + int32(fixed.Saturate16(fixed.MBQM(int32(p.codes[i])*int32(c), p.mult, p.exp))))
}

func (s *recurrentS8) gru(w *Worker, step int, gates, rec, reset []int16, codes, product []int8, h []int16) {
	a := &w.GRUUnitS8
	*a = s.gruUnit
	a.X, a.R, a.H = &gates[0], &rec[0], &h[0]
	if s.linear {
		a.Candidate = &rec[2*s.units]
		s.gruReset(a)
	} else {
		a.Y = &product[0]
		s.gruReset(a)
		s.reset.multiplyRow(w, step, &product[0], reset)
		a.Candidate = &reset[0]
	}
	a.Y = &codes[0]
	s.gruRun(a)
}
