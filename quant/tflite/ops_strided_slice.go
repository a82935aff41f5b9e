package tflite

import (
	"edgerun/rt/tensor"
)

// strided is what a StridedSlice takes of a value's axes, in the form of op.Slice, and the axes that it drops then and adds.
type strided struct {
	*call
	shape               tensor.Shape
	starts, ends, steps []int
	drop, add           []int
	axes                int // of the result so far
}

// Masks of StridedSlice, by their place among its options: a bit for each entry of begin.
const (
	stridedBegin    = iota // the slice starts where the axis does
	stridedEnd             // it ends there
	stridedEllipsis        // the entry stands for all axes not spoken of
	stridedNewAxis         // it adds an axis
	stridedShrink          // it takes one position and drops the axis
	stridedOffset          // no mask: ends are counted from the beginnings
)

func (s *strided) mask(field, i int) bool { return s.options.int32(field, 0)>>i&1 == 1 }

// importStridedSlice resolves the masks.
func importStridedSlice(c *call) {
	c.inputs(4, 4)
	x := c.input(0)
	begin, end, strides := c.ints(1, "begin"), c.ints(2, "end"), c.ints(3, "strides")
	if c.err == nil && (len(begin) != len(end) || len(begin) != len(strides) || len(begin) > 2*tensor.MaxRank) {
		c.fail("begin %v, end %v, strides %v", begin, end, strides)
	}
	if c.err != nil {
		return
	}
	s := &strided{call: c, shape: x.Shape}
	rest := x.Shape.Rank // axes that no entry speaks of
	for i := range begin {
		if !s.mask(stridedEllipsis, i) && !s.mask(stridedNewAxis, i) {
			rest--
		}
	}
	if rest < 0 {
		c.fail("begin %v for shape %v", begin, x.Shape)
		return
	}
	ellipsis := false
	for i := range begin {
		switch {
		case s.mask(stridedEllipsis, i):
			if ellipsis {
				c.fail("two ellipses")
				return
			}
			ellipsis = true
			s.whole(rest)
			rest = 0
		case s.mask(stridedNewAxis, i):
			s.add = append(s.add, s.axes)
			s.axes++
		case strides[i] == 0:
			c.fail("stride 0")
			return
		default:
			s.take(i, begin[i], end[i], strides[i])
		}
	}
	s.whole(rest)
	y := c.slice(x, "/slice", s.starts, s.ends, s.steps)
	if len(s.drop)+len(s.add) > 0 {
		y = c.withAxes(y, "", s.drop, s.add)
	}
	c.set(0, y)
}

// whole takes the next n axes as they are.
func (s *strided) whole(n int) {
	for range n {
		s.starts, s.ends, s.steps = append(s.starts, 0), append(s.ends, s.shape.Dim[len(s.ends)]), append(s.steps, 1)
	}
	s.axes += n
}

// take takes of the next axis what entry i says.
func (s *strided) take(i, from, to, by int) {
	k := len(s.starts)
	d, begin := s.shape.Dim[k], from
	if s.options.bool(stridedOffset) {
		to += from
	}
	if from < 0 {
		from += d
	}
	if to < 0 {
		to += d
	}
	switch {
	case s.mask(stridedShrink, i):
		if from < 0 || from >= d {
			s.fail("position %d of axis %d in %v", begin, k, s.shape)
			return
		}
		to, by = from+1, 1
		s.drop = append(s.drop, k)
		s.axes--
	case by > 0:
		from, to = max(from, 0), max(to, 0)
		if s.mask(stridedBegin, i) {
			from = 0
		}
		if s.mask(stridedEnd, i) {
			to = d
		}
	default:
		// Behind the first element, going backwards, is −1, which op.Slice would count from the end.
		open := -d - 1
		from = min(from, d-1)
		if s.mask(stridedBegin, i) {
			from = d - 1
		}
		if s.mask(stridedEnd, i) || to < 0 {
			to = open
		}
		if from < 0 {
			from = open
		}
	}
	s.starts, s.ends, s.steps = append(s.starts, from), append(s.ends, to), append(s.steps, by)
	s.axes++
}
