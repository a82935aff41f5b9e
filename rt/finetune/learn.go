package finetune

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// learned says which inputs of an operator training changes.
type learned struct {
	weights, biases []int
	// beside: the operator is no layer that Options.Layers counts. It trains when it lies behind one that does.
	beside bool
}

var learns = map[*op.Def]learned{
	op.FullyConnected:  {weights: []int{1}, biases: []int{2}},
	op.Conv2D:          {weights: []int{1}, biases: []int{2}},
	op.TransposeConv2D: {weights: []int{1}, biases: []int{2}},
	op.RNNLayer:        {weights: []int{op.RecurrentWeights, op.RecurrentRecurrent}, biases: []int{op.RecurrentBias}},
	op.LSTMLayer:       {weights: []int{op.RecurrentWeights, op.RecurrentRecurrent}, biases: []int{op.RecurrentBias}},
	op.GRULayer:        {weights: []int{op.RecurrentWeights, op.RecurrentRecurrent}, biases: []int{op.RecurrentBias, op.RecurrentExtra}},
	op.LayerNorm:       {weights: []int{1}, biases: []int{2}, beside: true},
	op.RMSNorm:         {weights: []int{1}, biases: []int{2}, beside: true},
	op.PRelu:           {weights: []int{1}, beside: true},
}

// bias reports whether input i of the operator is a bias.
func (l learned) bias(i int) bool { return slices.Contains(l.biases, i) }

// canLearn reports whether the node's weights are constants that training can change.
func canLearn(n *graph.Node) bool {
	l := learns[n.Op]
	for _, w := range l.weights {
		if w >= len(n.In) || n.In[w] == nil || n.In[w].Const == nil {
			return false
		}
	}
	return len(l.weights) > 0
}

// beside returns the nodes of the tail that train with its layers.
func (c *cut) beside() (some []*graph.Node) {
	for _, n := range c.tail {
		if learns[n.Op].beside && canLearn(n) {
			some = append(some, n)
		}
	}
	return some
}
