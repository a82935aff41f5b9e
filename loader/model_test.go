package loader

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"edgerun/rt/frontend"
	"edgerun/rt/graph"
	"edgerun/rt/observe"
	"edgerun/rt/op"
	"edgerun/rt/op/optest"
	"edgerun/rt/task"
	"edgerun/rt/tensor"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// gauss is an int8 constant as a quantizer makes it: normal weights, the largest of each channel at 127.
func gauss(r *rand.Rand, name string, shape tensor.Shape) *graph.Value {
	n := shape.Dim[0]
	per := shape.Elements() / n
	q := tensor.Quant{Scale: make([]float32, n), Zero: make([]int32, n)}
	t := tensor.New(tensor.Type{DType: tensor.Int8, Shape: shape})
	x := make([]float64, per)
	for c := range n {
		top := 0.0
		for i := range x {
			x[i] = r.NormFloat64() / math.Sqrt(float64(per))
			top = max(top, math.Abs(x[i]))
		}
		q.Scale[c] = float32(top / 127)
		for i := range x {
			t.Data.I8()[c*per+i] = int8(math.Round(x[i] / top * 127))
		}
	}
	t.Quant = q
	return graph.NewConst(name, t)
}

// layer appends Conv2D or FullyConnected, as the weights' rank asks for.
func layer(g *graph.Graph, r *rand.Rand, name string, x *graph.Value, attrs op.Attrs, dims ...int) *graph.Value {
	w := gauss(r, name+".weight", tensor.MakeShape(dims...))
	b := tensor.New(tensor.Type{DType: tensor.Int32, Shape: tensor.MakeShape(dims[0])})
	def := op.FullyConnected
	if len(dims) == 4 {
		def = op.Conv2D
	}
	bias := graph.NewConst(name+".bias", b)
	n := must(g.Add(def, name, attrs, x, w, bias))
	bias.Quant = productQuant(n)
	b.Quant = bias.Quant
	for i := range b.Data.I32() {
		b.Data.I32()[i] = int32(r.NormFloat64() * 4000)
	}
	n.Out[0].Quant = tensor.PerTensor(float32(0.02+0.01*r.Float64()), int32(r.IntN(256)-128))
	return n.Out[0]
}

func input(g *graph.Graph, dims ...int) *graph.Value {
	in := &graph.Value{Name: "image", Type: tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(dims...)}}
	g.Inputs = []*graph.Value{in}
	n := must(g.Add(op.Quantize, "image/quantize", nil, in))
	n.Out[0].Quant = tensor.PerTensor(0.0127, -3)
	return n.Out[0]
}

func finish(g *graph.Graph, x *graph.Value) *graph.Graph {
	g.Outputs = must(g.Add(op.Dequantize, "logits", nil, x)).Out
	return g
}

func mlp(hidden ...int) *graph.Graph {
	r := rand.New(rand.NewPCG(1, 2))
	g := &graph.Graph{Name: "mlp"}
	x := input(g, 1, hidden[0])
	for i, n := range hidden[1:] {
		x = layer(g, r, fmt.Sprintf("fc%d", i+1), x, op.Attrs{op.FloatAttr("min", 0)}, n, x.Shape.Dim[1])
	}
	return finish(g, x)
}

func cnn() *graph.Graph {
	r := rand.New(rand.NewPCG(3, 4))
	g := &graph.Graph{Name: "cnn"}
	x := input(g, 1, 28, 28, 1)
	relu := op.Attrs{op.IntsAttr("strides", 1, 1), op.IntsAttr("pads", 0, 0, 0, 0), op.FloatAttr("min", 0)}
	x = layer(g, r, "conv1", x, relu, 32, 3, 3, 1)
	x = layer(g, r, "conv2", x, relu, 64, 3, 3, 32)
	p := must(g.Add(op.MaxPool2D, "pool", op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)}, x))
	p.Out[0].Quant = x.Quant
	f := must(g.Add(op.Reshape, "flatten", op.Attrs{op.IntsAttr("shape", 1, -1)}, p.Out[0]))
	f.Out[0].Quant = x.Quant
	x = layer(g, r, "fc1", f.Out[0], op.Attrs{op.FloatAttr("min", 0)}, 128, 9216)
	return finish(g, layer(g, r, "fc2", x, nil, 10, 128))
}

