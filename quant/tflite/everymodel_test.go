package tflite

import (
	"bytes"
	"image"
	_ "image/png"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerun/rt"
	"edgerun/rt/op/optest"
	"edgerun/rt/tensor"
)

// TestEveryModel runs each .tflite file of the shared data three times on generated inputs: every kernel set gives the
// portable one's bytes, state included, and no Run allocates.
func TestEveryModel(t *testing.T) {
	readShared(t, "README.md") // skips where there are none
	var files []string
	err := filepath.WalkDir(sharedData, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".tflite") && !strings.Contains(path, "malformed") {
			files = append(files, filepath.ToSlash(strings.TrimPrefix(path, filepath.FromSlash(sharedData))))
		}
		return err
	})
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	sets := optest.Sets(emulated())
	const runs = 3
	for _, name := range files {
		t.Run(name, func(t *testing.T) {
			g := importShared(t, name)
			macs := 0
			for _, n := range g.Nodes {
				if n.Op.MACs != nil {
					macs += n.Op.MACs(n.View(nil))
				}
			}
			if testing.Short() && macs > 10_000_000 {
				t.Skip("-short: a large network")
			}
			var want [][]byte
			for _, set := range sets {
				p, err := rt.Compile(g, rt.Options{Kernels: set})
				if err != nil {
					t.Fatal(err)
				}
				s := p.NewSession(nil)
				var got [][]byte
				for run := range runs {
					for i, in := range g.Inputs {
						b := s.Input(i)
						if fillGenerated(b.Bytes(), in.DType, uint32(run*7+i+1), "full"); in.DType == tensor.Float32 {
							for k := range b.F32() {
								b.F32()[k] = float32((k*37+run*11)%256) / 255
							}
						}
					}
					s.Run()
					for i := range g.Outputs {
						got = append(got, bytes.Clone(s.Output(i).Bytes()))
					}
				}
				if want == nil {
					want = got
				}
				for i := range got {
					if !bytes.Equal(got[i], want[i]) {
						t.Errorf("%s: output %d of run %d is not %s's", set.Name, i%len(g.Outputs), i/len(g.Outputs), sets[0].Name)
					}
				}
				if testing.Short() {
					continue
				}
				if n := testing.AllocsPerRun(2, s.Run); n > 0 {
					t.Errorf("%s: %v allocations in a Run", set.Name, n)
				}
			}
		})
	}
}

// TestHandwriting: an LSTM that reads pictures row by row names the digit on each of its publisher's samples.
func TestHandwriting(t *testing.T) {
	for _, name := range []string{"tflm/mnist_lstm_int8.tflite", "tflm/mnist_lstm_float.tflite"} {
		sessions(t, importShared(t, name), func(t *testing.T, s *rt.Session) {
			for digit := range 10 {
				m, _, err := image.Decode(bytes.NewReader(readShared(t, "tflm/mnist_lstm_samples/"+string(rune('0'+digit))+".png")))
				if err != nil {
					t.Fatal(err)
				}
				pix := m.(*image.Gray).Pix
				best := 0
				s.Reset()
				if in := s.Input(0); s.Program().Graph().Inputs[0].DType == tensor.Int8 {
					for k, v := range pix {
						in.I8()[k] = int8(int(v) - 128) // scale 1/255, zero point −128
					}
					s.Run()
					best = slices.Index(s.Output(0).I8(), slices.Max(s.Output(0).I8()))
				} else {
					for k, v := range pix {
						in.F32()[k] = float32(v) / 255
					}
					s.Run()
					best = slices.Index(s.Output(0).F32(), slices.Max(s.Output(0).F32()))
				}
				if best != digit {
					t.Errorf("%s: %d.png is read as %d", name, digit, best)
				}
			}
		})
	}
}
