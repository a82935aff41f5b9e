package finetune

func (l *recurrent) backward(n int) {
	transpose(l.rt, l.r.value, l.n, l.g)
	if l.x.wantGrad {
		transpose(l.wt, l.w.value, l.k, l.g)
	}
	for s := range n {
		for batch := range l.lay.Batches {
			clear(l.dh)
			clear(l.dc)
			for first := (l.lay.Steps - 1) / chunk * chunk; first >= 0; first -= chunk {
				l.backChunk(s, batch, first, min(chunk, l.lay.Steps-first))
			}
			if l.h0 != nil && l.h0.wantGrad {
				accumulate(l.h0.gradient(s)[batch*l.n:][:l.n], l.dh)
			}
			if l.c0 != nil && l.c0.wantGrad {
				accumulate(l.c0.gradient(s)[batch*l.n:][:l.n], l.dc)
			}
		}
	}
}

// before returns the states that step at starts from.
func (l *recurrent) before(sample, batch, at int) (h, c []float32) {
	if at == 0 {
		return l.start(l.h0, l.firstH, sample, batch), l.start(l.c0, l.firstC, sample, batch)
	}
	row := l.lay.Row(batch, at-1)
	h = l.y.real(sample)[row*l.n:][:l.n]
	if l.lstm() {
		c = l.cells.real(sample)[row*l.n:][:l.n]
	}
	return h, c
}

func (l *recurrent) backChunk(s, batch, first, m int) {
	b, n := &l.t, l.n
	x := l.x.real(s)
	l.multiplyInput(b.sums, x, batch, first, m)
	for i := range m {
		h, _ := l.before(s, batch, first+i)
		set(b.prev[l.slot(i, m)*n:][:n], h)
	}
	l.multiplyStates(b.rec, b.prev, m)
	for i := range m {
		k := l.slot(i, m)
		a, rec := b.sums[k*l.g:][:l.g], b.rec[k*l.g:][:l.g]
		_, c := l.before(s, batch, first+i)
		set(b.c, c)
		l.gatesOf(a, rec, b.c)
		if l.resets() {
			for j, r := range a[n : 2*n] {
				b.reset[k*n+j] = float32(r * b.prev[k*n+j])
			}
		}
	}
	if l.resets() {
		l.multiplyReset(b.rec, b.reset, m)
	}
	for i := m - 1; i >= 0; i-- {
		k, row := l.slot(i, m), l.lay.Row(batch, first+i)
		a, rec := b.sums[k*l.g:][:l.g], b.rec[k*l.g:][:l.g]
		accumulate(l.dh, l.y.gradient(s)[row*n:])
		switch {
		case l.lstm():
			_, c := l.before(s, batch, first+i)
			set(b.c, c)
			accumulate(l.dc, l.cells.gradient(s)[row*n:])
			l.backLSTM(a, b.c, l.cells.real(s)[row*n:][:n])
		case l.gru():
			l.backGRU(a, rec, b.prev[k*n:][:n])
		default:
			for j, y := range a {
				a[j] = float32(l.dh[j] * l.act[1].of(y))
			}
			clear(l.dh)
			l.e.add(l.dh, n, a, l.g, 1, l.rt, n, 1, n, l.g)
		}
	}
	// The sums are gradients now; of R's products they are in rec for a GRU.
	dr := b.sums
	if l.gru() {
		dr = b.rec
	}
	row, stride := l.rows(batch, first, m)
	if l.w.train {
		l.e.add(l.w.grad, l.g, x[row*l.k:], 1, stride*l.k, b.sums, l.g, l.k, l.g, m)
	}
	if l.r.train {
		width := l.g
		if l.resets() {
			width = 2 * n
			l.e.add(l.r.grad[2*n:], l.g, b.reset, 1, n, b.sums[2*n:], l.g, n, n, m)
		}
		l.e.add(l.r.grad, l.g, b.prev, 1, n, dr, l.g, n, width, m)
	}
	if l.b != nil && l.b.train {
		l.e.sumRows(l.b.grad, b.sums, m, l.g)
	}
	if l.gru() && l.extra != nil && l.extra.train {
		l.e.add(l.extra.grad, n, l.e.one[:], 0, 0, dr[2*n:], l.g, 1, n, m)
	}
	if l.x.wantGrad {
		l.e.add(l.x.gradient(s)[row*l.k:], stride*l.k, b.sums, l.g, 1, l.wt, l.k, m, l.k, l.g)
	}
}

// backLSTM turns a step's activations a into gradients by their sums, and dh and dc into those of the step before; c0 and c
// are the cells before and after.
func (l *recurrent) backLSTM(a, c0, c []float32) {
	n, out := l.n, l.t.out
	l.output(a, c, out)
	in, o, forget, cand := a[:n], a[n:2*n], a[2*n:3*n], a[3*n:]
	train := l.extra != nil && l.extra.train
	for j, dh := range l.dh {
		dc := l.dc[j] + float32(float32(dh*o[j])*l.act[2].of(out[j]))
		do := float32(float32(dh*out[j]) * l.act[0].of(o[j]))
		if l.extra != nil {
			dc += float32(do * l.extra.value[n+j])
		}
		di, df := float32(dc*cand[j]), float32(dc*c0[j])
		before := float32(dc * forget[j])
		if l.lay.InputForget {
			di, df = di-df, 0
		}
		di, df = float32(di*l.act[0].of(in[j])), float32(df*l.act[0].of(forget[j]))
		if l.extra != nil {
			before += float32(di*l.extra.value[j]) + float32(df*l.extra.value[2*n+j])
		}
		if train {
			l.extra.grad[j] += float32(di * c0[j])
			l.extra.grad[n+j] += float32(do * c[j])
			l.extra.grad[2*n+j] += float32(df * c0[j])
		}
		l.dc[j] = before
		cand[j] = float32(float32(dc*in[j]) * l.act[1].of(cand[j]))
		in[j], o[j], forget[j] = di, do, df
	}
	clear(l.dh)
	l.e.add(l.dh, n, a, l.g, 1, l.rt, n, 1, n, l.g)
}

// backGRU turns a step's activations a into gradients by W's sums, rec into those by R's, and dh into that of the step before.
func (l *recurrent) backGRU(a, rec, prev []float32) {
	n := l.n
	l.candidate(a, rec)
	z, r, cand := a[:n], a[n:2*n], a[2*n:]
	for j, dh := range l.dh {
		dz := float32(dh * (prev[j] - cand[j]))
		da := float32(float32(dh*(1-z[j])) * l.act[1].of(cand[j]))
		l.dh[j] = float32(dh * z[j])
		z[j], cand[j] = float32(dz*l.act[0].of(z[j])), da
	}
	if l.resets() {
		clear(l.du)
		l.e.add(l.du, n, cand, n, 1, l.rt[2*n*n:], n, 1, n, n)
		for j, u := range l.du {
			l.dh[j] += float32(u * r[j])
			r[j] = float32(float32(u*prev[j]) * l.act[0].of(r[j]))
		}
		copy(rec, a)
		l.e.add(l.dh, n, a, l.g, 1, l.rt, n, 1, n, 2*n)
		return
	}
	for j, da := range cand {
		q := rec[2*n+j]
		rec[2*n+j] = float32(da * r[j])
		r[j] = float32(float32(da*q) * l.act[0].of(r[j]))
	}
	copy(rec, a[:2*n])
	l.e.add(l.dh, n, rec, l.g, 1, l.rt, n, 1, n, l.g)
}
