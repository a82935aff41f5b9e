package finetune

import (
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
	"edgerun/rt/op"
)

// block is how many elements a loop in Go works on before inference may have its turn.
const block = 1 << 12

// each is a function of each element, y = f(x).
//
//	∂L/∂x += δ·f′, with f′ computed from x or, where that is cheaper, from y
//
// Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5.2.
type each struct {
	operator
	x, y  *value
	slope slope
}

// slope is the derivative of a function, as one of its argument or of its result.
type slope struct {
	ofResult bool
	f        func(v float32) float32
}

func ofX(f func(x float32) float32) slope { return slope{false, f} }
func ofY(f func(y float32) float32) slope { return slope{true, f} }

func buildEach(b *builder, n *graph.Node) (layer, error) {
	s, err := slopeOf(n)
	if err != nil {
		return nil, err
	}
	o, err := b.operator(n)
	return &each{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]], slope: s}, err
}

func slopeOf(n *graph.Node) (slope, error) {
	switch n.Op {
	case op.LeakyRelu:
		alpha := n.Attrs.Float("alpha", 0.01)
		return ofX(func(x float32) float32 {
			if x < 0 {
				return alpha
			}
			return 1
		}), nil
	case op.HardSwish:
		return ofX(hardSwishSlope), nil
	case op.HardSigmoid:
		alpha := n.Attrs.Float("alpha", 0.2)
		return ofY(func(y float32) float32 {
			if y > 0 && y < 1 {
				return alpha
			}
			return 0
		}), nil
	case op.Logistic:
		return ofY(logisticSlope), nil
	case op.Tanh:
		return ofY(tanhSlope), nil
	}
	name := n.Attrs.String("function", "")
	if name == "elu" {
		alpha := n.Attrs.Float("alpha", 1)
		return ofX(func(x float32) float32 {
			if x < 0 {
				return float32(alpha * fixed.ExpF32(x))
			}
			return 1
		}), nil
	}
	s, ok := slopes[name]
	if !ok {
		return s, fmt.Errorf("node %q (%s): function %q has no backward: %w", n.Name, n.Op.Name, name, op.ErrUnsupported)
	}
	return s, nil
}

// hardSwishSlope is 0 below −3, 1 above 3 and (2·x + 3)/6 between.
func hardSwishSlope(x float32) float32 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return 1
	}
	return (float32(2*x) + 3) / 6
}

// logisticSlope is σ′ = σ·(1 − σ).
func logisticSlope(y float32) float32 { return float32(y * (1 - y)) }

// tanhSlope is tanh′ = 1 − tanh².
func tanhSlope(y float32) float32 { return 1 - float32(y*y) }

// slopes are those of Unary's functions. Where a function has a kink, the slope there is 0; of what is constant in steps
// it is 0 everywhere.
var slopes = map[string]slope{
	"abs": ofX(func(x float32) float32 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	}),
	"neg":        ofX(func(float32) float32 { return -1 }),
	"sign":       ofX(zero),
	"floor":      ofX(zero),
	"ceil":       ofX(zero),
	"round":      ofX(zero),
	"square":     ofX(func(x float32) float32 { return 2 * x }),
	"sqrt":       ofY(func(y float32) float32 { return 0.5 / y }),
	"rsqrt":      ofY(func(y float32) float32 { return float32(-0.5 * float32(y*float32(y*y))) }),
	"reciprocal": ofY(func(y float32) float32 { return -float32(y * y) }),
	"exp":        ofY(func(y float32) float32 { return y }),
	"log":        ofX(func(x float32) float32 { return 1 / x }),
	"gelu":       ofX(geluSlope),
	"geluTanh":   ofX(geluTanhSlope),
	"erf":        ofX(func(x float32) float32 { return float32(2 / math.SqrtPi * fixed.ExpF32(-float32(x*x))) }),
	"softplus":   ofX(fixed.LogisticF32),
	"softsign": ofX(func(x float32) float32 {
		d := 1 + abs(x)
		return 1 / float32(d*d)
	}),
	"mish": ofX(mishSlope),
	"sin":  ofX(fixed.CosF32),
	"cos":  ofX(func(x float32) float32 { return -fixed.SinF32(x) }),
}

