package op

import (
	"math"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// codesBuffer holds values as elements of type d.
func codesBuffer(d tensor.DType, values []int32) tensor.Buffer {
	b := tensor.Alloc(d.SizeBytes(len(values)))
	for i, v := range values {
		switch d {
		case tensor.Int8:
			b.I8()[i] = int8(v)
		case tensor.Int16:
			b.I16()[i] = int16(v)
		}
	}
	return b
}

// codes returns n elements of type d.
func codes(b tensor.Buffer, d tensor.DType, n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		if d == tensor.Int8 {
			all[i] = int32(b.I8()[i])
		} else {
			all[i] = int32(b.I16()[i])
		}
	}
	return all
}

func runStep(step Step, buf []tensor.Buffer, shape []tensor.Shape) {
	f, w := &Frame{Buf: buf, Shape: shape}, &Worker{Scratch: tensor.Alloc(step.Info().ScratchBytes)}
	for task := range step.Tasks(f) {
		step.Run(f, w, task)
	}
}

func equalCodes(t *testing.T, got, want []int32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d outputs, want %d", len(got), len(want))
	}
	for i, y := range got {
		if y != want[i] {
			t.Errorf("output %d is %d, want %d", i, y, want[i])
			return
		}
	}
}

// runStep runs a step to an output of type d in buffer y and compares it with want.
func (v *vector) runStep(t *testing.T, step Step, d tensor.DType, want []int32, y int, buf []tensor.Buffer, shape []tensor.Shape) {
	t.Helper()
	runStep(step, buf, shape)
	equalCodes(t, codes(buf[y], d, len(want)), want)
}

// multipliers returns those of each of n channels.
func (v *vector) multipliers(n int) (mult, shift []int32) {
	if v.Defines[strings.ToUpper(v.name)+"_OUTPUT_MULTIPLIER"] == nil {
		return v.array("output_mult", "output_multiplier"), v.array("output_shift")
	}
	mult, shift = make([]int32, n), make([]int32, n)
	for i := range n {
		mult[i], shift[i] = int32(v.def("OUTPUT_MULTIPLIER", 0)), int32(v.def("OUTPUT_SHIFT", 0))
	}
	return mult, shift
}

// stepNode is a node of one input and one output of a type.
func stepNode(set *kernels.Set, d tensor.DType, x, y tensor.Shape) *Prepare {
	return &Prepare{Kernels: set, Node: &Node{
		In:  []Arg{{Type: tensor.Type{DType: d, Shape: x}, Slot: 0}},
		Out: []Arg{{Type: tensor.Type{DType: d, Shape: y}, Slot: 1}},
	}}
}

func (v *vector) conv16(t *testing.T, set *kernels.Set) {
	x, want, weights := v.array("input"), v.array("output_ref", "output"), i8(v.array("weights"))
	mult, shift := v.multipliers(0)
	o, n := len(mult), v.def("INPUT_BATCHES", 1)
	win := window{
		kernel: [2]int{v.def("FILTER_Y", 1), v.def("FILTER_X", 1)}, stride: [2]int{v.def("STRIDE_Y", 1), v.def("STRIDE_X", 1)},
		dilation: [2]int{v.def("DILATION_Y", 1), v.def("DILATION_X", 1)}, in: [2]int{v.def("INPUT_H", 1), v.def("INPUT_W", 1)},
		out: [2]int{v.def("OUTPUT_H", 1), v.def("OUTPUT_W", 1)}, pad: [4]int{v.def("PAD_Y", 0), v.def("PAD_X", 0)},
	}
	win.channels = len(x) / (n * win.in[0] * win.in[1])
	depth := len(weights) / (o * win.taps())
	groups := win.channels / depth
	if v.def("CH_MULT", 0) > 0 {
		depth, groups = 1, win.channels
		ohw := make([]int8, len(weights))
		for i, w := range weights {
			ohw[i%o*win.taps()+i/o] = w
		}
		weights = ohw
	}
	p := stepNode(set, tensor.Int16, tensor.MakeShape(n, win.in[0], win.in[1], win.channels), tensor.MakeShape(n, win.out[0], win.out[1], o))
	q := &gemmS16Params{bias: v.wide("bias", "biases"), narrow: strings.Contains(v.name, "xint32")}
	if q.bias == nil {
		q.bias = make([]int64, o)
	}
	q.w, q.taps, q.k, q.outSlot, q.mult, q.shift = weights, win.taps(), depth, 1, mult, shift
	q.lo, q.hi = int32(v.def("OUT_ACTIVATION_MIN", 0)), int32(v.def("OUT_ACTIVATION_MAX", 0))
	step, err := convStepS16(p, win, groups, q)
	if err != nil {
		t.Fatal(err)
	}
	v.runStep(t, step, tensor.Int16, want, 1, []tensor.Buffer{codesBuffer(tensor.Int16, x), tensor.Alloc(2 * len(want))},
		[]tensor.Shape{p.In[0].Shape, p.Out[0].Shape})
}

