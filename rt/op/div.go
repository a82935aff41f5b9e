package op

import (
	"math/bits"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Div is y = clamp(a / b) with numpy's broadcasting.
//
// int8: TFLite's DIV, through a fixed-point reciprocal. Where the reference is undefined: a quotient too small for its
// shifts is 0, and a divisor of 0 counts as the largest quotient of a's sign, 0/0 as 0. int32, int64: truncated toward
// zero, 0 by zero.
var Div = register(Def{
	Code: 18, Name: "Div", MinIn: 2, MaxIn: 2, Outs: 1, Attrs: clampAttrs, InPlace: []int{0, 1},
	Infer: inferBinary, Prepare: prepareDiv, Quant: Quantization{Kind: OwnRange},
})

func prepareDiv(p *Prepare) (Step, error) {
	st := newBinary(p)
	if st.runIntegers(p, quotient) {
		return st, nil
	}
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(p.Attrs, p.Kernels.DivF32), nil
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	d := &divS8{za: z[0], zy: z[2]}
	d.m, d.shift = fixed.Quantize(float64(s[0] / float32(s[1]*s[2])))
	d.lo, d.hi = clampS8(p.Attrs, s[2], z[2])
	for i := range d.by {
		q := int32(i) - 128 - z[1]
		if q == 0 {
			continue
		}
		r, n := fixed.Reciprocal(max(q, -q), 31)
		d.by[i] = reciprocal{r, int32(n), q < 0}
	}
	st.info.Kernel, st.info.PackedBytes = "portable", 12*len(d.by)
	st.run = d.run
	return st, nil
}

// divS8 holds what int8 Div prepares: 1/(b − zb) for every code of b.
type divS8 struct {
	za, zy   int32
	m, shift int32
	lo, hi   int32
	by       [256]reciprocal
}

// reciprocal is ±r·2^(−31−n); r = 0 for a divisor of 0.
type reciprocal struct {
	r, n     int32
	negative bool
}

func (d *divS8) run(_ *Worker, p part) {
	a, b, y := p.a.I8(), p.b.I8(), p.y.I8()
	for i := range y {
		num, den := a[i], b[i*p.step]
		if p.reverse != 0 {
			num, den = den, num
		}
		y[i] = d.quotient(int32(num)-d.za, &d.by[int(den)+128])
	}
}

func (d *divS8) quotient(num int32, by *reciprocal) int8 {
	if by.negative {
		num = -num
	}
	v := int32(0)
	switch {
	case num == 0:
	case by.r == 0 && num > 0:
		v = 512
	case by.r == 0:
		v = -512
	default:
		h := redundantSigns(num)
		u := fixed.SRDHM(num<<uint(h), by.r)
		switch shift := d.shift - by.n - int32(h); {
		case shift > 0:
			// A quotient of scales beyond the reference's range: the multiplier's left shift comes last, saturating.
			v = fixed.SaturateLeft(fixed.SRDHM(u, d.m), uint(min(shift, 31)))
		case shift >= -31:
			v = fixed.MBQM(u, d.m, shift)
		}
	}
	// A result past every code stays so when the zero point is added, without overflow.
	v = min(max(v, -512), 512) + d.zy
	return int8(min(max(v, d.lo), d.hi))
}

// redundantSigns counts the bits below the sign bit that equal it.
func redundantSigns(x int32) int { return bits.LeadingZeros32(uint32(x^(x>>31))) - 1 }
