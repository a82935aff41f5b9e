package tflite

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// builder writes a random quantized network operator by operator, in the forms that TFLite's converter emits: shapes and
// axes are constant tensors, activations are fused, weights have a scale for each channel, and a bias has the scales of
// input times weights.
//
// Its tensors keep a standard deviation of about 1, so that codes neither vanish nor saturate on their way.
type builder struct {
	m    *fileModel
	rng  *rand.Rand
	code string // element type of activations: int8, uint8 or int16
}

func newBuilder(code string, seed uint64) *builder {
	return &builder{m: &fileModel{}, rng: rand.New(rand.NewPCG(seed, 1)), code: code}
}

const (
	same, valid = byte(0), byte(1)

	noAct, relu, relu6 = byte(0), byte(1), byte(3)
)

func (b *builder) add(t fileTensor) int32 {
	t.name = string(rune('a'+len(b.m.tensors)%26)) + string(rune('0'+len(b.m.tensors)/26))
	b.m.tensors = append(b.m.tensors, t)
	return int32(len(b.m.tensors) - 1)
}

func (b *builder) shape(i int32) []int32 { return b.m.tensors[i].shape }

// act is a computed tensor whose reals lie in [low, high].
func (b *builder) act(code string, low, high float64, shape ...int32) int32 {
	t := fileTensor{shape: shape, code: elem(code)}
	switch code {
	case "int8", "uint8":
		scale := (high - low) / 255
		zero := int64(math.Round(-low / scale))
		if code == "int8" {
			zero -= 128
		}
		t.scale, t.zero = []float32{float32(scale)}, []int64{zero}
	case "int16":
		t.scale, t.zero = []float32{float32(max(high, -low) / 32767)}, []int64{0}
	}
	return b.add(t)
}

// spread is a computed tensor of the network's own element type, with a random range around ±3 or what an activation
// leaves of it.
func (b *builder) spread(fused byte, shape ...int32) int32 {
	wide := 2.5 + b.rng.Float64()
	switch fused {
	case relu:
		return b.act(b.code, 0, wide, shape...)
	case relu6:
		return b.act(b.code, 0, 6, shape...)
	}
	return b.act(b.code, -wide, wide*(0.8+0.4*b.rng.Float64()), shape...)
}

// like is a computed tensor in x's quantization.
func (b *builder) like(x int32, shape ...int32) int32 {
	t := b.m.tensors[x]
	return b.add(fileTensor{shape: shape, code: t.code, scale: t.scale, zero: t.zero})
}

func (b *builder) ints(v ...int32) int32 {
	return b.add(fileTensor{shape: []int32{int32(len(v))}, code: elem("int32"), data: int32s(v...)})
}

// scalar is a constant of rank 0.
func (b *builder) scalar(v int32) int32 {
	return b.add(fileTensor{shape: []int32{}, code: elem("int32"), data: int32s(v)})
}

// constant is a constant of the network's element type with the given reals.
func (b *builder) constant(v []float64, shape ...int32) int32 {
	i := b.act(b.code, min(0, slices.Min(v)), max(0, slices.Max(v)), shape...)
	t := &b.m.tensors[i]
	t.data = []byte{}
	for _, x := range v {
		c := int(math.Round(x/float64(t.scale[0]))) + int(t.zero[0])
		if t.data = append(t.data, byte(c)); b.code == "int16" {
			t.data = append(t.data, byte(c>>8))
		}
	}
	return i
}

func (b *builder) reals(n int32, low, high float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = low + (high-low)*b.rng.Float64()
	}
	return v
}

// weights are a kernel's, with scales along an axis: one scale in uint8, and where axis is −1. Each output sums fan products.
func (b *builder) weights(axis, fan int32, shape ...int32) int32 {
	t := fileTensor{shape: shape, code: elem("int8")}
	n := int32(1)
	for _, d := range shape {
		n *= d
	}
	scales, zero := int32(1), int64(0)
	if b.code == "uint8" {
		t.code, zero = elem("uint8"), 128
	} else if axis >= 0 {
		scales, t.axis = shape[axis], axis
	}
	for range scales {
		t.scale = append(t.scale, float32((0.8+0.4*b.rng.Float64())/(73*math.Sqrt(float64(fan)))))
		t.zero = append(t.zero, zero)
	}
	for range n {
		t.data = append(t.data, byte(b.rng.IntN(255)-127+int(zero)))
	}
	return b.add(t)
}

