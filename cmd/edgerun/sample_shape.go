package main

import (
	"fmt"
	"slices"
	"strings"

	"edgerun/quant/calib"
	"edgerun/rt"
	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// fitSample checks that a sample of numbers, which no front end brings to size, has the shape of the session's only input,
// and gives symbolic dimensions of it the sample's extents. Extents of 1 do not count, and a row of as many numbers will
// do: a line of a .csv file knows no more.
func fitSample(s *rt.Session, sample *calib.Sample, fe *frontend.Spec) error {
	if fe.Signals() || sample.Rate != 0 || sample.PictureFile() || sample.IsText() || fe.Kind == frontend.KindPicture && sample.Bytes != nil {
		return nil
	}
	g := s.Program().Graph()
	in := g.Inputs[0]
	if in.Sym != nil {
		if shape, ok := calib.Extents(sample.Shape, in); ok {
			if err := s.Resize(0, tensor.MakeShape(shape...)); err != nil {
				return fmt.Errorf("%s: %w", sample.Name, err)
			}
			return nil
		}
		if err := s.Resize(0, in.Shape); err != nil {
			return err
		}
	}
	if len(sample.Bytes)+len(sample.Numbers) == in.Shape.Elements() && sameExtents(sample.Shape, in.Shape.Dims()) {
		return nil
	}
	return errSample(sample, g)
}

// sameExtents reports whether shapes of as many elements are the same but for extents of 1, or one of them is a single row.
func sameExtents(a, b []int) bool {
	one := func(d int) bool { return d == 1 }
	a, b = slices.DeleteFunc(slices.Clone(a), one), slices.DeleteFunc(slices.Clone(b), one)
	return len(a) < 2 || len(b) < 2 || slices.Equal(a, b)
}

func errSample(sample *calib.Sample, g *graph.Graph) error {
	return fmt.Errorf("%s: %d values, shape %v; input %q takes %s%s", sample.Name, len(sample.Bytes)+len(sample.Numbers), sample.Shape,
		g.Inputs[0].Name, calib.Bounds(g.Inputs[0]), boundHint(sample.Shape, g))
}

// boundHint names the flags of symbolic dimensions whose bounds keep a sample of a shape out of g's first input; "" where
// other extents are wrong.
func boundHint(shape []int, g *graph.Graph) string {
	v := g.Inputs[0]
	if len(shape) == v.Shape.Rank-1 {
		shape = append([]int{1}, shape...)
	}
	if len(shape) != v.Shape.Rank {
		return dimHint(g)
	}
	var flags []string
	for i, d := range shape {
		bound := v.Shape.Dim[i]
		switch symbolic := v.Sym != nil && v.Sym[i] != ""; {
		case symbolic && d > bound:
			flags = append(flags, fmt.Sprintf("--dim %s=%d", v.Sym[i], d))
		case !symbolic && d != bound:
			return ""
		}
	}
	if flags == nil {
		return ""
	}
	return ": give " + strings.Join(flags, " ")
}

// checkIndices reports the first number of an integer input that names no row of the table it is looked up in: a token that
// the network does not know. Gather would take the nearest row.
func checkIndices(s *rt.Session, sample string) error {
	g := s.Program().Graph()
	for i, v := range g.Inputs {
		if v.DType != tensor.Int32 && v.DType != tensor.Int64 {
			continue
		}
		rows := embeddings(g, v)
		if rows == 0 {
			continue
		}
		in := s.Input(i)
		for k := range in.Len() / v.DType.SizeBytes(1) {
			n := int64(0)
			if v.DType == tensor.Int32 {
				n = int64(in.I32()[k])
			} else {
				n = in.I64()[k]
			}
			if n < 0 || n >= int64(rows) {
				return fmt.Errorf("%s: input %q: value %d is %d; the network's table has rows 0 to %d", sample, v.Name, k, n, rows-1)
			}
		}
	}
	return nil
}
