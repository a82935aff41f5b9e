package quant_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/quant/onnx"
	"edgerun/quant/pass"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// netBuilder adds layers of random weights behind one another.
type netBuilder struct {
	t *testing.T
	g *graph.Graph
	r *rand.Rand
	v *graph.Value
}

func newNet(t *testing.T, seed uint64, dims ...int) *netBuilder {
	x := &graph.Value{Name: "x", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
	return &netBuilder{t: t, g: &graph.Graph{Inputs: []*graph.Value{x}}, r: rand.New(rand.NewPCG(seed, 3)), v: x}
}

func (b *netBuilder) constant(dims ...int) *graph.Value {
	c := tensor.New(tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)})
	optest.Fill(b.r, c.Data.F32())
	for i := range c.Data.F32() {
		c.Data.F32()[i] /= 3
	}
	return graph.NewConst(fmt.Sprintf("c%d", b.r.Uint32()), c)
}

func (b *netBuilder) add(def *op.Def, attrs op.Attrs, in ...*graph.Value) *netBuilder {
	b.t.Helper()
	n, err := b.g.Add(def, fmt.Sprintf("%s%d", strings.ToLower(def.Name), len(b.g.Nodes)), attrs, in...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.v = n.Out[0]
	return b
}

// conv is over axis 2 of [N,1,T,C]: time.
func (b *netBuilder) conv(o, kernel, stride, dilation, before, behind, groups int) *netBuilder {
	return b.conv2D(o, [2]int{1, kernel}, [2]int{1, stride}, [2]int{1, dilation}, [4]int{0, before, 0, behind}, groups)
}

func (b *netBuilder) conv2D(o int, kernel, stride, dilation [2]int, pads [4]int, groups int) *netBuilder {
	c := b.v.Shape.Dim[3]
	return b.add(op.Conv2D, op.Attrs{op.IntsAttr("strides", stride[:]...), op.IntsAttr("dilations", dilation[:]...), op.IntsAttr("pads", pads[:]...),
		op.IntAttr("groups", groups), op.FloatAttr("min", 0)}, b.v, b.constant(o, kernel[0], kernel[1], c/groups), b.constant(o))
}

func (b *netBuilder) pool(def *op.Def, kernel, stride, before int) *netBuilder {
	return b.add(def, op.Attrs{op.IntsAttr("kernel", 1, kernel), op.IntsAttr("strides", 1, stride), op.IntsAttr("pads", 0, before, 0, 0)}, b.v)
}

func (b *netBuilder) reshape(dims ...int) *netBuilder {
	return b.add(op.Reshape, op.Attrs{op.IntsAttr("shape", dims...)}, b.v)
}

func (b *netBuilder) transpose(perm ...int) *netBuilder {
	return b.add(op.Transpose, op.Attrs{op.IntsAttr("perm", perm...)}, b.v)
}

func (b *netBuilder) mean(axes ...int) *netBuilder {
	return b.add(op.Mean, op.Attrs{op.IntsAttr("axes", axes...)}, b.v)
}

func (b *netBuilder) slice(axis, start, end int) *netBuilder {
	return b.add(op.Slice, op.Attrs{op.IntsAttr("starts", start), op.IntsAttr("ends", end), op.IntsAttr("axes", axis)}, b.v)
}

func (b *netBuilder) dense(o int) *netBuilder {
	return b.add(op.FullyConnected, nil, b.v, b.constant(o, b.v.Shape.Dim[b.v.Shape.Rank-1]), b.constant(o))
}

// recurrent is over [T,B,I], or [B,T,I].
func (b *netBuilder) recurrent(def *op.Def, units, batchFirst int, h0 bool, more ...op.Attr) *netBuilder {
	gates := map[*op.Def]int{op.RNNLayer: 1, op.GRULayer: 3, op.LSTMLayer: 4}[def]
	in := []*graph.Value{b.v, b.constant(gates*units, b.v.Shape.Dim[2]), b.constant(gates*units, units), b.constant(gates * units)}
	if h0 {
		in = append(in, nil, b.constant(b.v.Shape.Dim[1-batchFirst], units))
	}
	return b.add(def, append(op.Attrs{op.IntAttr("batchFirst", batchFirst)}, more...), in...)
}

func (b *netBuilder) done() *graph.Graph {
	b.v.Name = "y"
	b.g.Outputs = []*graph.Value{b.v}
	return b.g
}

// residual adds what x computes to a window's last frames.
func (b *netBuilder) residual(x *graph.Value) *netBuilder {
	if d := x.Shape.Dim[2] - b.v.Shape.Dim[2]; d > 0 {
		y := b.v
		b.v = x
		x = b.slice(2, d, x.Shape.Dim[2]).v
		b.v = y
	}
	return b.add(op.Add, nil, b.v, x)
}

// streamNets are networks over time; the first dimension that is not 1 of most inputs is.
var streamNets = []struct {
	name   string
	axis   int
	window int
	steps  []int // 0: the smallest
	net    func(t *testing.T, window int) *graph.Graph
}{
	// As ONNX has it: [N,C,L], strides and pools, and a mean over what is left of time.
	{"keywords", -1, 49, []int{0, 4, 12, 24}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 1, 1, 10, T).reshape(1, 10, 1, T).transpose(0, 2, 3, 1).conv(16, 5, 2, 1, 0, 0, 1).conv(16, 3, 1, 1, 0, 0, 16).conv(24, 1, 1, 1, 0, 0, 1)
		b.pool(op.MaxPool2D, 2, 2, 0).conv(24, 3, 1, 2, 0, 0, 1).pool(op.AveragePool2D, 2, 1, 0)
		return b.mean(1, 2).dense(7).done()
	}},
	// The last layers see all frames.
	{"flat", -1, 30, []int{0, 2, 5}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 2, 1, 1, T, 6).conv(8, 3, 1, 1, 0, 0, 1).conv(8, 4, 1, 2, 0, 0, 2)
		b.reshape(1, b.v.Shape.Elements())
		return b.dense(12).dense(4).add(op.Softmax, nil, b.v).done()
	}},
	{"global pool", -1, 21, []int{0, 3, 7}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 3, 1, 1, T, 6).conv(8, 3, 1, 1, 0, 0, 1)
		return b.pool(op.AveragePool2D, T-2, 1, 0).reshape(1, 8).dense(4).done()
	}},
	// Causal padding, dilations, residuals, the last frame.
	{"causal", -1, 24, []int{0, 2, 3, 8}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 4, 1, 1, T, 6).conv(8, 1, 1, 1, 0, 0, 1)
		for _, d := range []int{1, 2, 4, 8} {
			x := b.v
			b.conv(8, 3, 1, d, 2*d, 0, 1).conv(8, 1, 1, 1, 0, 0, 1).residual(x)
		}
		return b.slice(2, T-1, T).reshape(1, 8).dense(4).done()
	}},
	// As PyTorch's TCN is written: padding at both ends, the far one cut off.
	{"chomp", -1, 24, []int{0, 4}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 5, 1, 1, T, 6)
		for _, d := range []int{1, 2, 4} {
			b.conv(6, 3, 1, d, 2*d, 2*d, 1).slice(2, 0, T).add(op.Tanh, nil, b.v)
		}
		return b.done()
	}},
	// Padding of its own, halves the frames.
	{"pad", -1, 24, []int{0, 4, 8}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 6, 1, 1, T, 6)
		b.add(op.Pad, op.Attrs{op.IntsAttr("pads", 0, 0, 3, 0, 0, 0, 0, 0)}, b.v).conv(6, 5, 2, 1, 0, 0, 1)
		b.add(op.Pad, op.Attrs{op.IntsAttr("pads", 0, 0, 2, 0, 0, 0, 0, 0)}, b.v).conv(6, 3, 1, 1, 0, 0, 6)
		return b.mean(1, 2).dense(4).done()
	}},
	// Valid windows with residuals from their middle.
	{"middle", -1, 26, []int{0, 2, 5}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 7, 1, 1, T, 6)
		x := b.v
		b.conv(6, 5, 1, 1, 0, 0, 1)
		y := b.v
		b.v = x
		x = b.slice(2, 2, T-2).v
		b.v = y
		return b.add(op.Add, nil, b.v, x).mean(1, 2).dense(3).done()
	}},
	{"pictures", 1, 20, []int{0, 2, 4}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 8, 1, T, 10, 1).conv2D(8, [2]int{4, 3}, [2]int{2, 2}, [2]int{1, 1}, [4]int{0, 1, 0, 1}, 1)
		b.conv2D(8, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, [4]int{0, 1, 0, 1}, 8).conv2D(12, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, [4]int{}, 1)
		return b.mean(1, 2).dense(5).done()
	}},
	{"lstm", -1, 12, []int{0, 3, 6}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 9, 1, T, 7).transpose(1, 0, 2).recurrent(op.LSTMLayer, 11, 0, false).recurrent(op.LSTMLayer, 9, 0, true)
		return b.slice(0, T-1, T).reshape(1, 9).dense(5).done()
	}},
	{"gru", -1, 12, []int{0, 2, 4}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 10, 1, T, 7).recurrent(op.GRULayer, 11, 1, true).recurrent(op.RNNLayer, 9, 1, false)
		return b.dense(5).mean(1).done()
	}},
	// Windows begin late: what remembers has to wait until the sequence begins.
	{"late", -1, 24, []int{0, 2, 4, 8}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 11, 1, 1, T, 6).conv(8, 5, 1, 2, 0, 0, 1).conv(8, 5, 2, 1, 3, 0, 1)
		n := b.v.Shape.Dim[2]
		return b.reshape(1, n, 8).recurrent(op.GRULayer, 6, 1, true).recurrent(op.LSTMLayer, 6, 1, false).
			slice(1, n-1, n).reshape(1, 6).dense(5).done()
	}},
	// As PyTorch exports a TCN: [N,C,L] between all layers, the last frame by an index.
	{"exported", -1, 24, []int{0, 3, 8}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 13, 1, 6, T)
		for _, d := range []int{1, 2, 4} {
			x := b.v
			for range 2 {
				b.reshape(1, 6, 1, T).transpose(0, 2, 3, 1).conv(6, 3, 1, d, 2*d, 2*d, 1).transpose(0, 3, 1, 2).reshape(1, 6, T+2*d)
				b.slice(2, 0, T).add(op.Clamp, op.Attrs{op.FloatAttr("min", 0)}, b.v)
			}
			b.add(op.Add, nil, b.v, x)
		}
		index := tensor.New(tensor.Type{DType: tensor.Int64})
		index.Data.I64()[0] = -1
		return b.add(op.Gather, op.Attrs{op.IntAttr("axis", 2)}, b.v, graph.NewConst("last", index)).dense(4).done()
	}},
	// Layers of single frames between recurrent ones, frames picked from the middle, and positions that matter.
	{"frames", -1, 12, []int{0, 2, 4}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 14, 1, T, 7).dense(8)
		b.add(op.LayerNorm, nil, b.v, b.constant(8), b.constant(8)).recurrent(op.LSTMLayer, 8, 1, false).dense(6)
		index := tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(3)})
		copy(index.Data.I32(), []int32{int32(T) - 4, -1, -2})
		y := b.add(op.Gather, op.Attrs{op.IntAttr("axis", 1)}, b.v, graph.NewConst("some", index)).v
		return b.add(op.Add, nil, y, b.constant(3, 6)).reshape(1, 18).dense(4).done()
	}},
	{"attention", -1, 12, []int{0, 4}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 15, 1, 1, T, 6).conv(8, 3, 1, 1, 0, 0, 1).reshape(1, T-2, 8)
		b.add(op.Add, nil, b.v, b.constant(T-2, 8)).add(op.Softmax, nil, b.v)
		x := b.v
		return b.add(op.BatchMatMul, nil, x, b.transpose(0, 2, 1).v).mean(1).dense(3).done()
	}},
	{"max pool padded", -1, 12, []int{0, 3}, func(t *testing.T, T int) *graph.Graph {
		b := newNet(t, 12, 1, 1, T, 6)
		return b.add(op.Tanh, nil, b.v).pool(op.MaxPool2D, 3, 1, 2).mean(1, 2).dense(4).done()
	}},
}