// bias has a code for each output of weights on x, int64 beside int16.
func (b *builder) bias(x, w, n int32) int32 {
	in, weights := b.m.tensors[x].scale[0], b.m.tensors[w].scale
	t := fileTensor{shape: []int32{n}, code: elem("int32"), zero: make([]int64, len(weights))}
	for _, s := range weights {
		t.scale = append(t.scale, in*s)
	}
	for i := range n {
		c := int64(b.rng.NormFloat64() * 0.3 / float64(t.scale[min(int(i), len(t.scale)-1)]))
		if b.code == "int16" {
			t.data = binary.LittleEndian.AppendUint64(t.data, uint64(c))
		} else {
			t.data = binary.LittleEndian.AppendUint32(t.data, uint32(c))
		}
	}
	if b.code == "int16" {
		t.code = elem("int64")
	}
	return b.add(t)
}

// op appends an operator of one output.
func (b *builder) op(name string, options fbTable, y int32, in ...int32) int32 {
	o := fileOp{code: opNumber(name), in: in, out: []int32{y}}
	if options != nil {
		o.kind, o.options = operators[name].options, options
	}
	b.m.ops = append(b.m.ops, o)
	return y
}

func (b *builder) input(shape ...int32) int32 {
	x := b.spread(noAct, shape...)
	b.m.inputs = append(b.m.inputs, x)
	return x
}

// model ends the network with outputs.
func (b *builder) model(outputs ...int32) *fileModel {
	b.m.outputs = outputs
	return b.m
}

func slid(in, k, stride, dilation int32, padding byte) int32 {
	if padding == same {
		return (in + stride - 1) / stride
	}
	return (in - (k-1)*dilation + stride - 1) / stride
}

func (b *builder) conv2(x, out, kh, kw, stride, dilation int32, padding, fused byte) int32 {
	s := b.shape(x)
	w := b.weights(0, kh*kw*s[3], out, kh, kw, s[3])
	y := b.spread(fused, s[0], slid(s[1], kh, stride, dilation, padding), slid(s[2], kw, stride, dilation, padding), out)
	return b.op("CONV_2D", fbTable{padding, stride, stride, fused, dilation, dilation}, y, x, w, b.bias(x, w, out))
}

func (b *builder) conv(x, out, k, stride int32, fused byte) int32 {
	return b.conv2(x, out, k, k, stride, 1, same, fused)
}

func (b *builder) depthwise(x, k, stride int32, fused byte) int32 {
	s := b.shape(x)
	w := b.weights(3, k*k, 1, k, k, s[3])
	y := b.spread(fused, s[0], slid(s[1], k, stride, 1, same), slid(s[2], k, stride, 1, same), s[3])
	return b.op("DEPTHWISE_CONV_2D", fbTable{same, stride, stride, int32(1), fused, int32(1), int32(1)}, y, x, w, b.bias(x, w, s[3]))
}

func (b *builder) transposeConv(x, out, kh, kw, high, wide int32) int32 {
	s := b.shape(x)
	w := b.weights(0, kh*kw*s[3]/(high*wide), out, kh, kw, s[3])
	y := b.spread(noAct, s[0], s[1]*high, s[2]*wide, out)
	return b.op("TRANSPOSE_CONV", fbTable{same, wide, high}, y, b.ints(b.shape(y)...), w, x, b.bias(x, w, out))
}

// dense flattens x to rows of k, unless it keeps all dimensions but the last.
func (b *builder) dense(x, k, out int32, keep bool, fused byte) int32 {
	s := slices.Clone(b.shape(x))
	axis := int32(-1)
	if b.rng.IntN(2) == 0 && b.code == "int8" {
		axis = 0 // as newer converters do
	}
	w := b.weights(axis, k, out, k)
	if keep {
		s[len(s)-1] = out
	} else {
		n := int32(1)
		for _, d := range s {
			n *= d
		}
		s = []int32{n / k, out}
	}
	return b.op("FULLY_CONNECTED", fbTable{fused, byte(0), keep, nil}, b.spread(fused, s...), x, w, b.bias(x, w, out))
}

// broadcast is the shape of x and y together.
func (b *builder) broadcast(x, y int32) []int32 {
	s, t := slices.Clone(b.shape(x)), slices.Clone(b.shape(y))
	for len(s) < len(t) {
		s = slices.Insert(s, 0, 1)
	}
	for i := range t {
		k := len(s) - len(t) + i
		s[k] = max(s[k], t[i])
	}
	return s
}

func (b *builder) binary(name string, x, y int32, fused byte) int32 {
	return b.op(name, fbTable{fused}, b.spread(fused, b.broadcast(x, y)...), x, y)
}

