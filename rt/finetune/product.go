package finetune

import (
	"fmt"
	"math"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// product is FullyConnected, Conv2D and TransposeConv2D: rows of the input (windows of it, for a convolution) times weights.
//
//	y = clamp(b + x·W),  x: [rows,K], W: [K,N], y: [rows,N]
//
// With δ the gradient by y where the clamp lets it pass (lo < y < hi) and 0 elsewhere:
//
//	∂L/∂W = xᵀ·δ,  ∂L/∂b = Σ_rows δ,  ∂L/∂x = δ·Wᵀ
//
// Sums over rows ascend, over samples too, with fused multiply-add. A window's gradient is added to the pixels that it read,
// taps ascending. Groups of channels are products of their own.
//
// Where a mean over all rows of a sample follows, y is never there as a whole: mean = Σ_rows y/rows is summed tile by tile, rows
// ascending, and each row's gradient is that of the mean over rows.
//
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5 and 9.5.
type product struct {
	e    *engine
	x, y *value
	mean *value // nil: the product's output is y
	w, b *param // b may be nil

	geo    *op.Geometry // nil: x has the rows as they are
	rows   int          // of one sample
	groups int
	k, n   int // of one group

	clamp  bool
	lo, hi float32
	mask   []byte    // a bit for each element of y: the clamp lets it pass
	wt     []float32 // a part of Wᵀ of one group

	// Work for the threads: what is done, and its parameters.
	forwardTask, maskTask, weightTask, inputTask func(worker, task int)

	samples, step int // of the micro-batch; rows, or elements of K, of a task
	group, k0, k1 int
}

const (
	// tileRows is how many rows are worked on at a time: a multiple of 8, so that masks of tiles are whole bytes.
	tileRows = 64
	// tileFloats is how much of x is gathered at a time: a part of a small first-level cache.
	tileFloats = 1 << 12
)

func buildProduct(b *builder, n *graph.Node) (layer, error) {
	x, w := n.In[0], n.In[1]
	p := &product{e: b.e, x: b.values[x], y: b.values[n.Out[0]], groups: 1}
	channels := w.Shape.Dim[0]
	for _, v := range b.of[n].In[1:] {
		if v != nil && v.Const == nil {
			return nil, fmt.Errorf("node %q (%s): weights are not constant: %w", n.Name, n.Op.Name, op.ErrUnsupported)
		}
	}
	if n.Op != op.FullyConnected {
		geo, err := op.GeometryOf(n.Op, n.View(func(*graph.Value) int { return 0 }))
		if err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
		}
		p.groups = geo.Groups
		if !geo.Plain() || geo.Groups > 1 {
			p.geo = &geo
		}
	}
	p.k, p.n = w.Shape.Elements()/channels, channels/p.groups
	p.rows = p.y.size / channels
	if n.Attrs.Has("min") || n.Attrs.Has("max") {
		p.clamp = true
		p.lo, p.hi = n.Attrs.Float("min", float32(math.Inf(-1))), n.Attrs.Float("max", float32(math.Inf(1)))
	}
	p.w = b.param(n, 1, p.k*p.groups, p.n)
	p.w.order = func(i int) int { // [O][K] to groups of [K][N]
		o, k := i/p.k, i%p.k
		return (o/p.n*p.k+k)*p.n + o%p.n
	}
	if err := b.code(p.w, p.k); err != nil {
		return nil, err
	}
	if len(n.In) > 2 && n.In[2] != nil {
		p.b = b.param(n, 2, 1, channels)
		if err := b.code(p.b, 1); err != nil {
			return nil, err
		}
	}
	p.forwardTask, p.maskTask, p.weightTask, p.inputTask = p.forwardRows, p.maskRows, p.addWeights, p.addInputs
	return p, nil
}

func (p *product) ports() (in, out []*value) {
	if p.mean != nil {
		return []*value{p.x}, []*value{p.mean}
	}
	return []*value{p.x}, []*value{p.y}
}
func (p *product) params() []*param {
	if p.b == nil {
		return []*param{p.w}
	}
	return []*param{p.w, p.b}
}
func (p *product) keeps() (in, out bool) { return p.w.train, false }

// direct reports that rows of x lie in memory as they are multiplied.
func (p *product) direct() bool { return p.geo == nil && !p.x.coded }

// stride is the size of a row of y.
func (p *product) stride() int { return p.n * p.groups }

// tile is how many rows are worked on at a time.
func (p *product) tile() int {
	if p.mean == nil {
		return tileRows
	}
	return max(8, min(tileRows, tileFloats/p.stride())&^7)
}

// depthTile is how much of K is worked on at a time, for tiles of m rows.
func (p *product) depthTile(m int) int {
	return min(p.k, tileFloats/m&^15)
}

// inputTile is how much of K is worked on at a time in ∂L/∂x: elements of one tap.
func (p *product) inputTile() int { return min(p.depth(), tileFloats/tileRows) }

