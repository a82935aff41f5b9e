package pass

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// StreamOptions say what Stream cuts into steps.
type StreamOptions struct {
	Input string // the input that comes frame by frame; "" if there is one only
	Axis  int    // of its shape: time; negative finds the one along which something can be turned
	Step  int    // frames of one step; 0 is the smallest that all strides divide
}

// Streamed says how a network runs in steps.
type Streamed struct {
	Input        string
	Axis         int
	Step, Window int // frames of one step, and of the window that the network was made for
	// Sequence tells that layers remember more than a window: recurrent ones, and those padded before its start. Outputs are
	// then those of one window over all of a sequence but its first Skipped frames; without, of one over the last Window frames.
	Sequence  bool
	Turned    []string // layers in step form
	Collected []string // layers that see a whole window at each step, from a memory of its frames
}

// Warmup is how many steps it takes until a window's frames are there.
func (s *Streamed) Warmup() int { return (s.Window + s.Step - 1) / s.Step }

// Skipped is how many frames of the first step come before a window that ends with a step.
func (s *Streamed) Skipped() int { return s.Warmup()*s.Step - s.Window }

// stepError asks for steps that are a multiple of the ones tried.
type stepError struct {
	factor int
	err    error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// Stream returns a network in step form: a Run takes the next frames of an input instead of a whole window, and what a layer
// has to know of earlier ones is in variables. g is a network in edgerun's layout, as Float leaves it, or a quantized one; it
// stays as it is. After Warmup steps, outputs are, to the bit, those of a Run over the window; an output over time has the
// window's last frames.
//
// Convolutions and pools over time keep the frames that their next windows begin with, recurrent layers their state. Layers
// that look at a window in other ways (a mean, a layer of all its frames) get it collected. What a step cannot know, frames
// behind the window's end or a sequence read backwards, is refused with op.ErrUnsupported.
func Stream(g *graph.Graph, o StreamOptions) (*graph.Graph, *Streamed, error) {
	input, err := streamInput(g, o.Input)
	if err != nil {
		return nil, nil, fmt.Errorf("stream: %w", err)
	}
	if o.Axis >= input.Shape.Rank || o.Step < 0 {
		return nil, nil, fmt.Errorf("stream: axis %d and step %d of input %q %v", o.Axis, o.Step, input.Name, input.Shape)
	}
	if o.Axis >= 0 {
		out, s, err := streamAxis(g, input, o.Axis, o.Step)
		if err == nil && len(s.Turned)+len(s.Collected) == 0 {
			err = errNothing
		}
		if err != nil {
			return nil, nil, fmt.Errorf("stream: axis %d of input %q %v: %w", o.Axis, input.Name, input.Shape, err)
		}
		return out, s, nil
	}
	var found *Streamed
	var out *graph.Graph
	var refused []error
	for axis, d := range input.Shape.Dims() {
		if d == 1 {
			continue
		}
		to, s, err := streamAxis(g, input, axis, o.Step)
		switch {
		case err != nil:
			refused = append(refused, fmt.Errorf("axis %d: %w", axis, err))
		case len(s.Turned) == 0:
		case found != nil:
			return nil, nil, fmt.Errorf("stream: axes %d and %d of input %q %v could both be time: %w", found.Axis, axis, input.Name, input.Shape, ErrChoice)
		default:
			out, found = to, s
		}
	}
	if found == nil {
		if len(refused) == 0 {
			refused = []error{errNothing}
		}
		return nil, nil, fmt.Errorf("stream: input %q %v: %w", input.Name, input.Shape, errors.Join(refused...))
	}
	return out, found, nil
}

// ErrChoice marks options that leave it open what is time.
var ErrChoice = errors.New("say which")

var errNothing = errors.New("no layer is over time")

func streamInput(g *graph.Graph, name string) (*graph.Value, error) {
	if name == "" && len(g.Inputs) == 1 {
		return g.Inputs[0], nil
	}
	var names []string
	for _, v := range g.Inputs {
		if v.Name == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	if name == "" {
		return nil, fmt.Errorf("any of the inputs %s could come frame by frame: %w", strings.Join(names, ", "), ErrChoice)
	}
	return nil, fmt.Errorf("input %q: want one of %s", name, strings.Join(names, ", "))
}

// streamAxis turns g for one axis; with step 0 for the smallest step.
func streamAxis(g *graph.Graph, input *graph.Value, axis, step int) (*graph.Graph, *Streamed, error) {
	window := input.Shape.Dim[axis]
	for s := max(1, step); ; {
		if s >= window {
			return nil, nil, fmt.Errorf("steps of %d frames, window of %d", s, window)
		}
		st := &streaming{Streamed: Streamed{Input: input.Name, Axis: axis, Step: s, Window: window},
			out: &graph.Graph{Name: g.Name}, flows: map[*graph.Value]flow{}, windows: map[*graph.Value]*graph.Value{},
			warming: map[string]*graph.Value{}}
		err := st.graph(g, input)
		if err == nil {
			return st.out, &st.Streamed, nil
		}
		var wants *stepError
		if step != 0 || !errors.As(err, &wants) {
			return nil, nil, err
		}
		s *= wants.factor
	}
}

// flow is a value of the windowed graph in the graph of steps.
//
// Where step is 0 it is all there. Otherwise a Run computes frames of it along axis: those that stand at the end of its
// window, which has lead zeros first, of padding, and tail frames last that no step knows.
type flow struct {
	v            *graph.Value
	axis         int
	step, window int
	lead, tail   int
}

func (f *flow) streams() bool { return f.step > 0 }

// real is how many frames of the window are computed.
func (f *flow) real() int { return f.window - f.lead - f.tail }

type streaming struct {
	Streamed
	out     *graph.Graph
	flows   map[*graph.Value]flow
	windows map[*graph.Value]*graph.Value // collected, by value of out
	warming map[string]*graph.Value       // bools: fewer steps than so many came before this one
	count   *graph.Value                  // of the steps before, up to most
	most    *graph.Value
}

func (s *streaming) graph(g *graph.Graph, input *graph.Value) error {
	for _, v := range g.Inputs {
		in := *v
		in.Sym = nil // what variables hold has one size
		f := flow{v: &in}
		if v == input {
			in.Shape.Dim[s.Axis] = s.Step
			f.axis, f.step, f.window = s.Axis, s.Step, s.Window
		}
		s.flows[v] = f
		s.out.Inputs = append(s.out.Inputs, &in)
	}
	for _, n := range g.Nodes {
		if err := s.node(n); err != nil {
			return fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
		}
	}
	for _, v := range g.Outputs {
		f := s.flow(v)
		if err := f.plain(); err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
		s.out.Outputs = append(s.out.Outputs, f.v)
	}
	if s.most != nil {
		if err := s.countSteps(); err != nil {
			return err
		}
	}
	return s.out.Validate()
}

// flow returns what stands for v in the graph of steps.
func (s *streaming) flow(v *graph.Value) flow {
	if v == nil {
		return flow{}
	}
	f, ok := s.flows[v]
	if !ok { // a constant or a variable
		f = flow{v: v}
		if v.Var != nil {
			c := *v
			f.v = &c
		}
		s.flows[v] = f
	}
	return f
}

// plain refuses a flow that not all layers can take.
func (f *flow) plain() error {
	switch {
	case f.tail > 0:
		return fmt.Errorf("a layer before it pads %d frames behind the window's end, where a step has the next frames: %w", f.tail, op.ErrUnsupported)
	case f.lead > 0:
		return f.padded()
	}
	return nil
}

func (f *flow) padded() error {
	return fmt.Errorf("%d frames of padding before the window's start reach it: %w", f.lead, op.ErrUnsupported)
}

// emit adds a node whose results have the types of y's.
func (s *streaming) emit(def *op.Def, name string, attrs op.Attrs, y *graph.Value, in ...*graph.Value) (*graph.Value, error) {
	n, err := s.out.Add(def, name, attrs, in...)
	if err != nil {
		return nil, err
	}
	if len(n.Out) == 0 {
		return nil, nil
	}
	n.Out[0].Quant = y.Quant
	return n.Out[0], nil
}

// cut keeps frames [from,to).
func (s *streaming) cut(x *graph.Value, name string, axis, from, to int) (*graph.Value, error) {
	if from == 0 && to == x.Shape.Dim[axis] {
		return x, nil
	}
	return s.emit(op.Slice, name, op.Attrs{op.IntsAttr("starts", from), op.IntsAttr("ends", to), op.IntsAttr("axes", axis)}, x, x)
}

// past puts the n frames before the new ones in front of them, fill at first; a negative n takes away as many of the new ones.
func (s *streaming) past(f flow, name string, n int, fill func(*tensor.Tensor)) (*graph.Value, error) {
	if n <= 0 {
		return s.cut(f.v, name+"/skip", f.axis, -n, f.step)
	}
	typ := f.v.Type
	typ.Shape.Dim[f.axis] = n
	start := tensor.New(typ)
	fill(start)
	state := graph.NewVariable(name+"/past", start)
	all, err := s.emit(op.Concat, name+"/frames", op.Attrs{op.IntAttr("axis", f.axis)}, f.v, state, f.v)
	if err != nil {
		return nil, err
	}
	keep, err := s.cut(all, name+"/keep", f.axis, f.step, f.step+n)
	if err != nil {
		return nil, err
	}
	_, err = s.out.Add(op.Assign, name+"/assign", nil, state, keep)
	return all, err
}

// mask lets the first n frames of all be fill.
func (s *streaming) mask(f flow, name string, n int, fill func(*tensor.Tensor)) (*graph.Value, error) {
	if n <= 0 {
		return f.v, nil
	}
	shape := tensor.Shape{Rank: f.v.Shape.Rank}
	for i := range shape.Rank {
		shape.Dim[i] = 1
	}
	typ := f.v.Type
	typ.Shape = shape
	shape.Dim[f.axis] = f.step
	var steps []int // frame i of step k is one of them while k·step + i < n
	for i := range f.step {
		steps = append(steps, max(0, (n-i+f.step-1)/f.step))
	}
	c, err := s.before(shape, steps...)
	if err != nil {
		return nil, err
	}
	t := tensor.New(typ)
	fill(t)
	return s.emit(op.Select, name+"/mask", nil, f.v, c, graph.NewConst(name+"/masked", t), f.v)
}

// before is whether fewer steps than the given numbers came before this one.
func (s *streaming) before(shape tensor.Shape, steps ...int) (*graph.Value, error) {
	key := fmt.Sprint(shape, steps)
	if c := s.warming[key]; c != nil {
		return c, nil
	}
	if s.count == nil {
		s.count = graph.NewVariable("stream/steps", int32s(tensor.MakeShape(1), 0))
		s.most = graph.NewConst("stream/most", int32s(tensor.MakeShape(1), 0))
	}
	s.most.Const.Data.I32()[0] = max(s.most.Const.Data.I32()[0], int32(slices.Max(steps)))
	c, err := s.emit(op.Compare, fmt.Sprintf("stream/before%d", len(s.warming)), op.Attrs{op.StringAttr("relation", "less")}, s.count,
		s.count, graph.NewConst("stream/first", int32s(shape, steps...)))
	s.warming[key] = c
	return c, err
}

func (s *streaming) countSteps() error {
	next, err := s.emit(op.Add, "stream/next", nil, s.count, s.count, graph.NewConst("stream/one", int32s(tensor.MakeShape(1), 1)))
	if err == nil {
		next, err = s.emit(op.Minimum, "stream/limit", nil, s.count, next, s.most)
	}
	if err == nil {
		_, err = s.out.Add(op.Assign, "stream/steps/assign", nil, s.count, next)
	}
	return err
}

func int32s(shape tensor.Shape, v ...int) *tensor.Tensor {
	t := tensor.New(tensor.Type{DType: tensor.Int32, Shape: shape})
	for i, x := range v {
		t.Data.I32()[i] = int32(x)
	}
	return t
}

// zeros fills a state with the real 0.
func zeros(t *tensor.Tensor) {
	if t.DType == tensor.Int8 && t.Quant.Quantized() {
		for i := range t.Data.I8() {
			t.Data.I8()[i] = int8(t.Quant.Zero[0])
		}
	}
}

// collect returns all frames of f's window.
func (s *streaming) collect(f flow, n *graph.Node) (*graph.Value, error) {
	if !f.streams() {
		return f.v, nil
	}
	if err := f.plain(); err != nil {
		return nil, err
	}
	if text := layerText(n); !slices.Contains(s.Collected, text) {
		s.Collected = append(s.Collected, text)
	}
	if w := s.windows[f.v]; w != nil {
		return w, nil
	}
	w, err := s.past(f, f.v.Name+"/window", f.window-f.step, zeros)
	s.windows[f.v] = w
	return w, err
}

func layerText(n *graph.Node) string { return fmt.Sprintf("%s (%s)", n.Name, n.Op.Name) }

// garbage is how many frames came before the first of a sequence's window: none of the window's layers computes them, and
// none may remember them.
func (s *streaming) garbage(f flow) (int, error) {
	s.Sequence = true
	frames := s.Warmup()*f.step - f.real()
	if frames < 0 {
		return 0, fmt.Errorf("pads %d frames more before the window's start than the layer reads at once: %w", -frames, op.ErrUnsupported)
	}
	return frames, nil
}