func (b *builder) pool(name string, x, k, stride int32, padding byte) int32 {
	s := b.shape(x)
	y := b.like(x, s[0], slid(s[1], k, stride, 1, padding), slid(s[2], k, stride, 1, padding), s[3])
	return b.op(name, fbTable{padding, stride, stride, k, k, noAct}, y, x)
}

// reshape has its shape twice, as a constant and as an option.
func (b *builder) reshape(x int32, shape ...int32) int32 {
	return b.op("RESHAPE", fbTable{shape}, b.like(x, shape...), x, b.ints(shape...))
}

// concat joins tensors that the converter brought to one quantization.
func (b *builder) concat(axis int32, parts ...int32) int32 {
	s := slices.Clone(b.shape(parts[0]))
	k := (int(axis) + len(s)) % len(s)
	for i, p := range parts {
		if i > 0 {
			s[k] += b.shape(p)[k]
			parts[i] = b.op("QUANTIZE", nil, b.like(parts[0], b.shape(p)...), p)
		}
	}
	return b.op("CONCATENATION", fbTable{axis, noAct}, b.like(parts[0], s...), parts...)
}

// reduce writes MEAN, SUM and so on. The result is in x's quantization where codes are passed on.
func (b *builder) reduce(name string, x int32, keep bool, axes ...int32) int32 {
	var s []int32
	for i, d := range b.shape(x) {
		switch gone := slices.Contains(axes, int32(i)) || slices.Contains(axes, int32(i-len(b.shape(x)))); {
		case !gone:
			s = append(s, d)
		case keep:
			s = append(s, 1)
		}
	}
	y := b.like(x, s...)
	if name == "MEAN" || name == "SUM" {
		b.m.tensors[y] = fileTensor{}
		y = b.spread(noAct, s...)
	}
	return b.op(name, fbTable{keep}, y, x, b.ints(axes...))
}

// fixed is a computed tensor whose scale and zero point the operator prescribes: step is int8's, wide a power of two
// that int16 covers.
func (b *builder) fixed(step, wide, low float64, shape ...int32) int32 {
	i := b.act(b.code, low, low+255*step, shape...)
	if b.code == "int16" {
		b.m.tensors[i].scale[0] = float32(wide / 32768)
	} else {
		b.m.tensors[i].scale[0] = float32(step)
	}
	return i
}

func (b *builder) logistic(x int32) int32 {
	return b.op("LOGISTIC", nil, b.fixed(1./256, 1, 0, b.shape(x)...), x)
}

func (b *builder) tanh(x int32) int32 {
	return b.op("TANH", nil, b.fixed(1./128, 1, -1, b.shape(x)...), x)
}

func (b *builder) softmax(x int32) int32 {
	return b.op("SOFTMAX", fbTable{float32(1)}, b.fixed(1./256, 1, 0, b.shape(x)...), x)
}

// elementwise is an operator of one operand that keeps the shape.
func (b *builder) elementwise(name string, options fbTable, x int32) int32 {
	return b.op(name, options, b.spread(noAct, b.shape(x)...), x)
}

func (b *builder) hardSwish(x int32) int32 {
	return b.op("HARD_SWISH", fbTable{}, b.act(b.code, -0.375, 3, b.shape(x)...), x)
}

func (b *builder) transpose(x int32, perm ...int32) int32 {
	var s []int32
	for _, p := range perm {
		s = append(s, b.shape(x)[p])
	}
	return b.op("TRANSPOSE", fbTable{}, b.like(x, s...), x, b.ints(perm...))
}

// pad adds zeros around a picture, as Keras' ZeroPadding2D does.
func (b *builder) pad(x int32, top, bottom, left, right int32) int32 {
	s := b.shape(x)
	at := b.add(fileTensor{shape: []int32{4, 2}, code: elem("int32"), data: int32s(0, 0, top, bottom, left, right, 0, 0)})
	return b.op("PAD", fbTable{}, b.like(x, s[0], s[1]+top+bottom, s[2]+left+right, s[3]), x, at)
}

func (b *builder) resize(name string, x, factor int32, options fbTable) int32 {
	s := b.shape(x)
	return b.op(name, options, b.like(x, s[0], s[1]*factor, s[2]*factor, s[3]), x, b.ints(s[1]*factor, s[2]*factor))
}

// strided takes begin to end by strides, under masks for begin, end and shrunk axes.
func (b *builder) strided(x int32, begin, end, strides, shape []int32, beginMask, endMask, shrink int32) int32 {
	return b.op("STRIDED_SLICE", fbTable{beginMask, endMask, int32(0), int32(0), shrink}, b.like(x, shape...), x,
		b.ints(begin...), b.ints(end...), b.ints(strides...))
}

