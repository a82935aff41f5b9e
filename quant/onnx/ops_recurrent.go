package onnx

import (
	"slices"
	"strings"

	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// recurrentKind is what differs between RNN, LSTM and GRU.
type recurrentKind struct {
	def        *op.Def
	gates      int
	activation []string // of one direction
	most       int      // inputs
}

var (
	rnnKind  = recurrentKind{op.RNNLayer, 1, []string{"Tanh"}, 6}
	gruKind  = recurrentKind{op.GRULayer, 3, []string{"Sigmoid", "Tanh"}, 6}
	lstmKind = recurrentKind{op.LSTMLayer, 4, []string{"Sigmoid", "Tanh", "Tanh"}, 8}
)

// importRecurrent makes a node for each direction and joins what they give. Sequences of several lengths become a node for
// each batch, padded with zeros.
func importRecurrent(k recurrentKind) func(*call) {
	return func(c *call) {
		c.inputs(3, k.most)
		x, w, r := c.floats(0), c.constant(1, "W"), c.constant(2, "R")
		batchFirst := 0
		if c.opset >= 14 {
			batchFirst = c.int("layout", 0)
		}
		directions, ok := map[string][]bool{"forward": {false}, "reverse": {true}, "bidirectional": {false, true}}[c.string("direction", "forward")]
		if c.err == nil && (!ok || batchFirst < 0 || batchFirst > 1) {
			c.fail("direction %s, layout %d", quote(c.string("direction", "forward")), batchFirst)
		}
		if c.err != nil {
			return
		}
		d := len(directions)
		if x.Shape.Rank != 3 || r.Shape.Rank != 3 || w.DType != tensor.Float32 || r.DType != tensor.Float32 {
			c.fail("input %v, W %v and R %v, want float32 of three dimensions", x.Shape, w.Type, r.Type)
			return
		}
		units := r.Shape.Dim[2]
		if c.int("hidden_size", units) != units || r.Shape != tensor.MakeShape(d, k.gates*units, units) || w.Shape != tensor.MakeShape(d, k.gates*units, x.Shape.Dim[2]) {
			c.fail("W %v and R %v with %d directions of input %v and hidden_size %d", w.Shape, r.Shape, d, x.Shape, c.int("hidden_size", units))
			return
		}
		l := &recurrentLayer{call: c, kind: k, units: units, batchFirst: batchFirst, lengths: c.lengths(x, batchFirst)}
		l.linear = k.gates == 3 && c.int("linear_before_reset", 0) != 0
		l.coupled = k.gates == 4 && c.int("input_forget", 0) != 0
		l.clip = c.float("clip", 0)
		l.activations(d)
		var parts []layerOutputs
		for i, reverse := range directions {
			parts = append(parts, l.direction(i, reverse))
		}
		l.join(parts)
	}
}

// lengths returns the length of each sequence, nil where all are as long as the input.
func (c *call) lengths(x *graph.Value, batchFirst int) []int {
	if c.optional(4) == nil {
		return nil
	}
	n := c.constInts(4, "sequence_lens")
	steps := x.Shape.Dim[batchFirst&1]
	if c.err != nil || len(n) != x.Shape.Dim[1-batchFirst&1] {
		c.fail("sequence_lens %v of input %v", n, x.Shape)
		return nil
	}
	same := true
	for _, v := range n {
		if v < 1 || v > steps {
			c.unsupported("sequence_lens %v of %d steps", n, steps)
			return nil
		}
		same = same && v == steps
	}
	if same {
		return nil
	}
	if x.Sym != nil && slices.ContainsFunc(x.Sym, func(s string) bool { return s != "" }) {
		c.unsupported("sequence_lens with a dimension that varies")
	}
	return n
}

type recurrentLayer struct {
	*call
	kind            recurrentKind
	units           int
	batchFirst      int
	linear, coupled bool
	clip            float32
	names           []string // of activations, all directions
	alpha, beta     []float32
	lengths         []int
}

// layerOutputs are those of one direction: y [T,B,N] or [B,T,N], last states [B,N] as y with one step.
type layerOutputs struct{ y, h, c *graph.Value }

var activationNames = map[string]string{"sigmoid": "logistic", "tanh": "tanh", "relu": "relu", "hardsigmoid": "hardSigmoid", "leakyrelu": "leakyRelu"}

// activations reads the activations with their parameters: these are listed for the functions that take them, in order.
func (l *recurrentLayer) activations(directions int) {
	per := len(l.kind.activation)
	for range directions {
		l.names = append(l.names, l.kind.activation...)
	}
	if a := l.attr("activations", attrStrings); a != nil {
		if len(a.strings) != len(l.names) {
			l.fail("%d activations, want %d", len(a.strings), len(l.names))
			return
		}
		for i, s := range a.strings {
			l.names[i] = string(s)
		}
	}
	params := func(name string, defaults map[string]float32) []float32 {
		var given []float32
		if a := l.attr(name, attrFloats); a != nil {
			given = a.floatValues()
		}
		out := make([]float32, directions*per)
		for i, n := range l.names {
			d, takes := defaults[strings.ToLower(n)]
			if out[i] = d; takes && len(given) > 0 {
				out[i], given = given[0], given[1:]
			}
		}
		return out
	}
	l.alpha = params("activation_alpha", map[string]float32{"hardsigmoid": 0.2, "leakyrelu": 0.01})
	l.beta = params("activation_beta", map[string]float32{"hardsigmoid": 0.5})
}

// attrs are those of the i-th direction's node.
func (l *recurrentLayer) attrs(i int, reverse bool) op.Attrs {
	var a op.Attrs
	flag := func(name string, on bool) {
		if on {
			a = append(a, op.IntAttr(name, 1))
		}
	}
	flag("batchFirst", l.batchFirst == 1)
	flag("reverse", reverse)
	flag("linearBeforeReset", l.linear)
	flag("inputForget", l.coupled)
	if l.clip > 0 {
		a = append(a, op.FloatAttr("clip", l.clip))
	}
	per := len(l.kind.activation)
	places := []string{"gate", "candidate", "output"}[:per]
	if per == 1 {
		places = []string{"candidate"}
	}
	alpha, beta, parameters := make([]float32, 3), make([]float32, 3), false
	for j, place := range places {
		at := i*per + j
		name := l.names[at]
		ours, ok := activationNames[strings.ToLower(name)]
		if !ok {
			l.unsupported("activation %s", quote(name))
		}
		if name != l.kind.activation[j] {
			a = append(a, op.StringAttr(place, ours))
		}
		slot := j
		if per == 1 {
			slot = 1
		}
		alpha[slot], beta[slot] = l.alpha[at], l.beta[at]
		parameters = parameters || alpha[slot] != 0 || beta[slot] != 0
	}
	if parameters {
		a = append(a, op.FloatsAttr("alpha", alpha...), op.FloatsAttr("beta", beta...))
	}
	return a
}

// row is part i of a constant whose first dimension is directions, without it.
func (l *recurrentLayer) row(t *tensor.Tensor, i int) []float32 {
	n := t.Shape.Elements() / t.Shape.Dim[0]
	return t.Data.F32()[i*n : (i+1)*n]
}

// vector returns row i of an optional constant input of directions rows of n numbers, nil where it is absent.
func (l *recurrentLayer) vector(input int, what string, i, n int) []float32 {
	if l.optional(input) == nil {
		return nil
	}
	t := l.constant(input, what)
	if l.err != nil || t.DType != tensor.Float32 || t.Shape.Rank != 2 || t.Shape.Dim[0] <= i || t.Shape.Dim[1] != n {
		l.fail("%s is %v, want float32 rows of %d", what, t.Type, n)
		return nil
	}
	return l.row(t, i)
}

// state returns direction i of an optional input [D,B,N], or [B,D,N] batch first, as [B,N]; nil for zeros.
func (l *recurrentLayer) state(input, i int) *graph.Value {
	v := l.optional(input)
	if v == nil {
		return nil
	}
	if v.Const != nil && v.DType == tensor.Float32 && !slices.ContainsFunc(v.Const.Data.F32(), func(f float32) bool { return f != 0 }) {
		return nil
	}
	if v.DType != tensor.Float32 || v.Shape.Rank != 3 || v.Shape.Dim[l.batchFirst] <= i || v.Shape.Dim[2] != l.units {
		l.fail("initial state is %v, want float32 of three dimensions", v.Type)
		return nil
	}
	if v.Shape.Dim[l.batchFirst] > 1 {
		v = l.slice(v, l.suffix("/state", i), l.batchFirst, i, i+1)
	}
	from := []int{1, 2}
	if l.batchFirst == 1 {
		from[0] = 0
	}
	return l.rearrange(v, l.suffix("/state", i)+"/rows", from)
}

// suffix tells the nodes of the second direction from those of the first.
func (l *recurrentLayer) suffix(name string, i int) string {
	if i > 0 {
		return name + "/reverse"
	}
	return name
}

// direction emits the i-th direction.
func (l *recurrentLayer) direction(i int, reverse bool) layerOutputs {
	k, n := l.kind, l.units
	w := l.newConst(l.suffix("/W", i), tensor.MakeShape(k.gates*n, l.in[0].Shape.Dim[2]), l.row(l.in[1].Const, i))
	r := l.newConst(l.suffix("/R", i), tensor.MakeShape(k.gates*n, n), l.row(l.in[2].Const, i))
	var bias, extra, h0, c0 *graph.Value
	if b := l.vector(3, "B", i, 2*k.gates*n); b != nil {
		sum := slices.Clone(b[:k.gates*n])
		rb := b[k.gates*n:]
		if l.linear {
			extra = l.newConst(l.suffix("/Rb", i), tensor.MakeShape(n), slices.Clone(rb[2*n:]))
			rb = rb[:2*n]
		}
		for j, v := range rb {
			sum[j] += v
		}
		bias = l.newConst(l.suffix("/B", i), tensor.MakeShape(k.gates*n), sum)
	}
	h0 = l.state(5, i)
	if k.gates == 4 {
		c0 = l.state(6, i)
		if p := l.vector(7, "P", i, 3*n); p != nil && slices.ContainsFunc(p, func(f float32) bool { return f != 0 }) {
			extra = l.newConst(l.suffix("/P", i), tensor.MakeShape(3*n), slices.Clone(p))
		}
	}
	in := []*graph.Value{l.in[0], w, r, bias, extra, h0, c0}
	for len(in) > 3 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	attrs := l.attrs(i, reverse)
	if l.lengths == nil {
		return l.layer(l.suffix("", i), attrs, reverse, in)
	}
	return l.ragged(i, attrs, reverse, in)
}

// layer emits one node and the slices that are its last states.
func (l *recurrentLayer) layer(name string, attrs op.Attrs, reverse bool, in []*graph.Value) layerOutputs {
	outs := l.emitAll(l.kind.def, name, attrs, in...)
	if l.err != nil {
		return layerOutputs{}
	}
	last := func(v *graph.Value, output int, what string) *graph.Value {
		if output >= len(l.out) || l.out[output] == "" {
			return nil
		}
		from, to := -1, tensor.MaxDim+1
		if reverse {
			from, to = 0, 1
		}
		return l.slice(v, name+what, l.batchFirst, from, to)
	}
	o := layerOutputs{y: outs[0], h: last(outs[0], 1, "/last")}
	if len(outs) > 1 {
		o.c = last(outs[1], 2, "/last cell")
	}
	return o
}

// ragged emits a node for each batch, of as many steps as it has.
func (l *recurrentLayer) ragged(i int, attrs op.Attrs, reverse bool, in []*graph.Value) layerOutputs {
	time, batch := l.batchFirst, 1-l.batchFirst
	steps := l.in[0].Shape.Dim[time]
	var ys, hs, cs []*graph.Value
	for b, length := range l.lengths {
		name := l.suffix("/batch", i) + string(rune('0'+b%10))
		own := slices.Clone(in)
		own[0] = l.slice(l.slice(in[0], name+"/x", batch, b, b+1), name+"/steps", time, 0, length)
		for j := 5; j < len(own); j++ {
			if own[j] != nil {
				own[j] = l.slice(own[j], name+"/state", 0, b, b+1)
			}
		}
		o := l.layer(name, attrs, reverse, own)
		if l.err != nil {
			return o
		}
		if length < steps {
			pads := make([]int, 6)
			pads[3+time] = steps - length
			o.y = l.emit(op.Pad, name+"/pad", op.Attrs{op.IntsAttr("pads", pads...)}, o.y)
		}
		ys, hs, cs = append(ys, o.y), append(hs, o.h), append(cs, o.c)
	}
	join := func(what string, v []*graph.Value) *graph.Value {
		if l.err != nil || v[0] == nil || len(v) == 1 {
			return v[0]
		}
		return l.emit(op.Concat, l.suffix(what, i), op.Attrs{op.IntAttr("axis", batch)}, v...)
	}
	return layerOutputs{join("/batches", ys), join("/batches h", hs), join("/batches c", cs)}
}

// join sets the outputs: Y [T,D,B,N] or [B,T,D,N], last states [D,B,N] or [B,D,N].
func (l *recurrentLayer) join(parts []layerOutputs) {
	if l.err != nil {
		return
	}
	set := func(output int, of func(layerOutputs) *graph.Value, axis int, name string, arrange func(*graph.Value, string) *graph.Value) {
		if output >= len(l.out) || l.out[output] == "" {
			return
		}
		var all []*graph.Value
		for i, p := range parts {
			all = append(all, arrange(of(p), l.suffix(name, i)))
		}
		v := all[0]
		if len(all) > 1 {
			v = l.emit(op.Concat, name, op.Attrs{op.IntAttr("axis", axis)}, all...)
		}
		l.set(output, v)
	}
	last := func(v *graph.Value, _ string) *graph.Value { return v } // its step is the axis of directions
	from, axis := []int{0, -1, 1, 2}, 1
	if l.batchFirst == 1 {
		from, axis = []int{0, 1, -1, 2}, 2
	}
	set(0, func(o layerOutputs) *graph.Value { return o.y }, axis, "/Y", func(v *graph.Value, name string) *graph.Value {
		return l.rearrange(v, name, from)
	})
	set(1, func(o layerOutputs) *graph.Value { return o.h }, l.batchFirst, "/Y_h", last)
	if l.kind.gates == 4 {
		set(2, func(o layerOutputs) *graph.Value { return o.c }, l.batchFirst, "/Y_c", last)
	}
}

// emitAll is emit of an operator with several outputs.
func (c *call) emitAll(def *op.Def, suffix string, attrs op.Attrs, in ...*graph.Value) []*graph.Value {
	if c.err != nil {
		return nil
	}
	n, err := c.im.g.Add(def, c.im.names.Name(c.name+suffix), attrs, in...)
	if err != nil {
		c.fail("%w", inner(err))
		return nil
	}
	return n.Out
}
