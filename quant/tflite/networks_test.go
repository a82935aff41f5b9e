package tflite

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// invertedResidual is MobileNet v2's block.
func (b *builder) invertedResidual(x, expand, out, stride int32) int32 {
	y := b.conv(x, expand, 1, 1, relu6)
	y = b.depthwise(y, 3, stride, relu6)
	y = b.conv(y, out, 1, 1, noAct)
	if stride == 1 && b.shape(x)[3] == out {
		return b.binary("ADD", x, y, noAct)
	}
	return y
}

// hardSigmoid is relu6(x + 3) / 6 as Keras writes it.
func (b *builder) hardSigmoid(x int32) int32 {
	y := b.binary("ADD", x, b.constant([]float64{3}), relu6)
	return b.op("MUL", fbTable{noAct}, b.act(b.code, 0, 1, b.shape(x)...), y, b.constant([]float64{1. / 6}))
}

// squeezeExcite weighs channels by what they are on average.
func (b *builder) squeezeExcite(x, reduced int32) int32 {
	y := b.reduce("MEAN", x, true, 1, 2)
	y = b.conv(y, reduced, 1, 1, relu)
	return b.binary("MUL", x, b.hardSigmoid(b.conv(y, b.shape(x)[3], 1, 1, noAct)), noAct)
}

// layerNorm is layer normalization over the last axis in single operators.
func (b *builder) layerNorm(x int32) int32 {
	s := b.shape(x)
	last, n := int32(len(s)-1), s[len(s)-1]
	mean := b.reduce("MEAN", x, true, last)
	d := b.op("SQUARED_DIFFERENCE", fbTable{}, b.act(b.code, 0, 9, s...), x, mean)
	v := b.op("MEAN", fbTable{true}, b.act(b.code, 0, 3, b.shape(mean)...), d, b.ints(last))
	v = b.op("ADD", fbTable{noAct}, b.act(b.code, 0, 3, b.shape(mean)...), v, b.constant([]float64{0.05}))
	v = b.op("RSQRT", nil, b.act(b.code, 0, 5, b.shape(mean)...), v)
	y := b.binary("MUL", b.binary("SUB", x, mean, noAct), v, noAct)
	y = b.binary("MUL", y, b.constant(b.reals(n, 0.8, 1.2), n), noAct)
	return b.binary("ADD", y, b.constant(b.reals(n, -0.2, 0.2), n), noAct)
}

