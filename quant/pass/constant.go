package pass

import (
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// maxGrown is the size in bytes up to which a constant may become larger than those it is computed from: repeating or
// padding one would swell the file.
const maxGrown = 1 << 20

// foldConstants computes nodes that read only constants, with the runtime itself.
func foldConstants(g *graph.Graph) (bool, error) {
	changed := false
	for _, n := range g.Nodes {
		if !allConst(n) || grows(n) || n.Attrs.Has("symbols") {
			continue
		}
		if n.Op == op.Reshape {
			view := *n.In[0].Const
			view.Shape = n.Out[0].Shape
			setConst(g, n.Out[0], &view)
			changed = true
			continue
		}
		prog, err := rt.Compile(&graph.Graph{Nodes: []*graph.Node{n}, Outputs: n.Out}, rt.Options{})
		if err != nil {
			return false, err
		}
		s := prog.NewSession(nil)
		s.Run()
		for i, v := range n.Out {
			c := tensor.New(v.Type)
			copy(c.Data.Bytes(), s.Output(i).Bytes())
			setConst(g, v, c)
		}
		changed = true
	}
	return changed, nil
}

func grows(n *graph.Node) bool {
	in, out := 0, 0
	for _, v := range n.In {
		if v != nil {
			in += v.SizeBytes()
		}
	}
	for _, v := range n.Out {
		out += v.SizeBytes()
	}
	return out > maxGrown && out > in
}

func allConst(n *graph.Node) bool {
	for _, v := range n.In {
		if v != nil && v.Const == nil {
			return false
		}
	}
	return len(n.In) > 0
}

// setConst lets readers of v read a constant; v itself stays its node's output, which is dead now.
func setConst(g *graph.Graph, v *graph.Value, t *tensor.Tensor) {
	g.Replace(v, graph.NewConst(v.Name, t))
}
