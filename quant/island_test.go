package quant_test

import (
	"slices"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestIslands quantizes networks with layers that have no int8 form, as operators or as they are used: they stay float32
// between borders, the rest does not, and each is named with its reason.
func TestIslands(t *testing.T) {
	for _, c := range []struct {
		name string
		net  func(b *netBuilder) *netBuilder
		want []string // texts of the islands
	}{
		{"none", func(b *netBuilder) *netBuilder { return b.conv(6, 3, 1, 1, 0, 0, 1).mean(1, 2).dense(3) }, nil},
		{"operator", func(b *netBuilder) *netBuilder {
			b.conv(6, 3, 1, 1, 0, 0, 1).add(op.CumSum, op.Attrs{op.IntAttr("axis", 2)}, b.v)
			return b.add(op.CumSum, op.Attrs{op.IntAttr("axis", 3)}, b.v).mean(1, 2).dense(3)
		}, []string{"cumsum1 (CumSum): the operator has no int8 form; cumsum2 (CumSum): the operator has no int8 form [1 Dequantize in, 1 Quantize out]"}},
		{"two", func(b *netBuilder) *netBuilder {
			b.conv(6, 3, 1, 1, 0, 0, 1).add(op.CumSum, op.Attrs{op.IntAttr("axis", 2)}, b.v).conv(6, 1, 1, 1, 0, 0, 1)
			return b.add(op.CumSum, op.Attrs{op.IntAttr("axis", 2)}, b.v)
		}, []string{"cumsum1 (CumSum): the operator has no int8 form [1 Dequantize in, 1 Quantize out]",
			"cumsum3 (CumSum): the operator has no int8 form [1 Dequantize in, 0 Quantize out]"}},
		{"activation", func(b *netBuilder) *netBuilder {
			return b.reshape(1, 12, 6).recurrent(op.RNNLayer, 5, 1, false, op.StringAttr("candidate", "leakyRelu"), op.FloatsAttr("alpha", 0, 0.1, 0),
				op.FloatsAttr("beta", 0, 0, 0)).dense(3)
		}, []string{`rnnlayer1 (RNNLayer): activation "leakyRelu" has no int8 form [1 Dequantize in, 1 Quantize out]`}},
		{"integers", func(b *netBuilder) *netBuilder {
			one := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1)})
			one.Data.F32()[0] = 0.5
			x := b.v
			c := b.add(op.Compare, op.Attrs{op.StringAttr("relation", "less")}, x, graph.NewConst("half", one)).v
			return b.add(op.Select, nil, c, x, b.add(op.Tanh, nil, x).v).dense(3)
		}, []string{"compare0 (Compare): the operator has no int8 form [0 Dequantize in, 0 Quantize out]"}},
		// Only the int8 form itself knows that its sum would be too long.
		{"form", func(b *netBuilder) *netBuilder {
			b.add(op.Tile, op.Attrs{op.IntsAttr("repeats", 1, 1, 500, 1)}, b.add(op.Tanh, nil, b.v).v)
			x := b.v
			y := b.reshape(1, 36000, 1).v
			b.v = x
			return b.add(op.BatchMatMul, nil, b.reshape(1, 1, 36000).v, y).dense(3)
		}, []string{"batchmatmul4 (BatchMatMul): 36000 products of int8, want at most 32768 is unsupported [2 Dequantize in, 1 Quantize out]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := quant.Convert(c.net(newNet(t, 2, 1, 1, 12, 6)).done(), random{4}, quant.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, is := range quant.Islands(r.Int8, r.Why) {
				got = append(got, is.Text())
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("islands:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			for _, text := range c.want {
				name, why, _ := strings.Cut(strings.Split(text, ";")[0], ": ")
				why, _, _ = strings.Cut(why, " [")
				if !strings.Contains(strings.Join(r.Issues, "\n"), name+" stays float32: "+why) {
					t.Errorf("issues %q, want one of %q: %s", r.Issues, name, why)
				}
			}
			want, have := run(t, r.Float, kernels.Generic(), 1), run(t, r.Int8, kernels.Best(), 1)
			limit := 0.5 + (slices.Max(want)-slices.Min(want))/20
			for i, v := range want {
				if d := v - have[i]; d < -limit || d > limit {
					t.Errorf("output %d is %g, in float32 %g", i, have[i], v)
				}
			}
			if quant.Islands(r.Float, nil) != nil {
				t.Error("a float32 network has islands")
			}
		})
	}
}
