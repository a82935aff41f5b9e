// Package rt runs networks: Compile turns a graph into a Program, NewSession gives it memory, Run computes.
//
//	graph ──Compile──▶ Program (plan, kernels, packed weights; immutable, shared)
//	                      │ NewSession
//	                      ▼
//	                   Session (arena, workers; one goroutine at a time) ──Run──▶ outputs
//
// float32 and int8 steps run in the same executor. Compile and NewSession allocate; Run never does. The memory they
// will need is known before: Program.Memory.
package rt

import (
	"errors"
	"fmt"

	"edgerun/kernels"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/plan"
	"edgerun/rt/tensor"
)

// ErrShape marks inputs whose shape is not what the program was compiled for.
var ErrShape = errors.New("wrong shape")

// Options choose how a program runs. The outputs do not depend on them.
type Options struct {
	Kernels *kernels.Set // nil: the fastest set of this CPU; a foreign one gives a program that tells its memory and cannot run
}

// Program is a compiled graph. It is immutable; any number of sessions share it.
type Program struct {
	graph   *graph.Graph
	kernels *kernels.Set
	plan    *plan.Plan
	values  []*graph.Value // by slot
	slots   map[*graph.Value]int
	offsets []int // of computed values in the arena, of variables in the state, by slot; −1 for a constant
	state   int   // bytes of all variables
	steps   []step
}

// step is a node with its prepared operator; run is nil for a view.
type step struct {
	node *graph.Node
	run  op.Step
}

// Compile infers, prepares and plans g, which it keeps and does not change. All unsupported nodes are reported at
// once; such errors match op.ErrUnsupported.
func Compile(g *graph.Graph, o Options) (*Program, error) {
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("rt: %w", err)
	}
	p := &Program{graph: g, kernels: o.Kernels, slots: map[*graph.Value]int{}}
	if p.kernels == nil {
		p.kernels = kernels.Best()
	}
	var err error
	if p.plan, err = plan.Make(g); err != nil {
		return nil, err
	}
	p.values = g.Values()
	p.offsets = make([]int, len(p.values))
	for i, v := range p.values {
		p.slots[v] = i
		p.offsets[i] = -1
		if v.Var != nil {
			p.offsets[i] = p.state
			p.state += (v.SizeBytes() + tensor.Align - 1) &^ (tensor.Align - 1)
		}
	}
	for _, place := range p.plan.Places {
		for _, v := range place.Values {
			p.offsets[p.slots[v]] = place.Offset
		}
	}
	slot := func(v *graph.Value) int { return p.slots[v] }
	var errs []error
	for _, n := range g.Nodes {
		s := step{node: n}
		view := n.View(slot)
		inferred := n.View(slot)
		if err := n.Op.Infer(inferred); err != nil {
			errs = append(errs, fmt.Errorf("rt: node %q (%s): %w", n.Name, n.Op.Name, err))
			continue
		}
		for i := range view.Out {
			if got, want := inferred.Out[i], view.Out[i]; got.Shape != want.Shape || got.DType != want.DType {
				errs = append(errs, fmt.Errorf("rt: node %q (%s): output is declared %v%v but computes %v%v", n.Name, n.Op.Name,
					want.DType, want.Shape, got.DType, got.Shape))
			}
		}
		if !n.Op.View || n.In[0].Const != nil || n.In[0].Var != nil {
			if n.Op.Prepare == nil {
				errs = append(errs, fmt.Errorf("rt: node %q (%s): view of a constant or variable: %w", n.Name, n.Op.Name, op.ErrUnsupported))
				continue
			}
			if s.run, err = n.Op.Prepare(&op.Prepare{Node: view, Kernels: p.kernels}); err != nil {
				errs = append(errs, fmt.Errorf("rt: node %q (%s): %w", n.Name, n.Op.Name, err))
				continue
			}
		}
		p.steps = append(p.steps, s)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// Graph returns the compiled graph; it must not be changed.
func (p *Program) Graph() *graph.Graph { return p.graph }

// Kernels returns the kernel set that the program runs on.
func (p *Program) Kernels() *kernels.Set { return p.kernels }

// Plan returns the arena's layout.
func (p *Program) Plan() *plan.Plan { return p.plan }

// Memory is what a program and one session of it hold, in bytes.
type Memory struct {
	Arena   int // activations
	State   int // variables
	Scratch int // all workers
	Packed  int // packed weights and tables, shared by sessions
	Consts  int // constants used as they are in the graph, shared by sessions
}

// Memory returns the program's figures for a session on the given number of threads.
func (p *Program) Memory(threads int) Memory {
	m := Memory{Arena: p.plan.ArenaBytes, State: p.state, Scratch: threads * p.scratchBytes()}
	for i := range p.steps {
		if s := p.steps[i].run; s != nil {
			m.Packed += s.Info().PackedBytes
		}
	}
	for i, v := range p.values {
		if v.Const != nil && p.readsConst(i) {
			m.Consts += v.SizeBytes()
		}
	}
	return m
}

// readsConst reports whether a step reads the constant itself rather than a packed copy.
func (p *Program) readsConst(slot int) bool {
	for i := range p.steps {
		n := p.steps[i].node
		for k, v := range n.In {
			if v == p.values[slot] && n.Op.Quant.Weight != k && n.Op.Quant.Bias != k {
				return true
			}
		}
	}
	return false
}

func (p *Program) scratchBytes() int {
	n := 0
	for i := range p.steps {
		if s := p.steps[i].run; s != nil {
			n = max(n, s.Info().ScratchBytes)
		}
	}
	return (n + tensor.Align - 1) &^ (tensor.Align - 1)
}

// Layer describes a step for reports.
type Layer struct {
	Node *graph.Node
	Info op.Info
	MACs int
	View bool
}

// Layers returns the program's steps in order.
func (p *Program) Layers() []Layer {
	var all []Layer
	for i := range p.steps {
		s := &p.steps[i]
		l := Layer{Node: s.node, View: s.run == nil}
		if s.run != nil {
			l.Info = s.run.Info()
		}
		if s.node.Op.MACs != nil {
			l.MACs = s.node.Op.MACs(s.node.View(nil))
		}
		all = append(all, l)
	}
	return all
}
