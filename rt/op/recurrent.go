package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// The recurrent layers of ONNX, one direction each. Inputs, of which those from the fourth on may be absent:
//
//	0 x       [T,B,I], or [B,T,I] with batchFirst
//	1 W       [G·N,I]  constant, the gates one after the other
//	2 R       [G·N,N]  constant
//	3 bias    [G·N]    constant, of both products together
//	4         see the operator: constant
//	5 h0      [B,N]    hidden state that the sequence starts from; absent: zeros
//	6 c0      [B,N]    cell, LSTMLayer only
//	7 hidden  [B,N]    variable: the sequence continues where the one before ended, and h0 is absent
//	8 cell    [B,N]    variable, LSTMLayer only, together with 7
//
// Output 0 is the hidden state after each step, shaped as x with N for I, output 1 of LSTMLayer the cell after each step:
// last states are slices of them. With reverse, steps run from the last to the first. A sequence cut into Runs of any
// length gives the bytes of the whole where the state is in variables.
//
// Activations are gate (of those called σ), candidate (of those called f) and, for LSTMLayer, output: "logistic", "tanh",
// "relu", "hardSigmoid" or "leakyRelu", the latter two with the attribute's alpha and beta. clip > 0 limits what goes into
// an activation to ±clip. float32: a gate's sum is bias + W·x, ascending fused multiply-adds, plus R·h, ascending from +0;
// what is elementwise is rounded step by step. int8: see recurrent_s8.go.
const (
	recurrentW = 1 + iota
	recurrentR
	recurrentBias
	recurrentExtra
	recurrentH0
	recurrentC0
	recurrentHidden
	recurrentCell
)

// RNNLayer is h = f(W·x + R·h + bias).
var RNNLayer = registerRecurrent(90, "RNNLayer", 1, 1, recurrentHidden+1)

// LSTMLayer computes, with gates in the order i, o, f, c of W and R, and peepholes P as input 4 [3N] in the order i, o, f:
//
//	i = σ(Wi·x + Ri·h + Pi⊙c)    f = σ(Wf·x + Rf·h + Pf⊙c), or 1 − i with inputForget
//	c = f⊙c + i⊙f'(Wc·x + Rc·h)  o = σ(Wo·x + Ro·h + Po⊙c)    h = o⊙g(c)
//
// where f' is the candidate's and g the output's activation. Source: ONNX LSTM.
var LSTMLayer = registerRecurrent(91, "LSTMLayer", 4, 2, recurrentCell+1, AttrSpec{Name: "output", Kind: String}, AttrSpec{Name: "inputForget", Kind: Int})

// GRULayer computes, with gates in the order z, r, h of W and R:
//
//	z = σ(Wz·x + Rz·h)    r = σ(Wr·x + Rr·h)    h' = f(Wh·x + Rh·(r⊙h)), or with linearBeforeReset f(Wh·x + r⊙(Rh·h + rb))
//	h = (1 − z)⊙h' + z⊙h
//
// Input 4 is rb [N], which only linearBeforeReset has. In int8 a hidden variable is int16: see recurrent_s8.go. Source:
// ONNX GRU.
var GRULayer = registerRecurrent(92, "GRULayer", 3, 1, recurrentHidden+1, AttrSpec{Name: "linearBeforeReset", Kind: Int})

// Recurrent reports whether d is a recurrent layer in ONNX's form.
func Recurrent(d *Def) bool { return d == RNNLayer || d == LSTMLayer || d == GRULayer }

