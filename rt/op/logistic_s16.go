package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// prepareSigmoid16 is Logistic or Tanh on int16: it brings x to units of 1/12288 and applies f. Scales that are powers of
// two, up to 2^(exact−12), take another multiplier than those beside them. Source: TFLite Micro LOGISTIC and TANH.
func prepareSigmoid16(p *Prepare, exact int, f func(int32) int16) (Step, error) {
	sx, _, zx, zy, err := unaryCodes(p.Node, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if err := symmetric(zx, zy); err != nil {
		return nil, err
	}
	mult, shift := int32(0), uint(0)
	if ls, ok := powerOfTwo(sx); ok && ls+12 >= 0 && ls+12 <= exact {
		mult = 3 << uint(ls+12)
	} else {
		d := float64(float64(sx)*4096) * 3
		for ; d <= 16383.5 && shift <= 30; shift++ {
			d *= 2
		}
		if d >= 1<<16 {
			return nil, fmt.Errorf("input scale %g is too large: %w", sx, ErrUnsupported)
		}
		mult = int32(d)
	}
	return newCodes(p, 0, func(v int32) int32 {
		v *= mult
		if shift > 0 {
			v = (v + 1<<(shift-1)) >> shift
		}
		return int32(f(v))
	}), nil
}

// powerOfTwo returns the nearest integer to log2 s, and whether s is that power to within a thousandth of a doubling.
func powerOfTwo(s float32) (exp int, ok bool) {
	lg := float32(fixed.LogF32(s) * (1 / float32(0.6931471805599453)))
	p := fixed.Round32(lg)
	d := lg - p
	return int(p), d < 0.001 && d > -0.001
}
