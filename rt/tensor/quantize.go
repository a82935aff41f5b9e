package tensor

import "math"

// minScale is the smallest normal float32. Values that would need a smaller scale count as zeros, whose scale is 1.
const minScale = 0x1p-126

// AsymmetricQuant returns asymmetric int8 quantization for values in [lo, hi]: one scale for the tensor, and a zero point
// in [−128, 127] that stands for 0 exactly. The range is first widened to hold 0; [0, 0] (and what is closer to it than
// a normal float32 scale can tell) gives scale 1 and zero point 0; a NaN end counts as 0, an infinite one as the
// largest float32.
//
//	scale = (hi − lo)/255,  zero point = round(127 − hi/scale) or round(−128 − lo/scale)
//
// whichever loses less, halves away from zero, all in float64. Source: TFLite ChooseQuantizationParams.
func AsymmetricQuant(lo, hi float32) Quant {
	const qmin, qmax = -128, 127
	rmin, rmax := 0.0, 0.0
	if lo < 0 {
		rmin = max(float64(lo), -math.MaxFloat32)
	}
	if hi > 0 {
		rmax = min(float64(hi), math.MaxFloat32)
	}
	scale := (rmax - rmin) / (qmax - qmin)
	if scale < minScale {
		return PerTensor(1, 0)
	}
	below, above := -rmin/scale, rmax/scale // codes wanted on both sides of zero
	zero := qmax - above
	if -qmin+below < qmax+above {
		zero = qmin + below
	}
	return PerTensor(float32(scale), int32(math.Round(min(max(zero, qmin), qmax))))
}

// SymmetricScales returns the scales of symmetric int8 quantization, one for each channel of w, which holds the channels one
// after the other: max|w|/127, so that codes lie in [−127, 127]. A channel of zeros has scale 1.
func SymmetricScales(w []float32, channels int) []float32 {
	scales := make([]float32, channels)
	per := len(w) / channels
	for c := range scales {
		top := float32(0)
		for _, v := range w[c*per : (c+1)*per] {
			top = max(top, max(v, -v))
		}
		scales[c] = 1
		if s := min(float64(top), math.MaxFloat32) / 127; s >= minScale {
			scales[c] = float32(s)
		}
	}
	return scales
}

// SymmetricCodes writes the int8 codes of w, whose channels have the given scales: round(w/scale), halves away from zero,
// limited to [−127, 127].
func SymmetricCodes(dst []int8, w, scales []float32) {
	per := len(w) / len(scales)
	for i, v := range w {
		q := math.Round(float64(v) / float64(scales[i/per]))
		dst[i] = int8(min(max(q, -127), 127))
	}
}

// LayerScales are SymmetricScales for a layer's weights, with biases in units of in·weight: a channel whose bias would pass
// 2^30 such units gets a larger scale. The bias, not its tiny weights, is what such a channel computes. bias may be nil.
func LayerScales(w, bias []float32, channels int, in float32) []float32 {
	scales := SymmetricScales(w, channels)
	for c, f := range bias {
		least := math.Abs(float64(f)) / (float64(in) * (1 << 30))
		scales[c] = float32(max(float64(scales[c]), least))
	}
	return scales
}

// BiasCodes writes biases in units of in·weight[c], or of in·weight[0] for one scale: halves away from zero, limited to ±2^30.
func BiasCodes(dst []int32, bias []float32, in float32, weight []float32) {
	for c, f := range bias {
		unit := float64(in) * float64(weight[min(c, len(weight)-1)])
		dst[c] = int32(min(max(math.Round(float64(f)/unit), -1<<30), 1<<30))
	}
}

// AsymmetricCodes returns x in int8 with one scale and zero point: halves away from zero, saturating.
func AsymmetricCodes(shape Shape, x []float32, q Quant) *Tensor {
	t := New(Type{DType: Int8, Shape: shape, Quant: q})
	for i, f := range x {
		c := math.Round(float64(f)/float64(q.Scale[0])) + float64(q.Zero[0])
		t.Data.I8()[i] = int8(min(max(c, -128), 127))
	}
	return t
}