func registerRecurrent(code uint16, name string, gates, outs, maxIn int, attrs ...AttrSpec) *Def {
	updates := []int{recurrentHidden}
	if outs == 2 {
		updates = append(updates, recurrentCell)
	}
	return register(Def{
		Code: code, Name: name, MinIn: 3, MaxIn: maxIn, Outs: outs, Updates: updates,
		Attrs: append([]AttrSpec{{Name: "batchFirst", Kind: Int}, {Name: "reverse", Kind: Int}, {Name: "clip", Kind: Float},
			{Name: "gate", Kind: String}, {Name: "candidate", Kind: String}, {Name: "alpha", Kind: Floats}, {Name: "beta", Kind: Floats}}, attrs...),
		Quant: Quantization{Kind: OwnRange, Weight: recurrentW, Bias: recurrentBias},
		Infer: func(n *Node) error { return inferRecurrent(n, gates) },
		Prepare: func(p *Prepare) (Step, error) {
			for _, i := range []int{recurrentW, recurrentR, recurrentBias, recurrentExtra} {
				if a := optional(p.Node, i); a != nil && a.Const == nil {
					return nil, fmt.Errorf("input %d is not constant: %w", i, ErrUnsupported)
				}
			}
			s, err := newRecurrent(p, gates)
			if err != nil {
				return nil, err
			}
			switch p.In[0].DType {
			case tensor.Float32:
				return newRecurrentF32(p, s)
			case tensor.Int8:
				return newRecurrentS8(p, s)
			}
			return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
		},
		MACs: func(n *Node) int {
			x := &n.In[0].Shape
			return x.Dim[0] * x.Dim[1] * (n.In[recurrentW].Shape.Elements() + n.In[recurrentR].Shape.Elements())
		},
	})
}

func inferRecurrent(n *Node, gates int) error {
	x, w, r := &n.In[0].Shape, &n.In[recurrentW].Shape, &n.In[recurrentR].Shape
	if x.Rank != 3 || r.Rank != 2 || r.Dim[1] == 0 || x.Dim[2] == 0 {
		return fmt.Errorf("input %v and recurrent weights %v, want [T,B,I] and [%d·N,N]", *x, *r, gates)
	}
	units := r.Dim[1]
	if *w != tensor.MakeShape(gates*units, x.Dim[2]) || *r != tensor.MakeShape(gates*units, units) {
		return fmt.Errorf("weights %v and %v, want [%d,%d] and [%d,%d]", *w, *r, gates*units, x.Dim[2], gates*units, units)
	}
	extra := units
	if gates == 4 {
		extra = 3 * units
	}
	if err := vectorOf(n, recurrentBias, gates*units); err != nil {
		return err
	}
	if err := vectorOf(n, recurrentExtra, extra); err != nil {
		return err
	}
	if gates == 1 && optional(n, recurrentExtra) != nil || gates == 3 && optional(n, recurrentExtra) != nil && n.Attrs.Int("linearBeforeReset", 0) == 0 {
		return fmt.Errorf("input %d, which this form has not", recurrentExtra)
	}
	batch := x.Dim[1-n.Attrs.Int("batchFirst", 0)&1]
	h0, c0, hidden, cell := optional(n, recurrentH0), optional(n, recurrentC0), optional(n, recurrentHidden), optional(n, recurrentCell)
	if hidden != nil && (h0 != nil || c0 != nil) || gates == 4 && (hidden == nil) != (cell == nil) || gates != 4 && c0 != nil {
		return fmt.Errorf("states, want what the sequence starts from, or variables of all that it continues")
	}
	d := n.In[0].DType
	wide, state := d, d
	if d == tensor.Int8 {
		wide = tensor.Int16
	}
	if gates == 3 {
		state = wide
	}
	if h0 != nil {
		if err := stateOf("h0", h0, batch, units, d); err != nil {
			return err
		}
	}
	if c0 != nil {
		if err := stateOf("c0", c0, batch, units, wide); err != nil {
			return err
		}
	}
	if hidden != nil {
		if err := stateOf("hidden state", hidden, batch, units, state); err != nil {
			return err
		}
	}
	if gates == 4 && cell != nil {
		if err := stateOf("cell", cell, batch, units, wide); err != nil {
			return err
		}
	}
	for i := range n.Out {
		n.Out[i].DType, n.Out[i].Shape = d, *x
		n.Out[i].Shape.Dim[2] = units
	}
	if gates == 4 {
		n.Out[1].DType = wide
	}
	return nil
}

