package rt

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Session is a program's memory. One goroutine at a time may use it.
type Session struct {
	program *Program
	pool    *Pool
	arena   tensor.Buffer
	state   tensor.Buffer // variables
	frame   op.Frame
	workers []op.Worker
	views   []*op.Node // for inferring extents when an input is resized
	symbols symbols
	current op.Step
	begun   bool // a Run since Reset
	observe Observer
	trace   *Trace
}

// Observer is called after each step with the node and its outputs' data, which it must not keep but may change: later
// steps read what it leaves. Calibration and comparison are observers.
type Observer func(step int, node *graph.Node, out []tensor.Buffer)

// NewSession allocates an arena and one worker for each of the pool's threads. A nil pool runs on the caller alone.
//
// It panics for a program compiled for another machine, whose kernels are not here: such a one is a plan.
func (p *Program) NewSession(pool *Pool) *Session {
	if p.kernels.Foreign {
		panic(fmt.Sprintf("rt: session of a program for another machine's %s kernels", p.kernels.Name))
	}
	threads := 1
	if pool != nil {
		threads = pool.Threads()
	}
	s := &Session{program: p, pool: pool, arena: tensor.Alloc(p.plan.ArenaBytes), state: tensor.Alloc(p.state), workers: make([]op.Worker, threads)}
	if n := p.scratchBytes(); n > 0 {
		for i := range s.workers {
			s.workers[i].Scratch = tensor.Alloc(n)
		}
	}
	s.frame.Buf = make([]tensor.Buffer, len(p.values))
	s.frame.Shape = make([]tensor.Shape, len(p.values))
	for i, v := range p.values {
		s.frame.Shape[i] = v.Shape
		switch {
		case v.Const != nil:
			s.frame.Buf[i] = v.Const.Data
		case v.Var != nil:
			s.frame.Buf[i] = s.state.Slice(p.offsets[i], v.SizeBytes())
		default:
			s.frame.Buf[i] = s.arena.Slice(p.offsets[i], v.SizeBytes())
		}
	}
	for i := range p.steps {
		s.views = append(s.views, p.steps[i].node.View(func(v *graph.Value) int { return p.slots[v] }))
	}
	s.symbols = newSymbols(p)
	for _, n := range s.views {
		n.Symbols = s.symbols.now
	}
	s.Reset()
	return s
}

// Reset gives every variable what it starts from, as in a new session: the next Run begins a new sequence. It allocates
// nothing. Inputs of nodes that run once (graph.Graph.Once) are filled before that Run, and not again until the next Reset:
// their memory is others' from then on.
func (s *Session) Reset() {
	s.begun = false
	for i, v := range s.program.values {
		if v.Var != nil {
			copy(s.frame.Buf[i].Bytes(), v.Var.Data.Bytes())
		}
	}
}

// Program returns what the session runs.
func (s *Session) Program() *Program { return s.program }

// SetObserver sets the observer; nil ends observing.
func (s *Session) SetObserver(o Observer) { s.observe = o }

// Input returns the memory of graph input i, of the current shape. Fill it before every Run: later steps reuse it.
func (s *Session) Input(i int) tensor.Buffer { return s.buffer(s.program.graph.Inputs[i]) }

// Output returns the memory of graph output i, of the current shape, valid until the next Run.
func (s *Session) Output(i int) tensor.Buffer { return s.buffer(s.program.graph.Outputs[i]) }

// InputShape and OutputShape return the current extents.
func (s *Session) InputShape(i int) tensor.Shape {
	return s.frame.Shape[s.program.slots[s.program.graph.Inputs[i]]]
}
func (s *Session) OutputShape(i int) tensor.Shape {
	return s.frame.Shape[s.program.slots[s.program.graph.Outputs[i]]]
}

func (s *Session) buffer(v *graph.Value) tensor.Buffer {
	slot := s.program.slots[v]
	return s.frame.Buf[slot].Slice(0, v.DType.SizeBytes(s.frame.Shape[slot].Elements()))
}

