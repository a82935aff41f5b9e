package op

import (
	"fmt"
	"math"
	"slices"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// perTensor returns the one scale and zero point of an int8 tensor.
func perTensor(what string, t *tensor.Type) (scale float32, zero int32, err error) {
	return codesOf(what, t, tensor.Int8)
}

// codesOf returns the one scale and zero point of a tensor of one of the given element types.
func codesOf(what string, t *tensor.Type, types ...tensor.DType) (scale float32, zero int32, err error) {
	if !slices.Contains(types, t.DType) || len(t.Quant.Scale) != 1 {
		return 0, 0, fmt.Errorf("%s is %v, want %v with one scale: %w", what, t, types, ErrUnsupported)
	}
	return t.Quant.Scale[0], t.Quant.Zero[0], nil
}

// codeRange returns the least and largest code of an integer type of up to 32 bits.
func codeRange(d tensor.DType) (lo, hi int32) {
	switch d {
	case tensor.Int8:
		return math.MinInt8, math.MaxInt8
	case tensor.UInt8:
		return 0, math.MaxUint8
	case tensor.Int16:
		return math.MinInt16, math.MaxInt16
	}
	return math.MinInt32, math.MaxInt32
}

// clampAttrs are the attributes of an activation fused into an operator.
var clampAttrs = []AttrSpec{{Name: "min", Kind: Float}, {Name: "max", Kind: Float}}

// clampF32 returns the fused activation's limits; on is 0 where there is none.
func clampF32(a Attrs) (on int, lo, hi float32) {
	if a.Has("min") || a.Has("max") {
		on = 1
	}
	return on, a.Float("min", float32(math.Inf(-1))), a.Float("max", float32(math.Inf(1)))
}

// clampS8 is clampCodes of int8.
func clampS8(a Attrs, scale float32, zero int32) (lo, hi int32) {
	return clampCodes(a, tensor.Int8, scale, zero)
}

// clampCodes returns the codes of the fused activation's limits. Source: TFLite CalculateActivationRangeQuantized.
func clampCodes(a Attrs, d tensor.DType, scale float32, zero int32) (lo, hi int32) {
	least, most := codeRange(d)
	lo, hi = least, most
	if a.Has("min") {
		lo = max(lo, codeOf(a.Float("min", 0), scale, zero))
	}
	if a.Has("max") {
		hi = min(hi, codeOf(a.Float("max", 0), scale, zero))
	}
	return min(lo, most), max(hi, least)
}

func codeOf(f, scale float32, zero int32) int32 {
	return zero + int32(fixed.ClampF32(fixed.Round32(f/scale), -1<<20, 1<<20))
}

// channelMultipliers returns Quantize(sx·sw[c]/so) per output channel, all in float64, one weight scale repeated.
// Source: TFLite PopulateConvolutionQuantizationParams.
func channelMultipliers(sx float32, w []float32, so float32, channels int) (mult, shift []int32) {
	mult, shift = make([]int32, channels), make([]int32, channels)
	for c := range channels {
		sw := w[min(c, len(w)-1)]
		mult[c], shift[c] = fixed.Quantize(float64(sx) * float64(sw) / float64(so))
	}
	return mult, shift
}

// weightsS8 checks the weights of an int8 operator: constant int8, scales along axis 0 or one.
func weightsS8(w *Arg) error {
	if w.DType != tensor.Int8 || w.Const == nil || !w.Quant.Quantized() {
		return fmt.Errorf("weights are %v, want constant int8 with scales: %w", w.Type, ErrUnsupported)
	}
	if n := len(w.Quant.Scale); n != 1 && (w.Quant.Axis != 0 || n != w.Shape.Dim[0]) {
		return fmt.Errorf("weights have %d scales on axis %d, want them on axis 0: %w", n, w.Quant.Axis, ErrUnsupported)
	}
	return nil
}

// symmetricS8 is weightsS8 for operators whose weights have no zero points.
func symmetricS8(w *Arg) error {
	if err := weightsS8(w); err != nil {
		return err
	}
	for _, z := range w.Quant.Zero {
		if z != 0 {
			return fmt.Errorf("weights have zero point %d, want 0: %w", z, ErrUnsupported)
		}
	}
	return nil
}

// biasS8 returns the int32 bias, or zeros where there is none.
func biasS8(b *Arg, channels int) ([]int32, error) {
	if b == nil || b.Missing() {
		return make([]int32, channels), nil
	}
	if b.Const == nil || b.DType != tensor.Int32 || b.Shape.Elements() != channels {
		return nil, fmt.Errorf("bias is %v, want constant int32 [%d]: %w", b.Type, channels, ErrUnsupported)
	}
	return b.Const.Data.I32(), nil
}

// biasF32 is biasS8 for float32.
func biasF32(b *Arg, channels int) ([]float32, error) {
	if b == nil || b.Missing() {
		return tensor.Alloc(4 * channels).F32(), nil
	}
	if b.Const == nil || b.DType != tensor.Float32 || b.Shape.Elements() != channels {
		return nil, fmt.Errorf("bias is %v, want constant float32 [%d]: %w", b.Type, channels, ErrUnsupported)
	}
	return b.Const.Data.F32(), nil
}

// optional returns input i of n, or nil.
func optional(n *Node, i int) *Arg {
	if i >= len(n.In) || n.In[i].Missing() {
		return nil
	}
	return &n.In[i]
}
