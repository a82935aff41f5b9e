package tflite

import (
	"bytes"
	"math"
	"testing"

	"edgerun/rt"
)

// bools are the bytes of a bool tensor.
func bools(v ...byte) []byte { return v }

// constantArg is a tensor with its value.
func constantArg(kind string, data []byte, shape ...int32) fileTensor {
	return fileTensor{shape: shape, code: elem(kind), data: data}
}

// TestByHand checks the translation of operators that the reference's cases leave out, in float32, int32 or bool, against
// numbers that can be checked by hand.
func TestByHand(t *testing.T) {
	f32 := func(v ...float32) fileTensor { return constantArg("float32", floats(v...), int32(len(v))) }
	i32 := func(v ...int32) fileTensor { return constantArg("int32", int32s(v...), int32(len(v))) }
	b8 := func(v ...byte) fileTensor { return constantArg("bool", bools(v...), int32(len(v))) }
	shaped := func(x fileTensor, shape ...int32) fileTensor {
		x.shape = shape
		return x
	}
	scalar := func(v int32) fileTensor { return shaped(i32(v)) }
	square := shaped(f32(1, 2, 3, 4), 2, 2)
	picture := shaped(f32(1, 2, 3, 4), 1, 2, 2, 1)
	in := func(x ...fileTensor) []fileTensor { return x }
	for _, c := range []struct {
		op      string
		kind    byte
		options fbTable
		vary    int // inputs that are the graph's; those behind are constants
		in      []fileTensor
		want    fileTensor
	}{
		{"ABS", 78, fbTable{}, 1, in(f32(-2, 3)), f32(2, 3)},
		{"NEG", 42, fbTable{}, 1, in(f32(-2, 3)), f32(2, -3)},
		{"SIGN", 0, nil, 1, in(f32(-2, 0, 3)), f32(-1, 0, 1)},
		{"EXP", 33, fbTable{}, 1, in(f32(0, 1)), f32(1, math.E)},
		{"LOG", 0, nil, 1, in(f32(1, 8)), f32(0, 3*math.Ln2)},
		{"SQRT", 0, nil, 1, in(f32(4, 9)), f32(2, 3)},
		{"RSQRT", 0, nil, 1, in(f32(4, 16)), f32(0.5, 0.25)},
		{"SQUARE", 66, fbTable{}, 1, in(f32(-2, 3)), f32(4, 9)},
		{"FLOOR", 0, nil, 1, in(f32(-1.5, 1.5)), f32(-2, 1)},
		{"CEIL", 0, nil, 1, in(f32(-1.5, 1.5)), f32(-1, 2)},
		{"ROUND", 0, nil, 1, in(f32(-1.5, 2.5, 0.75)), f32(-2, 2, 1)},
		{"ELU", 0, nil, 1, in(f32(0, 3)), f32(0, 3)},
		{"GELU", 116, fbTable{true}, 1, in(f32(0, 100)), f32(0, 100)},
		{"GELU", 116, fbTable{false}, 1, in(f32(0, 100)), f32(0, 100)},
		{"POW", 56, fbTable{}, 2, in(f32(2, 3), f32(3, 2)), f32(8, 9)},
		{"FLOOR_DIV", 65, fbTable{}, 2, in(f32(7, -7), f32(2, 2)), f32(3, -4)},
		{"FLOOR_DIV", 65, fbTable{}, 2, in(i32(7, -7), i32(2, 2)), i32(3, -4)},
		{"FLOOR_MOD", 72, fbTable{}, 2, in(i32(7, -7), i32(4, 4)), i32(3, 1)},
		{"MAXIMUM", 39, fbTable{}, 1, in(f32(1, 5), f32(3)), f32(3, 5)},
		{"MINIMUM", 39, fbTable{}, 2, in(i32(1, 5), i32(3, 3)), i32(1, 3)},
		{"SQUARED_DIFFERENCE", 76, fbTable{}, 2, in(f32(1, 5), f32(3, 2)), f32(4, 9)},
		{"EQUAL", 53, fbTable{}, 2, in(f32(1, 2), f32(1, 3)), b8(1, 0)},
		{"NOT_EQUAL", 54, fbTable{}, 2, in(f32(1, 2), f32(1, 3)), b8(0, 1)},
		{"LESS", 41, fbTable{}, 2, in(f32(1, 2), f32(1, 3)), b8(0, 1)},
		{"LESS_EQUAL", 46, fbTable{}, 2, in(f32(1, 4), f32(1, 3)), b8(1, 0)},
		{"GREATER", 44, fbTable{}, 2, in(f32(1, 4), f32(1, 3)), b8(0, 1)},
		{"GREATER_EQUAL", 45, fbTable{}, 2, in(i32(1, 2), i32(1, 3)), b8(1, 0)},
		{"LOGICAL_AND", 62, fbTable{}, 2, in(b8(0, 1, 1), b8(0, 0, 1)), b8(0, 0, 1)},
		{"LOGICAL_OR", 60, fbTable{}, 2, in(b8(0, 1, 1), b8(0, 0, 1)), b8(0, 1, 1)},
		{"LOGICAL_NOT", 63, fbTable{}, 1, in(b8(0, 1)), b8(1, 0)},
		{"SELECT", 47, fbTable{}, 3, in(b8(1, 0), square, shaped(f32(5, 6, 7, 8), 2, 2)), shaped(f32(1, 2, 7, 8), 2, 2)},
		{"SELECT_V2", 98, fbTable{}, 2, in(b8(1, 0), square, f32(9)), shaped(f32(1, 9, 3, 9), 2, 2)},
		{"SUM", 27, fbTable{true}, 1, in(square, i32(-1)), shaped(f32(3, 7), 2, 1)},
		{"MEAN", 27, fbTable{false}, 1, in(square, i32(0)), f32(2, 3)},
		{"REDUCE_PROD", 27, fbTable{false}, 1, in(square, i32(0)), f32(3, 8)},
		{"REDUCE_MAX", 27, fbTable{false}, 1, in(square, i32(0)), f32(3, 4)},
		{"REDUCE_MIN", 27, fbTable{false}, 1, in(square, i32(1)), f32(1, 3)},
		{"REDUCE_ANY", 27, fbTable{false}, 1, in(shaped(b8(0, 1, 0, 0), 2, 2), i32(1)), b8(1, 0)},
		{"REDUCE_ALL", 27, fbTable{false}, 1, in(shaped(b8(0, 1, 1, 1), 2, 2), i32(1)), b8(0, 1)},
		{"ARG_MAX", 40, fbTable{elem("int32")}, 1, in(square, i32(-1)), i32(1, 1)},
		{"ARG_MIN", 57, fbTable{elem("int32")}, 1, in(square, i32(0)), i32(0, 0)},
		{"L2_NORMALIZATION", 12, fbTable{byte(0)}, 1, in(shaped(f32(3, 4), 1, 2)), shaped(f32(0.6, 0.8), 1, 2)},
		{"ADD_N", 82, fbTable{}, 3, in(f32(1, 2), f32(3, 4), f32(5, 6)), f32(9, 12)},
		{"CUMSUM", 102, fbTable{true, false}, 1, in(f32(1, 2, 3), i32(0)), f32(0, 1, 3)},
		{"CUMSUM", 102, fbTable{false, true}, 1, in(f32(1, 2, 3), i32(0)), f32(6, 5, 3)},
		{"GATHER", 23, fbTable{int32(1), int32(0)}, 2, in(square, i32(1, 1, 0)), shaped(f32(2, 2, 1, 4, 4, 3), 2, 3)},
		{"EMBEDDING_LOOKUP", 0, nil, 1, in(i32(1, 0), square), shaped(f32(3, 4, 1, 2), 2, 2)},
		{"TILE", 51, fbTable{}, 1, in(square, i32(1, 2)), shaped(f32(1, 2, 1, 2, 3, 4, 3, 4), 2, 4)},
		{"BROADCAST_TO", 104, fbTable{}, 1, in(f32(1, 2), i32(2, 2)), shaped(f32(1, 2, 1, 2), 2, 2)},
		{"REVERSE_V2", 81, fbTable{}, 1, in(square, i32(-1)), shaped(f32(2, 1, 4, 3), 2, 2)},
		{"GATHER_ND", 83, fbTable{}, 2, in(square, shaped(i32(1, 0, 0, 1, 1, 1), 3, 2)), f32(3, 2, 4)},
		{"GATHER_ND", 83, fbTable{}, 1, in(square, shaped(i32(1, 0, 1), 3, 1)), shaped(f32(3, 4, 1, 2, 3, 4), 3, 2)},
		{"GATHER_ND", 83, fbTable{}, 1, in(shaped(f32(1, 2, 3, 4, 5, 6, 7, 8), 2, 2, 2), shaped(i32(1, 0), 1, 2)), shaped(f32(5, 6), 1, 2)},
		{"SCATTER_ND", 97, fbTable{}, 2, in(shaped(i32(2, 0, 2), 3, 1), f32(1, 2, 3), i32(4)), f32(2, 0, 4, 0)},
		{"SCATTER_ND", 97, fbTable{}, 2, in(shaped(i32(1), 1, 1), shaped(i32(1, 2), 1, 2), i32(2, 2)), shaped(i32(0, 0, 1, 2), 2, 2)},
		{"DYNAMIC_UPDATE_SLICE", 117, fbTable{}, 3, in(square, shaped(f32(9, 8), 1, 2), i32(1, 5)), shaped(f32(1, 2, 9, 8), 2, 2)},
		{"TOPK_V2", 34, fbTable{}, 1, in(f32(1, 7, 3, 7), i32(3)), f32(7, 7, 3)},
		{"TOPK_V2", 34, fbTable{}, 1, in(square, i32(1)), shaped(f32(2, 4), 2, 1)},
		{"ONE_HOT", 61, fbTable{int32(-1)}, 1, in(i32(1, 3, 0), scalar(2), f32(5), f32(-1)), shaped(f32(-1, 5, -1, -1, 5, -1), 3, 2)},
		{"ONE_HOT", 61, fbTable{int32(0)}, 1, in(i32(1, 0), scalar(2), b8(1), b8(0)), shaped(b8(0, 1, 1, 0), 2, 2)},
		{"FILL", 68, fbTable{}, 0, in(i32(2, 1), f32(3)), shaped(f32(3, 3), 2, 1)},
		{"ZEROS_LIKE", 67, fbTable{}, 1, in(square), shaped(f32(0, 0, 0, 0), 2, 2)},
		{"RANGE", 73, fbTable{}, 0, in(scalar(5), scalar(0), scalar(-2)), i32(5, 3, 1)},
		{"RANGE", 73, fbTable{}, 0, in(f32(0), f32(1), f32(0.5)), f32(0, 0.5)},
		{"RANK", 86, fbTable{}, 1, in(square), scalar(2)},
		{"SIN", 0, nil, 1, in(f32(0, math.Pi/2)), f32(0, 1)},
		{"COS", 84, fbTable{}, 1, in(f32(0, 1)), f32(1, 0.54030230586813971740)},
		{"L2_POOL_2D", 5, fbTable{byte(1), int32(1), int32(1), int32(2), int32(2), byte(0)}, 1, in(shaped(f32(1, 1, 1, 1), 1, 2, 2, 1)), shaped(f32(1), 1, 1, 1, 1)},
		{"L2_POOL_2D", 5, fbTable{byte(0), int32(2), int32(2), int32(2), int32(2), byte(3)}, 1, in(shaped(f32(9, 3, 4), 1, 3, 1, 1)), shaped(f32(6, 4), 1, 2, 1, 1)},
		{"CAST", 37, fbTable{}, 1, in(i32(300, -129, 5)), constantArg("int8", []byte{44, 127, 5}, 3)},
		{"CAST", 37, fbTable{}, 1, in(f32(300, -1.5, 5)), i32(300, -1, 5)},
		{"SPACE_TO_DEPTH", 19, fbTable{int32(2)}, 1, in(picture), shaped(f32(1, 2, 3, 4), 1, 1, 1, 4)},
		{"DEPTH_TO_SPACE", 94, fbTable{int32(2)}, 1, in(shaped(f32(1, 2, 3, 4), 1, 1, 1, 4)), picture},
		{"SPACE_TO_BATCH_ND", 25, fbTable{}, 1, in(picture, i32(2, 1), shaped(i32(1, 1, 0, 0), 2, 2)), shaped(f32(0, 0, 3, 4, 1, 2, 0, 0), 2, 2, 2, 1)},
		{"BATCH_TO_SPACE_ND", 24, fbTable{}, 1, in(shaped(f32(0, 0, 3, 4, 1, 2, 0, 0), 2, 2, 2, 1), i32(2, 1), shaped(i32(1, 1, 0, 0), 2, 2)), picture},
	} {
		m, o := &fileModel{}, fileOp{code: opNumber(c.op), kind: c.kind, options: c.options}
		for i, x := range c.in {
			x.name = string(rune('a' + i))
			if i < c.vary {
				x.data = nil
				m.inputs = append(m.inputs, int32(i))
			}
			m.tensors, o.in = append(m.tensors, x), append(o.in, int32(i))
		}
		y := c.want
		y.name, y.data = "y", nil
		o.out = []int32{int32(len(m.tensors))}
		m.tensors, m.outputs, m.ops = append(m.tensors, y), o.out, []fileOp{o}
		g, err := Parse(m.bytes(), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		p, err := rt.Compile(g, rt.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		s := p.NewSession(nil)
		for i := range c.vary {
			copy(s.Input(i).Bytes(), c.in[i].data)
		}
		s.Run()
		if got := s.Output(0).Bytes(); !bytes.Equal(got, c.want.data) {
			t.Errorf("%s: got % x, want % x", c.op, got, c.want.data)
		}
	}
}

// TestSubScales: only int16 files that deny scales of powers of two have TensorFlow Lite's float64 multipliers.
func TestSubScales(t *testing.T) {
	for _, c := range []struct {
		dtype   string
		options fbTable
		want    bool
	}{
		{"int16", fbTable{nil, byte(0)}, true},
		{"int16", fbTable{nil, byte(1)}, false},
		{"int16", fbTable{nil}, false},
		{"int8", fbTable{nil, byte(0)}, false},
	} {
		v := vectorTensor{Shape: []int32{2}, DType: c.dtype, Scale: 0.5, Zero: 0.0}
		a, b, y := v, v, v
		a.Name, b.Name, y.Name = "a", "b", "y"
		m := (&vectorCase{Op: "SUB", Inputs: []*vectorTensor{&a, &b}, Outputs: []*vectorTensor{&y}}).model()
		m.ops[0].options = c.options
		g, err := Parse(m.bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Nodes[0].Attrs.Int("doubleScales", 0) != 0; got != c.want {
			t.Errorf("%s with options %v: float64 multipliers %v, want %v", c.dtype, c.options, got, c.want)
		}
	}
}
