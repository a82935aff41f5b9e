package pass_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"edgerun/quant/pass"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// builder makes float graphs the way an NCHW importer leaves them.
type builder struct {
	t *testing.T
	r *rand.Rand
	g *graph.Graph
}

func newBuilder(t *testing.T) *builder {
	return &builder{t, rand.New(rand.NewPCG(1, 2)), &graph.Graph{}}
}

func (b *builder) input(dims ...int) *graph.Value {
	v := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
	b.g.Inputs = append(b.g.Inputs, v)
	return v
}

func (b *builder) random(dims ...int) *graph.Value {
	t := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)})
	for i := range t.Data.F32() {
		t.Data.F32()[i] = b.r.Float32()*2 - 1
	}
	return graph.NewConst(fmt.Sprint("const", len(b.g.Nodes)), t)
}

func (b *builder) add(def *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	b.t.Helper()
	n, err := b.g.Add(def, fmt.Sprintf("%s%d", def.Name, len(b.g.Nodes)), attrs, in...)
	if err != nil {
		b.t.Fatal(err)
	}
	return n.Out[0]
}

func perm(p ...int) op.Attrs { return op.Attrs{op.IntsAttr("perm", p...)} }

// nchw applies an NHWC operator to an NCHW value.
func (b *builder) nchw(def *op.Def, attrs op.Attrs, in ...*graph.Value) *graph.Value {
	in[0] = b.add(op.Transpose, perm(0, 2, 3, 1), in[0])
	return b.add(op.Transpose, perm(0, 3, 1, 2), b.add(def, attrs, in...))
}

// number is a scalar constant.
func (b *builder) number(v float32) *graph.Value {
	return graph.NewConst(fmt.Sprint("const", len(b.g.Nodes)), tensor.FromF32(tensor.Shape{}, []float32{v}))
}

var relu6 = op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 6)}

var relu = op.Attrs{op.FloatAttr("min", 0)}

// output runs a graph on fixed random input.
func output(t *testing.T, g *graph.Graph) []float32 {
	t.Helper()
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	r := rand.New(rand.NewPCG(9, 9))
	for i := range g.Inputs {
		for k := range s.Input(i).F32() {
			s.Input(i).F32()[k] = r.Float32()*2 - 1
		}
	}
	s.Run()
	return append([]float32(nil), s.Output(0).F32()...)
}

func nodes(g *graph.Graph) string {
	var names []string
	for _, n := range g.Nodes {
		names = append(names, n.Op.Name)
	}
	return strings.Join(names, " ")
}

