package tflite

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"edgerun/rt"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// unzipped returns the content of a shared gzip file behind a header of some bytes.
func unzipped(t *testing.T, name string, header int) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(readShared(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || len(b) < header {
		t.Fatalf("%d bytes: %v", len(b), err)
	}
	return b[header:]
}

// TestSequences classifies MNIST's 10 000 digits, row by row, with an LSTM in float32 and one in int8. A session that is
// not reset would carry the state of one digit into the next.
func TestSequences(t *testing.T) {
	for _, c := range []struct {
		file         string
		least, short int // right of all, and of the first 500: the same on every machine
	}{{"tflm/mnist_lstm_float.tflite", 9840, 488}, {"tflm/mnist_lstm_int8.tflite", 9840, 488}} {
		t.Run(c.file, func(t *testing.T) {
			g := importShared(t, c.file)
			images, labels := unzipped(t, "mnist/t10k-images-idx3-ubyte.gz", 16), unzipped(t, "mnist/t10k-labels-idx1-ubyte.gz", 8)
			if len(labels) != 10000 {
				t.Fatalf("%d labels", len(labels))
			}
			if testing.Short() {
				labels = labels[:500]
			}
			p, err := rt.Compile(g, rt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := p.NewSession(nil)
			q, right := g.Inputs[0].Quant, 0
			for i, label := range labels {
				image := images[28*28*i : 28*28*(i+1)]
				s.Reset()
				best := 0
				if g.Inputs[0].DType == tensor.Float32 {
					for k, v := range image {
						s.Input(0).F32()[k] = float32(v) / 255
					}
					s.Run()
					y := s.Output(0).F32()
					best = slices.Index(y, slices.Max(y))
				} else {
					for k, v := range image {
						s.Input(0).I8()[k] = int8(min(max(int(math.Round(float64(float32(v)/255/q.Scale[0])))+int(q.Zero[0]), -128), 127))
					}
					s.Run()
					y := s.Output(0).I8()
					best = slices.Index(y, slices.Max(y))
				}
				if best == int(label) {
					right++
				}
			}
			t.Logf("%d of %d right", right, len(labels))
			if testing.Short() && right != c.short || !testing.Short() && right < c.least {
				t.Errorf("want %d of all, %d of the first 500", c.least, c.short)
			}
		})
	}
}

// counter is a model whose variable starts from 10 and −10, set by a subgraph, and grows by each run's input; the output is what it
// held before.
func counter() *fileModel {
	f, handle := elem("float32"), elem("resource")
	name := fbTable{"", "count"}
	return &fileModel{tensors: []fileTensor{
		{name: "x", shape: []int32{2}, code: f},
		{name: "handle", code: handle},
		{name: "before", shape: []int32{2}, code: f},
		{name: "after", shape: []int32{2}, code: f},
	}, ops: []fileOp{
		{code: opNumber("CALL_ONCE"), kind: 103, options: fbTable{int32(1)}},
		{code: opNumber("VAR_HANDLE"), out: []int32{1}, kind: 111, options: name},
		{code: opNumber("READ_VARIABLE"), in: []int32{1}, out: []int32{2}},
		{code: opNumber("ADD"), in: []int32{2, 0}, out: []int32{3}},
		{code: opNumber("ASSIGN_VARIABLE"), in: []int32{1, 3}},
	}, inputs: []int32{0}, outputs: []int32{2}, more: []*fileModel{{tensors: []fileTensor{
		{name: "handle", code: handle},
		{name: "start", shape: []int32{2}, code: f, data: floats(10, -10)},
	}, ops: []fileOp{
		{code: opNumber("VAR_HANDLE"), out: []int32{0}, kind: 111, options: name},
		{code: opNumber("ASSIGN_VARIABLE"), in: []int32{0, 1}},
	}}}}
}

// TestCallOnce: a subgraph sets what a variable starts from, and starts from again after Reset.
func TestCallOnce(t *testing.T) {
	g, err := Parse(counter().bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession(nil)
	for range 2 {
		for i := range 3 {
			copy(s.Input(0).F32(), []float32{1, 2})
			s.Run()
			if want := []float32{10 + float32(i), -10 + 2*float32(i)}; !slices.Equal(s.Output(0).F32(), want) {
				t.Errorf("run %d gives %v, want %v", i, s.Output(0).F32(), want)
			}
		}
		s.Reset()
	}
}

// TestStateRefused: each broken use of state is an error that says what is wrong.
func TestStateRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *fileModel)
		want   string
	}{
		{"no subgraph", func(m *fileModel) { m.ops[0].options[0] = int32(2) }, "subgraph 2 of 2"},
		{"itself", func(m *fileModel) { m.ops[0].options[0] = int32(0) }, "subgraph 0 of 2"},
		{"late", func(m *fileModel) { m.ops[0], m.ops[1], m.ops[2], m.ops[3] = m.ops[1], m.ops[2], m.ops[3], m.ops[0] }, "variable has been used"},
		{"computes", func(m *fileModel) { m.more[0].ops[1].code = opNumber("ADD") }, "input 0 is a variable's handle"},
		{"not constant", func(m *fileModel) { m.more[0].tensors[1].data = nil }, "is neither an input nor a constant"},
		{"short", func(m *fileModel) { m.more[0].tensors[1].data = floats(1) }, "the buffer has another size"},
		{"no handle", func(m *fileModel) { m.ops[2].in[0] = 0 }, "input 0 is no variable's handle"},
		{"handle as a value", func(m *fileModel) { m.ops[3].in[1] = 1 }, "input 1 is a variable's handle"},
		{"handle as an output", func(m *fileModel) { m.outputs[0] = 1 }, "is a variable's handle"},
		{"another shape", func(m *fileModel) { m.more[0].tensors[1].shape[0], m.more[0].tensors[1].data = 1, floats(1) }, "variable is float32[1], here float32[2]"},
	} {
		m := counter()
		c.change(m)
		if _, err := Parse(m.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// noise fills an input with reproducible codes.
func noise(b []byte, seed uint32) { fillGenerated(b, tensor.Int8, seed, "full") }

// TestStreaming: each step of a streaming network depends on those before it, a reset session begins anew, sessions do
// not share state, and all kernel sets give the same bytes.
func TestStreaming(t *testing.T) {
	for _, file := range []string{"micro_wake_word/okay_nabu.tflite", "micro_wake_word/vad.tflite"} {
		t.Run(file, func(t *testing.T) {
			g := importShared(t, file)
			if len(g.Variables()) == 0 {
				t.Fatal("the network has no variables")
			}
			const steps = 80
			var first []string
			for _, set := range optest.Sets(emulated()) {
				p, err := rt.Compile(g, rt.Options{Kernels: set})
				if err != nil {
					t.Fatal(err)
				}
				s, other := p.NewSession(nil), p.NewSession(nil)
				run := func(s *rt.Session, from, to int) (got []string) {
					for i := from; i < to; i++ {
						noise(s.Input(0).Bytes(), uint32(i))
						s.Run()
						got = append(got, fmt.Sprint(s.Output(0).Bytes()))
					}
					return got
				}
				a := run(s, 0, steps/2)
				run(other, 7, 20)
				a = append(a, run(s, steps/2, steps)...)
				if first == nil {
					first = a
				}
				if !slices.Equal(a, first) {
					t.Errorf("%s gives other bytes than %s", set.Name, optest.Sets(emulated())[0].Name)
				}
				if s.Reset(); !slices.Equal(run(s, 0, steps), a) {
					t.Errorf("%s: a reset session gives other bytes than a new one", set.Name)
				}
				// The network without what came before.
				alone := make([]string, 0, steps)
				for i := range steps {
					s.Reset()
					alone = append(alone, run(s, i, i+1)...)
				}
				if slices.Equal(alone, a) {
					t.Errorf("%s: steps do not depend on those before them", set.Name)
				}
				s.Reset()
				if n := testing.AllocsPerRun(3, s.Run); n != 0 {
					t.Errorf("%s: %g allocations a Run", set.Name, n)
				}
			}
		})
	}
}
