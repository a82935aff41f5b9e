package op

import (
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// Binary is y = f(a, b) with numpy's broadcasting; attribute function names f.
//
//	pow        float32 (fixed.PowF32), int32, int64 (they wrap; to a negative power only ±1 are not 0)
//	floorDiv   float32 (⌊a/b⌋ of the rounded quotient), int32, int64 (0 by zero)
//	floorMod   float32 (fixed.FloorModF32), int32, int64 (b's sign; 0 by zero)
//	truncMod   float32, int32, int64: C's remainder, with a's sign
//	and or xor bool
var Binary = register(Def{
	Code: 43, Name: "Binary", MinIn: 2, MaxIn: 2, Outs: 1, InPlace: []int{0, 1},
	Attrs: []AttrSpec{{Name: "function", Kind: String, Required: true}},
	Infer: func(n *Node) error {
		if binaryByName(n.Attrs.String("function", "")) == nil {
			return fmt.Errorf("function %q: %w", n.Attrs.String("function", ""), ErrUnsupported)
		}
		return inferBinary(n)
	},
	Prepare: func(p *Prepare) (Step, error) {
		f := binaryByName(p.Attrs.String("function", ""))
		st := newBinary(p)
		switch d := p.In[0].DType; {
		case d == tensor.Float32 && f.f32 != nil:
			return st.portable(pairs(f.f32)), nil
		case d == tensor.Int32 && f.i64 != nil:
			return st.portable(pairs(func(a, b int32) int32 { return int32(f.i64(int64(a), int64(b))) })), nil
		case d == tensor.Int64 && f.i64 != nil:
			return st.portable(pairs(f.i64)), nil
		case d == tensor.Bool && f.bits != nil:
			return st.portable(pairs(f.bits)), nil
		}
		return nil, fmt.Errorf("%s of %v: %w", f.name, p.In[0].DType, ErrUnsupported)
	},
})

type binaryFunction struct {
	name string
	f32  func(a, b float32) float32
	i64  func(a, b int64) int64
	bits func(a, b uint8) uint8
}

var binaryFunctions = []binaryFunction{
	{name: "pow", f32: fixed.PowF32, i64: powInt},
	{name: "floorDiv", f32: func(a, b float32) float32 { return float32(math.Floor(float64(a / b))) }, i64: floorQuotient},
	{name: "floorMod", f32: fixed.FloorModF32, i64: func(a, b int64) int64 { return a - b*floorQuotient(a, b) }},
	{name: "truncMod", f32: func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) }, i64: func(a, b int64) int64 { return a - b*quotient(a, b) }},
	{name: "and", bits: func(a, b uint8) uint8 { return a & b }},
	{name: "or", bits: func(a, b uint8) uint8 { return a | b }},
	{name: "xor", bits: func(a, b uint8) uint8 { return a ^ b }},
}

func binaryByName(name string) *binaryFunction {
	for i := range binaryFunctions {
		if binaryFunctions[i].name == name {
			return &binaryFunctions[i]
		}
	}
	return nil
}

func floorQuotient(a, b int64) int64 {
	q := quotient(a, b)
	if b != 0 && a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func powInt(a, b int64) int64 {
	if b < 0 {
		switch a {
		case 1:
			return 1
		case -1:
			return 1 - 2*(b&1)
		}
		return 0
	}
	y := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			y *= a
		}
		a *= a
	}
	return y
}