func zero(float32) float32 { return 0 }

// geluSlope is Φ(x) + x·φ(x), with the normal distribution's Φ = (1 + erf(x/√2))/2 and φ = e^(−x²/2)/√(2π).
func geluSlope(x float32) float32 {
	const invSqrt2Pi = 0.3989422804014327
	phi := float32(invSqrt2Pi * fixed.ExpF32(float32(-0.5*float32(x*x))))
	return float32(0.5*(1+fixed.ErfF32(float32(x*(math.Sqrt2/2))))) + float32(x*phi)
}

// geluTanhSlope is s + x·s·(1 − s)·v with s = σ(2u), u = √(2/π)·(x + 0.044715·x³) and v = 2u′ = 2·√(2/π)·(1 + 3·0.044715·x²):
// the function is x·s, for (1 + tanh u)/2 = σ(2u).
func geluTanhSlope(x float32) float32 {
	const scale = 2 * 0.7978845608028653559
	square := float32(x * x)
	s := fixed.LogisticF32(float32(float32(scale*x) * (1 + float32(0.044715*square))))
	v := float32(scale * (1 + float32(3*0.044715*square)))
	return s + float32(float32(x*v)*float32(s*(1-s)))
}

// mishSlope is t + x·(1 − t²)·σ(x) with t = tanh(ln(1 + e^x)).
func mishSlope(x float32) float32 {
	t := fixed.TanhF32(fixed.SoftplusF32(x))
	return t + float32(float32(x*(1-float32(t*t)))*fixed.LogisticF32(x))
}

func (l *each) keeps() (in, out bool) { return !l.slope.ofResult, l.slope.ofResult }

func (l *each) backward(n int) {
	v := l.x.data
	if l.slope.ofResult {
		v = l.y.data
	}
	for first := 0; first < n*l.x.size; first += block {
		last := min(first+block, n*l.x.size)
		dx, dy := l.x.grad[first:last], l.y.grad[first:last]
		for i, v := range v[first:last] {
			dx[i] += float32(dy[i] * l.slope.f(v))
		}
		l.e.pause()
	}
}

// clamp is Clamp, ReLU among them.
//
//	∂L/∂x += δ where lo < y < hi
//
// Source: PyTorch's relu, whose slope at its kink is 0.
type clamp struct {
	operator
	x, y   *value
	lo, hi float32
	mask   []byte // a bit for each element: the clamp lets it pass
}

func buildClamp(b *builder, n *graph.Node) (layer, error) {
	o, err := b.operator(n)
	c := &clamp{operator: o, x: b.values[n.In[0]], y: b.values[n.Out[0]]}
	c.lo, c.hi = limits(n)
	return c, err
}

// limits are those of a node's clamp, infinite where it has none.
func limits(n *graph.Node) (lo, hi float32) {
	return n.Attrs.Float("min", float32(math.Inf(-1))), n.Attrs.Float("max", float32(math.Inf(1)))
}

func (c *clamp) keeps() (in, out bool) { return false, false }
func (c *clamp) reserve(l *layout, n, at, back int) {
	l.bytes(&c.mask, c.y.name+" mask", (n*c.y.size+7)/8, at, back)
}

// passes keeps which elements of y, limited already, lie between the limits.
func (e *engine) passes(y []float32, mask []byte, lo, hi float32) {
	for first := 0; first < len(y); first += 2 * block {
		e.clampMask(y[first:min(first+2*block, len(y))], mask[first/8:], lo, hi)
		e.pause()
	}
}

func (c *clamp) forward(n int) {
	c.operator.forward(n)
	c.e.passes(c.y.data[:n*c.y.size], c.mask, c.lo, c.hi)
}

func (c *clamp) backward(n int) {
	c.e.mask(c.y.grad[:n*c.y.size], c.mask)
	for first := 0; first < n*c.x.size; first += block {
		last := min(first+block, n*c.x.size)
		accumulate(c.x.grad[first:last], c.y.grad[first:last])
		c.e.pause()
	}
}

// accumulate adds x to dst.
func accumulate(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] += v
	}
}
