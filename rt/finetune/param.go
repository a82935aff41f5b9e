package finetune

import (
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// param is what a layer learns, or would learn if it were chosen: weights as [K][N], inputs by outputs, or a vector.
type param struct {
	name  string
	node  *graph.Node     // of the model
	input int             // the node's input that holds it
	k, n  int             // extents; a vector has k = 1
	order func(i int) int // where element i, in the model's order, lies in value; nil: at i

	train   bool
	value   []float32
	codes   []int8        // instead of value
	coded   bool          // codes hold the weights
	held    tensor.Buffer // value or codes
	unit    []float32     // what a code of each output channel stands for; nil where weights train as float32
	inverse []float32     // 1/unit, of codes
	scales  []float32     // unit, before memory is there
	rows    int           // of one group of channels
	grad    []float32     // sums over a step's samples; nil unless trained
	state   [2][]float32  // of the optimizer
}

func (p *param) size() int { return p.k * p.n }

func (p *param) reserve(l *layout, o *Options) {
	first, last := l.always()
	if p.unit = p.scales; p.coded {
		l.f32(&p.unit, p.name+" scales", p.size()/p.rows, first, last)
		l.f32(&p.inverse, p.name+" inverse scales", p.size()/p.rows, first, last)
		l.add(p.name+" codes", p.size(), first, last, func(b tensor.Buffer) { p.held, p.codes = b.Slice(0, p.size()), b.I8()[:p.size()] })
	} else {
		l.add(p.name, 4*p.size(), first, last, func(b tensor.Buffer) { p.held, p.value = b.Slice(0, 4*p.size()), b.F32()[:p.size()] })
	}
	if !p.train {
		return
	}
	l.f32(&p.grad, p.name+" gradient", p.size(), first, last)
	if o.merged(p) {
		return
	}
	for i := range o.states() {
		l.f32(&p.state[i], p.name+" optimizer", p.size(), first, last)
	}
}

func (p *param) at(i int) int {
	if p.order == nil {
		return i
	}
	return p.order(i)
}

// bytes returns the memory that holds the weights.
func (p *param) bytes() []byte { return p.held.Bytes() }

// load takes a constant in the model's order.
func (p *param) load(c *tensor.Tensor, bias []float32) {
	if p.coded {
		for i, q := range c.Data.I8() {
			p.codes[p.at(i)] = q
		}
		for c := range p.unit {
			p.unit[c] = p.scales[c]
			p.inverse[c] = 1 / p.unit[c]
		}
		return
	}
	eachReal(c, bias, func(i int, real float32) { p.value[p.at(i)] = real })
}

// store returns the reals in the model's order.
func (p *param) store(dst []float32) {
	for i := range dst {
		dst[i] = p.value[p.at(i)]
	}
}

// reals returns a constant's values as real numbers.
func reals(c *tensor.Tensor, bias []float32) []float32 {
	out := make([]float32, c.Shape.Elements())
	eachReal(c, bias, func(i int, real float32) { out[i] = real })
	return out
}

// eachReal calls f with a constant's values as real numbers: codes less their zero points, times the scale of their channel.
// Channels are those of axis Quant.Axis; a bias of int32 has its own scales.
func eachReal(c *tensor.Tensor, bias []float32, f func(i int, real float32)) {
	switch c.DType {
	case tensor.Float32:
		for i, v := range c.Data.F32() {
			f(i, v)
		}
	case tensor.Int8:
		inner, axis := 1, 1
		if len(c.Quant.Scale) > 1 {
			axis = len(c.Quant.Scale)
			for _, d := range c.Shape.Dims()[c.Quant.Axis+1:] {
				inner *= d
			}
		}
		for i, q := range c.Data.I8() {
			ch := i / inner % axis
			f(i, float32(int32(q)-c.Quant.Zero[ch])*c.Quant.Scale[ch])
		}
	case tensor.Int16:
		for i, q := range c.Data.I16() {
			f(i, float32(int32(q)-c.Quant.Zero[0])*c.Quant.Scale[0])
		}
	case tensor.Int32:
		for i, q := range c.Data.I32() {
			f(i, float32(float64(q)*float64(bias[min(i, len(bias)-1)])))
		}
	}
}
