package rt_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

// odd draws networks of one integer operator whose shapes and quantization lie where the reference's own do, and at
// the ends of what files may hold: multipliers above 1 and flushed to zero, zero points at the limits, weights of −128,
// biases that overflow.
type odd struct {
	*rand.Rand
	g *graph.Graph
}

func (r *odd) of(list ...int) int { return list[r.IntN(len(list))] }

// scale is mostly ordinary.
func (r *odd) scale() float32 {
	e := r.IntN(12) - 10
	if r.IntN(8) == 0 {
		e = r.IntN(60) - 40
	}
	if r.IntN(4) == 0 {
		return float32(math.Ldexp(1, e))
	}
	return float32(math.Ldexp(1+r.Float64(), e))
}

func (r *odd) quant(d tensor.DType) tensor.Quant {
	if d == tensor.Int16 {
		return tensor.PerTensor(r.scale(), 0)
	}
	return tensor.PerTensor(r.scale(), int32(r.of(-128, 127, 0, -1, r.IntN(256)-128)))
}

func (r *odd) input(d tensor.DType, dims ...int) *graph.Value {
	v := &graph.Value{Name: fmt.Sprint("x", len(r.g.Inputs)), Type: tensor.Type{DType: d, Shape: tensor.MakeShape(dims...), Quant: r.quant(d)}}
	r.g.Inputs = append(r.g.Inputs, v)
	return v
}

// fill draws bytes, a part of them all 0x80 or 0x7f: the least and largest codes.
func (r *odd) fill(b []byte) {
	for i := range b {
		b[i] = byte(r.of(0x80, 0x7f, int(r.Uint32()&255), int(r.Uint32()&255), int(r.Uint32()&255)))
	}
}

func (r *odd) weights(channels int, dims ...int) *graph.Value {
	t := tensor.New(tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(dims...), Quant: tensor.PerTensor(r.scale(), 0)})
	if r.IntN(2) == 0 {
		q := tensor.Quant{Axis: 0}
		for range channels {
			q.Scale, q.Zero = append(q.Scale, r.scale()), append(q.Zero, 0)
		}
		t.Quant = q
	}
	r.fill(t.Data.Bytes())
	return graph.NewConst("w", t)
}

// bias is missing, small or of any size.
func (r *odd) bias(d tensor.DType, channels int) []*graph.Value {
	kind := r.IntN(3)
	if kind == 0 {
		return nil
	}
	t := tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(channels)})
	if d == tensor.Int16 && r.IntN(2) == 0 {
		t = tensor.New(tensor.Type{DType: tensor.Int64, Shape: t.Shape})
	}
	for i := range channels {
		v := int64(r.IntN(1<<16) - 1<<15)
		if kind == 2 {
			v = int64(int32(r.Uint32()))
		}
		if t.DType == tensor.Int64 {
			t.Data.I64()[i] = v
		} else {
			t.Data.I32()[i] = int32(v)
		}
	}
	return []*graph.Value{graph.NewConst("b", t)}
}

func (r *odd) activation() op.Attrs {
	switch r.IntN(4) {
	case 0:
		return op.Attrs{op.FloatAttr("min", 0)}
	case 1:
		return op.Attrs{op.FloatAttr("min", 0), op.FloatAttr("max", 6)}
	case 2:
		return op.Attrs{op.FloatAttr("min", -1), op.FloatAttr("max", 1)}
	}
	return nil
}

func (r *odd) dtype() tensor.DType {
	return []tensor.DType{tensor.Int8, tensor.Int8, tensor.Int16}[r.IntN(3)]
}

func (r *odd) conv() (*op.Def, op.Attrs, []*graph.Value) {
	d, groups := r.dtype(), 1
	in, out := 1+r.IntN(20), 1+r.IntN(20)
	switch r.IntN(3) {
	case 0: // depthwise, with a multiplier
		groups = in
		out = in * r.of(1, 1, 2, 3)
	case 1:
		groups = r.of(1, 2, 3)
		in, out = groups*(1+r.IntN(6)), groups*(1+r.IntN(6))
	}
	kh, kw := r.of(1, 1, 2, 3, 5), r.of(1, 1, 2, 3, 5)
	x := r.input(d, r.of(1, 1, 2, 3), kh*2+r.IntN(8), kw*2+r.IntN(8), in)
	attrs := append(r.activation(), op.IntsAttr("strides", r.of(1, 1, 2, 3), r.of(1, 1, 2, 3)), op.IntsAttr("dilations", r.of(1, 1, 2), r.of(1, 1, 2)),
		op.IntsAttr("pads", r.IntN(kh), r.IntN(kw), r.IntN(kh), r.IntN(kw)), op.IntAttr("groups", groups))
	return op.Conv2D, attrs, append([]*graph.Value{x, r.weights(out, out, kh, kw, in/groups)}, r.bias(d, out)...)
}

