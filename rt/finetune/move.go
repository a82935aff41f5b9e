package finetune

import (
	"fmt"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// move is an operator that only moves elements: y[i] = x[from(i)], or a constant.
//
//	∂L/∂x[from(i)] += δ[i], i ascending
//
// What from is, the operator itself says: it moves the numbers of the elements once.
type move struct {
	operator
	x, y *value
	runs []moveRun
}

// moveRun says that n elements of y from y on are elements of x, step apart.
type moveRun struct{ y, x, step, n int32 }

const moveRunBytes = 16

func buildMove(b *builder, n *graph.Node) (layer, error) {
	for _, v := range n.In[1:] {
		if v != nil && v.Const == nil {
			return nil, fmt.Errorf("node %q (%s): input %q is computed: %w", n.Name, n.Op.Name, v.Name, op.ErrUnsupported)
		}
	}
	o, err := b.operator(n)
	if err != nil {
		return nil, err
	}
	from, err := sources(n, &op.Prepare{Node: n.View(nil), Kernels: b.e.set})
	if err != nil {
		return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
	}
	m := &move{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], runs: moveRuns(from)}
	b.e.packed += moveRunBytes * len(m.runs)
	return m, nil
}

// sources returns where each element of the node's output comes from; −1 for a constant.
func sources(n *graph.Node, p *op.Prepare) ([]int32, error) {
	p.In[0].DType = tensor.Int32
	if n.Op == op.Pad {
		p.Attrs = p.Attrs.With(op.FloatAttr("value", -1))
	}
	if err := n.Op.Infer(p.Node); err != nil {
		return nil, err
	}
	var f op.Frame
	for _, args := range [][]op.Arg{p.In, p.Out} {
		for i := range args {
			a := &args[i]
			a.Slot = len(f.Buf)
			data := tensor.Alloc(a.Type.SizeBytes())
			if a.Const != nil {
				data = a.Const.Data
			}
			f.Buf, f.Shape = append(f.Buf, data), append(f.Shape, a.Shape)
		}
	}
	for i := range f.Buf[0].I32() {
		f.Buf[0].I32()[i] = int32(i)
	}
	step, err := n.Op.Prepare(p)
	if err != nil {
		return nil, err
	}
	w := &op.Worker{Scratch: tensor.Alloc(step.Info().ScratchBytes)}
	for task := range step.Tasks(&f) {
		step.Run(&f, w, task)
	}
	return f.Buf[p.Out[0].Slot].I32()[:p.Out[0].Shape.Elements()], nil
}

// moveRuns joins elements that lie evenly.
func moveRuns(from []int32) (runs []moveRun) {
	for i := 0; i < len(from); {
		r := moveRun{y: int32(i), x: from[i], n: 1}
		i++
		if r.x < 0 {
			continue
		}
		for i < len(from) && from[i] >= 0 {
			step := from[i] - from[i-1]
			if r.n > 1 && step != r.step {
				break
			}
			r.step = step
			r.n++
			i++
		}
		runs = append(runs, r)
	}
	return runs
}

func (m *move) keeps() (in, out bool) { return false, false }

func (m *move) backward(n int) {
	done := 0
	for i := range n {
		dx, dy := m.x.gradient(i), m.y.gradient(i)
		for _, r := range m.runs {
			at := r.x
			for _, d := range dy[r.y : r.y+r.n] {
				dx[at] += d
				at += r.step
			}
			if done += int(r.n); done >= block {
				done = 0
				m.e.pause()
			}
		}
	}
	m.e.pause()
}

// concat is Concat.
//
//	∂L/∂x += the part of δ that x became
type concat struct {
	operator
	x    []*value // nil for a constant
	size []int    // elements of each in one row of y
	y    *value
}

func buildConcat(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	c := &concat{operator: o, y: b.values[n.Out[0]]}
	for _, v := range n.In {
		size := 1
		for _, d := range v.Shape.Dims()[n.Attrs.Int("axis", 0):] {
			size *= d
		}
		c.x, c.size = append(c.x, b.values[v]), append(c.size, size)
	}
	return c, err
}

func (c *concat) keeps() (in, out bool) { return false, false }

func (c *concat) backward(n int) {
	row := 0
	for _, size := range c.size {
		row += size
	}
	at := 0
	for k, x := range c.x {
		size := c.size[k]
		if x != nil && x.wantGrad && size > 0 {
			for r := range n * x.size / size {
				accumulate(x.grad[r*size:(r+1)*size], c.y.grad[r*row+at:])
			}
			c.e.pause()
		}
		at += size
	}
}
