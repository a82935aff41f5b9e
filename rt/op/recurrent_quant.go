package op

import (
	"math"

	"edgerun/rt/tensor"
)

// RecurrentScales returns the scales of an int8 layer's R, one for each row. candidate, of GRULayer, are the biases rb, in
// units of hidden, the scale of h, times that of a row of the candidate; nil: none.
func RecurrentScales(r []float32, units int, candidate []float32, hidden float32) []float32 {
	scales := tensor.SymmetricScales(r, len(r)/units)
	if candidate != nil {
		copy(scales[2*units:], tensor.LayerScales(r[2*units*units:], candidate, units, hidden))
	}
	return scales
}

// CellQuant returns the quantization of an int16 cell that a calibration saw within [lo, hi]: a power of two, no less than
// 2^−15, that reaches twice as far.
func CellQuant(lo, hi float32) tensor.Quant {
	most := 2 * max(hi, -lo)
	s := float32(1.0 / (1 << 15))
	for s*(1<<15-1) < most && s < 1<<1 {
		s *= 2
	}
	return tensor.PerTensor(s, 0)
}

// PeepholeQuant returns the int16 quantization of peepholes.
func PeepholeQuant(p []float32) tensor.Quant {
	most := float32(0)
	for _, v := range p {
		most = max(most, v, -v)
	}
	return tensor.PerTensor(max(most, 1e-6)/(1<<15-1), 0)
}

// Codes16 returns x in int16, halves away from zero, saturating.
func Codes16(shape tensor.Shape, x []float32, q tensor.Quant) *tensor.Tensor {
	t := tensor.New(tensor.Type{DType: tensor.Int16, Shape: shape, Quant: q})
	for i, f := range x {
		t.Data.I16()[i] = int16(min(max(math.Round(float64(f)/float64(q.Scale[0])), math.MinInt16), math.MaxInt16))
	}
	return t
}
