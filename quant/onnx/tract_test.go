package onnx

import (
	"archive/zip"
	"encoding/binary"
	"io"
	"math"
	"os"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
)

// tract has networks of sonos/tract with an input and an output each, made elsewhere and not part of this project.
const tract = "../../../shared/data/tract/"

// TestTract runs them on every kernel set, among them a recognizer of names, two bidirectional LSTMs of which only the last
// states of the second are looked at, over two texts of 58 bytes.
func TestTract(t *testing.T) {
	if _, err := os.Stat(tract); err != nil {
		t.Skipf("no %s: tract's networks are not run", tract)
	}
	for _, k := range []struct {
		name, input, output string
		dims                map[string]int
	}{
		{"byte_sb_bidi_lstm", "input", "Add_26", map[string]int{"batch": 2, "length": 58}},
		{"averagepool_count_include_pad", "x", "y", nil},
	} {
		t.Run(k.name, func(t *testing.T) {
			g, err := Import(tract+k.name+"/model.onnx", Options{Dims: k.dims})
			if err != nil {
				t.Fatal(err)
			}
			in, want := readNpz(t, tract+k.name+"/io.npz", k.input), readNpz(t, tract+k.name+"/io.npz", k.output)
			for _, set := range kernels.All() {
				prog, err := rt.Compile(g, rt.Options{Kernels: set})
				if err != nil {
					t.Fatal(err)
				}
				s := prog.NewSession(nil)
				if got := s.Input(0).Bytes(); len(got) != len(in) {
					t.Fatalf("input of %d bytes, want %d", len(got), len(in))
				}
				copy(s.Input(0).Bytes(), in)
				s.Run()
				if len(want) != len(s.Output(0).Bytes()) {
					t.Fatalf("output %v, want %d bytes", s.OutputShape(0), len(want))
				}
				var wanted npy
				for i := 0; i < len(want); i += 4 {
					wanted.data = append(wanted.data, math.Float32frombits(binary.LittleEndian.Uint32(want[i:])))
				}
				if err := compare(npy{nil, s.Output(0).F32()}, wanted, 1e-4, 1e-5); err != nil {
					t.Errorf("%s: %v", set.Name, err)
				}
			}
		})
	}
}

// readNpz returns the bytes of an array in a file of several.
func readNpz(t *testing.T, path, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name + ".npy")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b[10+int(binary.LittleEndian.Uint16(b[8:])):]
}
