package tflite

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgerun/loader"
	"edgerun/rt"
)

// flexPair is a key and an int, a bool or a float64.
type flexPair struct {
	key   string
	value any
}

// flexBytes writes a FlexBuffers map whose elements all have some width.
func flexBytes(width int, pairs ...flexPair) []byte {
	var b []byte
	put := func(v uint64) { b = append(b, binary.LittleEndian.AppendUint64(nil, v)[:width]...) }
	var keys []int
	for _, p := range pairs {
		keys = append(keys, len(b))
		b = append(append(b, p.key...), 0)
	}
	put(uint64(len(pairs)))
	first := len(b)
	for _, k := range keys {
		put(uint64(len(b) - k))
	}
	put(uint64(len(b) - first))
	put(uint64(width))
	put(uint64(len(pairs)))
	values := len(b)
	size := byte(slices.Index([]int{1, 2, 4, 8}, width))
	var types []byte
	for _, p := range pairs {
		switch v := p.value.(type) {
		case int:
			put(uint64(v))
			types = append(types, flexTypeInt<<2|size)
		case bool:
			put(map[bool]uint64{true: 1}[v])
			types = append(types, flexTypeBool<<2|size)
		case float64:
			put(math.Float64bits(v))
			types = append(types, flexTypeFloat<<2|size)
		}
	}
	b = append(b, types...)
	put(uint64(len(b) - values))
	return append(b, flexTypeMap<<2|size, byte(width))
}

func TestFlexMap(t *testing.T) {
	for _, width := range []int{1, 2, 4, 8} {
		data := flexBytes(width, flexPair{"a", -5}, flexPair{"bc", true}, flexPair{"d", 100})
		got, err := flexMap(data)
		want := []flexValue{{key: "a", kind: flexInt, i: -5}, {key: "bc", kind: flexBool, i: 1}, {key: "d", kind: flexInt, i: 100}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("width %d: %v, %v, want %v", width, got, err, want)
		}
		if got, err := flexMap(flexBytes(width)); err != nil || len(got) != 0 {
			t.Errorf("width %d: empty map is %v, %v", width, got, err)
		}
	}
	if got, err := flexMap(flexBytes(8, flexPair{"f", 2.5})); err != nil || got[0].kind != flexFloat || got[0].f != 2.5 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := flexMap(nil); err != nil || got != nil {
		t.Errorf("no data: %v, %v", got, err)
	}
}

