package finetune

import (
	"fmt"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// layer is a node of the tail.
//
// backward adds to the gradients of the inputs that want one, and of the parameters that are trained; the output's gradient
// is complete then, and may be changed. Both work on the first n samples of the micro-batch.
type layer interface {
	ports() (in, out []*value)
	params() []*param
	// keeps says whose data backward reads: the inputs', the outputs'.
	keeps() (in, out bool)
	// reserve asks for the layer's own memory, for n samples; at and back are its steps.
	reserve(l *layout, n, at, back int)
	forward(n int)
	backward(n int)
}

// builders make a layer of a node in float32. The values of constants are nil.
var builders map[*op.Def]func(b *builder, n *graph.Node) (layer, error)

func init() {
	builders = map[*op.Def]func(b *builder, n *graph.Node) (layer, error){
		op.FullyConnected:  buildProduct,
		op.Conv2D:          buildConv2D,
		op.TransposeConv2D: buildProduct,
		op.MaxPool2D:       buildMaxPool,
		op.AveragePool2D:   buildAveragePool,
		op.Clamp:           buildClamp,
		op.Concat:          buildConcat,
		op.AddN:            buildSum,
		op.Resize:          buildResize,
	}
	all := func(build func(b *builder, n *graph.Node) (layer, error), defs ...*op.Def) {
		for _, d := range defs {
			builders[d] = build
		}
	}
	all(buildEach, op.LeakyRelu, op.HardSwish, op.HardSigmoid, op.Logistic, op.Tanh, op.Unary)
	all(buildPair, op.Add, op.Sub, op.Mul, op.Div, op.SquaredDifference, op.Minimum, op.Maximum, op.Binary, op.PRelu)
	all(buildReduction, op.Mean, op.Sum, op.ReduceMax)
	all(buildMove, op.Transpose, op.Slice, op.Pad, op.Tile, op.Gather, op.DepthToSpace, op.SpaceToDepth)
	all(buildSoftmax, op.Softmax, op.LogSoftmax)
	all(buildNorm, op.LayerNorm, op.RMSNorm)
	all(buildUnit, op.L2Normalization)
	all(buildAttention, op.Attention, op.AttentionBias)
	all(buildMatMul, op.BatchMatMul)
	all(buildRecurrent, op.RNNLayer, op.LSTMLayer, op.GRULayer)
}

// operator is the forward of a layer that learns nothing: the operator's own, sample by sample.
type operator struct {
	e       *engine
	in, out []*value // nil: a constant
	run     op.Step
	frame   op.Frame
}

func (b *builder) operator(n *graph.Node) (operator, error) {
	o := operator{e: b.e}
	slots := map[*graph.Value]int{}
	slot := func(v *graph.Value) int {
		s, ok := slots[v]
		if !ok {
			s = len(slots)
			slots[v] = s
			var data tensor.Buffer
			if v.Const != nil {
				data = v.Const.Data
			}
			o.frame.Buf, o.frame.Shape = append(o.frame.Buf, data), append(o.frame.Shape, v.Shape)
		}
		return s
	}
	var err error
	if o.run, err = n.Op.Prepare(&op.Prepare{Node: n.View(slot), Kernels: b.e.set}); err != nil {
		return o, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Name, err)
	}
	info := o.run.Info()
	b.e.packed += info.PackedBytes
	b.scratch = max(b.scratch, info.ScratchBytes)
	o.in, o.out = make([]*value, len(o.frame.Buf)), make([]*value, len(o.frame.Buf))
	for v, s := range slots {
		if v.Const == nil {
			o.in[s] = b.values[v]
		}
	}
	for _, v := range n.Out {
		s := slots[v]
		o.out[s], o.in[s] = b.values[v], nil
	}
	for _, v := range o.in {
		if v != nil {
			v.wantData = true
		}
	}
	return o, nil
}

func present(all []*value) (some []*value) {
	for _, v := range all {
		if v != nil {
			some = append(some, v)
		}
	}
	return some
}

func (o *operator) ports() (in, out []*value)      { return present(o.in), present(o.out) }
func (o *operator) params() []*param               { return nil }
func (o *operator) reserve(*layout, int, int, int) {}
func (o *operator) forward(n int) {
	for i := range n {
		for s := range o.frame.Buf {
			if v := o.in[s]; v != nil {
				o.frame.Buf[s] = v.buffer(i)
			} else if v := o.out[s]; v != nil {
				o.frame.Buf[s] = v.buffer(i)
			}
		}
		for task := range o.run.Tasks(&o.frame) {
			o.run.Run(&o.frame, &o.e.worker, task)
			o.e.pause()
		}
	}
}
