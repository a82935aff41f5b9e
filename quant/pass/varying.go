package pass

import (
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// varying knows the shapes that a graph's outputs have at several extents of its symbolic dimensions; nil: nothing varies.
type varying struct {
	probes [][]int
	want   [][]tensor.Shape
}

func newVarying(g *graph.Graph) (*varying, error) {
	v := &varying{probes: g.Probes()}
	if v.probes == nil {
		return nil, nil
	}
	for _, at := range v.probes {
		shapes, err := g.InferAt(at)
		if err != nil {
			return nil, err
		}
		v.want = append(v.want, outputShapes(g, shapes))
	}
	return v, nil
}

func outputShapes(g *graph.Graph, shapes map[*graph.Value]tensor.Shape) []tensor.Shape {
	var out []tensor.Shape
	for _, v := range g.Outputs {
		s, ok := shapes[v]
		if !ok {
			s = v.Shape
		}
		out = append(out, s)
	}
	return out
}

func (v *varying) backup(g *graph.Graph) *graph.Graph {
	if v == nil {
		return nil
	}
	return g.Clone()
}

// holds reports whether the graph still gives its outputs the shapes that they had.
func (v *varying) holds(g *graph.Graph) bool {
	if v == nil {
		return true
	}
	for k, at := range v.probes {
		shapes, err := g.InferAt(at)
		if err != nil {
			return false
		}
		for i, s := range outputShapes(g, shapes) {
			if s != v.want[k][i] {
				return false
			}
		}
	}
	return true
}

// reshapes writes attributes of new reshapes so that they hold at all extents.
type reshapes struct {
	probes [][]int
	shapes []map[*graph.Value]tensor.Shape
}

// newReshapes returns nil where nothing varies, or where the graph does not say.
func newReshapes(g *graph.Graph) *reshapes {
	r := &reshapes{probes: g.Probes()}
	for _, at := range r.probes {
		shapes, err := g.InferAt(at)
		if err != nil {
			return nil
		}
		r.shapes = append(r.shapes, shapes)
	}
	if r.probes == nil {
		return nil
	}
	return r
}

// at returns the shapes of a value at all extents.
func (r *reshapes) at(v *graph.Value) []tensor.Shape {
	var all []tensor.Shape
	for _, shapes := range r.shapes {
		s, ok := shapes[v]
		if !ok {
			s = v.Shape
		}
		all = append(all, s)
	}
	return all
}

// permuted returns shapes with their axes permuted.
func permuted(shapes []tensor.Shape, perm []int) []tensor.Shape {
	var all []tensor.Shape
	for _, s := range shapes {
		p := tensor.Shape{Rank: len(perm)}
		for i, k := range perm {
			p.Dim[i] = s.Dim[k]
		}
		all = append(all, p)
	}
	return all
}

// attrs returns the attributes of a reshape: shape where nothing varies, otherwise what leads from in to out. ok is
// false where no attributes say that.
func (r *reshapes) attrs(shape []int, in, out func() []tensor.Shape) (op.Attrs, bool) {
	if r == nil {
		return op.Attrs{op.IntsAttr("shape", shape...)}, true
	}
	return graph.ReshapeAttrs(in(), out(), r.probes)
}
