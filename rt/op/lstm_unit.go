package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// lstmUnit is one unit of an LSTM on codes, from the gates' sums on: sums are in units of 2^−12, gates of 2^−15, the cell is
// int16. Source: TFLite Micro lstm_eval.h.
type lstmUnit struct {
	clip         int32 // of the cell, in codes; 0 is none
	cellM, cellE int32 // input gate · candidate
	outM, outE   int32 // tanh c · output gate
	zh, lo, hi   int32
	tanhM        int32 // brings c to units of 1/12288: a factor and a right shift
	tanhE        uint
	tanhClip     int32 // of what goes into the cell's tanh, in these units; 0 is none
}

// newLSTMUnit takes the scale of the cell and the quantization of the hidden state, of type d.
func newLSTMUnit(sc, sh float32, zh int32, d tensor.DType) (lstmUnit, error) {
	u := lstmUnit{zh: zh}
	u.lo, u.hi = codeRange(d)
	const gate = 1.0 / (1 << 15)
	u.cellM, u.cellE = fixed.Quantize(gate * gate / float64(sc))
	u.outM, u.outE = fixed.Quantize(gate * gate / float64(sh))
	power, _ := powerOfTwo(sc)
	if k := power + 12; k > 14 || k < -30 || u.cellE > 0 || u.outE > 0 {
		return u, fmt.Errorf("scale %g of the cell or %g of the hidden state: %w", sc, sh, ErrUnsupported)
	} else if k >= 0 {
		u.tanhM = 3 << uint(k)
	} else {
		u.tanhM, u.tanhE = 3, uint(-k)
	}
	return u, nil
}

// step computes the cell and returns the hidden state's code.
func (u *lstmUnit) step(in, forget, out, candidate int32, c *int16) int32 {
	i, f := int32(fixed.Logistic16(3*in)), int32(fixed.Logistic16(3*forget))
	u.update(i, f, int32(fixed.Tanh16(3*candidate)), c)
	return u.output(int32(fixed.Logistic16(3*out)), int32(*c))
}

// update makes c the kept part and the added one, of gates and a candidate in Q0.15.
func (u *lstmUnit) update(in, forget, candidate int32, c *int16) {
	kept := fixed.Saturate16(fixed.MBQM(forget*int32(*c), 1<<30, -14))
	added := fixed.Saturate16(fixed.MBQM(in*candidate, u.cellM, u.cellE))
	v := int32(fixed.Saturate16(int32(kept) + int32(added)))
	if u.clip > 0 {
		v = max(min(v, u.clip), -u.clip)
	}
	*c = int16(v)
}

// output is the hidden state of an output gate in Q0.15 and a cell.
func (u *lstmUnit) output(out, c int32) int32 {
	t := c * u.tanhM
	if u.tanhE > 0 {
		t = (t + 1<<(u.tanhE-1)) >> u.tanhE
	}
	if u.tanhClip > 0 {
		t = max(min(t, u.tanhClip), -u.tanhClip)
	}
	return min(max(fixed.MBQM(int32(fixed.Tanh16(t))*out, u.outM, u.outE)+u.zh, u.lo), u.hi)
}