func (v *vector) fullyConnected(t *testing.T, set *kernels.Set) {
	equalCodes(t, v.connect(t, set, v.array("input")), v.array("output_ref", "output"))
}

// connect returns the layer's output for x.
func (v *vector) connect(t *testing.T, set *kernels.Set, x []int32) []int32 {
	t.Helper()
	o, k, n := v.def("OUT_CH", 0), v.def("ACCUMULATION_DEPTH", 0), v.def("INPUT_BATCHES", 1)
	mult, shift := v.multipliers(o)
	bias := v.wide("biases", "bias", "input_bias")
	if bias == nil {
		bias = make([]int64, o)
	}
	q := gemmS8Params{taps: 1, k: k, zx: int32(-v.def("INPUT_OFFSET", 0)), zy: int32(v.def("OUTPUT_OFFSET", 0)), outSlot: 1, mult: mult, shift: shift,
		lo: int32(v.def("OUT_ACTIVATION_MIN", 0)), hi: int32(v.def("OUT_ACTIVATION_MAX", 0))}
	rows := func(mr int) indirection { return linear(n, k, mr) }
	s := &gemmStep{picture: k, yStride: o, rows: true}
	d := tensor.Int8
	if v.Arrays[v.name+"_input"].Type == "int16_t" {
		d = tensor.Int16
		q.w, q.buildRows = i8(v.array("weights")), rows
		g, err := newGemmS16(set, &gemmS16Params{gemmS8Params: q, bias: bias})
		if err != nil {
			t.Fatal(err)
		}
		s.groups = []groupGemm{g}
	} else {
		w := tensor.New(tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(o, k), Quant: tensor.PerTensor(1, int32(-v.def("FILTER_OFFSET", 0)))})
		copy(w.Data.I8(), v.weights())
		parts := weightParts(&Arg{Type: w.Type, Const: w})
		for _, b := range bias {
			q.bias = append(q.bias, int32(b))
		}
		q.w, q.taps, q.buildRows = stack(parts, o), len(parts), repeatTaps(rows, 1, len(parts))
		s.groups = []groupGemm{newGemmS8(set, &q)}
	}
	s.split()
	y := tensor.Alloc(d.SizeBytes(n * o))
	runStep(s, []tensor.Buffer{codesBuffer(d, x), y}, []tensor.Shape{tensor.MakeShape(n, k), tensor.MakeShape(n, o)})
	return codes(y, d, n*o)
}

func (v *vector) transposed(t *testing.T, set *kernels.Set) {
	n, o := v.def("INPUT_BATCHES", 1), v.def("OUT_CH", 0)
	win := window{
		kernel: [2]int{v.def("FILTER_Y", 1), v.def("FILTER_X", 1)}, stride: [2]int{v.def("STRIDE_Y", 1), v.def("STRIDE_X", 1)},
		dilation: [2]int{1, 1}, in: [2]int{v.def("INPUT_H", 1), v.def("INPUT_W", 1)}, channels: v.def("IN_CH", 0),
		out: [2]int{v.def("OUTPUT_H", 1), v.def("OUTPUT_W", 1)}, pad: [4]int{v.def("PAD_Y", 0), v.def("PAD_X", 0)},
	}
	mult, shift := v.multipliers(o)
	q := &gemmS8Params{bias: v.array("biases"), zx: int32(-v.def("INPUT_OFFSET", 0)), zy: int32(v.def("OUTPUT_OFFSET", 0)), outSlot: 1, mult: mult, shift: shift,
		lo: int32(v.def("OUT_ACTIVATION_MIN", 0)), hi: int32(v.def("OUT_ACTIVATION_MAX", 0)), k: win.channels}
	if q.bias == nil {
		q.bias = make([]int32, o)
	}
	s := &transposeConvStep{win: win, channels: o}
	for _, ph := range phases(&win) {
		part := *q
		part.w, part.taps = phaseWeights(i8(v.array("weights")), &win, &ph, o, win.channels), ph.taps()
		part.buildRows = func(mr int) indirection { return ph.indirect(&win, 0, mr) }
		g := newGemmS8(set, &part)
		for b := range g.ind.blocks {
			s.jobs = append(s.jobs, phaseJob{len(s.parts), b})
		}
		s.parts = append(s.parts, phasePart{g, 0})
	}
	s.split()
	want := v.array("output_ref")
	v.runStep(t, s, tensor.Int8, want, 1, []tensor.Buffer{codesBuffer(tensor.Int8, v.array("input")), tensor.Alloc(len(want))},
		[]tensor.Shape{tensor.MakeShape(n, win.in[0], win.in[1], win.channels), tensor.MakeShape(n, win.out[0], win.out[1], o)})
}

