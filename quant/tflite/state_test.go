package tflite

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
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
		file  string
		least int
	}{{"tflm/mnist_lstm_float.tflite", 9840}, {"tflm/mnist_lstm_int8.tflite", 9840}} {
		t.Run(c.file, func(t *testing.T) {
			g := importShared(t, c.file)
			images, labels := unzipped(t, "mnist/t10k-images-idx3-ubyte.gz", 16), unzipped(t, "mnist/t10k-labels-idx1-ubyte.gz", 8)
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
			if right < c.least || len(labels) != 10000 {
				t.Errorf("want %d of 10000", c.least)
			}
		})
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
			for _, set := range kernels.All() {
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
					t.Errorf("%s gives other bytes than %s", set.Name, kernels.All()[0].Name)
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