// small is a model with something in every section.
func small() *Model {
	g := mlp(12, 5, 3)
	g.Inputs[0].Sym = []string{"batch", ""}
	h := observe.NewHistogram()
	h.Add([]float32{-1, 0, 0.5, 3})
	return &Model{Graph: g, ID: [16]byte{1, 2, 3}, Version: 7, Target: "pi4", Expires: 1893456000,
		Labels:   []string{"cat", "dog", "größer"},
		FrontEnd: &frontend.Spec{Kind: frontend.KindVector, Channels: 12, Mean: []float32{0.1307}, Std: []float32{0.3081}},
		Task:     &task.Spec{Kind: task.KindClassify, OutputIs: task.Logits, TopK: 2},
		Stats:    []Stat{{Value: "image", Summary: h.Summary()}, {Value: "never"}},
		Golden:   []Golden{{Inputs: [][]byte{bytes.Repeat([]byte{0, 0, 128, 63}, 12)}, Outputs: [][32]byte{sha256.Sum256([]byte("y"))}}},
		Meta:     map[string]string{"made by": "test", "a": ""}}
}

// text shows all that a graph holds.
func text(g *graph.Graph) string {
	var b bytes.Buffer
	value := func(v *graph.Value) {
		if v == nil {
			fmt.Fprint(&b, " nil")
			return
		}
		fmt.Fprintf(&b, " %q %v axis %d scale %v zero %v sym %q", v.Name, v.Type, v.Quant.Axis, v.Quant.Scale, v.Quant.Zero, v.Sym)
		if v.Const != nil {
			fmt.Fprintf(&b, " = %v %x", v.Const.Type, sha256.Sum256(v.Const.Data.Bytes()))
		}
	}
	fmt.Fprintf(&b, "%q\n", g.Name)
	for _, v := range g.Inputs {
		value(v)
	}
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "\n%q %s %+v", n.Name, n.Op.Name, n.Attrs)
		for _, v := range n.In {
			value(v)
		}
		fmt.Fprint(&b, " ->")
		for _, v := range n.Out {
			value(v)
		}
	}
	for _, v := range g.Outputs {
		value(v)
	}
	return b.String()
}

// roundTrip encodes, decodes, encodes, and compares everything.
func roundTrip(t *testing.T, m *Model, o EncodeOptions) []byte {
	t.Helper()
	b, err := Encode(m, o)
	if err != nil {
		t.Fatal(err)
	}
	if again := must(Encode(m, o)); !bytes.Equal(b, again) {
		t.Fatal("encoding twice gives two files")
	}
	got, err := Decode(b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if x, y := text(m.Graph), text(got.Graph); x != y {
		t.Fatalf("decoded\n%s\nwant\n%s", y, x)
	}
	again, err := Encode(got, o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, again) {
		t.Fatal("encode, decode, encode gives another file")
	}
	x, y := *m, *got
	x.Graph, y.Graph = nil, nil
	if !reflect.DeepEqual(x, y) {
		t.Fatalf("decoded %+v, want %+v", y, x)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for name, m := range map[string]*Model{"small": small(), "bare": {Graph: mlp(4, 2)}, "cnn": {Graph: cnn()}} {
		for _, store := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " store ", store), func(t *testing.T) { roundTrip(t, m, EncodeOptions{Store: store}) })
		}
	}
	for _, c := range optest.Cases() {
		t.Run(c.Name, func(t *testing.T) { roundTrip(t, &Model{Graph: must(c.Graph(1))}, EncodeOptions{Store: true}) })
	}
}