func (r *odd) connect() (*op.Def, op.Attrs, []*graph.Value) {
	d, k, o := r.dtype(), 1+r.IntN(70), 1+r.IntN(40)
	return op.FullyConnected, r.activation(), append([]*graph.Value{r.input(d, 1+r.IntN(9), k), r.weights(o, o, k)}, r.bias(d, o)...)
}

func (r *odd) transposeConv() (*op.Def, op.Attrs, []*graph.Value) {
	d, in, out, kh, kw := r.dtype(), 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(4), 1+r.IntN(4)
	attrs := append(r.activation(), op.IntsAttr("strides", r.of(1, 2, 3), r.of(1, 2, 3)), op.IntsAttr("pads", r.IntN(kh), r.IntN(kw), r.IntN(kh), r.IntN(kw)))
	return op.TransposeConv2D, attrs, append([]*graph.Value{r.input(d, r.of(1, 2), 2+r.IntN(6), 2+r.IntN(6), in), r.weights(out, out, kh, kw, in)}, r.bias(d, out)...)
}

func (r *odd) matmul() (*op.Def, op.Attrs, []*graph.Value) {
	d, m, k, n := r.dtype(), 1+r.IntN(9), 1+r.IntN(40), 1+r.IntN(9)
	return op.BatchMatMul, nil, []*graph.Value{r.input(d, r.of(1, 3), m, k), r.input(d, r.of(1, 3), k, n)}
}

// pair is an operator of two operands that broadcast.
func (r *odd) pair(def *op.Def) func() (*op.Def, op.Attrs, []*graph.Value) {
	return func() (*op.Def, op.Attrs, []*graph.Value) {
		d, rank := r.dtype(), 1+r.IntN(5)
		a, b := make([]int, rank), make([]int, rank)
		for i := range a {
			a[i] = r.of(1, 2, 3, 5, 7)
			b[i] = a[i]
			switch r.IntN(4) {
			case 0:
				a[i] = 1
			case 1:
				b[i] = 1
			}
		}
		if n := r.IntN(rank); r.IntN(3) == 0 {
			b = b[n:]
		}
		attrs := r.activation()
		if def == op.Compare {
			attrs = op.Attrs{op.StringAttr("relation", []string{"equal", "less", "greaterEqual"}[r.IntN(3)])}
		} else if def.CheckAttrs(attrs) != nil {
			attrs = nil
		}
		return def, attrs, []*graph.Value{r.input(d, a...), r.input(d, b...)}
	}
}

func (r *odd) pool() (*op.Def, op.Attrs, []*graph.Value) {
	kh, kw := 1+r.IntN(5), 1+r.IntN(5)
	x := r.input(r.dtype(), r.of(1, 2), kh+r.IntN(9), kw+r.IntN(9), 1+r.IntN(40))
	attrs := append(r.activation(), op.IntsAttr("kernel", kh, kw), op.IntsAttr("strides", r.of(1, 2, 3), r.of(1, 2, 3)), op.IntsAttr("pads", r.IntN(kh), r.IntN(kw), r.IntN(kh), r.IntN(kw)))
	return []*op.Def{op.MaxPool2D, op.AveragePool2D}[r.IntN(2)], attrs, []*graph.Value{x}
}