// networks are built the way that people build them for small processors.
var networks = []struct {
	name  string
	code  string
	build func(b *builder) *fileModel
}{
	{"keyword DS-CNN with float borders", "int8", func(b *builder) *fileModel {
		x := b.reshape(b.floatInput(1, 490), 1, 49, 10, 1)
		x = b.conv2(x, 16, 10, 4, 2, 1, same, relu)
		for range 3 {
			x = b.conv(b.depthwise(x, 3, 1, relu), 16, 1, 1, relu)
		}
		s := b.shape(x)
		y := b.op("AVERAGE_POOL_2D", fbTable{valid, int32(1), int32(1), s[2], s[1], noAct}, b.like(x, 1, 1, 1, 16), x)
		return b.model(b.floatOutput(b.softmax(b.dense(b.reshape(y, 1, 16), 16, 12, false, noAct))))
	}},
	{"MobileNet v1 in uint8", "uint8", func(b *builder) *fileModel {
		x := b.conv(b.input(1, 32, 32, 3), 8, 3, 2, relu6)
		x = b.conv(b.depthwise(x, 3, 1, relu6), 16, 1, 1, relu6)
		x = b.conv(b.depthwise(x, 3, 2, relu6), 32, 1, 1, relu6)
		x = b.pool("AVERAGE_POOL_2D", x, 8, 2, valid)
		x = b.conv(x, 11, 1, 1, noAct)
		return b.model(b.softmax(b.op("SQUEEZE", fbTable{[]int32{1, 2}}, b.like(x, 1, 11), x)))
	}},
	{"MobileNet v2 with uint8 borders", "int8", func(b *builder) *fileModel {
		in := b.act("uint8", -3, 3, 1, 33, 33, 3)
		b.m.inputs = []int32{in}
		x := b.op("QUANTIZE", nil, b.act("int8", -3, 3, 1, 33, 33, 3), in)
		x = b.conv(x, 8, 3, 2, relu6)
		x = b.invertedResidual(x, 24, 8, 1)
		x = b.invertedResidual(x, 24, 12, 2)
		x = b.invertedResidual(x, 36, 12, 1)
		x = b.reduce("MEAN", b.conv(x, 40, 1, 1, relu6), false, 1, 2)
		x = b.softmax(b.dense(x, 40, 7, false, noAct))
		return b.model(b.op("QUANTIZE", nil, b.act("uint8", 0, 255./256, 1, 7), x))
	}},
	{"MobileNet v3 with squeeze-excite", "int8", func(b *builder) *fileModel {
		x := b.pad(b.input(1, 28, 28, 3), 0, 1, 0, 1)
		x = b.hardSwish(b.conv2(x, 16, 3, 3, 2, 1, valid, noAct))
		y := b.depthwise(b.hardSwish(b.conv(x, 24, 1, 1, noAct)), 5, 1, noAct)
		y = b.conv(b.squeezeExcite(b.hardSwish(y), 8), 16, 1, 1, noAct)
		x = b.binary("ADD", x, y, noAct)
		x = b.binary("MUL", x, b.logistic(x), noAct) // swish
		x = b.reduce("MEAN", x, true, 1, 2)
		x = b.hardSwish(b.conv(x, 20, 1, 1, noAct))
		return b.model(b.dense(b.reshape(b.conv(x, 9, 1, 1, noAct), 1, 9), 9, 9, false, noAct))
	}},
	{"ResNet with Keras paddings", "int8", func(b *builder) *fileModel {
		x := b.conv2(b.pad(b.input(1, 30, 30, 3), 3, 3, 3, 3), 8, 7, 7, 2, 1, valid, relu)
		x = b.pool("MAX_POOL_2D", b.pad(x, 1, 1, 1, 1), 3, 2, valid)
		y := b.conv(b.conv(x, 8, 3, 1, relu), 8, 3, 1, noAct)
		x = b.binary("ADD", y, x, relu)
		y = b.conv(b.conv(x, 16, 3, 2, relu), 16, 3, 1, noAct)
		x = b.binary("ADD", b.conv(x, 16, 1, 2, noAct), y, relu)
		x = b.dense(b.reduce("MEAN", x, false, 1, 2), 16, 10, false, noAct)
		top := b.add(fileTensor{shape: []int32{1}, code: elem("int32")})
		b.op("ARG_MAX", fbTable{elem("int32")}, top, x, b.scalar(1))
		return b.model(b.softmax(x), top)
	}},
	{"SSD heads", "int8", func(b *builder) *fileModel {
		x := b.conv(b.input(1, 32, 32, 3), 16, 3, 2, relu6)
		var boxes, classes []int32
		for range 3 {
			x = b.conv(b.depthwise(x, 3, 2, relu6), 16, 1, 1, relu6)
			n := b.shape(x)[1] * b.shape(x)[2] * 3
			boxes = append(boxes, b.reshape(b.conv(x, 12, 1, 1, noAct), 1, n, 1, 4))
			classes = append(classes, b.reshape(b.conv(b.depthwise(x, 3, 1, relu6), 9, 1, 1, noAct), 1, n, 3))
		}
		box := b.concat(1, boxes...)
		box = b.op("SQUEEZE", fbTable{[]int32{2}}, b.like(box, 1, b.shape(box)[1], 4), box)
		return b.model(b.floatOutput(box), b.floatOutput(b.logistic(b.concat(1, classes...))))
	}},
	{"SSD heads in uint8", "uint8", func(b *builder) *fileModel {
		x := b.conv(b.input(1, 16, 16, 3), 8, 3, 2, relu6)
		y := b.conv(x, 8, 3, 2, relu6)
		n := int32(8*8 + 4*4)
		c := b.concat(1, b.reshape(b.conv(x, 6, 1, 1, noAct), 1, 64, 6), b.reshape(b.conv(y, 6, 1, 1, noAct), 1, 16, 6))
		return b.model(b.logistic(b.reshape(c, 1, n*2, 3)))
	}},
	{"U-Net with resizes", "int8", func(b *builder) *fileModel {
		a := b.conv(b.input(1, 24, 16, 3), 8, 3, 1, relu)
		c := b.conv(b.pool("MAX_POOL_2D", a, 2, 2, valid), 12, 3, 1, relu)
		d := b.conv2(b.pool("MAX_POOL_2D", c, 2, 2, valid), 16, 3, 3, 1, 2, same, relu)
		c = b.conv(b.concat(3, b.resize("RESIZE_BILINEAR", d, 2, fbTable{nil, nil, false, true}), c), 12, 3, 1, relu)
		a = b.conv(b.concat(-1, b.resize("RESIZE_NEAREST_NEIGHBOR", c, 2, fbTable{false, true}), a), 8, 3, 1, relu)
		return b.model(b.logistic(b.conv(a, 2, 1, 1, noAct)))
	}},
	{"U-Net with transposed convolutions", "int8", func(b *builder) *fileModel {
		a := b.conv(b.input(1, 16, 24, 1), 8, 3, 1, relu)
		c := b.conv(b.pool("MAX_POOL_2D", a, 2, 2, same), 12, 3, 1, relu)
		x := b.elementwise("RELU", nil, b.transposeConv(c, 8, 3, 3, 2, 2))
		x = b.conv(b.concat(3, x, a), 8, 3, 1, relu)
		x = b.transposeConv(x, 3, 2, 2, 2, 2)
		return b.model(b.resize("RESIZE_BILINEAR", x, 2, fbTable{nil, nil, true, false}), b.softmax(x))
	}},
	{"super-resolution", "int8", func(b *builder) *fileModel {
		x := b.input(1, 12, 14, 1)
		at := b.add(fileTensor{shape: []int32{4, 2}, code: elem("int32"), data: int32s(0, 0, 2, 2, 2, 2, 0, 0)})
		y := b.op("MIRROR_PAD", fbTable{byte(0)}, b.like(x, 1, 16, 18, 1), x, at)
		y = b.conv2(y, 16, 5, 5, 1, 1, valid, noAct)
		y = b.op("PRELU", nil, b.spread(noAct, b.shape(y)...), y, b.constant(b.reals(16, 0.1, 0.4), 1, 1, 16))
		y = b.elementwise("LEAKY_RELU", fbTable{float32(0.1)}, b.conv(y, 4, 3, 1, noAct))
		return b.model(b.op("DEPTH_TO_SPACE", fbTable{int32(2)}, b.like(y, 1, 24, 28, 1), y))
	}},
	{"LSTM", "int8", func(b *builder) *fileModel {
		x := b.lstm(b.lstm(b.input(1, 12, 10), 16), 8)
		x = b.strided(x, []int32{0, -1, 0}, []int32{0, 0, 8}, []int32{1, 1, 1}, []int32{1, 8}, 5, 5, 2)
		return b.model(b.softmax(b.dense(x, 8, 5, false, noAct)))
	}},
	{"bidirectional LSTM", "int8", func(b *builder) *fileModel {
		x := b.input(2, 9, 6)
		back := b.op("REVERSE_V2", fbTable{}, b.like(x, 2, 9, 6), x, b.ints(1))
		back = b.lstm(back, 8)
		back = b.op("REVERSE_V2", fbTable{}, b.like(back, 2, 9, 8), back, b.ints(1))
		y := b.concat(2, b.lstm(x, 8), back)
		return b.model(b.dense(y, 16, 4, true, noAct))
	}},
	{"SVDF", "int8", func(b *builder) *fileModel {
		x := b.svdf(b.input(1, 40), 24, 8)
		x = b.svdf(b.dense(x, 24, 16, false, relu), 24, 6)
		return b.model(b.softmax(b.dense(x, 24, 4, false, noAct)))
	}},
	{"1D convolutions", "int8", func(b *builder) *fileModel {
		x := b.input(1, 40, 6)
		in := b.m.tensors[x]
		x = b.op("EXPAND_DIMS", fbTable{}, b.like(x, 1, 1, 40, 6), x, b.scalar(1))
		b.m.tensors[x].scale = in.scale
		x = b.conv2(x, 12, 1, 5, 1, 1, same, relu)
		x = b.reshape(x, 1, 40, 12)
		x = b.op("EXPAND_DIMS", fbTable{}, b.like(x, 1, 40, 1, 12), x, b.scalar(-2))
		x = b.op("MAX_POOL_2D", fbTable{valid, int32(1), int32(2), int32(1), int32(2), noAct}, b.like(x, 1, 20, 1, 12), x)
		x = b.op("SQUEEZE", fbTable{[]int32{-2}}, b.like(x, 1, 20, 12), x)
		x = b.reshape(x, 1, 1, 20, 12)
		// A causal convolution with a dilation that the converter left in pieces.
		x = b.pad(x, 0, 0, 4, 0)
		blocks, crops := b.ints(1, 2), b.add(fileTensor{shape: []int32{2, 2}, code: elem("int32"), data: int32s(0, 0, 0, 0)})
		x = b.op("SPACE_TO_BATCH_ND", fbTable{}, b.like(x, 2, 1, 12, 12), x, blocks, crops)
		x = b.conv2(x, 12, 1, 3, 1, 1, valid, relu)
		x = b.op("BATCH_TO_SPACE_ND", fbTable{}, b.like(x, 1, 1, 20, 12), x, blocks, crops)
		x = b.reduce("REDUCE_MAX", x, false, 1, 2)
		return b.model(b.softmax(b.dense(x, 12, 6, false, noAct)))
	}},
	{"autoencoder of a batch", "int8", func(b *builder) *fileModel {
		x := b.input(4, 64)
		for i, n := range []int32{32, 32, 8, 32, 64} {
			fused := relu
			if i == 4 {
				fused = noAct
			}
			x = b.dense(x, b.shape(x)[1], n, false, fused)
		}
		return b.model(x)
	}},
	{"shuffled channels", "int8", func(b *builder) *fileModel {
		x := b.conv(b.input(1, 12, 12, 3), 16, 3, 1, relu)
		parts := b.split(x, 3, 2)
		y := b.conv(b.depthwise(b.conv(parts[1], 8, 1, 1, relu), 3, 1, noAct), 8, 1, 1, relu)
		x = b.concat(3, parts[0], y)
		x = b.transpose(b.reshape(x, 1, 12, 12, 2, 8), 0, 1, 2, 4, 3)
		x = b.reshape(x, 1, 12, 12, 16)
		x = b.strided(x, []int32{0, 0, 0, 0}, []int32{0, 0, 0, 0}, []int32{1, 2, 2, 1}, []int32{1, 6, 6, 16}, 15, 15, 0)
		x = b.transpose(b.conv(x, 8, 1, 1, noAct), 0, 3, 1, 2)
		return b.model(b.reduce("MEAN", x, false, 2, 3), b.reduce("SUM", x, true, 1))
	}},
	{"packed branches", "int8", func(b *builder) *fileModel {
		x := b.input(1, 3, 20)
		rows := b.unpack(x, 1)
		for i, r := range rows {
			rows[i] = b.tanh(b.dense(r, 20, 10, false, noAct))
		}
		y := b.pack(1, rows...)
		mean := b.reduce("MEAN", y, true, 1)
		y = b.binary("SUB", y, mean, noAct)
		y = b.op("MAXIMUM", fbTable{}, b.like(y, 1, 3, 10), y, b.op("QUANTIZE", nil, b.like(y, 1, 1, 10), mean))
		s := b.like(y, 1, 2, 10)
		b.op("SLICE", fbTable{}, s, y, b.ints(0, 1, 0), b.ints(1, 2, -1))
		g := b.op("GATHER", fbTable{int32(2), int32(0)}, b.like(s, 1, 2, 3), s, b.ints(7, 0, 3))
		return b.model(b.reshape(g, 1, 6), b.op("L2_NORMALIZATION", fbTable{byte(0)}, b.act("int8", -1, 127./128, 1, 10), b.dense(rows[0], 10, 10, false, noAct)))
	}},
	{"attention", "int8", func(b *builder) *fileModel {
		x := b.layerNorm(b.input(1, 10, 16))
		heads := func(x int32) int32 {
			return b.transpose(b.reshape(b.dense(x, 16, 16, true, noAct), 1, 10, 2, 8), 0, 2, 1, 3)
		}
		q, k, v := heads(x), heads(x), heads(x)
		scores := b.binary("MUL", b.matmul(q, k, true), b.constant([]float64{0.35}), noAct)
		y := b.transpose(b.matmul(b.softmax(scores), v, false), 0, 2, 1, 3)
		y = b.dense(b.reshape(y, 1, 10, 16), 16, 16, true, noAct)
		x = b.layerNorm(b.binary("ADD", x, y, noAct))
		x = b.binary("ADD", x, b.dense(b.dense(x, 16, 32, true, relu), 32, 16, true, noAct), noAct)
		return b.model(b.dense(b.reduce("MEAN", x, false, 1), 16, 4, false, noAct))
	}},
	{"int16 pictures", "int16", func(b *builder) *fileModel {
		x := b.conv(b.input(1, 20, 20, 3), 12, 3, 2, relu)
		y := b.conv(b.depthwise(x, 3, 1, relu), 12, 1, 1, noAct)
		x = b.binary("ADD", x, y, noAct)
		x = b.binary("MUL", x, b.logistic(x), noAct)
		x = b.pool("AVERAGE_POOL_2D", b.pool("MAX_POOL_2D", x, 2, 2, same), 5, 5, valid)
		return b.model(b.softmax(b.dense(b.reshape(x, 1, 12), 12, 6, false, noAct)))
	}},
	{"int16 masks of sounds", "int16", func(b *builder) *fileModel {
		x := b.input(1, 1, 64, 1)
		a := b.elementwise("LEAKY_RELU", fbTable{float32(0.2)}, b.conv2(x, 8, 1, 7, 2, 1, same, noAct))
		c := b.concat(3, b.transposeConv(a, 4, 1, 4, 1, 2), x)
		c = b.tanh(b.conv2(c, 1, 2, 5, 1, 1, same, noAct))
		y := b.strided(c, []int32{0, 0, 8, 0}, []int32{1, 1, 56, 1}, []int32{1, 1, 1, 1}, []int32{1, 1, 48, 1}, 0, 0, 0)
		return b.model(b.binary("MUL", y, b.strided(x, []int32{0, 0, 8, 0}, []int32{1, 1, 56, 1}, []int32{1, 1, 1, 1}, []int32{1, 1, 48, 1}, 0, 0, 0), noAct))
	}},
	{"streaming of a few frames", "int8", func(b *builder) *fileModel {
		x := b.input(1, 1, 8)
		v := b.add(fileTensor{code: elem("resource"), shape: []int32{}})
		b.op("VAR_HANDLE", fbTable{"", "ring"}, v)
		old := b.op("READ_VARIABLE", fbTable{}, b.like(x, 1, 4, 8), v)
		all := b.op("CONCATENATION", fbTable{int32(1), noAct}, b.like(x, 1, 5, 8), old, x)
		kept := b.strided(all, []int32{0, -4, 0}, []int32{0, 0, 0}, []int32{1, 1, 1}, []int32{1, 4, 8}, 5, 7, 0)
		b.m.ops = append(b.m.ops, fileOp{code: opNumber("ASSIGN_VARIABLE"), in: []int32{v, kept}, kind: 113, options: fbTable{}})
		y := b.conv2(b.reshape(all, 1, 5, 1, 8), 8, 5, 1, 1, 1, valid, relu)
		return b.model(b.logistic(b.dense(b.reshape(y, 1, 8), 8, 1, false, noAct)))
	}},
}

