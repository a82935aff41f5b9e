package op

import (
	"fmt"
	"math"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// lstmUnit is one unit of an LSTM on codes, from the gates' sums on: sums are in units of 2^−12, gates of 2^−15, the cell is
// int16. Source: TFLite Micro lstm_eval.h.
type lstmUnit = abi.LSTMUnitS8

// newLSTMUnit takes the scale of the cell and the quantization of the hidden state. Nothing is limited yet.
func newLSTMUnit(sc, sh float32, zh int32) (lstmUnit, error) {
	u := lstmUnit{Lo: math.MinInt16, Hi: math.MaxInt16, CellMax: 1 << 15, TanhMax: math.MaxInt32, Zero: zh}
	const gate = 1.0 / (1 << 15)
	m, e := fixed.Quantize(gate * gate / float64(sc))
	u.AddM, u.AddE = m, -e
	m, e = fixed.Quantize(gate * gate / float64(sh))
	u.OutM, u.OutE = m, -e
	power, _ := powerOfTwo(sc)
	if k := power + 12; k > 14 || k < -30 || u.AddE < 0 || u.OutE < 0 {
		return u, fmt.Errorf("scale %g of the cell or %g of the hidden state: %w", sc, sh, ErrUnsupported)
	} else if k >= 0 {
		u.TanhM = 3 << uint(k)
	} else {
		u.TanhM, u.TanhE = 3, int32(-k)
	}
	return u, nil
}

// roundUnits is room for a vector of n units, to which the kernels of package abi's units round up.
func roundUnits(n int) int { return (n + abi.UnitNR - 1) / abi.UnitNR * abi.UnitNR }