func (r *odd) function() (*op.Def, op.Attrs, []*graph.Value) {
	x := r.input(r.dtype(), 1+r.IntN(3), 1+r.IntN(300))
	switch r.IntN(10) {
	case 0:
		return op.LeakyRelu, op.Attrs{op.FloatAttr("alpha", r.Float32()*4-2)}, []*graph.Value{x}
	case 1:
		return op.HardSwish, nil, []*graph.Value{x}
	case 2:
		return op.Logistic, nil, []*graph.Value{x}
	case 3:
		return op.Tanh, nil, []*graph.Value{x}
	case 4:
		return op.Unary, op.Attrs{op.StringAttr("function", []string{"abs", "rsqrt", "elu"}[r.IntN(3)])}, []*graph.Value{x}
	case 5:
		return op.LogSoftmax, nil, []*graph.Value{x}
	case 6:
		return op.L2Normalization, nil, []*graph.Value{x}
	case 7:
		return []*op.Def{op.Mean, op.Sum, op.ReduceMax}[r.IntN(3)], op.Attrs{op.IntsAttr("axes", r.IntN(2)), op.IntAttr("keepDims", r.IntN(2))}, []*graph.Value{x}
	case 8:
		return op.Clamp, r.activation(), []*graph.Value{x}
	}
	// Rows of one code are as uniform as can be.
	return op.Softmax, op.Attrs{op.FloatAttr("beta", []float32{1, 0.5, 3}[r.IntN(3)])}, []*graph.Value{r.input(x.DType, 1+r.IntN(3), r.of(7, 300, 1000, 4000))}
}

// TestOddIntegers: what an operator refuses it refuses on all kernel sets; all else is the same on all of them, and
// nothing panics.
func TestOddIntegers(t *testing.T) {
	n := 4000
	if testing.Short() {
		n = 600
	}
	ran := map[string]int{}
	for seed := range uint64(n) {
		r := &odd{rand.New(rand.NewPCG(seed, 99)), &graph.Graph{}}
		makers := []func() (*op.Def, op.Attrs, []*graph.Value){r.conv, r.conv, r.conv, r.transposeConv, r.matmul, r.connect, r.pool, r.function, r.function,
			r.pair(op.Add), r.pair(op.Sub), r.pair(op.Mul), r.pair(op.Div), r.pair(op.SquaredDifference), r.pair(op.Compare), r.pair(op.PRelu)}
		def, attrs, in := makers[r.IntN(len(makers))]()
		r.g.Inputs = slices.DeleteFunc(slices.Clone(in), func(v *graph.Value) bool { return v.Const != nil })
		node, err := r.g.Add(def, "y", attrs, in...)
		if err != nil {
			continue // shapes that do not fit
		}
		y := node.Out[0]
		switch {
		case y.DType != tensor.Int8 && y.DType != tensor.Int16:
		case def.Quant.Kind == op.SameRange:
			y.Quant = in[0].Quant
		case def.Quant.Kind == op.FixedOutput && y.DType == tensor.Int8:
			y.Quant = tensor.PerTensor(def.Quant.Scale, def.Quant.Zero)
		case def == op.Softmax, def == op.Logistic, def == op.Tanh:
			y.Quant = tensor.PerTensor(1.0/32768, 0)
		default:
			y.Quant = r.quant(y.DType)
		}
		r.g.Outputs = node.Out
		var codes [][]byte
		for _, v := range r.g.Inputs {
			b := make([]byte, v.SizeBytes())
			if r.fill(b); r.IntN(6) == 0 {
				copy(b, bytes.Repeat([]byte{b[0]}, len(b)))
			}
			codes = append(codes, b)
		}
		var want []byte
		var refused error
		for i, set := range kernels.All() {
			p, err := rt.Compile(r.g, rt.Options{Kernels: set})
			if i == 0 {
				refused = err
			}
			if (err == nil) != (refused == nil) {
				t.Fatalf("seed %d, %s on %s: %v, on %s: %v", seed, def.Name, set.Name, err, kernels.All()[0].Name, refused)
			}
			if err != nil {
				break
			}
			s := p.NewSession(nil)
			for k := range codes {
				copy(s.Input(k).Bytes(), codes[k])
			}
			s.Run()
			if i == 0 {
				want = bytes.Clone(s.Output(0).Bytes())
				ran[def.Name+" "+in[0].DType.String()]++
			} else if got := s.Output(0).Bytes(); !bytes.Equal(got, want) {
				t.Errorf("seed %d: %s of %v, %v with %v on %s differs", seed, def.Name, in[0].Type, y.Type, attrs, set.Name)
			}
		}
	}
	t.Log(ran)
	for _, name := range []string{"Conv2D int8", "Conv2D int16", "FullyConnected int8", "FullyConnected int16", "Add int8", "Sub int8", "Mul int8", "MaxPool2D int8", "TransposeConv2D int8", "BatchMatMul int8",
		"AveragePool2D int8", "Softmax int8", "LeakyRelu int8", "Div int8"} {
		if ran[name] == 0 {
			t.Errorf("%s never ran", name)
		}
	}
}
