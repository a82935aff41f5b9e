package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Minimum is the smaller of two elements, with numpy's broadcasting. float32: NaN wins, and −0 is less than +0.
// int8 and int16: TFLite's MINIMUM, which compares codes: all three tensors share their quantization.
var Minimum = register(extreme(41, "Minimum", minimumOf[int8], minimumOf[uint8], minimumOf[int16], minimumOf[int32], minimumOf[int64], minimumOf[float32]))

// Maximum is the larger of two elements, else as Minimum.
var Maximum = register(extreme(42, "Maximum", maximumOf[int8], maximumOf[uint8], maximumOf[int16], maximumOf[int32], maximumOf[int64], maximumOf[float32]))

func minimumOf[T element](a, b T) T { return min(a, b) }
func maximumOf[T element](a, b T) T { return max(a, b) }

func extreme(code uint16, name string, s8 func(a, b int8) int8, u8 func(a, b uint8) uint8, s16 func(a, b int16) int16, i32 func(a, b int32) int32, i64 func(a, b int64) int64, f32 func(a, b float32) float32) Def {
	return Def{
		Code: code, Name: name, MinIn: 2, MaxIn: 2, Outs: 1, InPlace: []int{0, 1},
		Infer: inferBinary, Quant: Quantization{Kind: TiedRange},
		Prepare: func(p *Prepare) (Step, error) {
			st := newBinary(p)
			switch p.In[0].DType {
			case tensor.Int8, tensor.Int16:
				if err := sameCodes(p, 0, 1); err != nil {
					return nil, err
				}
				if p.In[0].DType == tensor.Int16 {
					return st.portable(pairs(s16)), nil
				}
				return st.portable(pairs(s8)), nil
			case tensor.UInt8, tensor.Bool:
				return st.portable(pairs(u8)), nil
			case tensor.Int32:
				return st.portable(pairs(i32)), nil
			case tensor.Int64:
				return st.portable(pairs(i64)), nil
			case tensor.Float32:
				return st.portable(pairs(f32)), nil
			}
			return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
		},
	}
}

// sameCodes refuses int8 and int16 inputs whose codes mean other reals than the output's.
func sameCodes(p *Prepare, inputs ...int) error {
	y := &p.Out[0].Type
	for _, i := range inputs {
		x := &p.In[i].Type
		if (x.DType == tensor.Int8 || x.DType == tensor.Int16) && !x.Quant.Equal(y.Quant) {
			return fmt.Errorf("input %d is %v, output %v: they differ in quantization: %w", i, x, y, ErrUnsupported)
		}
	}
	return nil
}
