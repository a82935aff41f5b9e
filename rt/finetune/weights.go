package finetune

import (
	"fmt"
	"slices"

	"edgerun/kernels/fixed"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// Weights is how the weights of fully connected and convolution layers are held while they train. Others, depthwise ones too,
// are few, and float32 always.
//
// A weight takes, beside 4 bytes for the sum of its gradient: Float32 4 bytes, and 4 more with momentum (8 with Adam); the
// codes 1 byte, and with momentum nothing more, where neither Clip nor Nesterov needs the step's gradient by itself: the sum
// goes on from one step to the next as the velocity.
type Weights uint8

const (
	// Float32 trains shadows in float32. They are quantized when training is over, with scales of their own.
	Float32 Weights = iota

	// Int8Scaled trains the codes themselves: w = s·q, with the scale s of the weight's output channel fixed and q in
	// [−127, 127]. In units of codes the gradient is ∂L/∂q = s·∂L/∂w, small where codes are fine: a step would be s² times
	// what it is for real weights. So gradients of weights are scaled by s⁻², those of biases, whose codes stand for s·x with
	// the input's scale x, by (s·x)⁻²:
	//
	//	q ← q − η·s⁻²·∂L/∂q = q − η·(∂L/∂w)/s,  that is w ← w − η·∂L/∂w
	//
	// Any optimizer takes its step in real numbers, on a block of weights at a time; the change in codes is rounded at
	// random, up with the probability of its fraction, so that changes far smaller than a code count as they should on
	// average. With momentum, decay acts on weights at once: by λ/(1−μ), what it comes to through the velocity.
	// Source: Lin et al., On-Device Training Under 256KB Memory (2022), 3.1; Gupta et al., Deep Learning with Limited
	// Numerical Precision (2015), for rounding.
	Int8Scaled

	// Int8Plain is Int8Scaled without scaled gradients: optimizers see codes and their gradients. It is there to compare
	// with; one rate of learning does not fit layers of different scales.
	Int8Plain
)

// code lets the parameter of a layer with groups of [rows][n] weights, or with biases, be held as o.Weights wants.
func (b *builder) code(p *param, rows int) error {
	p.rows = rows
	if b.e.weights == Float32 {
		return nil
	}
	c := p.node.In[p.input].Const
	switch {
	case p.input == p.node.Op.Quant.Bias && c.DType == tensor.Int32:
		p.scales = biasScales(p.node, p.input)
	case c.DType == tensor.Int8 && symmetric(c.Quant):
		p.coded = true
		p.scales = c.Quant.Scale
		b.e.blockN = max(b.e.blockN, min(p.size(), max(p.n, codesBlock)))
	default:
		return fmt.Errorf("node %q (%s): %q is %v, want symmetric int8 codes to train: %w", p.node.Name, p.node.Op.Name, p.name, c.Type, op.ErrUnsupported)
	}
	if len(p.scales) == 1 {
		p.scales = slices.Repeat(p.scales, p.size()/rows)
	}
	return nil
}

func symmetric(q tensor.Quant) bool {
	for _, z := range q.Zero {
		if z != 0 {
			return false
		}
	}
	return len(q.Scale) > 0
}

// merged reports that the optimizer's velocity and the gradient's sum are one.
func (o *Options) merged(p *param) bool {
	return p.coded && o.Weights == Int8Scaled && o.Method == SGD && o.Momentum != 0 && o.Clip == 0 && !o.Nesterov
}

// codesBlock is how many weights are dequantized at a time.
const codesBlock = 1 << 10

// run returns the output channel of element i of value, and how many elements from there on, at most most, are of this
// channel and the next ones.
func (p *param) run(i, most int) (channel, n int) {
	return i/(p.rows*p.n)*p.n + i%p.n, min(p.n-i%p.n, most)
}

// read writes the reals of codes [i,i+len(dst)), or the codes themselves.
func (p *param) read(h *hand, dst []float32, i int, plain bool) {
	h.dequantize(dst, p.codes[i:i+len(dst)], 1, 0)
	for !plain && len(dst) > 0 {
		c, n := p.run(i, len(dst))
		h.multiply(dst[:n], p.unit[c:], 1)
		dst, i = dst[n:], i+n
	}
}

// write moves codes from i on to values that were read of them and then changed.
func (p *param) write(h *hand, src []float32, i int, plain bool, r *fixed.Random) {
	bits := uint64(0)
	for len(src) > 0 {
		c, n := p.run(i, len(src))
		x, codes := src[:n], p.codes[i:][:n]
		units, inverse := p.unit[c:][:n], p.inverse[c:][:n]
		for k, q := range codes {
			if k&3 == 0 {
				bits = r.Next()
			}
			change := x[k] - float32(q)
			if !plain {
				change = float32((x[k] - float32(float32(q)*units[k])) * inverse[k])
			}
			if change != change {
				h.broken = true
			}
			codes[k] = nudge(q, change, uint16(bits))
			bits >>= 16
		}
		src, i = src[n:], i+n
	}
}

// nudge returns q + change within ±127, rounded up or down at random: the floor, with half a step of random between 0 and 1, so
// that no change is none.
func nudge(q int8, change float32, random uint16) int8 {
	x := float64(q) + float64(change) + float64((float64(random)+0.5)/(1<<16))
	if !(x > -127) {
		return -127
	}
	if x >= 128 {
		return 127
	}
	return int8(int32(x+256) - 256)
}

// part returns elements [i,end) of value. They lie in h's block where codes are what is held, until the next call.
func (p *param) part(h *hand, i, end int) []float32 {
	if !p.coded {
		return p.value[i:end]
	}
	if p.size() <= len(h.block) {
		if h.held != p {
			p.read(h, h.block[:p.size()], 0, false)
			h.held = p
		}
		return h.block[i:end]
	}
	h.held = nil
	p.read(h, h.block[:end-i], i, false)
	return h.block[:end-i]
}

// most is how many rows part may be asked for.
func (p *param) most() int {
	if p.coded {
		return max(1, codesBlock/p.n)
	}
	return p.k
}

// transpose writes rows [r,r+m) of value, column by column.
func (p *param) transpose(dst []float32, r, m int) {
	if !p.coded {
		transpose(dst, p.value[r*p.n:], m, p.n)
		return
	}
	c, _ := p.run(r*p.n, 1)
	units := p.unit[c:][:p.n]
	for i := range m {
		for c, q := range p.codes[(r+i)*p.n:][:p.n] {
			dst[c*m+i] = float32(q) * units[c]
		}
	}
}

// carry makes what merged parameters keep of earlier steps fit a step whose gradients will be divided by count.
func (t *Tuner) carry(count float32) {
	ratio := count / t.count
	t.count = count
	if ratio == 1 {
		return
	}
	if e := t.tail.e; e.blockN > 0 {
		e.factor[0] = ratio
	}
	for _, p := range t.tail.params {
		if !p.train || !t.options.merged(p) {
			continue
		}
		for i := 0; i < p.size(); i += piece {
			t.tail.e.multiply(p.grad[i:min(i+piece, p.size())], t.tail.e.factor, 0)
			t.tail.e.pause()
		}
	}
}

// total is what a step over the samples will divide its gradients by.
func (t *Tuner) total(s *Samples, batch []int) (count float32) {
	for _, i := range batch {
		n := float32(1)
		if t.options.Loss == CrossEntropy {
			label, _ := s.truth(i)
			n = t.crit.weight(label)
		}
		count += n
	}
	return count
}

// updateCodes updates elements [i,end) of weights that are held as codes.
func (t *Tuner) updateCodes(h *hand, task, i, end int) {
	u, plain := &t.now, t.options.Weights == Int8Plain
	p := u.p
	r := u.random + fixed.Random(task)
	h.held = nil
	for ; i < end; i += codesBlock {
		next := min(i+codesBlock, end)
		w, g := h.block[:next-i], p.grad[i:next]
		p.read(h, w, i, plain)
		if plain {
			for k := range g {
				c, _ := p.run(i+k, 1)
				g[k] *= p.unit[c]
			}
		}
		t.optimize(h, w, i, next)
		p.write(h, w, i, plain, &r)
		if t.options.merged(p) {
			h.factor[0] = t.options.Momentum
			h.multiply(g, h.factor, 0)
		} else {
			clear(g)
		}
	}
}

// updatePlain updates all biases in units of codes.
func (t *Tuner) updatePlain(h *hand, i, end int) {
	p := t.now.p
	w, g := p.value[i:end], p.grad[i:end]
	for k := range w {
		w[k] /= p.unit[i+k]
		g[k] *= p.unit[i+k]
	}
	t.optimize(h, w, i, end)
	for k := range w {
		w[k] *= p.unit[i+k]
	}
	clear(g)
}

// quantized returns the codes in the model's order.
func (p *param) quantized() []int8 {
	q := make([]int8, p.size())
	for i := range q {
		q[i] = p.codes[p.at(i)]
	}
	return q
}