// randomize fills a session's inputs with reproducible numbers. Codes of odd seeds lie around a random one: networks that
// average over pictures answer the same to all noise.
func randomize(s *rt.Session, g *graph.Graph, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for i, v := range g.Inputs {
		if v.DType == tensor.Float32 {
			for k := range s.Input(i).F32() {
				s.Input(i).F32()[k] = float32(rng.NormFloat64())
			}
			continue
		}
		b, center := s.Input(i).Bytes(), rng.IntN(192)
		for k := range b {
			if b[k] = byte(rng.Uint32()); seed%2 == 1 {
				b[k] = byte(center + rng.IntN(64))
			}
		}
	}
}

// TestNetworks: random networks of common kinds are imported, answer without allocating, differently to different
// inputs, and with the same bytes on every kernel set.
func TestNetworks(t *testing.T) {
	for i, n := range networks {
		t.Run(n.name, func(t *testing.T) {
			g, err := Parse(n.build(newBuilder(n.code, uint64(i))).bytes(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var first []byte
			for _, set := range optest.Sets(emulated()) {
				p, err := rt.Compile(g, rt.Options{Kernels: set})
				if err != nil {
					t.Fatal(err)
				}
				s := p.NewSession(nil)
				var all []byte
				kinds := map[string]bool{}
				for seed := range uint64(4) {
					randomize(s, g, seed)
					s.Run()
					var one []byte
					for i := range g.Outputs {
						one = append(one, s.Output(i).Bytes()...)
					}
					kinds[string(one)] = true
					all = append(all, one...)
				}
				if len(kinds) < 3 {
					t.Errorf("%s: 4 inputs give %d answers", set.Name, len(kinds))
				}
				if first == nil {
					first = all
				} else if !bytes.Equal(all, first) {
					t.Errorf("%s gives other bytes than %s", set.Name, optest.Sets(emulated())[0].Name)
				}
				if a := testing.AllocsPerRun(1, s.Run); a != 0 {
					t.Errorf("%s: %g allocations in Run", set.Name, a)
				}
			}
		})
	}
}

// TestFlattenedBatch: Keras' Flatten computes its shape from the input's, whose batch may vary up to a bound.
func TestFlattenedBatch(t *testing.T) {
	b := newBuilder("int8", 3)
	x := b.conv(b.input(1, 6, 6, 3), 4, 3, 2, relu)
	computed := func(shape ...int32) int32 { return b.add(fileTensor{shape: shape, code: elem("int32")}) }
	shape := b.op("SHAPE", fbTable{elem("int32")}, computed(4), x)
	batch := b.op("STRIDED_SLICE", fbTable{int32(0), int32(0), int32(0), int32(0), int32(1)}, computed(), shape, b.ints(0), b.ints(1), b.ints(1))
	to := b.op("PACK", fbTable{int32(2), int32(0)}, computed(2), batch, b.scalar(36))
	y := b.dense(b.op("RESHAPE", nil, b.like(x, 1, 36), x, to), 36, 4, false, noAct)
	in := &b.m.tensors[b.m.inputs[0]]
	in.free = []int32{-1, 6, 6, 3}
	g, err := Parse(b.model(y).bytes(), Options{Dims: map[string]int{in.name + ".dim0": 5}})
	if err != nil {
		t.Fatal(err)
	}
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		randomize(s, g, 0)
		picture := s.Input(0).Len() / 5
		pictures := bytes.Clone(s.Input(0).Bytes())
		s.Run()
		all := bytes.Clone(s.Output(0).Bytes())
		for _, n := range []int{1, 3, 5} {
			if err := s.Resize(0, tensor.MakeShape(n, 6, 6, 3)); err != nil {
				t.Fatal(err)
			}
			copy(s.Input(0).Bytes(), pictures[:n*picture])
			s.Run()
			if got := s.Output(0).Bytes(); !bytes.Equal(got, all[:4*n]) {
				t.Errorf("%d pictures give % x, want % x", n, got, all[:4*n])
			}
		}
	})
}