// frames copies n frames from frame first of x, whose axis has all of them, into dst.
func frames(dst, x []float32, shape tensor.Shape, axis, all, first, n int) {
	outer, inner := 1, 1
	for i, d := range shape.Dims() {
		if i < axis {
			outer *= d
		} else if i > axis {
			inner *= d
		}
	}
	for o := range outer {
		copy(dst[o*n*inner:(o+1)*n*inner], x[(o*all+first)*inner:])
	}
}

// TestStream runs networks in steps and in windows: from the window's length on, outputs are equal to the bit, in float32
// and int8, on every kernel set.
func TestStream(t *testing.T) {
	for _, c := range streamNets {
		t.Run(c.name, func(t *testing.T) {
			g := c.net(t, c.window)
			r, err := quant.Convert(g, random{8}, quant.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, net := range []*graph.Graph{r.Float, r.Int8} {
				for _, step := range c.steps {
					s, info, err := pass.Stream(net, pass.StreamOptions{Axis: c.axis, Step: step})
					if err != nil {
						t.Fatalf("step %d: %v", step, err)
					}
					if len(info.Turned) == 0 {
						t.Errorf("step %d: no layer was turned", step)
					}
					for _, set := range optest.Sets(emulated()) {
						checkStream(t, net, s, info, set)
					}
				}
			}
		})
	}
}

func checkStream(t *testing.T, net, steps *graph.Graph, info *pass.Streamed, set *kernels.Set) {
	t.Helper()
	session := func(g *graph.Graph) *rt.Session {
		p, err := rt.Compile(g, rt.Options{Kernels: set})
		if err != nil {
			t.Fatal(err)
		}
		return p.NewSession(nil)
	}
	whole, step := session(net), session(steps)
	shape, axis := net.Inputs[0].Shape, info.Axis
	turns := info.Warmup() + 5
	all := turns * info.Step
	one := shape.Elements() / info.Window
	x := make([]float32, all*one)
	optest.Fill(rand.New(rand.NewPCG(9, 9)), x)
	compared := 0
	for again := range 2 {
		for i := range turns {
			frames(step.Input(0).F32(), x, shape, axis, all, i*info.Step, info.Step)
			step.Run()
			end := (i + 1) * info.Step
			if end < info.Window || info.Sequence && end-info.Window != info.Skipped() {
				continue
			}
			compared++
			frames(whole.Input(0).F32(), x, shape, axis, all, end-info.Window, info.Window)
			whole.Run()
			got, want := step.Output(0).F32(), bytes.Clone(whole.Output(0).Bytes())
			if len(got) < len(whole.Output(0).F32()) { // over time: the window's last frames
				y, short := net.Outputs[0].Shape, steps.Outputs[0].Shape
				last := make([]float32, len(got))
				for k := range y.Rank {
					if y.Dim[k] != short.Dim[k] {
						frames(last, whole.Output(0).F32(), y, k, y.Dim[k], y.Dim[k]-short.Dim[k], short.Dim[k])
					}
				}
				want = tensor.Of32(last).Bytes()
			}
			if !bytes.Equal(step.Output(0).Bytes(), want) {
				t.Fatalf("%s, step %d, run %d of pass %d: %v differs from the window's %v", set.Name, info.Step, i, again, got, tensor.Of(want).F32())
			}
		}
		step.Reset()
	}
	if compared < 2 {
		t.Errorf("compared %d windows", compared)
	}
	if n := testing.AllocsPerRun(3, step.Run); n != 0 {
		t.Errorf("%s: Run allocates %v times", set.Name, n)
	}
}

// TestStreamRefuses names the layer and the reason.
func TestStreamRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		net  func(*netBuilder) *netBuilder
		o    pass.StreamOptions
		want string
	}{
		{"same padding", func(b *netBuilder) *netBuilder { return b.conv(6, 3, 1, 1, 1, 1, 1).mean(1, 2) }, pass.StreamOptions{Axis: -1}, "pads 1 frames behind"},
		{"reverse", func(b *netBuilder) *netBuilder {
			return b.reshape(1, 12, 6).recurrent(op.LSTMLayer, 5, 1, false, op.IntAttr("reverse", 1))
		}, pass.StreamOptions{Axis: 2}, `"lstmlayer1" (LSTMLayer): reads the sequence from its end`},
		{"stride", func(b *netBuilder) *netBuilder { return b.conv(6, 3, 2, 1, 0, 0, 1) }, pass.StreamOptions{Axis: 2, Step: 3}, "its stride of 2 does not divide"},
		{"elementwise", func(b *netBuilder) *netBuilder { return b.add(op.Tanh, nil, b.v) }, pass.StreamOptions{Axis: -1}, "no layer is over time"},
		{"window", func(b *netBuilder) *netBuilder { return b.conv(6, 3, 1, 1, 0, 0, 1) }, pass.StreamOptions{Axis: 2, Step: 12}, "steps of 12 frames, window of 12"},
		{"late", func(b *netBuilder) *netBuilder {
			return b.conv(6, 2, 1, 1, 0, 0, 1).reshape(1, 11, 6).recurrent(op.GRULayer, 5, 1, false)
		}, pass.StreamOptions{Axis: 2, Step: 2}, "begins after 1 frames, in the middle of a step of 2"},
		{"early", func(b *netBuilder) *netBuilder { return b.conv(6, 3, 1, 1, 4, 0, 1) }, pass.StreamOptions{Axis: 2}, "pads 2 frames more"},
		{"input", func(b *netBuilder) *netBuilder { return b.conv(6, 3, 1, 1, 2, 0, 1) }, pass.StreamOptions{Input: "z"}, "want one of x"},
	} {
		_, _, err := pass.Stream(c.net(newNet(t, 1, 1, 1, 12, 6)).done(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "node") && !errors.Is(err, op.ErrUnsupported) {
			t.Errorf("%s: %v is not op.ErrUnsupported", c.name, err)
		}
	}
	_, _, err := pass.Stream(newNet(t, 1, 1, 12, 12, 6).conv2D(6, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, [4]int{}, 1).done(), pass.StreamOptions{Axis: -1})
	if err == nil || !strings.Contains(err.Error(), "could both be time") {
		t.Errorf("two axes: %v", err)
	}
}

