// Package pass rewrites graphs: float networks as importers leave them become the few fused NHWC operators that the
// runtime has kernels for. Every pass leaves a valid graph that computes the same function.
package pass

import (
	"errors"
	"fmt"

	"edgerun/rt/graph"
)

// Pass is one rewrite. Run reports whether it changed anything.
type Pass struct {
	Name string
	Why  string // why it stands where it stands
	Run  func(*graph.Graph) (bool, error)
}

// Passes are all rewrites in the order in which Float applies them, over and over until none changes the graph.
var Passes = []Pass{
	{"fold constants", "what can be computed now never runs; later passes look for constants", foldConstants},
	{"drop dead nodes", "a dead reader would keep other passes from fusing", dropDead},
	{"drop ones", "a product with one keeps what it scales from its neighbours", dropOnes},
	{"name activations", "an activation that an exporter wrote out is one operator; before a sum or a clamp of it moves into a layer", nameActivations},
	{"name normalizations", "before their parts move or fuse; what scales them is their neighbour", repeat(nameNorms)},
	{"name GELU", "before its first product moves into a layer", nameGelu},
	{"take parts", "before layouts change, which would hide where an axis came from", repeat(takeParts)},
	{"fuse attention", "as exported: later passes move transposes between its parts", repeat(fuseAttention)},
	{"name masks", "what attention of one operator in the file lacks of the last pass", repeat(nameMasks)},
	{"absorb heads", "the transposes of heads must still be next to attention", repeat(absorbHeads)},
	{"drop flattening", "a layer of rows needs no matrix; transposes move through it then", repeat(dropFlattening)},
	{"cancel transposes", "convolutions become neighbours only when the importer's layout changes between them are gone", cancelTransposes},
	{"fold transpose into weights", "what is left of a layout change before a fully connected layer costs nothing in its weights", foldIntoWeights},
	{"fold padding", "a layer pads for nothing; its neighbour is the padding only once layouts agree", foldPad},
	{"fold scale and offset", "batch normalization disappears into the layer before it; needs layers to be neighbours", foldScale},
	{"fuse activations", "a clamp after a layer is free inside its kernel; the layer's own scale must be final by then", fuseClamp},
}

// repeat runs a rewrite of one place until there is none left, before other passes move what it looks for.
func repeat(run func(*graph.Graph) (bool, error)) func(*graph.Graph) (bool, error) {
	return func(g *graph.Graph) (changed bool, err error) {
		for did := true; did; changed = changed || did {
			if did, err = run(g); err != nil {
				return changed, err
			}
			if did {
				if err = g.Sort(); err != nil {
					return changed, err
				}
				if _, err = dropDead(g); err != nil {
					return changed, err
				}
			}
		}
		return changed, nil
	}
}

// Float applies all passes to g until nothing changes. After each change the graph is validated. A change that holds for
// the bounds of symbolic dimensions only is taken back, and its pass left out from then on.
func Float(g *graph.Graph) error {
	if g.Once > 0 {
		return errors.New("the graph runs position by position: passes come before that")
	}
	vary, err := newVarying(g)
	if err != nil {
		return err
	}
	left := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, p := range Passes {
			if left[p.Name] {
				continue
			}
			backup := vary.backup(g)
			did, err := p.Run(g)
			if err == nil && did {
				if err = g.Sort(); err == nil {
					err = g.Infer()
				}
				if err == nil {
					err = g.Validate()
				}
			}
			if err != nil {
				return fmt.Errorf("pass %q: %w", p.Name, err)
			}
			if did && !vary.holds(g) {
				*g, did, left[p.Name] = *backup, false, true
			}
			changed = changed || did
		}
	}
	return nil
}

// dropDead removes nodes whose outputs nobody reads and that write no variable.
func dropDead(g *graph.Graph) (bool, error) {
	live := map[*graph.Value]bool{}
	for _, v := range g.Outputs {
		live[v] = true
	}
	var kept []*graph.Node
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		used := len(n.Op.Updates) > 0
		for _, v := range n.Out {
			used = used || live[v]
		}
		if !used {
			continue
		}
		for _, v := range n.In {
			live[v] = true
		}
		kept = append(kept, n)
	}
	if len(kept) == len(g.Nodes) {
		return false, nil
	}
	for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
		kept[i], kept[j] = kept[j], kept[i]
	}
	g.Nodes = kept
	return true, nil
}