// split halves, thirds and so on along an axis.
func (b *builder) split(x, axis, n int32) []int32 {
	s := slices.Clone(b.shape(x))
	s[axis] /= n
	var out []int32
	for range n {
		out = append(out, b.like(x, s...))
	}
	b.m.ops = append(b.m.ops, fileOp{code: opNumber("SPLIT"), in: []int32{b.scalar(axis), x}, out: slices.Clone(out), kind: operators["SPLIT"].options, options: fbTable{n}})
	return out
}

func (b *builder) unpack(x, axis int32) []int32 {
	n := b.shape(x)[axis]
	s := slices.Delete(slices.Clone(b.shape(x)), int(axis), int(axis)+1)
	var out []int32
	for range n {
		out = append(out, b.like(x, s...))
	}
	b.m.ops = append(b.m.ops, fileOp{code: opNumber("UNPACK"), in: []int32{x}, out: slices.Clone(out), kind: operators["UNPACK"].options, options: fbTable{n, axis}})
	return out
}

func (b *builder) pack(axis int32, parts ...int32) int32 {
	s := slices.Insert(slices.Clone(b.shape(parts[0])), int(axis), int32(len(parts)))
	for i := range parts {
		if i > 0 {
			parts[i] = b.op("QUANTIZE", nil, b.like(parts[0], b.shape(parts[i])...), parts[i])
		}
	}
	return b.op("PACK", fbTable{int32(len(parts)), axis}, b.like(parts[0], s...), parts...)
}

// variable is state that starts from zero.
func (b *builder) variable(code string, high float64, shape ...int32) int32 {
	i := b.act(code, -high, high, shape...)
	b.m.tensors[i].variable = true
	return i
}

// lstm runs over [batch,time,features]: int8 with int16 cells.
func (b *builder) lstm(x, units int32) int32 {
	s := b.shape(x)
	in := []int32{x}
	for range 4 {
		in = append(in, b.weights(-1, s[2], units, s[2]))
	}
	hidden := b.variable("int8", 1, s[0], units)
	for range 4 {
		in = append(in, b.weights(-1, units, units, units))
	}
	in = append(in, -1, -1, -1)
	for i := range 4 {
		in = append(in, b.bias(x, in[1+i], units))
	}
	cell := b.variable("int16", 16*32767./32768, s[0], units)
	in = append(in, -1, -1, hidden, cell, -1, -1, -1, -1)
	return b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", fbTable{byte(actTanh), float32(0), float32(0), false, false}, b.like(hidden, s[0], s[1], units), in...)
}

// svdf filters features of rank 1 over some steps, with int16 filters in time and an int16 state.
func (b *builder) svdf(x, units, steps int32) int32 {
	s := b.shape(x)
	w := b.weights(-1, s[1], units, s[1])
	time := b.add(fileTensor{shape: []int32{units, steps}, code: elem("int16"), scale: []float32{float32(1 / (18000 * math.Sqrt(float64(steps))))}, zero: []int64{0}})
	for range units * steps {
		v := b.rng.IntN(1<<16) - 1<<15
		b.m.tensors[time].data = append(b.m.tensors[time].data, byte(v), byte(v>>8))
	}
	state := b.variable("int16", 4, s[0], units*steps)
	bias := b.bias(state, time, units)
	b.m.tensors[bias].code = elem("int32")
	return b.op("SVDF", fbTable{int32(1), relu}, b.spread(relu, s[0], units), x, w, time, bias, state)
}

// matmul multiplies two computed tensors, the second one transposed if adjY says so.
func (b *builder) matmul(x, y int32, adjY bool) int32 {
	s, t := slices.Clone(b.shape(x)), b.shape(y)
	n := len(s)
	if s[n-1] = t[n-1]; adjY {
		s[n-1] = t[n-2]
	}
	wide := 2.5 * math.Sqrt(float64(b.shape(x)[n-1]))
	return b.op("BATCH_MATMUL", fbTable{false, adjY, false}, b.act(b.code, -wide, wide, s...), x, y)
}

// floatInput is an input in float32 that the network quantizes, floatOutput what it gives in float32.
func (b *builder) floatInput(shape ...int32) int32 {
	x := b.add(fileTensor{shape: shape, code: elem("float32")})
	b.m.inputs = append(b.m.inputs, x)
	return b.op("QUANTIZE", nil, b.spread(noAct, shape...), x)
}

func (b *builder) floatOutput(x int32) int32 {
	return b.op("DEQUANTIZE", nil, b.add(fileTensor{shape: b.shape(x), code: elem("float32")}), x)
}