func (v *vector) matmul(t *testing.T, set *kernels.Set) {
	d := tensor.Int8
	if strings.HasSuffix(v.name, "s16") {
		d = tensor.Int16
	}
	s := &matmulStep{slots: slots{0, 1, 2}, attrs: Attrs{IntAttr("adjX", v.def("ADJ_X", 0)), IntAttr("adjY", v.def("ADJ_Y", 0))}, s16: d == tensor.Int16,
		za: int32(-v.def("LHS_OFFSET", 0)), zb: int32(-v.def("RHS_OFFSET", 0)), zy: int32(v.def("OUTPUT_OFFSET", 0)),
		mult: int32(v.def("OUTPUT_MULTIPLIER", 0)), shift: int32(v.def("OUTPUT_SHIFT", 0))}
	shape := func(p string) tensor.Shape {
		return tensor.MakeShape(v.def(p+"_BATCH", 1), v.def(p+"_HEIGHT", 1), v.def(p+"_ROWS", 1), v.def(p+"_COLS", 1))
	}
	if _, k, n := matmulExtents(s.attrs, shape("LHS"), shape("RHS")); !s.s16 {
		s.setGemm(set.GemmF32, k, n)
	}
	want := v.array("output")
	v.runStep(t, s, d, want, 2, []tensor.Buffer{codesBuffer(d, v.array("lhs_input_tensor")), codesBuffer(d, v.array("rhs_input_tensor")), tensor.Alloc(d.SizeBytes(len(want)))},
		[]tensor.Shape{shape("LHS"), shape("RHS"), shape("OUTPUT")})
}

func (v *vector) binary(t *testing.T, set *kernels.Set) {
	want := v.array("output_ref")
	n, d := tensor.MakeShape(len(want)), tensor.Int16
	if v.Arrays[v.name+"_input1"].Type == "int8_t" {
		d = tensor.Int8
	}
	p := stepNode(set, d, n, n)
	p.In, p.Out[0].Slot = append(p.In, p.In[0]), 2
	p.In[1].Slot = 1
	s := newBinary(p)
	num := func(name string) int32 { return int32(v.def(name, 0)) }
	switch {
	case strings.HasPrefix(v.name, "add"):
		s.runSumS16(abi.AddS8{MA: num("INPUT1_MULT"), ShiftA: num("INPUT1_SHIFT"), MB: num("INPUT2_MULT"), ShiftB: num("INPUT2_SHIFT"),
			MY: num("OUTPUT_MULT"), ShiftY: num("OUTPUT_SHIFT"), Lo: num("OUT_ACTIVATION_MIN"), Hi: num("OUT_ACTIVATION_MAX")}, 1)
	case d == tensor.Int8:
		s.runMulS8(abi.MulS8{ZA: -num("INPUT1_OFFSET"), ZB: -num("INPUT2_OFFSET"), ZY: num("OUTPUT_OFFSET"), M: num("OUTPUT_MULT"), Shift: num("OUTPUT_SHIFT"),
			Lo: num("OUT_ACTIVATION_MIN"), Hi: num("OUT_ACTIVATION_MAX")}, set.MulS8)
	default:
		s.runMulS16(num("OUTPUT_MULT"), num("OUTPUT_SHIFT"), num("OUT_ACTIVATION_MIN"), num("OUT_ACTIVATION_MAX"))
	}
	v.runStep(t, s, d, want, 2, []tensor.Buffer{codesBuffer(d, v.array("input1")), codesBuffer(d, v.array("input2")),
		tensor.Alloc(d.SizeBytes(len(want)))}, []tensor.Shape{n, n, n})
}

