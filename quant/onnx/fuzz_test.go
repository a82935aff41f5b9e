package onnx

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestMutations damages every fixture in the same ways each time: cut short, and with bytes changed. Whatever comes
// out must be a graph or an error.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	bad, _ := filepath.Glob(testdata + "/onnx/bad/*.onnx")
	fused, _ := filepath.Glob(testdata + "/onnx/microsoft/*.onnx")
	for _, file := range slices.Concat(fixtures(t), bad, fused) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := os.DirFS(filepath.Dir(file))
		start := time.Now()
		for n := 0; n < len(data); n += max(7, len(data)/500) {
			Parse(data[:n], dir, Options{})
		}
		broken := make([]byte, len(data))
		rounds := 500
		if slices.Contains(fused, file) {
			rounds = 300 // they are many and alike
		}
		for range rounds {
			copy(broken, data)
			if len(broken) == 0 {
				break
			}
			for range 1 + rng.IntN(3) {
				broken[rng.IntN(len(broken))] = byte(rng.Uint32())
			}
			Parse(broken, dir, Options{})
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: %v", file, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	bad, _ := filepath.Glob(testdata + "/onnx/bad/*.onnx")
	fused, _ := filepath.Glob(testdata + "/onnx/microsoft/*.onnx")
	for _, file := range slices.Concat(fixtures(f), bad, fused) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	dir := os.DirFS(testdata + "/onnx/ext")
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Parse(data, dir, Options{})
		if (g == nil) == (err == nil) {
			t.Errorf("graph %v, error %v", g, err)
		}
	})
}
