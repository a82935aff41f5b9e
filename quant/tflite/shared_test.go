package tflite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op/optest"
)

// sharedData are models and their answers that were made elsewhere and are not part of this project.
const sharedData = "../../../shared/data/"

func readShared(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(sharedData + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no " + sharedData + name + " beside the project")
	} else if err != nil {
		t.Fatal(err)
	}
	return b
}

func importShared(t testing.TB, name string) *graph.Graph {
	t.Helper()
	g, err := Parse(readShared(t, name), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// npy returns the bytes of an .npy file's array and its shape.
func npy(t testing.TB, file []byte) ([]byte, []int) {
	t.Helper()
	if len(file) < 10 || !bytes.HasPrefix(file, []byte("\x93NUMPY\x01")) {
		t.Fatal("not an .npy file of version 1")
	}
	n := 10 + int(binary.LittleEndian.Uint16(file[8:]))
	m := regexp.MustCompile(`'shape': \(([^)]*)\)`).FindSubmatch(file[:n])
	var shape []int
	for _, s := range strings.Split(string(m[1]), ",") {
		if d, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			shape = append(shape, d)
		}
	}
	return file[n:], shape
}

func emulated() bool { return os.Getenv("EDGERUN_UNDER_QEMU") != "" }

// sessions runs f for each kernel set of this CPU, or those of optest.Sets.
func sessions(t *testing.T, g *graph.Graph, f func(t *testing.T, s *rt.Session)) {
	for _, set := range optest.Sets(emulated()) {
		t.Run(set.Name, func(t *testing.T) {
			p, err := rt.Compile(g, rt.Options{Kernels: set})
			if err != nil {
				t.Fatal(err)
			}
			f(t, p.NewSession(nil))
		})
	}
}

// TestKeywordSpotting: each of the 12 codes of each of the 1000 answers is the one that TensorFlow Lite Micro gave on a
// Cortex-M4.
func TestKeywordSpotting(t *testing.T) {
	g := importShared(t, "mlperf_tiny/kws_int8.tflite")
	inputs, shape := npy(t, readShared(t, "kws01/inputs.npy"))
	want, _ := npy(t, readShared(t, "kws01/outputs_tflm_int8.npy"))
	labels, _ := npy(t, readShared(t, "kws01/labels.npy"))
	if shape[0] != 1000 {
		t.Fatalf("inputs have shape %v", shape)
	}
	sessions(t, g, func(t *testing.T, s *rt.Session) {
		same, right, samples := 0, 0, shape[0]
		if emulated() && s.Program().Kernels() != kernels.Best() {
			samples = 100 // portable code, or what an older core ran
		}
		for i := range samples {
			in, out := s.Input(0).Bytes(), s.Output(0).Bytes()
			copy(in, inputs[i*len(in):])
			s.Run()
			if bytes.Equal(out, want[i*len(out):(i+1)*len(out)]) {
				same++
			}
			best := 0
			for k, v := range s.Output(0).I8() {
				if v > s.Output(0).I8()[best] {
					best = k
				}
			}
			if best == int(labels[i*len(labels)/shape[0]]) {
				right++
			}
		}
		t.Logf("%d of %d answers equal, %d right", same, samples, right)
		if same != samples || right*10 < samples*9 {
			t.Error("want all equal and nine of ten right")
		}
	})
}