// TestFloat applies all passes to networks as importers leave them: the function stays, the nodes become the fused ones.
func TestFloat(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(b *builder) *graph.Value
		want  string
	}{
		{"convolutions become neighbours", func(b *builder) *graph.Value {
			x := b.input(1, 3, 8, 8)
			x = b.nchw(op.Conv2D, nil, x, b.random(4, 3, 3, 3), b.random(4))
			x = b.add(op.Clamp, relu, x)
			x = b.nchw(op.MaxPool2D, op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)}, x)
			return b.nchw(op.Conv2D, nil, x, b.random(5, 3, 3, 4))
		}, "Transpose Conv2D MaxPool2D Conv2D Reshape"},
		{"batch normalization", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(2, 3, 6, 6), b.random(4, 1, 1, 3))
			x = b.add(op.Mul, nil, x, b.random(4, 1, 1))
			x = b.add(op.Add, nil, b.random(4, 1, 1), x)
			return b.add(op.Clamp, relu, x)
		}, "Transpose Conv2D Transpose"},
		{"residual", func(b *builder) *graph.Value {
			x := b.add(op.Clamp, relu, b.nchw(op.Conv2D, nil, b.input(1, 4, 6, 6), b.random(4, 1, 1, 4)))
			y := b.nchw(op.Conv2D, op.Attrs{op.IntsAttr("pads", 1, 1, 1, 1)}, x, b.random(4, 3, 3, 4))
			return b.add(op.Clamp, relu, b.add(op.Add, nil, x, y))
		}, "Transpose Conv2D Conv2D Add Transpose"},
		{"flatten into weights", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(2, 1, 6, 5), b.random(4, 3, 3, 1))
			x = b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 0, -1)}, x)
			return b.add(op.Add, nil, b.add(op.FullyConnected, nil, x, b.random(7, 48)), b.random(7))
		}, "Reshape Conv2D Reshape FullyConnected"},
		{"subtraction and division in a layer", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(2, 3, 6, 6), b.random(4, 1, 1, 3), b.random(4))
			x = b.add(op.Sub, nil, x, b.random(4, 1, 1))
			return b.add(op.Div, nil, x, b.number(3))
		}, "Transpose Conv2D Transpose"},
		{"a constant minus a layer stays", func(b *builder) *graph.Value {
			x := b.add(op.FullyConnected, nil, b.input(3, 5), b.random(5, 5))
			return b.add(op.Clamp, relu, b.add(op.Sub, nil, b.random(5), x))
		}, "FullyConnected Sub"},
		{"hard swish", func(b *builder) *graph.Value {
			x := b.input(3, 5)
			gate := b.add(op.HardSigmoid, op.Attrs{op.FloatAttr("alpha", 0.1666667), op.FloatAttr("beta", 0.5)}, x)
			return b.add(op.Mul, nil, x, gate)
		}, "HardSwish"},
		{"another hard sigmoid's product", func(b *builder) *graph.Value {
			x := b.input(3, 5)
			return b.add(op.Mul, nil, x, b.add(op.HardSigmoid, nil, x))
		}, "HardSigmoid Mul"},
		{"hard swish, divided last", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(1, 3, 8, 8), b.random(4, 3, 3, 3))
			y := b.add(op.Clamp, relu6, b.add(op.Add, nil, x, b.number(3)))
			x = b.add(op.Div, nil, b.add(op.Mul, nil, x, y), b.number(6))
			return b.nchw(op.Conv2D, nil, x, b.random(5, 3, 3, 4))
		}, "Transpose Conv2D HardSwish Conv2D Transpose"},
		{"hard swish, divided first", func(b *builder) *graph.Value {
			x := b.input(3, 5)
			y := b.add(op.Clamp, relu6, b.add(op.Add, nil, b.number(3), x))
			return b.add(op.Mul, nil, b.add(op.Mul, nil, b.number(1.0/6), y), x)
		}, "HardSwish"},
		{"hard sigmoid", func(b *builder) *graph.Value {
			x := b.add(op.FullyConnected, nil, b.input(3, 5), b.random(5, 5))
			return b.add(op.Div, nil, b.add(op.Clamp, relu6, b.add(op.Add, nil, x, b.number(2))), b.number(6))
		}, "FullyConnected HardSigmoid"},
		{"a clamp at another height", func(b *builder) *graph.Value {
			x := b.input(3, 5)
			return b.add(op.Div, nil, b.add(op.Clamp, relu6, b.add(op.Add, nil, x, b.number(3))), b.number(3))
		}, "Add Div"},
		{"layout through activations", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(1, 3, 8, 8), b.random(4, 3, 3, 3))
			x = b.add(op.PRelu, nil, x, b.random(4, 1, 1))
			s := b.nchw(op.AveragePool2D, op.Attrs{op.IntsAttr("kernel", 6, 6)}, x)
			s = b.add(op.HardSigmoid, nil, b.nchw(op.Conv2D, nil, s, b.random(4, 1, 1, 4)))
			x = b.add(op.Tanh, nil, b.add(op.Mul, nil, x, s))
			x = b.add(op.LeakyRelu, nil, b.add(op.Sub, nil, x, b.add(op.Logistic, nil, x)))
			return b.nchw(op.Conv2D, nil, x, b.random(5, 3, 3, 4))
		}, "Transpose Conv2D PRelu AveragePool2D Conv2D HardSigmoid Mul Tanh Logistic Sub LeakyRelu Conv2D Transpose"},
		{"layout through functions, choices and positions", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(1, 3, 8, 8), b.random(4, 3, 3, 3))
			y := b.add(op.Unary, op.Attrs{op.StringAttr("function", "gelu")}, x)
			y = b.add(op.Maximum, nil, y, b.random(4, 1, 1))
			c := b.add(op.Compare, op.Attrs{op.StringAttr("relation", "less")}, x, b.number(0.1))
			y = b.add(op.Select, nil, c, y, b.number(3))
			s := b.add(op.Sum, op.Attrs{op.IntsAttr("axes", 2, 3), op.IntAttr("keepDims", 1)}, y)
			return b.add(op.ArgMax, op.Attrs{op.IntAttr("axis", 1)}, b.add(op.Mul, nil, y, s))
		}, "Transpose Conv2D Unary Maximum Compare Select Sum Mul ArgMax"},
		{"constants", func(b *builder) *graph.Value {
			c := b.add(op.Clamp, relu, b.add(op.Add, nil, b.random(5), b.random(5)))
			return b.add(op.Mul, nil, b.input(3, 5), b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 1, 5)}, c))
		}, "Mul"},
		{"fire modules", func(b *builder) *graph.Value {
			x := b.add(op.Clamp, relu, b.nchw(op.Conv2D, nil, b.input(1, 3, 8, 8), b.random(8, 3, 3, 3)))
			for range 2 {
				s := b.add(op.Clamp, relu, b.nchw(op.Conv2D, nil, x, b.random(4, 1, 1, x.Shape.Dim[1])))
				e1 := b.add(op.Clamp, relu, b.nchw(op.Conv2D, nil, s, b.random(6, 1, 1, 4)))
				e3 := b.add(op.Clamp, relu, b.nchw(op.Conv2D, op.Attrs{op.IntsAttr("pads", 1, 1, 1, 1)}, s, b.random(5, 3, 3, 4)))
				x = b.add(op.Concat, op.Attrs{op.IntAttr("axis", 1)}, e1, e3)
			}
			x = b.add(op.Mean, op.Attrs{op.IntsAttr("axes", 2, 3)}, x)
			return b.add(op.FullyConnected, nil, x, b.random(7, 11))
		}, "Transpose Conv2D Conv2D Conv2D Conv2D Concat Conv2D Conv2D Conv2D Concat Mean FullyConnected"},
		{"U-Net", func(b *builder) *graph.Value {
			x := b.add(op.Clamp, relu, b.nchw(op.Conv2D, op.Attrs{op.IntsAttr("pads", 1, 1, 1, 1)}, b.input(1, 3, 8, 12), b.random(4, 3, 3, 3)))
			y := b.nchw(op.MaxPool2D, op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)}, x)
			z := b.nchw(op.MaxPool2D, op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)}, y)
			z = b.nchw(op.TransposeConv2D, op.Attrs{op.IntsAttr("strides", 2, 2)}, z, b.random(5, 2, 2, 4), b.random(5))
			z = b.add(op.Clamp, relu, b.add(op.Mul, nil, z, b.random(5, 1, 1)))
			z = b.add(op.Concat, op.Attrs{op.IntAttr("axis", 1)}, y, z)
			z = b.nchw(op.Resize, op.Attrs{op.IntsAttr("size", 8, 12), op.StringAttr("mode", "linear")}, z)
			// Exports crop or pad to the size of the skip connection.
			z = b.add(op.Pad, op.Attrs{op.IntsAttr("pads", 0, 0, 1, 0, 0, 0, 0, 2), op.StringAttr("mode", "edge")}, z)
			z = b.add(op.Slice, op.Attrs{op.IntsAttr("starts", 1, 2), op.IntsAttr("ends", 9, 100), op.IntsAttr("axes", 2, 3)}, z)
			z = b.add(op.Concat, op.Attrs{op.IntAttr("axis", 1)}, x, z)
			return b.nchw(op.Conv2D, nil, z, b.random(2, 1, 1, 13))
		}, "Transpose Conv2D MaxPool2D MaxPool2D TransposeConv2D Concat Resize Pad Slice Concat Conv2D Transpose"},
		{"channel shuffle", func(b *builder) *graph.Value {
			x := b.nchw(op.Conv2D, nil, b.input(2, 3, 6, 5), b.random(8, 1, 1, 3))
			x = b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 0, 2, 4, 6, 5)}, x)
			x = b.add(op.Transpose, perm(0, 2, 1, 3, 4), x)
			x = b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 0, -1, 6, 5)}, x)
			a := b.add(op.Slice, op.Attrs{op.IntsAttr("starts", 0), op.IntsAttr("ends", 4), op.IntsAttr("axes", 1)}, x)
			c := b.add(op.Slice, op.Attrs{op.IntsAttr("starts", 4), op.IntsAttr("ends", 8), op.IntsAttr("axes", 1)}, x)
			c = b.add(op.Clamp, relu, b.nchw(op.Conv2D, nil, c, b.random(5, 1, 1, 4)))
			x = b.add(op.Concat, op.Attrs{op.IntAttr("axis", 1)}, a, c)
			return b.add(op.Mean, op.Attrs{op.IntsAttr("axes", 2, 3)}, x)
		}, "Transpose Conv2D Reshape Transpose Reshape Slice Slice Conv2D Concat Mean"},
		{"a transpose before joined heads stays", func(b *builder) *graph.Value {
			x := b.add(op.Transpose, perm(0, 2, 1, 3), b.input(2, 3, 5, 4))
			x = b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 0, 5, 12)}, x)
			return b.add(op.FullyConnected, nil, x, b.random(7, 12))
		}, "Transpose Reshape FullyConnected"},
		{"one dimension", func(b *builder) *graph.Value {
			x := b.input(2, 3, 20)
			conv := func(x *graph.Value, attrs op.Attrs, o, k int) *graph.Value {
				c := x.Shape.Dim[1]
				x = b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 0, 0, 1, -1)}, x)
				x = b.nchw(op.Conv2D, attrs, x, b.random(o, 1, k, c), b.random(o))
				return b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", 0, 0, -1)}, x)
			}
			x = b.add(op.Clamp, relu, conv(x, nil, 4, 3))
			x = conv(x, nil, 5, 3)
			x = b.add(op.Mul, nil, x, b.random(5, 1))
			x = b.add(op.Clamp, relu, b.add(op.Add, nil, x, b.random(5, 1)))
			y := b.add(op.Pad, op.Attrs{op.IntsAttr("pads", 0, 0, 2, 0, 0, 2)}, x)
			y = conv(y, nil, 5, 5)
			x = b.add(op.Add, nil, x, y)
			x = b.add(op.Mean, op.Attrs{op.IntsAttr("axes", 2)}, x)
			return b.add(op.FullyConnected, nil, x, b.random(7, 5))
		}, "Reshape Transpose Conv2D Conv2D Conv2D Add Reshape Mean FullyConnected"},
		{"padding before a convolution", func(b *builder) *graph.Value {
			x := b.add(op.Pad, op.Attrs{op.IntsAttr("pads", 0, 0, 0, 1, 0, 0, 1, 2)}, b.input(1, 3, 8, 8))
			return b.nchw(op.Conv2D, op.Attrs{op.IntsAttr("pads", 1, 0, 0, 0)}, x, b.random(4, 3, 3, 3))
		}, "Transpose Conv2D Transpose"},
		{"a clamp that two read stays", func(b *builder) *graph.Value {
			x := b.add(op.FullyConnected, nil, b.input(3, 5), b.random(5, 5))
			return b.add(op.Add, nil, b.add(op.Clamp, relu, x), x)
		}, "FullyConnected Clamp Add"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			b.g.Outputs = []*graph.Value{c.build(b)}
			before := output(t, b.g)
			if err := pass.Float(b.g); err != nil {
				t.Fatal(err)
			}
			if got := nodes(b.g); got != c.want {
				t.Errorf("nodes %s, want %s", got, c.want)
			}
			after := output(t, b.g)
			if len(after) != len(before) {
				t.Fatalf("%d outputs, want %d", len(after), len(before))
			}
			for i, v := range before {
				if math.Abs(float64(after[i]-v)) > 1e-5*max(1, math.Abs(float64(v))) {
					t.Fatalf("output %d is %g, want %g", i, after[i], v)
				}
			}
		})
	}
}