// vectorOf refuses an optional input that is there and not [size].
func vectorOf(n *Node, i, size int) error {
	if a := optional(n, i); a != nil && (a.Shape.Rank != 1 || a.Shape.Dim[0] != size) {
		return fmt.Errorf("input %d is %v, want [%d]", i, a.Shape, size)
	}
	return nil
}

// recurrent is what all element types share. A task is one batch: its steps follow one another.
type recurrent struct {
	x, y, cells          int // slots; cells is −1 but for LSTMLayer
	h0, c0, hidden, cell int // slots, or −1
	inputs, units, gates int
	batchFirst, reverse  bool
	linear               bool // linearBeforeReset
	inputForget          bool
	clip                 float32
	act                  [3]activation // gate, candidate, output
}

// activation is one of a recurrent layer's functions.
type activation struct {
	name        string
	alpha, beta float32
}

func newRecurrent(p *Prepare, gates int) (*recurrent, error) {
	slot := func(i int) int {
		if a := optional(p.Node, i); a != nil {
			return a.Slot
		}
		return -1
	}
	s := &recurrent{x: p.In[0].Slot, y: p.Out[0].Slot, cells: -1, h0: slot(recurrentH0), c0: slot(recurrentC0), hidden: slot(recurrentHidden),
		cell: slot(recurrentCell), inputs: p.In[0].Shape.Dim[2], units: p.In[recurrentR].Shape.Dim[1], gates: gates,
		batchFirst: p.Attrs.Int("batchFirst", 0) != 0, reverse: p.Attrs.Int("reverse", 0) != 0,
		linear: p.Attrs.Int("linearBeforeReset", 0) != 0, inputForget: p.Attrs.Int("inputForget", 0) != 0, clip: p.Attrs.Float("clip", 0)}
	if gates == 4 {
		s.cells = p.Out[1].Slot
	}
	alpha, beta := p.Attrs.Floats("alpha"), p.Attrs.Floats("beta")
	if alpha != nil && len(alpha) != 3 || beta != nil && len(beta) != 3 {
		return nil, fmt.Errorf("alpha %v and beta %v, want three numbers each", alpha, beta)
	}
	for i, a := range []activation{{name: p.Attrs.String("gate", "logistic")}, {name: p.Attrs.String("candidate", "tanh")},
		{name: p.Attrs.String("output", "tanh")}} {
		if alpha != nil {
			a.alpha = alpha[i]
		}
		if beta != nil {
			a.beta = beta[i]
		}
		s.act[i] = a
	}
	return s, nil
}

// sigmoids is how many of the gates, the first, take the gate activation.
func (s *recurrent) sigmoids() int { return s.gates - 1 }

func (s *recurrent) batches(f *Frame) (batches, steps int) {
	x := &f.Shape[s.x]
	if s.batchFirst {
		return x.Dim[0], x.Dim[1]
	}
	return x.Dim[1], x.Dim[0]
}

func (s *recurrent) Tasks(f *Frame) int { n, _ := s.batches(f); return n }

// row is where the step that comes at-th lies, in rows of x and y.
func (s *recurrent) row(batches, steps, batch, at int) int {
	if s.reverse {
		at = steps - 1 - at
	}
	if s.batchFirst {
		return batch*steps + at
	}
	return at*batches + batch
}

// recurrentChunk is how many steps' products with W are computed at once: a panel of weights is read once for them.
const recurrentChunk = 16

// stepRows are the tables of 1 to recurrentChunk rows of k elements.
func stepRows(k int) func(mr int) indirection {
	return func(mr int) indirection {
		var ind indirection
		for n := 1; n <= recurrentChunk; n++ {
			one := linear(n, k, mr)
			ind.blocks = append(ind.blocks, one.blocks...)
			ind.tables = append(ind.tables, one.tables...)
		}
		return ind
	}
}