// maskBytes is the size of a sample's mask.
func (p *product) maskBytes() int { return (p.rows*p.stride() + 7) / 8 }

func (p *product) reserve(l *layout, n, at, back int) {
	switch {
	case p.mean != nil:
		p.e.want(tileFloats + p.tile()*p.stride())
	case !p.direct() || p.x.wantGrad:
		p.e.want(tileFloats)
	}
	if p.clamp {
		l.bytes(&p.mask, p.w.name+" mask", n*p.maskBytes(), at, back)
	}
	if p.x.wantGrad {
		l.f32(&p.wt, p.w.name+" transposed", p.inputTile()*p.n, back, back)
	}
}

func (p *product) taps() int {
	if p.geo == nil {
		return 1
	}
	kh, kw := p.geo.Kernel()
	return kh * kw
}

// depth is the size of a tap.
func (p *product) depth() int { return p.k / p.taps() }

// offset is where tap t of row r lies in its picture, for group g; −1 in the padding.
func (p *product) offset(g, r, t int) int {
	_, kw := p.geo.Kernel()
	_, width := p.geo.Out()
	pixel := r % p.rows
	off := p.geo.Offset(pixel/width, pixel%width, t/kw, t%kw)
	if off < 0 {
		return off
	}
	return off + g*p.depth()
}

// gather returns elements [k0,k1) of rows [r,r+m) of x for group g, rows counted over all samples, and how far apart rows are.
func (p *product) gather(h *hand, g, r, m, k0, k1 int) (rows []float32, stride int) {
	if p.direct() {
		return p.x.data[r*p.k+k0:], p.k
	}
	n := k1 - k0
	rows = h.scratch[:m*n]
	switch {
	case p.geo == nil && n == p.k:
		h.dequantize(rows, p.x.codes[r*n:(r+m)*n], p.x.scale, p.x.zero)
	case p.geo == nil:
		for i := range m {
			h.dequantize(rows[i*n:(i+1)*n], p.x.codes[(r+i)*p.k+k0:][:n], p.x.scale, p.x.zero)
		}
	default:
		for i := range m {
			p.window(h, rows[i*n:(i+1)*n], g, r+i, k0)
		}
	}
	return rows, n
}

// window writes the elements from k on of row r.
func (p *product) window(h *hand, dst []float32, g, r, k int) {
	depth := p.depth()
	sample := r / p.rows * p.x.size
	for len(dst) > 0 {
		t, d := k/depth, k%depth
		n := min(depth-d, len(dst))
		switch off := p.offset(g, r, t); {
		case off < 0:
			clear(dst[:n])
		case p.x.coded:
			h.dequantize(dst[:n], p.x.codes[sample+off+d:][:n], p.x.scale, p.x.zero)
		default:
			copy(dst[:n], p.x.data[sample+off+d:])
		}
		dst, k = dst[n:], k+n
	}
}

// tasks returns how many tasks n samples are, forward and for ∂L/∂x, and sets their rows.
func (p *product) tasks(n int) int {
	p.samples = n
	if p.mean != nil {
		p.step = p.rows
		return n
	}
	rows, threads := n*p.rows, p.e.threads()
	p.step = min(tileRows, ((rows+threads-1)/threads+7)&^7)
	return (rows + p.step - 1) / p.step
}

// rowsOf returns the rows of a task.
func (p *product) rowsOf(task int) (first, end int) {
	return task * p.step, min((task+1)*p.step, p.samples*p.rows)
}

// next returns how many rows from r on are worked on together.
func (p *product) next(r, end int) int {
	m := min(p.tile(), end-r)
	if p.mean != nil {
		m = min(m, p.rows-r%p.rows)
	}
	return m
}

// maskAt returns the mask from row r on.
func (p *product) maskAt(r int) []byte {
	if p.mean == nil {
		return p.mask[r*p.stride()/8:]
	}
	return p.mask[r/p.rows*p.maskBytes()+r%p.rows*p.stride()/8:]
}

func (p *product) forward(n int) { p.e.do(p.tasks(n), p.forwardTask) }

func (p *product) forwardRows(worker, task int) {
	h, stride := p.e.of(worker), p.stride()
	r, end := p.rowsOf(task)
	if p.mean == nil {
		p.multiply(h, p.y.data[r*stride:end*stride], r, end-r)
		return
	}
	mean := p.mean.real(task)
	clear(mean)
	for r < end {
		m := p.next(r, end)
		y := h.scratch[tileFloats:][:m*stride]
		p.multiply(h, y, r, m)
		h.sumRows(mean, y, m, stride)
		if p.e.observe != nil {
			p.e.observe(p.y, y)
		}
		r += m
	}
	for c := range mean {
		mean[c] /= float32(p.rows)
	}
}