func (v *vector) svdf(t *testing.T, set *kernels.Set) {
	d, kind := tensor.Int16, v.Arrays[v.name+"_weights_time"].Type
	if kind == "int8_t" {
		d = tensor.Int8
	}
	batches, rank, filters, steps, k := v.def("INPUT_BATCHES", 1), v.def("RANK", 1), v.def("FEATURE_BATCHES", 0), v.def("TIME_BATCHES", 0), v.def("INPUT_SIZE", 0)
	s := &svdfS8{svdf: svdf{x: 0, state: 1, y: 2, filters: filters, steps: steps, rank: rank, k: k}, wide: d == tensor.Int16,
		time: codesBuffer(d, v.array("weights_time")), bias: v.array("biases"), zy: int32(v.def("OUTPUT_OFFSET", 0)),
		mult: int32(v.def("MULTIPLIER_OUT", 0)), exp: int32(v.def("SHIFT_2", 0))}
	if s.bias == nil {
		s.bias = make([]int32, filters/rank)
	}
	g := &gemmS16Params{narrow: true, bias: make([]int64, filters)}
	g.w, g.taps, g.k, g.zx, g.buildRows = i8(v.array("weights_feature")), 1, k, int32(v.def("INPUT_OFFSET", 0)), oneRow(k)
	g.lo, g.hi = int32(v.def("IN_ACTIVATION_MIN", 0)), int32(v.def("IN_ACTIVATION_MAX", 0))
	for range filters {
		g.mult, g.shift = append(g.mult, int32(v.def("MULTIPLIER_IN", 0))), append(g.shift, int32(v.def("SHIFT_1", 0)))
	}
	var err error
	if err = s.pack(set, g); err != nil {
		t.Fatal(err)
	}
	x, want := v.array("input_sequence"), v.array("output_ref")
	buf := []tensor.Buffer{{}, codesBuffer(d, v.array("state")), tensor.Alloc(len(want))}
	shape := []tensor.Shape{tensor.MakeShape(batches, k), tensor.MakeShape(batches, filters*steps), tensor.MakeShape(batches, filters/rank)}
	per := batches * k
	for i := 0; i+per <= len(x); i += per {
		buf[0] = codesBuffer(tensor.Int8, x[i:i+per])
		var after []int32 // the last step's outputs are what the file holds
		if i+2*per > len(x) {
			after = want
		}
		v.runStep(t, s, tensor.Int8, after, 2, buf, shape)
	}
}

func (v *vector) lstm(t *testing.T, set *kernels.Set) {
	d := tensor.Int8
	if strings.HasSuffix(v.name, "s16") {
		d = tensor.Int16
	}
	batches, steps, k, units := v.def("BATCH_SIZE", 1), v.def("TIME_STEPS", 1), v.def("INPUT_SIZE", 0), v.def("HIDDEN_SIZE", 0)
	major := v.Defines[strings.ToUpper(v.name)+"_TIME_MAJOR"] == "true"
	num := func(name string) int32 { return int32(v.def(name, 0)) }
	s := &lstmCodes{lstm: lstm{x: 0, hidden: 1, cell: 2, y: 3, inputs: k, units: units, timeMajor: major}, wide: d == tensor.Int16}
	s.unit = lstmUnit{N: units, Lo: math.MinInt16, Hi: math.MaxInt16, CellMax: num("CELL_CLIP"), TanhMax: math.MaxInt32,
		AddM: num("INPUT_TO_CELL_MULTIPLIER"), AddE: -num("INPUT_TO_CELL_SHIFT"), OutM: num("OUTPUT_MULTIPLIER"), OutE: -num("OUTPUT_SHIFT"), Zero: num("OUTPUT_ZERO_POINT")}
	if s.unit.CellMax == 0 {
		s.unit.CellMax = 1 << 15
	}
	if power := v.def("CELL_SCALE_POWER", 0) + 12; power >= 0 {
		s.unit.TanhM = 3 << uint(power)
	} else {
		s.unit.TanhM, s.unit.TanhE = 3, int32(-power)
	}
	gates := func(which string, k int, zx int32, biased bool) *gemmS16Params {
		g := &gemmS16Params{narrow: d == tensor.Int8}
		g.taps, g.k, g.zx, g.buildRows = 1, k, zx, oneRow(k)
		g.lo, g.hi = codeRange(tensor.Int16)
		for _, gate := range gateOrder {
			name := [4]string{"input", "forget", "cell", "output"}[gate] + "_gate_"
			g.w = append(g.w, i8(v.array(name+which+"_weights"))...)
			bias := make([]int64, units)
			if biased {
				bias = v.wide(name + "bias")
			}
			g.bias = append(g.bias, bias...)
			for range units {
				g.mult = append(g.mult, num(strings.ToUpper(name+which)+"_MULTIPLIER"))
				g.shift = append(g.shift, num(strings.ToUpper(name+which)+"_SHIFT"))
			}
		}
		return g
	}
	if err := s.pack(set, gates("input", k, -num("INPUT_ZERO_POINT"), true), gates("hidden", units, s.unit.Zero, false)); err != nil {
		t.Fatal(err)
	}
	if d == tensor.Int8 && s.rows[0] == nil {
		t.Fatal("gates are not products of rows of int8")
	}
	hidden, want := make([]int32, batches*units), v.array("output")
	for i := range hidden {
		hidden[i] = s.unit.Zero
	}
	shape := tensor.MakeShape(batches, steps, k)
	if major {
		shape = tensor.MakeShape(steps, batches, k)
	}
	v.runStep(t, s, d, want, 3, []tensor.Buffer{codesBuffer(d, v.array("input_tensor")), codesBuffer(d, hidden), tensor.Alloc(2 * batches * units),
		tensor.Alloc(d.SizeBytes(len(want)))}, []tensor.Shape{shape, {}, {}, {}})
}
