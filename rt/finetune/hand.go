package finetune

import (
	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/rt"
	"edgerun/rt/op"
)

// hand is one goroutine's way to kernels: their arguments, so that no call allocates, and scratch memory.
type hand struct {
	set     *kernels.Set
	worker  op.Worker
	scratch []float32
	block   []float32 // weights that are held as codes, dequantized
	held    *param    // all of whose weights are in block; nil: none
	broken  bool      // a weight held as a code was to become no number
	one     [1]float32
	factor  []float32 // one number

	mm        abi.MatMulF32
	clampArgs abi.ClampMaskF32
	maskArgs  abi.MaskF32
	sgd       abi.SGDF32
	adam      abi.AdamF32
	squares   abi.SumSquaresF32
	product   abi.BinaryF32
	sums      [16]float32

	// pause is where inference with priority gets its turn: never nil; called at least once a millisecond or so of work on
	// a small board, by the goroutine that trains. Other hands just work on.
	pause func()
}

// engine is what layers share. It is the hand of the goroutine that trains, too.
type engine struct {
	hand
	others []hand
	pool   *rt.Pool

	observe  func(v *value, x []float32) // sees values as they are computed, in order; may be nil
	packed   int                         // bytes of constants that operators of the tail keep
	scratchN int                         // floats of scratch that layers want for each hand
	blockN   int                         // floats of their blocks
	weights  Weights
}

func newEngine(set *kernels.Set, pool *rt.Pool, pause func()) *engine {
	e := &engine{pool: pool}
	e.hand = hand{set: set, one: [1]float32{1}, pause: pause}
	if pool != nil {
		e.others = make([]hand, pool.Threads()-1)
		for i := range e.others {
			e.others[i] = hand{set: set, one: [1]float32{1}, pause: func() {}}
		}
	}
	return e
}

func (e *engine) threads() int { return 1 + len(e.others) }

// of returns the hand of a worker of the pool.
func (e *engine) of(worker int) *hand {
	if worker == 0 {
		return &e.hand
	}
	return &e.others[worker-1]
}

// do calls f for tasks [0, n) on all threads, one after the other where values are observed. f is made once, not for each
// call: a new one would allocate.
func (e *engine) do(n int, f func(worker, task int)) {
	if e.observe == nil {
		e.pool.Do(n, f)
		return
	}
	for task := range n {
		f(0, task)
	}
}

// changed lets no hand believe that its block still holds weights.
func (e *engine) changed() {
	for i := range e.threads() {
		e.of(i).held = nil
	}
}

// want asks for n floats of scratch for each hand.
func (e *engine) want(n int) { e.scratchN = max(e.scratchN, n) }

// reserve asks for the scratch that layers want.
func (e *engine) reserve(l *layout) {
	first, last := l.always()
	for i := range e.threads() {
		l.f32(&e.of(i).scratch, "scratch", e.scratchN, first, last)
		l.f32(&e.of(i).block, "block of weights", e.blockN, first, last)
		if e.blockN > 0 {
			l.f32(&e.of(i).factor, "factor", 1, first, last)
		}
	}
}

// add computes c[i,j] += Σ_k a[i·ai + k·ak]·b[k·ldb + j].
func (h *hand) add(c []float32, ldc int, a []float32, ai, ak int, b []float32, ldb, m, n, k int) {
	// A kernel cannot be interrupted: what one call does is bounded.
	const most = 1 << 17
	rows := max(1, most/(n*min(k, 1<<10)))
	for k0 := 0; k0 < k; k0 += 1 << 10 {
		ks := min(1<<10, k-k0)
		for i := 0; i < m; i += rows {
			h.mm = abi.MatMulF32{A: &a[i*ai+k0*ak], B: &b[k0*ldb], C: &c[i*ldc], AI: ai, AK: ak, LDB: ldb, LDC: ldc,
				M: min(rows, m-i), N: n, K: ks}
			h.set.MatMulF32(&h.mm)
			h.pause()
		}
	}
}

// sumRows computes c[j] += Σ_i b[i·n + j].
func (h *hand) sumRows(c, b []float32, rows, n int) { h.add(c, n, h.one[:], 0, 0, b, n, 1, n, rows) }

// dequantize fills dst with the reals of codes.
func (h *hand) dequantize(dst []float32, codes []int8, scale float32, zero int32) {
	if len(dst) == 0 {
		return
	}
	codes = codes[:len(dst)]
	_ = dst[len(codes)-1]
	a := &h.worker.DequantizeS8
	a.X, a.Y, a.N, a.Scale, a.ZeroPoint = &codes[0], &dst[0], len(dst), scale, zero
	h.set.DequantizeS8(a)
}

// multiply computes x[i] ·= by[i], or ·= by[0] for a step of 0.
func (h *hand) multiply(x, by []float32, step int) {
	h.product = abi.BinaryF32{A: &x[0], B: &by[0], Y: &x[0], N: len(x), BStep: step}
	h.set.MulF32(&h.product)
}

// clampMask limits y in place and sets bit i where y[i] lies strictly between the limits.
func (h *hand) clampMask(y []float32, mask []byte, lo, hi float32) {
	h.clampArgs = abi.ClampMaskF32{X: &y[0], Mask: &mask[0], N: len(y), Lo: lo, Hi: hi}
	h.set.ClampMaskF32(&h.clampArgs)
}

// mask clears the gradients whose bit is not set.
func (h *hand) mask(g []float32, mask []byte) {
	h.maskArgs = abi.MaskF32{X: &g[0], Mask: &mask[0], N: len(g)}
	h.set.MaskF32(&h.maskArgs)
}