// Resize sets the extents of input i for the following Runs, within the bounds that the program was compiled for,
// and only along symbolic dimensions. Other inputs that have a dimension of the same name follow. It allocates nothing
// unless it fails. A sequence that nodes which run once have begun goes on with the extents of its first Run only.
func (s *Session) Resize(i int, shape tensor.Shape) error {
	if err := s.fits(i, shape); err != nil {
		return err
	}
	copy(s.symbols.before, s.symbols.now)
	return s.resized(s.symbols.read(i, shape))
}

// ResizeAll is Resize for all inputs at once, of which each gets a shape: networks whose inputs must agree in their extents
// pass no state in which they do not. Inputs that name a dimension alike must have it alike.
func (s *Session) ResizeAll(shapes ...tensor.Shape) error {
	if n := len(s.symbols.inputs); len(shapes) != n {
		return fmt.Errorf("rt: %d shapes, the network has %d inputs: %w", len(shapes), n, ErrShape)
	}
	for i, shape := range shapes {
		if err := s.fits(i, shape); err != nil {
			return err
		}
	}
	copy(s.symbols.before, s.symbols.now)
	return s.resized(s.symbols.readAll(shapes))
}

// fits checks that input i can have a shape.
func (s *Session) fits(i int, shape tensor.Shape) error {
	v := s.program.graph.Inputs[i]
	if !shape.Fits(v.Shape) {
		return fmt.Errorf("rt: input %q: shape %v does not fit %v: %w", v.Name, shape, v.Shape, ErrShape)
	}
	for k, d := range shape.Dims() {
		if d != v.Shape.Dim[k] && (k >= len(v.Sym) || v.Sym[k] == "") || d < 1 {
			return fmt.Errorf("rt: input %q: shape %v: dimension %d is fixed at %d: %w", v.Name, shape, k, v.Shape.Dim[k], ErrShape)
		}
	}
	return nil
}

// resized brings all extents in line with the symbols, or back to what they were if reading these or that fails.
func (s *Session) resized(err error) error {
	if err == nil {
		s.symbols.write(&s.frame)
		err = s.infer()
	}
	if err != nil {
		copy(s.symbols.now, s.symbols.before)
		s.symbols.write(&s.frame)
		if again := s.infer(); again != nil {
			return again
		}
	}
	return err
}

// infer brings all extents in line with the inputs'.
func (s *Session) infer() error {
	for i, n := range s.views {
		for k := range n.In {
			if slot := n.In[k].Slot; slot >= 0 {
				n.In[k].Shape = s.frame.Shape[slot]
			}
		}
		node := s.program.steps[i].node
		if err := node.Op.Infer(n); err != nil {
			return fmt.Errorf("rt: node %q (%s): %w", node.Name, node.Op.Name, err)
		}
		for k := range n.Out {
			if bound := node.Out[k].Shape; !n.Out[k].Shape.Fits(bound) {
				return fmt.Errorf("rt: node %q (%s): output %v passes its bound %v: %w", node.Name, node.Op.Name, n.Out[k].Shape, bound, ErrShape)
			}
			s.frame.Shape[n.Out[k].Slot] = n.Out[k].Shape
		}
	}
	return nil
}

// Run computes the outputs from the inputs. It allocates nothing and cannot fail: Compile and Resize have checked.
func (s *Session) Run() {
	var j job = s
	if s.trace != nil {
		j = s.trace
		s.trace.beginRun()
	}
	first := 0
	if s.begun {
		first = s.program.graph.Once
	}
	s.begun = true
	for i := first; i < len(s.program.steps); i++ {
		st := &s.program.steps[i]
		if st.run != nil {
			s.current = st.run
			if s.trace != nil {
				s.trace.step = int32(i)
			}
			s.pool.run(j, st.run.Tasks(&s.frame))
		}
		if s.observe != nil {
			s.report(i, st.node)
		}
	}
	for i, v := range s.program.graph.Outputs {
		if v.DType == tensor.Float32 {
			fixed.CanonicalF32(s.Output(i).F32())
		}
	}
	if s.trace != nil {
		s.trace.endRun()
	}
}

func (s *Session) work(worker, task int) { s.current.Run(&s.frame, &s.workers[worker], task) }

func (s *Session) report(step int, n *graph.Node) {
	out := make([]tensor.Buffer, len(n.Out))
	for i, v := range n.Out {
		out[i] = s.buffer(v)
	}
	s.observe(step, n, out)
}
