package foreign_test

import (
	"testing"

	"edgerun/quant/foreign"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestComputeLarge cuts weights of any size, for a product wants them constant, and does not make large constants of small ones.
func TestComputeLarge(t *testing.T) {
	room := func(int) bool { return true }
	weights := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(900, 300)})
	for i := range weights.Data.F32() {
		weights.Data.F32()[i] = float32(i)
	}
	cut := op.Attrs{op.IntsAttr("starts", 300), op.IntsAttr("ends", 900), op.IntsAttr("axes", 0)}
	got := foreign.Compute(op.Slice, "cut", cut, []*graph.Value{graph.NewConst("w", weights)}, room)
	if got == nil || got.Shape != tensor.MakeShape(600, 300) || got.Data.F32()[0] != 90000 {
		t.Errorf("cut of %v is %v", weights.Shape, got)
	}
	one := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 2)})
	if got := foreign.Compute(op.Tile, "many", op.Attrs{op.IntsAttr("repeats", 1<<17, 1)}, []*graph.Value{graph.NewConst("one", one)}, room); got != nil {
		t.Errorf("%v was computed of %v", got.Shape, one.Shape)
	}
}
