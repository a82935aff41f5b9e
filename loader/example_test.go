package loader_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"edgerun/loader"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// A network goes into a file and comes back; a damaged file does not.
func Example() {
	g := &graph.Graph{Name: "half"}
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 2)}}
	g.Inputs = []*graph.Value{x}
	w := graph.NewConst("w", tensor.FromF32(tensor.MakeShape(1, 2), []float32{0.5, 0.5}))
	n, err := g.Add(op.FullyConnected, "fc", nil, x, w)
	if err != nil {
		fmt.Println(err)
		return
	}
	g.Outputs = n.Out

	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "half.edge")
	if err := loader.WriteFile(path, &loader.Model{Graph: g, Labels: []string{"mean"}}, loader.EncodeOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	m, err := loader.ReadFile(path, loader.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Graph.Name, m.Labels, m.Graph.Nodes[0].Op.Name, m.Graph.Outputs[0].Shape)

	b, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	b[len(b)-1] ^= 1
	_, err = loader.Decode(b, loader.Options{})
	fmt.Println(err, errors.Is(err, loader.ErrChecksum))
	// Output:
	// half [mean] FullyConnected [1 1]
	// loader: section "labels" at 0x19b: checksum mismatch true
}