// TestTensors sends constants of every element type through the file, with values that each encoding is best for.
func TestTensors(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	fill := map[string]func(b []byte, size int){
		"zero":   func(b []byte, size int) {},
		"random": func(b []byte, size int) { fillRandom(r, b) },
		"small": func(b []byte, size int) {
			for i := 0; i < len(b); i += max(size, 1) {
				b[i] = byte(r.IntN(60))
			}
		},
		"plane": func(b []byte, size int) {
			fillRandom(r, b)
			for i := size - 1; i < len(b); i += max(size, 1) {
				b[i] = 0x3e
			}
		},
		"extreme": func(b []byte, size int) {
			for i := size - 1; i < len(b); i += 2 * max(size, 1) {
				b[i] = 0x80
			}
		},
	}
	encodings := map[byte]bool{}
	for d := tensor.Float32; d.Valid(); d++ {
		g := &graph.Graph{}
		for name, f := range fill {
			for _, n := range []int{0, 1, 3, 20, 500, 5000} {
				v := graph.NewConst(fmt.Sprint(name, n), tensor.New(tensor.Type{DType: d, Shape: tensor.MakeShape(n)}))
				f(v.Const.Data.Bytes(), d.SizeBytes(1))
				g.Outputs = append(g.Outputs, v, v)
			}
		}
		t.Run(d.String(), func(t *testing.T) {
			b := roundTrip(t, &Model{Graph: g}, EncodeOptions{})
			stored := roundTrip(t, &Model{Graph: g}, EncodeOptions{Store: true})
			dec := must(newDecoder(b, Options{}))
			defer dec.zstd.close()
			if err := dec.structure(); err != nil {
				t.Fatal(err)
			}
			for _, p := range dec.graph.packed {
				encodings[byte(p.encoding)] = true
			}
			for _, v := range must(Decode(b, Options{})).Graph.Outputs {
				if data := v.Const.Data; data.Len() > 0 && addr(data)%tensor.Align != 0 {
					t.Error("memory is not aligned")
				}
			}
			for _, v := range g.Outputs {
				data := v.Const.Data.Bytes()
				if at := bytes.Index(stored, data); at < 0 || v.Name == "random5000" && len(data) >= alignedBytes && at%align != 0 {
					t.Errorf("%s lies at %d", v.Name, at)
				}
			}
		})
	}
	if len(encodings) != 4 {
		t.Errorf("encodings %v were used, want all four", encodings)
	}
}

func fillRandom(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

func addr(b tensor.Buffer) uintptr { return reflect.ValueOf(b.PtrByte()).Pointer() }

// TestSizes pins what the format is for: graph, weights, biases and scales take less than their values alone.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		g       *graph.Graph
		weights int
		percent int
	}{{mlp(784, 128, 10), 101632, 92}, {cnn(), 1199648, 92}} {
		b := must(Encode(&Model{Graph: c.g}, EncodeOptions{}))
		raw, channels := 0, 0
		for _, v := range c.g.Values() {
			if v.Const == nil {
				continue
			}
			if raw += v.SizeBytes(); v.DType == tensor.Int8 {
				raw += 4 * len(v.Quant.Scale)
				channels += len(v.Quant.Scale)
			}
		}
		if raw != c.weights+8*channels {
			t.Errorf("%s: %d bytes raw, want %d", c.g.Name, raw, c.weights+8*channels)
		}
		network, decoded := 0, 0
		sections := must(Sizes(b))
		for _, s := range sections {
			t.Logf("%s: %+v", c.g.Name, s)
			if s.Network {
				network += s.Stored
			}
			if s.Name == "tensors" {
				decoded = s.Decoded
			}
		}
		t.Logf("%s: %d channels, raw %d, network %d (%.1f %%), file %d", c.g.Name, channels, raw, network, 100*float64(network)/float64(raw), len(b))
		if 100*network > c.percent*raw {
			t.Errorf("%s: network takes %d bytes of %d raw, want %d %%", c.g.Name, network, raw, c.percent)
		}
		if decoded < raw {
			t.Errorf("%s: %d bytes decoded, raw are %d", c.g.Name, decoded, raw)
		}
	}
}

// cnnTiny is a net of a few hundred bytes with convolution, pool and reshape.
func cnnTiny() *graph.Graph {
	r := rand.New(rand.NewPCG(3, 4))
	g := &graph.Graph{Name: "tiny"}
	x := layer(g, r, "conv", input(g, 1, 4, 4, 1), op.Attrs{op.IntsAttr("pads", 1, 1, 1, 1)}, 2, 3, 3, 1)
	p := must(g.Add(op.MaxPool2D, "pool", op.Attrs{op.IntsAttr("kernel", 2, 2), op.IntsAttr("strides", 2, 2)}, x))
	f := must(g.Add(op.Reshape, "flatten", op.Attrs{op.IntsAttr("shape", 1, -1)}, p.Out[0]))
	p.Out[0].Quant, f.Out[0].Quant = x.Quant, x.Quant
	return finish(g, layer(g, r, "fc", f.Out[0], nil, 2, 8))
}