// TestFlexMapRefused: each damage is an error that says what is wrong.
func TestFlexMapRefused(t *testing.T) {
	good := flexBytes(1, flexPair{"a", 1}, flexPair{"b", true})
	// 0: "a", 2: "b", 4: number of keys, 5: their offsets, 7: offset to them, 8: width, 9: number, 10: values, 12: types, 14: root
	for _, c := range []struct {
		name string
		at   int
		to   byte
		want string
	}{
		{"type", len(good) - 2, flexTypeInt << 2, "of type 1"},
		{"width", len(good) - 1, 3, "width 3"},
		{"wide root", len(good) - 1, 8, "ends past|offset"},
		{"root", 14, 200, "offset 200 leaves"},
		{"number", 9, 100, "has 100 values"},
		{"number past the end", 9, 30, "end past"},
		{"keys' width", 8, 5, "keys of width 5"},
		{"keys", 7, 99, "offset 99 leaves"},
		{"number of keys", 4, 3, "2 values and 3 keys"},
		{"key", 5, 77, "offset 77 leaves"},
		{"order", 0, 'c', "not in order"},
		{"equal keys", 0, 'b', "not in order"},
		{"bool", 11, 2, "bool at"},
		{"short float", 12, flexTypeFloat << 2, "float at"},
	} {
		data := bytes.Clone(good)
		data[c.at] = c.to
		_, err := flexMap(data)
		ok := false
		for _, want := range strings.Split(c.want, "|") {
			ok = ok || err != nil && strings.Contains(err.Error(), want)
		}
		if !ok {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	many := make([]flexPair, 65)
	for i := range many {
		many[i] = flexPair{string(rune('a' + i)), 1}
	}
	long := flexBytes(2, flexPair{strings.Repeat("k", 300), 1})
	for name, data := range map[string][]byte{"many": flexBytes(2, many...), "long": long, "short": {1, 2}} {
		if _, err := flexMap(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzFlexMap(f *testing.F) {
	for _, width := range []int{1, 2, 4, 8} {
		f.Add(flexBytes(width, flexPair{"a", -5}, flexPair{"bc", true}))
	}
	f.Add(flexBytes(8, flexPair{"f", 2.5}))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := flexMap(data)
		if err != nil && all != nil || len(all) > maxFlexValues {
			t.Errorf("%d values, error %v", len(all), err)
		}
		if !slices.IsSortedFunc(all, func(a, b flexValue) int { return strings.Compare(a.key, b.key) }) {
			t.Error("keys are not in order")
		}
	})
}

// frontModel is a small audio front end of each custom operator.
func frontModel() *fileModel {
	i16, i32, u32, u64, yes := elem("int16"), elem("int32"), elem("uint32"), elem("uint64"), elem("bool")
	shorts := func(v ...int16) (b []byte) {
		for _, x := range v {
			b = binary.LittleEndian.AppendUint16(b, uint16(x))
		}
		return b
	}
	custom := func(name string, in, out []int32, pairs ...flexPair) fileOp {
		return fileOp{custom: name, in: in, out: out, flex: flexBytes(4, pairs...)}
	}
	return &fileModel{tensors: []fileTensor{
		0:  {name: "x", shape: []int32{1, 8}, code: i16},
		1:  {name: "late", shape: []int32{1, 8}, code: i16},
		2:  {name: "frames", shape: []int32{1, 2, 6}, code: i16},
		3:  {name: "valid", shape: []int32{}, code: yes},
		4:  {name: "joined", shape: []int32{1, 8}, code: i16},
		5:  {name: "w", shape: []int32{8}, code: i16, data: shorts(4096, 4000, 3000, 2000, 1000, 0, -100, 4096)},
		6:  {name: "windowed", shape: []int32{1, 8}, code: i16},
		7:  {name: "shape", shape: []int32{1}, code: i32, data: int32s(8)},
		8:  {name: "flat", shape: []int32{8}, code: i16},
		9:  {name: "scaled", shape: []int32{8}, code: i16},
		10: {name: "bits", shape: []int32{}, code: i32},
		11: {name: "bins", shape: []int32{18}, code: i16},
		12: {name: "energy", shape: []int32{9}, code: u32},
		13: {name: "weights", shape: []int32{4}, code: i16, data: shorts(1, 20, 300, 4000)},
		14: {name: "unweights", shape: []int32{4}, code: i16, data: shorts(4095, 4000, 3000, 95)},
		15: {name: "from", shape: []int32{3}, code: i16, data: shorts(0, 2, 4)},
		16: {name: "by", shape: []int32{3}, code: i16, data: shorts(0, 1, 2)},
		17: {name: "widths", shape: []int32{3}, code: i16, data: shorts(2, 2, 2)},
		18: {name: "bank", shape: []int32{2}, code: u64},
		19: {name: "root", shape: []int32{2}, code: u32},
		20: {name: "clean", shape: []int32{2}, code: u32},
		21: {name: "noise", shape: []int32{2}, code: u32},
		22: {name: "lut", shape: []int32{125}, code: i16, data: make([]byte, 250)},
		23: {name: "pcan", shape: []int32{2}, code: u32},
		24: {name: "log", shape: []int32{2}, code: i16},
		25: {name: "stack", shape: []int32{6}, code: i16},
		26: {name: "full", shape: []int32{}, code: yes},
	}, ops: []fileOp{
		custom("SignalDelay", []int32{0}, []int32{1}, flexPair{"delay_length", 3}),
		custom("SignalFramer", []int32{1}, []int32{2, 3}, flexPair{"frame_size", 6}, flexPair{"frame_step", 4}, flexPair{"prefill", true}),
		custom("SignalOverlapAdd", []int32{2}, []int32{4}, flexPair{"T", 7}, flexPair{"frame_step", 4}),
		custom("SignalWindow", []int32{4, 5}, []int32{6}, flexPair{"shift", 12}),
		{code: opNumber("RESHAPE"), in: []int32{6, 7}, out: []int32{8}},
		custom("SignalFftAutoScale", []int32{8}, []int32{9, 10}),
		custom("SignalRfft", []int32{9}, []int32{11}, flexPair{"T", 7}, flexPair{"fft_length", 16}),
		custom("SignalEnergy", []int32{11}, []int32{12}, flexPair{"end_index", 8}, flexPair{"start_index", 1}),
		custom("SignalFilterBank", []int32{12, 13, 14, 15, 16, 17}, []int32{18}, flexPair{"num_channels", 2}),
		custom("SignalFilterBankSquareRoot", []int32{18, 10}, []int32{19}),
		custom("SignalFilterBankSpectralSubtraction", []int32{19}, []int32{20, 21}, flexPair{"alternate_one_minus_smoothing", 15401},
			flexPair{"alternate_smoothing", 983}, flexPair{"clamping", false}, flexPair{"min_signal_remaining", 819}, flexPair{"num_channels", 2},
			flexPair{"one_minus_smoothing", 15975}, flexPair{"smoothing", 409}, flexPair{"smoothing_bits", 10}, flexPair{"spectral_subtraction_bits", 14}),
		custom("SignalPCAN", []int32{20, 21, 22}, []int32{23}, flexPair{"snr_shift", 6}),
		custom("SignalFilterBankLog", []int32{19}, []int32{24}, flexPair{"input_correction_bits", 3}, flexPair{"output_scale", 64}),
		custom("SignalStacker", []int32{24}, []int32{25, 26}, flexPair{"num_channels", 2}, flexPair{"stacker_left_context", 1},
			flexPair{"stacker_right_context", 1}, flexPair{"stacker_step", 1}),
	}, inputs: []int32{0}, outputs: []int32{25, 26, 23, 3}}
}

// TestSignalFile: a file with every custom operator runs, and its .edge file gives the same bytes, step by step.
func TestSignalFile(t *testing.T) {
	g, err := Parse(frontModel().bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	first := steps(t, session(t, g, nil))
	for _, n := range g.Nodes {
		if !slices.ContainsFunc(frontModel().ops, func(o fileOp) bool { return o.custom == n.Op.Name || n.Op.Name == "Reshape" }) {
			t.Errorf("node %s of %s", n.Name, n.Op.Name)
		}
	}
	if len(g.Nodes) != len(frontModel().ops) {
		t.Errorf("%d nodes", len(g.Nodes))
	}
	data, err := loader.Encode(&loader.Model{Graph: g}, loader.EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := loader.Decode(data, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(steps(t, session(t, m.Graph, nil)), first) {
		t.Error("the .edge file gives other bytes")
	}
}

// steps runs twelve windows of noise and returns all outputs.
func steps(t *testing.T, s *rt.Session) (all []byte) {
	for i := range 12 {
		noise(s.Input(0).Bytes(), uint32(i))
		s.Run()
		for k := range 4 {
			all = append(all, s.Output(k).Bytes()...)
		}
	}
	if len(bytes.Trim(all, "\x00")) < 50 {
		t.Errorf("almost nothing but zeros: %v", all)
	}
	return all
}

// TestSignalRefused: each broken use is an error that says what is wrong.
func TestSignalRefused(t *testing.T) {
	set := func(op int, pairs ...flexPair) func(*fileModel) {
		return func(m *fileModel) { m.ops[op].flex = flexBytes(8, pairs...) }
	}
	for _, c := range []struct {
		name   string
		change func(*fileModel)
		want   string
	}{
		{"unknown operator", func(m *fileModel) { m.ops[3].custom = "SignalWind" }, `custom "SignalWind"`},
		{"unknown option", set(3, flexPair{"shift", 1}, flexPair{"sift", 1}), `option "sift" unsupported`},
		{"missing option", set(3), `option "shift" is missing`},
		{"kind", set(3, flexPair{"shift", true}), "no number of its kind"},
		{"large", set(3, flexPair{"shift", 1 << 40}), "no number of its kind or range"},
		{"shift", set(3, flexPair{"shift", 32}), "shift 32 outside"},
		{"damaged", func(m *fileModel) { m.ops[3].flex = []byte{1, 2, 3} }, "want a map"},
		{"type", set(6, flexPair{"T", 2}, flexPair{"fft_length", 16}), "the input int16"},
		{"size", set(6, flexPair{"T", 7}, flexPair{"fft_length", 14}), "transform of 14 samples: unsupported"},
		{"step", set(1, flexPair{"frame_size", 6}, flexPair{"frame_step", 0}, flexPair{"prefill", true}), "frames of 6 every 0"},
		{"negative delay", set(0, flexPair{"delay_length", -1}), "state of 1 by -1"},
		{"huge delay", set(0, flexPair{"delay_length", 1 << 30}), "state: shape"},
		{"negative context", set(13, flexPair{"num_channels", 2}, flexPair{"stacker_left_context", -1}, flexPair{"stacker_right_context", 1}, flexPair{"stacker_step", 1}), "contexts of -1"},
		{"end", set(7, flexPair{"end_index", 10}, flexPair{"start_index", 1}), "endIndex 10 outside"},
		{"bank", func(m *fileModel) { m.tensors[15].data[4] = 8 }, "channel 2: 2 energies from 8 of 9"},
	} {
		m := frontModel()
		c.change(m)
		if _, err := Parse(m.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestFlexMutations damages options; Parse must give a graph or an error.
func TestFlexMutations(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range frontModel().ops {
		for range 300 {
			m := frontModel()
			if b := m.ops[i].flex; len(b) > 0 {
				b[rng.IntN(len(b))] = byte(rng.Uint32())
			}
			if g, err := Parse(m.bytes(), Options{}); (g == nil) == (err == nil) {
				t.Fatalf("graph %v, error %v", g, err)
			}
		}
	}
}
