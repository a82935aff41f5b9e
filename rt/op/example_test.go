package op_test

import (
	"fmt"

	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// An operator gives shapes from shapes, and says what it costs.
func Example() {
	conv := op.ByName("Conv2D")
	n := &op.Node{
		Attrs: op.Attrs{op.IntsAttr("strides", 2, 2), op.IntsAttr("pads", 1, 1, 1, 1)},
		In: []op.Arg{
			{Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(1, 224, 224, 3)}},
			{Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(32, 3, 3, 3)}},
		},
		Out: make([]op.Arg, 1),
	}
	if err := conv.Infer(n); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Out[0].Type, conv.MACs(n))
	fmt.Println(conv.CheckAttrs(op.Attrs{op.IntAttr("stride", 2)}))
	// Output:
	// int8[1 112 112 32] 10838016
	// unknown attribute "stride"
}
