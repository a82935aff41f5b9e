package tflite

import (
	"bytes"
	"fmt"
	"testing"

	"edgerun/rt"
)

// nibbles packs codes of −8 to 7, the first one in the low half of a byte.
func nibbles(codes []byte) []byte {
	b := make([]byte, (len(codes)+1)/2)
	for i, c := range codes {
		b[i/2] |= c & 15 << (i % 2 * 4)
	}
	return b
}

// TestInt4 runs layers with int4 weights, of odd and even number, beside the same weights in int8: the bytes are equal.
func TestInt4(t *testing.T) {
	for _, c := range []struct {
		op      string
		kind    byte
		options fbTable
		x, w, y []int32
		axis    int32 // of weights' scales
	}{
		{"FULLY_CONNECTED", 8, fbTable{byte(1)}, []int32{2, 5}, []int32{3, 5}, []int32{2, 3}, 0},
		{"FULLY_CONNECTED", 8, fbTable{byte(0)}, []int32{1, 6}, []int32{3, 6}, []int32{1, 3}, 0},
		{"CONV_2D", 1, fbTable{byte(0), int32(1), int32(1), byte(3)}, []int32{1, 4, 5, 3}, []int32{5, 3, 3, 3}, []int32{1, 4, 5, 5}, 0},
		{"CONV_2D", 1, fbTable{byte(1), int32(2), int32(1), byte(0)}, []int32{1, 4, 5, 2}, []int32{4, 1, 1, 2}, []int32{1, 4, 3, 4}, 0},
		{"DEPTHWISE_CONV_2D", 2, fbTable{byte(0), int32(1), int32(1), int32(1), byte(0)}, []int32{1, 4, 4, 3}, []int32{1, 3, 3, 3}, []int32{1, 4, 4, 3}, 3},
		{"DEPTHWISE_CONV_2D", 2, fbTable{byte(1), int32(1), int32(1), int32(2), byte(1)}, []int32{1, 4, 4, 2}, []int32{1, 3, 3, 4}, []int32{1, 2, 2, 4}, 3},
	} {
		for _, perChannel := range []bool{false, true} {
			t.Run(fmt.Sprint(c.op, c.w, perChannel), func(t *testing.T) {
				count := func(shape []int32) int {
					n := 1
					for _, d := range shape {
						n *= int(d)
					}
					return n
				}
				codes := make([]byte, count(c.w))
				noise(codes, 5)
				for i := range codes {
					codes[i] = byte(int8(codes[i]) >> 4)
				}
				units := c.w[c.axis]
				bias := make([]int32, units)
				scale, zero := []float32{0.03}, []int64{0}
				for i := range bias {
					bias[i] = int32(i)*37 - 50
					if perChannel && i > 0 {
						scale, zero = append(scale, 0.03+0.007*float32(i)), append(zero, 0)
					}
				}
				var first []byte
				for _, kind := range []string{"int8", "int4"} {
					w := fileTensor{name: "w", shape: c.w, code: elem(kind), scale: scale, zero: zero, axis: c.axis, data: codes}
					if kind == "int4" {
						w.data = nibbles(codes)
					}
					m := &fileModel{tensors: []fileTensor{
						quantized(fileTensor{name: "x", shape: c.x, code: elem("int8")}, 0.05, 7),
						w,
						{name: "b", shape: []int32{units}, code: elem("int32"), data: int32s(bias...)},
						quantized(fileTensor{name: "y", shape: c.y, code: elem("int8")}, 0.06, -9),
					}, ops: []fileOp{{code: opNumber(c.op), in: []int32{0, 1, 2}, out: []int32{3}, kind: c.kind, options: c.options}},
						inputs: []int32{0}, outputs: []int32{3}}
					g, err := Parse(m.bytes(), Options{})
					if err != nil {
						t.Fatal(err)
					}
					sessions(t, g, func(t *testing.T, s *rt.Session) {
						noise(s.Input(0).Bytes(), 9)
						s.Run()
						y := bytes.Clone(s.Output(0).Bytes())
						if first == nil {
							first = y
						}
						if !bytes.Equal(y, first) {
							t.Errorf("%s gives % x, want % x", kind, y, first)
						}
					})
				}
			})
		}
	}
}
