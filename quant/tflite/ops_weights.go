package tflite

import (
	"slices"

	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// dequantized returns a quantized constant in float32.
func (c *call) dequantized(v *graph.Value) *graph.Value {
	if c.err != nil {
		return v
	}
	var codes func(t *tensor.Tensor, i int) int32
	switch v.DType {
	case tensor.Int8:
		codes = func(t *tensor.Tensor, i int) int32 { return int32(t.Data.I8()[i]) }
	case tensor.Int16:
		codes = func(t *tensor.Tensor, i int) int32 { return int32(t.Data.I16()[i]) }
	case tensor.Int32:
		codes = func(t *tensor.Tensor, i int) int32 { return t.Data.I32()[i] }
	}
	if codes == nil || v.Const == nil || !v.Quant.Quantized() {
		c.unsupported("weights of %v", v.Type)
		return v
	}
	return c.fold(v, "float32", 4*v.Shape.Elements(), func(t *tensor.Tensor) *tensor.Tensor {
		out := tensor.New(tensor.Type{DType: tensor.Float32, Shape: t.Shape})
		channels, stride := len(t.Quant.Scale), 1
		for k := t.Quant.Axis + 1; channels > 1 && k < t.Shape.Rank; k++ {
			stride *= t.Shape.Dim[k]
		}
		for i := range out.Data.F32() {
			k := i / stride % channels
			out.Data.F32()[i] = float32(float64(t.Quant.Scale[k]) * float64(int64(codes(t, i))-int64(t.Quant.Zero[k])))
		}
		return out
	})
}

// weights is a constant input of the rank wanted, for an operator on x. Quantized ones become float32 beside float32.
func (c *call) weights(i int, x *graph.Value, rank int) *graph.Value {
	v := c.input(i)
	c.constant(i, "weights")
	if c.err == nil && v.Shape.Rank != rank {
		c.fail("weights have shape %v, want %d dimensions", v.Shape, rank)
	}
	if x.DType == tensor.Float32 && c.err == nil && v.DType != tensor.Float32 {
		return c.dequantized(v)
	}
	return v
}

// requantized returns the constant v in another quantization: the same codes.
func requantized(v *graph.Value, q tensor.Quant) *graph.Value {
	t := *v.Const
	t.Quant = q
	return graph.NewConst(v.Name, &t)
}

// symmetric drops the zero points of weights, which the reference does not look at.
func symmetric(v *graph.Value) *graph.Value {
	if !slices.ContainsFunc(v.Quant.Zero, func(z int32) bool { return z != 0 }) {
		return v
	}
	q := v.Quant
	q.Zero = make([]int32, len(q.Scale))
	return requantized(v, q)
}

// legacy reports whether an input holds uint8 codes in the file.
func (c *call) legacy(i int) bool {
	return i < len(c.operator.in) && c.operator.in[i] >= 0 && c.im.s.tensors[c.operator.in[i]].shifted()
}

// operands returns input, weights and maybe bias of a convolution as its operator takes them.
//
// The multiplier of a convolution is x·w/y in float64, but of uint8 codes the product x·w is rounded to float32 first:
// there x is read with that product as its scale, and w with scale 1, which gives the same and changes no code. Zero
// points of int8 weights do not count, those of uint8 weights do.
func (c *call) operands(at int, x, w *graph.Value, bias, biasType int) []*graph.Value {
	if c.err == nil && x.DType == tensor.Int8 {
		if !c.legacy(at) {
			w = symmetric(w)
		} else if len(x.Quant.Scale) == 1 && len(w.Quant.Scale) == 1 {
			v, err := c.im.view(x, c.name+"/scaled", tensor.PerTensor(x.Quant.Scale[0]*w.Quant.Scale[0], x.Quant.Zero[0]))
			if err != nil {
				c.fail("%w", inner(err))
				return nil
			}
			x, w = v, requantized(w, tensor.PerTensor(1, w.Quant.Zero[0]))
		}
	}
	return append([]*graph.Value{x, w}, c.bias(bias, biasType, x, w)...)
}

// bias returns the bias, or none. Beside int16, its type says how wide the accumulators are; without a bias the option
// at field biasType does, and zeros of int32 stand for it.
func (c *call) bias(i, biasType int, x, w *graph.Value) []*graph.Value {
	if b := c.optional(i); b != nil {
		return []*graph.Value{b}
	}
	if c.err != nil || x.DType != tensor.Int16 || biasType < 0 || c.options.byte(biasType) != codeInt32 {
		return nil
	}
	return []*graph.Value{graph.NewConst(c.name+"/bias", tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(w.Shape.Dim[0])}))}
}

const codeInt32 = 2 // among elemTypes
