package finetune

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// resize is a linear Resize. An output blends two rows by 1 − f and f, and two columns of the result:
//
//	∂L/∂x[row] += (1 − f)·∂L/∂r and f·∂L/∂r of the two rows, where ∂L/∂r are columns' gradients made from δ likewise
//
// Source: PyTorch's upsample_bilinear2d. A nearest Resize is a move.
type resize struct {
	operator
	x, y       *value
	rows, cols []op.Blend
	line       []float32 // gradients of a blended row
	pitch      int       // elements of an input row
	picture    int       // of a picture
	channels   int
}

func buildResize(b *builder, n *graph.Node) (layer, error) {
	if n.Attrs.String("mode", "nearest") == "nearest" {
		return buildMove(b, n)
	}
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	r := &resize{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], channels: n.In[0].Shape.Dim[3]}
	r.pitch = n.In[0].Shape.Dim[2] * r.channels
	r.picture = n.In[0].Shape.Dim[1] * r.pitch
	r.rows, r.cols = op.Blends(o.run)
	b.e.packed += 24 * (len(r.rows) + len(r.cols))
	return r, nil
}

func (r *resize) keeps() (in, out bool) { return false, false }
func (r *resize) reserve(l *layout, n, at, back int) {
	l.f32(&r.line, r.y.name+" row", r.pitch, back, back)
}

func (r *resize) backward(n int) {
	c, out := r.channels, len(r.cols)*r.channels
	for at := 0; at < n*r.y.size; at += out {
		picture, b := at/out/len(r.rows), &r.rows[at/out%len(r.rows)]
		clear(r.line)
		for i := range r.cols {
			p, dy := &r.cols[i], r.y.grad[at+i*c:][:c]
			scaled(r.line[p.Lo*c:], dy, 1-p.Frac)
			scaled(r.line[p.Hi*c:], dy, p.Frac)
		}
		dx := r.x.grad[picture*r.picture:]
		scaled(dx[b.Lo*r.pitch:], r.line, 1-b.Frac)
		scaled(dx[b.Hi*r.pitch:], r.line, b.Frac)
		r.e.pause()
	}
}

// scaled adds x·f to dst.
func scaled(dst, x []float32, f float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] += float32(v * f)
	}
}
