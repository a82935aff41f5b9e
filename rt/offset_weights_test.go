package rt_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/fixed"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// TestOffsetWeights compares convolutions whose weights have a zero point, as files of uint8 have, with the formula.
func TestOffsetWeights(t *testing.T) {
	const h, w, k, depth = 7, 6, 3, 5
	for _, zw := range []int32{-128, -7, 1, 127} {
		for _, groups := range []int{1, depth} {
			for _, unsigned := range []int{0, 1} {
				t.Run(fmt.Sprint(zw, groups, unsigned), func(t *testing.T) {
					r := rand.New(rand.NewPCG(uint64(zw+200), uint64(groups)))
					outputs, in := 10, depth/groups
					if groups > 1 {
						outputs = depth
					}
					x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(1, h, w, depth), Quant: tensor.PerTensor(0.037, -19)}}
					weights := tensor.New(tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(outputs, k, k, in), Quant: tensor.PerTensor(0.0123, zw)})
					for i := range weights.Data.I8() {
						weights.Data.I8()[i] = int8(r.IntN(256) - 128)
					}
					bias := tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(outputs)})
					for i := range bias.Data.I32() {
						bias.Data.I32()[i] = r.Int32N(4000) - 2000
					}
					g := &graph.Graph{Inputs: []*graph.Value{x}}
					n, err := g.Add(op.Conv2D, "y", op.Attrs{op.IntsAttr("pads", 1, 1, 1, 1), op.IntsAttr("strides", 2, 1), op.IntAttr("groups", groups),
						op.IntAttr("unsigned", unsigned)}, x, graph.NewConst("w", weights), graph.NewConst("b", bias))
					if err != nil {
						t.Fatal(err)
					}
					y := n.Out[0]
					y.Quant = tensor.PerTensor(0.91, 11)
					g.Outputs = n.Out
					real := float64(float32(0.037)) * float64(float32(0.0123)) / float64(float32(0.91))
					if unsigned == 1 {
						a, b := float32(0.037), float32(0.0123)
						real = float64(a*b) / float64(float32(0.91))
					}
					m, e := fixed.Quantize(real)
					codes := make([]int8, x.Shape.Elements())
					for i := range codes {
						codes[i] = int8(r.IntN(256) - 128)
					}
					want := func(row, col, o int) int8 {
						acc := bias.Data.I32()[o]
						for ky := range k {
							for kx := range k {
								iy, ix := row*2-1+ky, col-1+kx
								if iy < 0 || iy >= h || ix < 0 || ix >= w {
									continue
								}
								for c := range in {
									v := int32(weights.Data.I8()[((o*k+ky)*k+kx)*in+c]) - zw
									acc += v * (int32(codes[(iy*w+ix)*depth+o/(outputs/groups)*in+c]) + 19)
								}
							}
						}
						return int8(min(max(fixed.MBQM(acc, m, e)+11, -128), 127))
					}
					for _, set := range kernels.All() {
						p, err := rt.Compile(g, rt.Options{Kernels: set})
						if err != nil {
							t.Fatal(err)
						}
						s := p.NewSession(nil)
						copy(s.Input(0).I8(), codes)
						s.Run()
						for i, got := range s.Output(0).I8() {
							o, col, row := i%outputs, i/outputs%y.Shape.Dim[2], i/outputs/y.Shape.Dim[2]
							if v := want(row, col, o); got != v {
								t.Fatalf("%s: y[%d,%d,%d] = %d, want %d", set.Name, row, col, o, got, v)
							}
						}
					}
				})
			}
		}
	}
}

// TestOffsetWeightsAlike runs one product as the three layers that have it: a pixel's convolution, transposed
// convolution and fully connected layer.
func TestOffsetWeightsAlike(t *testing.T) {
	const rows, k, outputs = 5, 13, 9
	r := rand.New(rand.NewPCG(3, 1))
	codes, weights := make([]int8, rows*k), make([]int8, outputs*k)
	for _, x := range [][]int8{codes, weights} {
		for i := range x {
			x[i] = int8(r.IntN(256) - 128)
		}
	}
	var want []int8
	for _, d := range []*op.Def{op.Conv2D, op.TransposeConv2D, op.FullyConnected} {
		in, shape, attrs := tensor.MakeShape(1, rows, 1, k), tensor.MakeShape(outputs, 1, 1, k), op.Attrs{op.IntAttr("unsigned", 1)}
		if d == op.FullyConnected {
			in, shape, attrs = tensor.MakeShape(rows, k), tensor.MakeShape(outputs, k), nil
		}
		x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Int8, Shape: in, Quant: tensor.PerTensor(0.037, -19)}}
		w := tensor.New(tensor.Type{DType: tensor.Int8, Shape: shape, Quant: tensor.PerTensor(0.0123, -128)})
		copy(w.Data.I8(), weights)
		g := &graph.Graph{Inputs: []*graph.Value{x}}
		n, err := g.Add(d, "y", attrs, x, graph.NewConst("w", w))
		if err != nil {
			t.Fatal(err)
		}
		n.Out[0].Quant = tensor.PerTensor(0.91, 11)
		g.Outputs = n.Out
		for _, set := range kernels.All() {
			p, err := rt.Compile(g, rt.Options{Kernels: set})
			if err != nil {
				t.Fatal(err)
			}
			s := p.NewSession(nil)
			copy(s.Input(0).I8(), codes)
			s.Run()
			got := s.Output(0).I8()
			if want == nil {
				want = slices.Clone(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v, want %v", d.Name, set.Name, got, want)
			}
		}
	}
}
