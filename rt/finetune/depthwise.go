package finetune

import (
	"edgerun/kernels/abi"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// depthwise is a Conv2D whose every output channel c reads one input channel of its own, c: y[p] = clamp(b + Σ_t w[t]⊙x[p,t])
// over the taps t of pixel p's window, vectors over channels. With δ as in product:
//
//	∂L/∂w[t] += Σ_p δ[p]⊙x[p,t],  ∂L/∂b += Σ_p δ[p],  ∂L/∂x[p,t] += δ[p]⊙w[t]
//
// Sums go through the taps of a row of pixels, pixels ascending, with fused multiply-add. Taps in the padding are skipped.
// The forward is the operator's own, whose weights are packed anew for each micro-batch.
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 9.5.
type depthwise struct {
	operator
	x, y   *value
	w, b   *param // w as [taps][channels]; b may be nil
	geo    op.Geometry
	mul    abi.MulAddF32
	clamp  bool
	lo, hi float32
	mask   []byte
}

func buildConv2D(b *builder, n *graph.Node) (layer, error) {
	geo, err := op.GeometryOf(n.Op, n.View(func(*graph.Value) int { return 0 }))
	if err != nil || !geo.Depthwise(n.Out[0].Shape.Dim[3]) || n.In[1].Const == nil {
		return buildProduct(b, n)
	}
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	d := &depthwise{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], geo: geo, clamp: n.Attrs.Has("min") || n.Attrs.Has("max")}
	kh, kw := geo.Kernel()
	taps, channels := kh*kw, geo.Channels()
	d.w = b.param(n, 1, taps, channels)
	d.w.order = func(i int) int { return i%taps*channels + i/taps }
	if len(n.In) > 2 && n.In[2] != nil {
		d.b = b.param(n, 2, 1, channels)
	}
	d.lo, d.hi = limits(n)
	return d, nil
}

func (d *depthwise) params() []*param {
	if d.b == nil {
		return []*param{d.w}
	}
	return []*param{d.w, d.b}
}
func (d *depthwise) keeps() (in, out bool) { return d.w.train, false }
func (d *depthwise) reserve(l *layout, n, at, back int) {
	if d.clamp {
		l.bytes(&d.mask, d.w.name+" mask", (n*d.y.size+7)/8, at, back)
	}
}

func (d *depthwise) forward(n int) {
	var bias []float32
	if d.b != nil {
		bias = d.b.value
	}
	d.run.(op.Repacker).Repack(d.w.value, bias)
	d.operator.forward(n)
	if d.clamp {
		d.e.passes(d.y.data[:n*d.y.size], d.mask, d.lo, d.hi)
	}
}

func (d *depthwise) backward(n int) {
	if d.clamp {
		d.e.mask(d.y.grad[:n*d.y.size], d.mask)
	}
	c := d.geo.Channels()
	if d.b != nil && d.b.train {
		d.e.sumRows(d.b.grad, d.y.grad, n*d.y.size/c, c)
	}
	h, w := d.geo.Out()
	kh, kw := d.geo.Kernel()
	inH, inW := d.geo.In()
	pictures := d.y.size / (h * w * c)
	for i := range n * pictures {
		picture := i * inH * inW * c
		for oy := range h {
			dy := d.y.grad[(i*h+oy)*w*c:][:w*c]
			for ky := range kh {
				for kx := range kw {
					first, last := 0, w // pixels whose tap lies within the picture
					for first < w && d.geo.Offset(oy, first, ky, kx) < 0 {
						first++
					}
					for last > first && d.geo.Offset(oy, last-1, ky, kx) < 0 {
						last--
					}
					if first == last {
						continue
					}
					from := picture + d.geo.Offset(oy, first, ky, kx)
					step := 0
					if last-first > 1 {
						step = picture + d.geo.Offset(oy, first+1, ky, kx) - from
					}
					d.tap(ky*kw+kx, from, step, last-first, dy[first*c:])
				}
			}
			d.e.pause()
		}
	}
}

// tap adds what one tap of a row of pixels gives: pixel i reads x from from + i·step on, and its gradient is row i of dy.
func (d *depthwise) tap(t, from, step, pixels int, dy []float32) {
	c := d.geo.Channels()
	d.mul.N, d.mul.Rows, d.mul.A, d.mul.LDA = c, pixels, &dy[0], c
	if d.w.train {
		d.mul.B, d.mul.LDB = &d.x.data[from], step
		d.mul.C, d.mul.LDC = &d.w.grad[t*c], 0
		d.e.set.MulAddF32(&d.mul)
	}
	if d.x.wantGrad {
		d.mul.B, d.mul.LDB = &d.w.value[t*c], 0
		d.mul.C, d.mul.LDC = &d.x.grad[from], step
		d.e.set.MulAddF32(&d.mul)
	}
}