// TestStreamLonger: what remembers a whole sequence goes on as one longer window would.
func TestStreamLonger(t *testing.T) {
	for _, c := range streamNets {
		switch c.name {
		case "causal", "chomp", "lstm", "late", "exported":
		default:
			continue
		}
		short, err := quant.Prepare(c.net(t, c.window))
		if err != nil {
			t.Fatal(err)
		}
		long, err := quant.Prepare(c.net(t, 2*c.window))
		if err != nil {
			t.Fatal(err)
		}
		steps, info, err := pass.Stream(short, pass.StreamOptions{Axis: c.axis, Step: c.steps[1]})
		if err != nil {
			t.Fatal(err)
		}
		if !info.Sequence || info.Skipped() != 0 {
			t.Errorf("%s: %+v", c.name, info)
		}
		info.Window *= 2
		checkStream(t, long, steps, info, kernels.Best())
	}
}

// TestStreamKeywords: the trained keyword spotter pads both ends of a window, which is refused; with the same padding before
// its start only, as a network trained for streams has it, it takes two frames a step.
func TestStreamKeywords(t *testing.T) {
	g, err := onnx.Import("../testdata/keywords/dscnn.onnx", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g, err = quant.Prepare(g); err != nil {
		t.Fatal(err)
	}
	const time = 2 // of [1,1,49,40]
	if _, _, err := pass.Stream(g, pass.StreamOptions{Axis: time}); !errors.Is(err, op.ErrUnsupported) || !strings.Contains(err.Error(), "features.0/Conv") {
		t.Errorf("padding at both ends: %v", err)
	}
	convolutions := 0
	for _, n := range g.Nodes {
		if n.Op == op.Conv2D {
			p := n.Attrs.Ints("pads") // top, left, bottom, right: time is the height
			n.Attrs = n.Attrs.With(op.IntsAttr("pads", p[0]+p[2], p[1], 0, p[3]))
			convolutions++
		}
	}
	if err := g.Infer(); err != nil {
		t.Fatal(err)
	}
	r, err := quant.Convert(g, random{3}, quant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, net := range []*graph.Graph{r.Float, r.Int8} {
		steps, info, err := pass.Stream(net, pass.StreamOptions{Axis: time})
		if err != nil {
			t.Fatal(err)
		}
		if info.Step != 2 || len(info.Turned) != convolutions || info.Skipped() != 1 {
			t.Errorf("%+v of %d convolutions", info, convolutions)
		}
		checkStream(t, net, steps, info, kernels.Best())
		if whole, step := macs(net), macs(steps); step*20 > whole {
			t.Errorf("%d multiply-adds a step, %d a window", step, whole)
		}
	}
}

func macs(g *graph.Graph) int {
	sum := 0
	for _, n := range g.Nodes {
		if n.Op.MACs != nil {
			sum += n.Op.MACs(n.View(nil))
		}
	}
	return sum
}
