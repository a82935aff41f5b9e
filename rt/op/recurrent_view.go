package op

import (
	"fmt"

	"edgerun/kernels"
)

// RecurrentLayout is what other code than the operator's own needs of a recurrent layer in float32.
type RecurrentLayout struct {
	Inputs, Units, Gates int
	Batches, Steps       int
	Reverse              bool
	Linear               bool // linearBeforeReset
	InputForget          bool
	Clip                 float32
	// Apply are the activations of gates, candidate and output, in place.
	Apply [3]func(w *Worker, x []float32)
	r     *recurrent
}

// Inputs of recurrent layers, see RNNLayer.
const (
	RecurrentWeights   = recurrentW
	RecurrentRecurrent = recurrentR
	RecurrentBias      = recurrentBias
	RecurrentExtra     = recurrentExtra
	RecurrentH0        = recurrentH0
	RecurrentC0        = recurrentC0
)

// RecurrentOf returns the layout of a node of RNNLayer, LSTMLayer or GRULayer with its extents.
func RecurrentOf(d *Def, n *Node, set *kernels.Set) (*RecurrentLayout, error) {
	gates := map[*Def]int{RNNLayer: 1, LSTMLayer: 4, GRULayer: 3}[d]
	r, err := newRecurrent(&Prepare{Node: n, Kernels: set}, gates)
	if err != nil {
		return nil, err
	}
	l := &RecurrentLayout{Inputs: r.inputs, Units: r.units, Gates: gates, Reverse: r.reverse, Linear: r.linear, InputForget: r.inputForget, Clip: r.clip, r: r}
	x := &n.In[0].Shape
	l.Batches, l.Steps = x.Dim[1], x.Dim[0]
	if r.batchFirst {
		l.Batches, l.Steps = l.Steps, l.Batches
	}
	for i := range l.Apply {
		if l.Apply[i], err = activationF32(set, r.act[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return l, nil
}

// Row is where the step that comes at-th lies, in rows of x and y.
func (l *RecurrentLayout) Row(batch, at int) int { return l.r.row(l.Batches, l.Steps, batch, at) }

// Activation returns the name and the parameters of one of Apply.
func (l *RecurrentLayout) Activation(i int) (name string, alpha, beta float32) {
	a := l.r.act[i]
	return a.name, a.alpha, a.beta
}
