package pass

import (
	"fmt"
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// pad lets zeros before and behind the window count as such for the layers that follow.
func (s *streaming) pad(n *graph.Node, in []flow) (bool, error) {
	f := in[0]
	pads, rank := slices.Clone(n.Attrs.Ints("pads")), n.In[0].Shape.Rank
	before, behind := pads[f.axis], pads[rank+f.axis]
	zero := n.Attrs.String("mode", "constant") == "constant" && n.Attrs.Float("value", 0) == 0
	switch {
	case before == 0 && behind == 0:
	case f.lead > 0 || f.tail > 0 || before < 0 || behind < 0:
		return false, nil
	case !zero:
		return true, fmt.Errorf("pads a window's ends with other than zeros: %w", op.ErrUnsupported)
	}
	if f.lead > 0 && !zero {
		return true, f.padded()
	}
	f.window, f.lead, f.tail = f.window+before+behind, f.lead+before, f.tail+behind
	pads[f.axis], pads[rank+f.axis] = 0, 0
	if !slices.ContainsFunc(pads, func(p int) bool { return p != 0 }) {
		return true, s.set(n.Out[0], f)
	}
	return true, s.with(n, n.Attrs.With(op.IntsAttr("pads", pads...)), in, &f)
}

// slice takes away frames at a window's ends.
func (s *streaming) slice(n *graph.Node, in []flow) error {
	f := in[0]
	starts, ends, axes, steps := n.Attrs.Ints("starts"), n.Attrs.Ints("ends"), n.Attrs.Ints("axes"), n.Attrs.Ints("steps")
	at := f.axis
	if axes != nil {
		at = slices.Index(axes, f.axis)
	}
	if at < 0 || at >= len(starts) {
		if f.lead > 0 {
			return f.padded()
		}
		return s.same(n, in, &f)
	}
	if steps != nil && steps[at] != 1 {
		w, err := s.collect(f, n)
		if err != nil {
			return err
		}
		in[0] = flow{v: w}
		return s.same(n, in, nil)
	}
	start := starts[at]
	if start < 0 {
		start += f.window
	}
	start = min(max(start, 0), f.window)
	kept := n.Out[0].Shape.Dim[f.axis]
	if kept == 0 {
		return fmt.Errorf("keeps no frame: %w", op.ErrUnsupported)
	}
	cropped := f.window - start - kept
	lead, tail, late := max(0, f.lead-start), max(0, f.tail-cropped), max(0, cropped-f.tail)
	to := flow{axis: f.axis, step: f.step, window: kept, lead: lead, tail: tail}
	var x *graph.Value
	var err error
	switch whole := kept <= f.step && tail == 0 && lead == 0; {
	case whole:
		past := max(0, late+kept-f.step)
		if x, err = s.past(f, n.Name, past, zeros); err == nil {
			end := past + f.step - late
			x, err = s.cut(x, n.Name+"/frames", f.axis, end-kept, end)
		}
		to = flow{}
	case late > 0 && lead > 0:
		return to.padded()
	case late > 0:
		if x, err = s.past(f, n.Name, late, zeros); err == nil {
			x, err = s.cut(x, n.Name+"/frames", f.axis, 0, f.step)
		}
	default:
		x = f.v
	}
	if err != nil {
		return err
	}
	if len(starts) == 1 {
		to.v = x
		if !to.streams() {
			s.flows[n.Out[0]] = to
			return nil
		}
		return s.set(n.Out[0], to)
	}
	if axes == nil {
		for i := range starts {
			axes = append(axes, i)
		}
	}
	without := func(v []int) []int { return slices.Delete(slices.Clone(v), at, at+1) }
	attrs := op.Attrs{op.IntsAttr("starts", without(starts)...), op.IntsAttr("ends", without(ends)...), op.IntsAttr("axes", without(axes)...)}
	if steps != nil {
		attrs = append(attrs, op.IntsAttr("steps", without(steps)...))
	}
	if !to.streams() {
		return s.with(n, attrs, []flow{{v: x}}, nil)
	}
	return s.with(n, attrs, []flow{{v: x}}, &to)
}

// gather picks frames at constant places of the window, or leaves the time axis.
func (s *streaming) gather(n *graph.Node, in []flow) (bool, error) {
	f, axis, index := in[0], n.Attrs.Int("axis", 0), n.In[1]
	if !f.streams() || in[1].streams() || n.Attrs.Int("batchDims", 0) != 0 {
		return false, nil
	}
	if f.lead > 0 {
		return true, f.padded()
	}
	if axis != f.axis {
		if f.axis > axis {
			f.axis += index.Shape.Rank - 1
		}
		return true, s.same(n, in, &f)
	}
	if index.Const == nil || index.Shape.Elements() == 0 || f.tail > 0 {
		return false, nil
	}
	places := make([]int, index.Shape.Elements())
	for i := range places {
		if index.DType == tensor.Int64 {
			places[i] = int(index.Const.Data.I64()[i])
		} else {
			places[i] = int(index.Const.Data.I32()[i])
		}
		if places[i] < 0 {
			places[i] += f.window
		}
		if places[i] < 0 || places[i] >= f.window {
			return false, nil
		}
	}
	past := max(0, f.window-slices.Min(places)-f.step)
	x, err := s.past(f, n.Name, past, zeros)
	if err != nil {
		return true, err
	}
	t := tensor.New(index.Type)
	for i, k := range places {
		k += past + f.step - f.window
		if index.DType == tensor.Int64 {
			t.Data.I64()[i] = int64(k)
		} else {
			t.Data.I32()[i] = int32(k)
		}
	}
	return true, s.same(n, []flow{{v: x}, {v: graph.NewConst(index.Name, t)}}, nil)
}

// reshape keeps a time axis that it does not split or join.
func (s *streaming) reshape(n *graph.Node, in []flow) (bool, error) {
	f := in[0]
	x, y := n.In[0].Shape, n.Out[0].Shape
	for _, r := range runsOf(x, y) {
		if r.in0 != f.axis || r.in1 != f.axis+1 || r.out1 != r.out0+1 {
			continue
		}
		shape := slices.Clone(y.Dims())
		f.axis = r.out0
		shape[f.axis] = f.step
		return true, s.with(n, op.Attrs{op.IntsAttr("shape", shape...)}, in, &f)
	}
	return false, nil
}
