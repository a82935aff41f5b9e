package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Compare is a bool for each pair of elements, with numpy's broadcasting. Attribute relation is equal, notEqual, less,
// lessEqual, greater or greaterEqual. Nothing compares with NaN but notEqual.
//
// int8: TFLite's comparisons: both operands are multiplied by their scales with 8 bits behind the point, rounded and
// compared, so that close values of small scales count as equal; a scale must be below 1.
var Compare = register(Def{
	Code: 45, Name: "Compare", MinIn: 2, MaxIn: 2, Outs: 1,
	Attrs: []AttrSpec{{Name: "relation", Kind: String, Required: true}},
	Infer: func(n *Node) error {
		if _, ok := relationByName(n.Attrs.String("relation", "")); !ok {
			return fmt.Errorf("relation %q: %w", n.Attrs.String("relation", ""), ErrUnsupported)
		}
		err := inferBinary(n)
		n.Out[0].DType = tensor.Bool
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		r, _ := relationByName(p.Attrs.String("relation", ""))
		st := newBinary(p)
		switch p.In[0].DType {
		case tensor.Bool, tensor.UInt8:
			return st.portable(comparison[uint8](r)), nil
		case tensor.Int32:
			return st.portable(comparison[int32](r)), nil
		case tensor.Int64:
			return st.portable(comparison[int64](r)), nil
		case tensor.Float32:
			return st.portable(comparison[float32](r)), nil
		case tensor.Int8:
			if !p.In[0].Quant.Quantized() && !p.In[1].Quant.Quantized() {
				return st.portable(comparison[int8](r)), nil
			}
		default:
			return nil, fmt.Errorf("element type %v: %w", p.In[0].DType, ErrUnsupported)
		}
		var scaled [2]*[256]int32
		for i := range scaled {
			s, z, err := perTensor([]string{"first operand", "second operand"}[i], &p.In[i].Type)
			if err != nil {
				return nil, err
			}
			if s >= 1 {
				return nil, fmt.Errorf("operand %d has scale %g, want one below 1: %w", i, s, ErrUnsupported)
			}
			scaled[i] = scaledCodes(z, float64(s), 8)
		}
		st.info.PackedBytes = 4 * 2 * 256
		of := order[int32]
		return st.portable(pairs(func(a, b int8) uint8 { return r.holds(of(scaled[0][int(a)+128], scaled[1][int(b)+128])) })), nil
	},
})

// relation says for which orders of two elements it holds, as bits 1 << order.
type relation uint8

const (
	isLess = iota
	isEqual
	isGreater
	isUnordered
)

func (r relation) holds(order uint8) uint8 { return uint8(r) >> order & 1 }

func relationByName(name string) (relation, bool) {
	switch name {
	case "equal":
		return 1 << isEqual, true
	case "notEqual":
		return 1<<isLess | 1<<isGreater | 1<<isUnordered, true
	case "less":
		return 1 << isLess, true
	case "lessEqual":
		return 1<<isLess | 1<<isEqual, true
	case "greater":
		return 1 << isGreater, true
	case "greaterEqual":
		return 1<<isGreater | 1<<isEqual, true
	}
	return 0, false
}

func order[T element](a, b T) uint8 {
	switch {
	case a < b:
		return isLess
	case a == b:
		return isEqual
	case a > b:
		return isGreater
	}
	return isUnordered
}

func comparison[T element](r relation) func(*Worker, part) {
	return pairs(func(a, b T) uint8 { return r.holds(order(a, b)) })
}
