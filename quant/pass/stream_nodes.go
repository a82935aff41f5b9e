package pass

import (
	"fmt"
	"math"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

func (s *streaming) node(n *graph.Node) error {
	in := make([]flow, len(n.In))
	var first *flow
	for i, v := range n.In {
		in[i] = s.flow(v)
		if first == nil && in[i].streams() {
			first = &in[i]
		}
	}
	if first == nil {
		return s.same(n, in, nil)
	}
	switch {
	case op.Recurrent(n.Op):
		return s.recurrent(n, in)
	case len(n.Op.Updates) > 0:
		return fmt.Errorf("keeps a state of its own already: %w", op.ErrUnsupported)
	}
	switch n.Op {
	case op.Conv2D, op.MaxPool2D, op.AveragePool2D:
		if first.axis == 1 || first.axis == 2 {
			return s.slide(n, in)
		}
	case op.Slice:
		return s.slice(n, in)
	case op.Pad:
		if done, err := s.pad(n, in); done || err != nil {
			return err
		}
	case op.Gather:
		if done, err := s.gather(n, in); done || err != nil {
			return err
		}
	case op.Reshape:
		if done, err := s.reshape(n, in); done || err != nil {
			return err
		}
	}
	if axis := throughAxis(n, in); axis >= 0 && together(in) {
		f := *first
		f.axis = axis
		if f.lead > 0 && !keepsZero(n.Op) {
			return f.padded()
		}
		return s.same(n, in, &f)
	}
	for i := range in {
		w, err := s.collect(in[i], n)
		if err != nil {
			return err
		}
		in[i] = flow{v: w}
	}
	return s.same(n, in, nil)
}

// same adds the node as it is; to says how its results stream, nil that they do not.
func (s *streaming) same(n *graph.Node, in []flow, to *flow) error {
	return s.with(n, n.Attrs, in, to)
}

// with adds the node with other attributes.
func (s *streaming) with(n *graph.Node, attrs op.Attrs, in []flow, to *flow) error {
	values := make([]*graph.Value, len(in))
	for i := range in {
		values[i] = in[i].v
	}
	m, err := s.out.Add(n.Op, n.Name, attrs, values...)
	if err != nil {
		return err
	}
	for i, v := range m.Out {
		v.Name, v.Quant = n.Out[i].Name, n.Out[i].Quant
		f := flow{}
		if to != nil {
			f = *to
		}
		f.v = v
		if err := s.set(n.Out[i], f); err != nil {
			return err
		}
	}
	return nil
}

// set lets f stand for v; a window that a step computes whole streams no more.
func (s *streaming) set(v *graph.Value, f flow) error {
	if f.streams() && f.window <= f.step && f.lead == 0 && f.tail == 0 {
		x, err := s.cut(f.v, v.Name+"/last", f.axis, f.step-f.window, f.step)
		if err != nil {
			return err
		}
		f = flow{v: x}
	}
	s.flows[v] = f
	return nil
}

// keepsZero tells that zeros of padding come out of an operator as they went in.
func keepsZero(d *op.Def) bool {
	return d == op.Quantize || d == op.Dequantize || d == op.Transpose
}

// together reports whether the frames of all inputs that stream are those of the same times.
func together(in []flow) bool {
	var first *flow
	for i := range in {
		f := &in[i]
		switch {
		case !f.streams():
		case first == nil:
			first = f
		case f.step != first.step || f.window != first.window || f.lead != first.lead || f.tail != first.tail:
			return false
		}
	}
	return true
}

// throughAxis returns where an operator leaves the time axis that it does not look along, or −1.
func throughAxis(n *graph.Node, in []flow) int {
	f := in[0]
	x, last := 0, 0
	if n.In[0] != nil {
		x = n.In[0].Shape.Rank
		last = x - 1
	}
	switch {
	case elementwise(n.Op) || n.Op == op.Quantize || n.Op == op.Dequantize || n.Op == op.Rescale:
		axis := -1
		rank := n.Out[0].Shape.Rank
		for i, v := range n.In {
			if v == nil || !in[i].streams() {
				continue
			}
			if at := in[i].axis + rank - v.Shape.Rank; axis >= 0 && at != axis {
				return -1
			} else {
				axis = at
			}
		}
		for i, v := range n.In { // what is the same at all times
			if v == nil || in[i].streams() {
				continue
			}
			if at := axis - (rank - v.Shape.Rank); at >= 0 && v.Shape.Dim[at] != 1 {
				return -1
			}
		}
		return axis
	case n.Op == op.Concat:
		for i := range in {
			if !in[i].streams() || in[i].axis != f.axis {
				return -1
			}
		}
		if n.Attrs.Int("axis", 0) == f.axis {
			return -1
		}
		return f.axis
	case !f.streams():
		return -1
	case n.Op == op.Conv2D || n.Op == op.MaxPool2D || n.Op == op.AveragePool2D:
		if f.axis == 0 {
			return 0
		}
	case n.Op == op.Transpose:
		return slices.Index(n.Attrs.Ints("perm"), f.axis)
	case n.Op == op.FullyConnected || n.Op == op.Softmax || n.Op == op.LogSoftmax || n.Op == op.LayerNorm || n.Op == op.RMSNorm || n.Op == op.L2Normalization:
		if f.axis != last {
			return f.axis
		}
	case n.Op == op.Mean || n.Op == op.Sum || n.Op == op.ReduceMax || n.Op == op.ReduceMin || n.Op == op.ReduceProd:
		if axes := n.Attrs.Ints("axes"); n.Attrs.Has("axes") && !slices.Contains(axes, f.axis) {
			return leftOf(f.axis, axes, n.Attrs.Int("keepDims", 0) != 0)
		}
	case n.Op == op.ArgMax || n.Op == op.ArgMin:
		if axis := n.Attrs.Int("axis", 0); axis != f.axis {
			return leftOf(f.axis, []int{axis}, n.Attrs.Int("keepDims", 0) != 0)
		}
	}
	return -1
}

// leftOf is where an axis stands when others go away, or stay with extent 1.
func leftOf(axis int, reduced []int, keep bool) int {
	at := axis
	for _, r := range reduced {
		if r < axis && !keep {
			at--
		}
	}
	return at
}

// slide turns a convolution or pool with time on one of its window's axes.
func (s *streaming) slide(n *graph.Node, in []flow) error {
	f := in[0]
	if !f.streams() {
		return fmt.Errorf("weights that change with time: %w", op.ErrUnsupported)
	}
	at := f.axis - 1
	ints := func(name string, def ...int) []int {
		if v := n.Attrs.Ints(name); v != nil {
			return v
		}
		return def
	}
	kernel := ints("kernel", 0, 0)
	if n.Op == op.Conv2D {
		kernel = n.In[1].Shape.Dims()[1:3]
	}
	stride := ints("strides", 1, 1)[at]
	span := (kernel[at]-1)*ints("dilations", 1, 1)[at] + 1
	pads := slices.Clone(ints("pads", 0, 0, 0, 0))
	before, behind := pads[at], pads[at+2]
	window := n.Out[0].Shape.Dim[f.axis]
	if window*stride <= f.step {
		// A step would compute more than the whole window has.
		w, err := s.collect(f, n)
		if err != nil {
			return err
		}
		in[0] = flow{v: w}
		return s.same(n, in, nil)
	}
	padded := f.window + before + behind
	if window != (padded-span)/stride+1 {
		return fmt.Errorf("rounds up the frames of its output, so that a window reaches behind the end: %w", op.ErrUnsupported)
	}
	if f.step%stride != 0 {
		return &stepError{stride / gcd(stride, f.step), fmt.Errorf("steps of %d frames reach it, which its stride of %d does not divide: %w", f.step, stride, op.ErrUnsupported)}
	}
	tail := f.tail + behind
	known := padded - tail
	if tail > 0 && (stride > 1 || known < span) || n.Op != op.Conv2D && behind > 0 {
		return fmt.Errorf("pads %d frames behind the window's end, where a step has the next frames: %w", tail, op.ErrUnsupported)
	}
	fill := zeros
	if n.Op == op.MaxPool2D && before > 0 {
		fill = lowest
	}
	if n.Op != op.Conv2D && before > 0 && (f.lead > 0 || n.Op == op.AveragePool2D && n.Attrs.Int("includePad", 0) == 0) {
		return fmt.Errorf("its padding of %d frames before the window's start does not count: %w", before, op.ErrUnsupported)
	}
	src := f
	f.window, f.lead, f.tail = padded, f.lead+before, tail
	to := flow{axis: f.axis, step: f.step / stride, window: window, tail: window - ((known-span)/stride + 1)}
	if f.lead > 0 {
		early, err := s.garbage(f)
		if err != nil {
			return err
		}
		if _, err := s.garbage(to); err != nil {
			return err
		}
		if src.v, err = s.mask(src, n.Name, early, fill); err != nil {
			return err
		}
	}
	x, err := s.past(src, n.Name, (known-span)%stride+span-stride, fill)
	if err != nil {
		return err
	}
	pads[at], pads[at+2] = 0, 0
	in[0] = flow{v: x}
	s.Turned = append(s.Turned, layerText(n))
	return s.with(n, n.Attrs.With(op.IntsAttr("pads", pads...)), in, &to)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// lowest fills a state with what no maximum is below.
func lowest(t *tensor.Tensor) {
	switch t.DType {
	case tensor.Int8:
		for i := range t.Data.I8() {
			t.Data.I8()[i] = math.MinInt8
		}
	case tensor.Int16:
		for i := range t.Data.I16() {
			t.Data.I16()[i] = math.MinInt16
		}
	case tensor.Float32:
		for i := range t.Data.F32() {
			t.Data.F32()[i] = float32(math.Inf(-1))
		}
	}
}
