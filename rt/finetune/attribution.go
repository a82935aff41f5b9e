package finetune

import (
	"fmt"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Attribution says which places of a value inside the network speak for an output. The part up to the value runs as it
// ships, what follows in float32, forward and backward. One goroutine at a time may use it.
type Attribution struct {
	cut    *cut
	frozen *rt.Program
	tail   *tail
	at     *value
	shape  tensor.Shape
	weight []float32 // of a channel
	row    []float32 // terms of a place
	memory int
}

// LastMap returns the value whose places a class activation looks at: what the last convolution gives, as long as it has
// more than one place, with the activation behind it; nil for a network without.
func LastMap(g *graph.Graph) *graph.Value {
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		if (n.Op != op.Conv2D && n.Op != op.TransposeConv2D) || places(n.Out[0].Shape) < 2 {
			continue
		}
		v := n.Out[0]
		for _, m := range g.Nodes[i+1:] {
			if m.In[0] == v && (m.Op == op.Clamp || m.Op == op.LeakyRelu || m.Op == op.HardSwish) {
				v = m.Out[0]
			}
		}
		return v
	}
	return nil
}

// places is the number of positions of a value whose last axis counts channels.
func places(s tensor.Shape) int {
	if s.Rank < 2 {
		return 1
	}
	return s.Elements() / s.Dim[s.Rank-1]
}

// NewAttribution prepares the attribution of g's outputs, before a softmax at the end, to the value at. It allocates all
// memory; Run allocates nothing. ErrLayers marks values that gradients do not reach.
func NewAttribution(g *graph.Graph, at *graph.Value, set *kernels.Set, pool *rt.Pool) (*Attribution, error) {
	if set == nil {
		set = kernels.Best()
	}
	c, err := splitBehind(g, nil, at)
	if err != nil {
		return nil, err
	}
	a := &Attribution{cut: c, shape: at.Shape}
	if a.frozen, err = rt.Compile(c.frozen, rt.Options{Kernels: set}); err != nil {
		return nil, fmt.Errorf("finetune: %w", err)
	}
	e := newEngine(set, pool, func() {})
	nothing := func(*graph.Node, int) bool { return false }
	if a.tail, err = buildTailFor(e, c, CrossEntropy, nothing, at); err != nil {
		return nil, err
	}
	a.at = a.tail.of[at]
	if a.at.bits {
		return nil, fmt.Errorf("finetune: %q is of type %v, want numbers: %w", at.Name, at.DType, ErrLayers)
	}
	l := newLayout(len(a.tail.layers))
	a.at.first, a.at.last, a.at.gradLast = -1, l.steps, l.steps
	a.tail.reserve(l, 1, &Options{})
	l.f32(&a.weight, "weights of channels", at.Shape.Dim[at.Shape.Rank-1], -1, l.steps)
	l.f32(&a.row, "terms", at.Shape.Dim[at.Shape.Rank-1], -1, l.steps)
	p, err := l.plan()
	if err != nil {
		return nil, fmt.Errorf("finetune: %w", err)
	}
	a.memory = p.ArenaBytes + e.packed
	l.allocate(p)
	for _, p := range a.tail.params {
		p.load(p.node.In[p.input].Const, biasScales(p.node, p.input))
	}
	return a, nil
}

// Frozen returns the part of the network up to the value. Run reads what a session of it computed.
func (a *Attribution) Frozen() *rt.Program { return a.frozen }

// Memory is what NewAttribution allocated, in bytes, beyond a session of Frozen.
func (a *Attribution) Memory() int { return a.memory }

// Shape is that of the value; its last axis counts channels.
func (a *Attribution) Shape() tensor.Shape { return a.shape }

// Outputs is the number of outputs.
func (a *Attribution) Outputs() int { return a.tail.out.size }

// Values returns the value in the last Run, as reals.
func (a *Attribution) Values() []float32 { return a.at.real(0) }

// Gradient returns ∂z_class/∂value of the last Run.
func (a *Attribution) Gradient() []float32 { return a.at.gradient(0) }

// Run computes the gradient of one output by the value, for the sample that s, a session of Frozen, has just run. It returns
// that output.
func (a *Attribution) Run(s *rt.Session, class int) (float32, error) {
	if class < 0 || class >= a.Outputs() {
		return 0, fmt.Errorf("finetune: output %d, the network has %d", class, a.Outputs())
	}
	for i, v := range a.cut.at {
		if got := s.OutputShape(i); got != v.Shape {
			return 0, fmt.Errorf("finetune: %q is %v, want %v: %w", v.Name, got, v.Shape, rt.ErrShape)
		}
		copy(a.tail.in[i].record(0), s.Output(i).Bytes())
	}
	a.tail.forward(1)
	z := a.tail.out.real(0)[class]
	seed := a.tail.out.gradient(0)
	clear(seed)
	seed[class] = 1
	a.tail.backward(1)
	return z, nil
}

// ClassActivation writes what each place of the value contributes to the class of the last Run:
//
//	w_c = mean_p ∂z/∂A_pc,  map_p = max(0, Σ_c w_c·A_pc)
//
// with places p and channels c of the value A. Source: Selvaraju et al., Grad-CAM (2017), formulas 1 and 2.
func (a *Attribution) ClassActivation(dst []float32) {
	x, g, channels := a.Values(), a.Gradient(), len(a.weight)
	clear(a.weight)
	for i := 0; i < len(g); i += channels {
		for c, v := range g[i : i+channels] {
			a.weight[c] += v
		}
	}
	n := float32(len(g) / channels)
	for c := range a.weight {
		a.weight[c] /= n
	}
	for p := range dst[:len(x)/channels] {
		for c, v := range x[p*channels : (p+1)*channels] {
			a.row[c] = float32(v * a.weight[c])
		}
		dst[p] = max(0, fixed.Sum16(a.row))
	}
}

// ElementActivation is ClassActivation without the mean over places:
//
//	map_p = max(0, Σ_c ∂z/∂A_pc·A_pc)
//
// Where a mean of all places follows, both are the same but for a factor. Where a layer follows that weighs each place on its
// own, the mean of gradients mixes what belongs to different places, and only this map adds up to what the layer computes.
// Source: Draelos and Carin, HiResCAM (2020).
func (a *Attribution) ElementActivation(dst []float32) {
	x, g, channels := a.Values(), a.Gradient(), len(a.row)
	for p := range dst[:len(x)/channels] {
		for c := range a.row {
			a.row[c] = float32(x[p*channels+c] * g[p*channels+c])
		}
		dst[p] = max(0, fixed.Sum16(a.row))
	}
}

// GradientTimesValue writes A_i·∂z/∂A_i for each element of the value: what it adds to the class of the last Run, to first
// order. Source: Shrikumar et al., Not Just a Black Box (2016).
func (a *Attribution) GradientTimesValue(dst []float32) {
	g := a.Gradient()
	for i, v := range a.Values() {
		dst[i] = float32(v * g[i])
	}
}
