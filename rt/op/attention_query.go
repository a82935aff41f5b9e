package op

// oneQuery is head with a single query, which packs no keys and values: each is read once. Results are the same
// to the bit, for sums ascend alike or are exact. int8: a head has at most exactK elements.
func (s *attentionStep) oneQuery(f *Frame, w *Worker, x *attentionExtents, n, h, fromQ, fromK, fromV, toY int) {
	scratch := parts{w.Scratch, s.offsetBytes()}
	query, _, scores := scratch.take(s.keysBytes), scratch.take(s.valuesBytes), scratch.take(s.scoresBytes).F32()
	row := scratch.take(s.rowBytes)
	if s.s8 == nil {
		q, k, v, y := f.Buf[s.q].F32(), f.Buf[s.k].F32(), f.Buf[s.v].F32(), f.Buf[s.y].F32()
		a := &w.RowF32
		a.X, a.K, a.Step = &q[fromQ], x.d, x.k.row
		for j := 0; j < x.sk; j += callRows(x.d) {
			a.W, a.Y, a.N = &k[fromK+j*x.k.row], &scores[j], min(callRows(x.d), x.sk-j)
			s.kernels.DotF32(a)
		}
		s.weights(f, w, x, n, h, 0, 1, scores, row)
		a.X, a.K, a.Step = &scores[0], x.sk, x.v.row
		for e := 0; e < x.e; e += callRows(x.sk) {
			a.W, a.Y, a.N = &v[fromV+e], &y[toY+e], min(callRows(x.sk), x.e-e)
			s.kernels.MixF32(a)
		}
		s.endAtZero(w, y[toY:][:x.e])
		return
	}
	q, k, v, y := f.Buf[s.q].I8()[fromQ:][:x.d], f.Buf[s.k].I8(), f.Buf[s.v].I8(), f.Buf[s.y].I8()[toY:][:x.e]
	codes := query.I16()
	for i, c := range q {
		codes[i] = int16(int32(c) - s.zq)
	}
	clear(codes[x.d : (x.d+15)&^15])
	a := &w.DotS8
	a.X, a.K, a.Step, a.Zero = &codes[0], x.d, x.k.row, s.zk
	for j := 0; j < x.sk; j += callRows(x.d) {
		a.W, a.Y, a.N = &k[fromK+j*x.k.row], &scores[j], min(callRows(x.d), x.sk-j)
		s.kernels.DotS8(a)
	}
	total := s.weightsS8(w, scores[:x.sk], s.maskRow(f, x, n, h, 0, row))
	recip := s.s8.Reciprocal(total)
	scratch.take(s.queryBytes)
	sums := scratch.take(s.sumsBytes).I32()
	m := &w.MixS8
	m.X, m.K, m.Step, m.Less = &scores[0], x.sk, x.v.row, int32(total)*s.zv
	for e := 0; e < x.e; e += callRows(x.sk) {
		m.W, m.Y, m.N = &v[fromV+e], &sums[e], min(callRows(x.sk), x.e-e)
		s.kernels.MixS8(m)
	}
	for e := range y {
		y[e] = s.s8.At(sums[e], recip)
	}
}

// callRows is how many sums of k products one call computes.
func callRows(k int) int { return max(8, callMACs/k&^7) }

// endAtZero adds +0, which leaves no −0.
func (s *attentionStep) endAtZero(w *Worker, y []float32) {
	a := &w.BinaryF32
	a.A, a.B, a.Y, a.N, a.BStep, a.Clamp = &y[0], &s.factor[1], &y[0], len(y), 0, 0
	s.kernels.AddF32(a)
}
