package finetune

import (
	"fmt"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// pool is MaxPool2D and AveragePool2D.
//
//	average: ∂L/∂x += δ/count for each x of a window, count being the taps that the mean was taken over
//	maximum: ∂L/∂x += δ for the first x of a window that equals its maximum, taps ascending
//
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 9.3; PyTorch's max_pool2d for ties.
type pool struct {
	operator
	x, y    *value
	geo     op.Geometry
	average bool
	padded  bool // padded taps count
	full    int  // taps
}

func buildPool(b *builder, n *graph.Node, average bool) (layer, error) {
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	geo, err := op.GeometryOf(n.Op, n.View(func(*graph.Value) int { return 0 }))
	if err != nil {
		return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
	}
	if n.Attrs.Has("min") || n.Attrs.Has("max") {
		return nil, fmt.Errorf("node %q (%s): fused activation: %w", n.Name, n.Op.Name, op.ErrUnsupported)
	}
	kh, kw := geo.Kernel()
	return &pool{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], geo: geo, average: average,
		padded: n.Attrs.Int("includePad", 0) != 0, full: kh * kw}, nil
}

func buildMaxPool(b *builder, n *graph.Node) (layer, error)     { return buildPool(b, n, false) }
func buildAveragePool(b *builder, n *graph.Node) (layer, error) { return buildPool(b, n, true) }

func (p *pool) keeps() (in, out bool) { return !p.average, !p.average }

func (p *pool) backward(n int) {
	h, w := p.geo.Out()
	kh, kw := p.geo.Kernel()
	ch := p.geo.Channels()
	pictures := p.y.size / (h * w * ch)
	for i := range n * pictures {
		size := p.x.size / pictures
		gx := p.x.grad[i*size : (i+1)*size]
		for oy := range h {
			for ox := range w {
				at := ((i*h+oy)*w + ox) * ch
				dy := p.y.grad[at : at+ch]
				if !p.average {
					p.toLargest(gx, p.x.data[i*size:], p.y.data[at:at+ch], dy, oy, ox)
					continue
				}
				count := 0
				for k := range p.full {
					if p.geo.Offset(oy, ox, k/kw, k%kw) >= 0 {
						count++
					}
				}
				if p.padded {
					count = kh * kw
				}
				for k := range p.full {
					if off := p.geo.Offset(oy, ox, k/kw, k%kw); off >= 0 {
						dst := gx[off : off+ch]
						for c, d := range dy {
							dst[c] += d / float32(count)
						}
					}
				}
			}
		}
		p.e.pause()
	}
}

// toLargest gives each channel's gradient to the first tap that holds the maximum.
func (p *pool) toLargest(gx, x, y, dy []float32, oy, ox int) {
	_, kw := p.geo.Kernel()
	for c, top := range y {
		for k := range p.full {
			if off := p.geo.Offset(oy, ox, k/kw, k%kw); off >= 0 && x[off+c] == top {
				gx[off+c] += dy[c]
				break
			}
		}
	}
}