// multiply computes rows [r,r+m) of the output.
func (p *product) multiply(h *hand, y []float32, r, m int) {
	stride := p.stride()
	for i := range m {
		if row := y[i*stride : (i+1)*stride]; p.b != nil {
			copy(row, p.b.value)
		} else {
			clear(row)
		}
	}
	tile, most := p.depthTile(m), p.w.most()
	for g := range p.groups {
		for k0 := 0; k0 < p.k; k0 += tile {
			k1 := min(k0+tile, p.k)
			rows, lda := p.gather(h, g, r, m, k0, k1)
			for k := k0; k < k1; k += most {
				end := min(k+most, k1)
				w := p.w.part(h, (g*p.k+k)*p.n, (g*p.k+end)*p.n)
				h.add(y[g*p.n:], stride, rows[k-k0:], lda, 1, w, p.n, m, p.n, end-k)
			}
		}
	}
	if p.clamp {
		h.clampMask(y, p.maskAt(r), p.lo, p.hi)
	}
}

func (p *product) backward(n int) {
	tasks := p.tasks(n)
	if p.clamp && p.mean == nil {
		p.e.do(tasks, p.maskTask)
	}
	switch {
	case p.w.train:
		for p.group = range p.groups {
			threads := p.e.threads()
			p.step = min(p.depthTile(p.next(0, n*p.rows)), ((p.k+threads-1)/threads+7)&^7)
			p.e.do((p.k+p.step-1)/p.step, p.weightTask)
		}
	case p.b != nil && p.b.train:
		for r, m := 0, 0; r < n*p.rows; r += m {
			m = p.next(r, n*p.rows)
			p.e.sumRows(p.b.grad, p.delta(&p.e.hand, r, m), m, p.stride())
		}
	}
	if p.x.wantGrad {
		p.inputs(n)
	}
}

func (p *product) maskRows(worker, task int) {
	r, end := p.rowsOf(task)
	p.e.of(worker).mask(p.y.grad[r*p.stride():end*p.stride()], p.maskAt(r))
}

// delta returns δ for rows [r,r+m).
func (p *product) delta(h *hand, r, m int) []float32 {
	stride := p.stride()
	if p.mean == nil {
		return p.y.grad[r*stride : (r+m)*stride]
	}
	dy := h.scratch[tileFloats:][:m*stride]
	for c, g := range p.mean.gradient(r / p.rows) {
		dy[c] = g / float32(p.rows)
	}
	for i := 1; i < m; i++ {
		copy(dy[i*stride:], dy[:stride])
	}
	if p.clamp {
		h.mask(dy, p.maskAt(r))
	}
	return dy
}

// addWeights adds to the gradients of a part of K of one group, and to the biases' with the first.
func (p *product) addWeights(worker, task int) {
	h, stride := p.e.of(worker), p.stride()
	k0 := task * p.step
	k1 := min(k0+p.step, p.k)
	grad := p.w.grad[(p.group*p.k+k0)*p.n:]
	for r, m := 0, 0; r < p.samples*p.rows; r += m {
		m = p.next(r, p.samples*p.rows)
		dy := p.delta(h, r, m)
		rows, lda := p.gather(h, p.group, r, m, k0, k1)
		h.add(grad, p.n, rows, 1, lda, dy[p.group*p.n:], stride, k1-k0, p.n, m)
		if task == 0 && p.group == 0 && p.b != nil && p.b.train {
			h.sumRows(p.b.grad, dy, m, stride)
		}
	}
}

// inputs adds δ·Wᵀ to the gradients of what the rows read, tap by tap: within one, no two rows read the same.
func (p *product) inputs(n int) {
	depth, tile := p.depth(), p.inputTile()
	for p.group = range p.groups {
		for t := range p.taps() {
			for d := 0; d < depth; d += tile {
				p.k0, p.k1 = t*depth+d, t*depth+min(d+tile, depth)
				p.w.transpose(p.wt, p.group*p.k+p.k0, p.k1-p.k0)
				p.e.do(p.tasks(n), p.inputTask)
			}
		}
	}
}

func (p *product) addInputs(worker, task int) {
	h, n := p.e.of(worker), p.k1-p.k0
	r, end := p.rowsOf(task)
	for m := 0; r < end; r += m {
		m = p.next(r, end)
		dy := p.delta(h, r, m)[p.group*p.n:]
		if p.geo == nil {
			h.add(p.x.grad[r*p.k+p.k0:], p.k, dy, p.stride(), 1, p.wt, n, m, n, p.n)
			continue
		}
		back := h.scratch[:m*n]
		clear(back)
		h.add(back, n, dy, p.stride(), 1, p.wt, n, m, n, p.n)
		for i := range m {
			off := p.offset(p.group, r+i, p.k0/p.depth())
			if off < 0 {
				continue
			}
			dst := p.x.grad[(r+i)/p.rows*p.x.size+off+p.k0%p.depth():][:n]
			for c, v := range back[i*n : (i+1)*n] {
				dst[c] += v
			}
		}
	}
}

func transpose(dst, src []float32, rows, cols int) {
	for r := range rows {
		for c := range cols {
			dst[c*rows+r] = src[r*cols+c]
		}
	}
}
