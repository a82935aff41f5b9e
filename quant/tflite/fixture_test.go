package tflite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// floatModel is smallModel's layer in float32, without the reshape.
func floatModel() *fileModel {
	return &fileModel{
		tensors: []fileTensor{
			{name: "x", shape: []int32{1, 2}, code: elem("float32")},
			{name: "w", shape: []int32{3, 2}, code: elem("float32"), data: floats(0.25, 0.5, 0.75, 1, -1.25, 1.5)},
			{name: "b", shape: []int32{3}, code: elem("float32"), data: floats(1.25, -2.5, 3.75)},
			{name: "y", shape: []int32{1, 3}, code: elem("float32")},
		},
		ops:    []fileOp{{code: opNumber("FULLY_CONNECTED"), in: []int32{0, 1, 2}, out: []int32{3}, kind: 8, options: fbTable{byte(1), byte(0), false}}},
		inputs: []int32{0}, outputs: []int32{3},
	}
}

// joinModel has two inputs of int8, which it joins.
func joinModel() *fileModel {
	codes := func(name string, n int32) fileTensor {
		return fileTensor{name: name, shape: []int32{1, n}, code: elem("int8"), scale: []float32{0.03125}, zero: []int64{-3}}
	}
	return &fileModel{
		tensors: []fileTensor{codes("user", 6), codes("item", 3), codes("y", 9)},
		ops:     []fileOp{{code: opNumber("CONCATENATION"), in: []int32{0, 1}, out: []int32{2}, kind: 10, options: fbTable{int32(1), byte(0)}}},
		inputs:  []int32{0, 1}, outputs: []int32{2},
	}
}

// TestFixtures keeps the files in testdata/tflite, which the command's tests use, what this package's writer makes. With
// EDGERUN_UPDATE set it writes them.
func TestFixtures(t *testing.T) {
	const dir = "../../testdata/tflite"
	for name, want := range map[string][]byte{"small_int8.tflite": smallModel().bytes(), "small_float.tflite": floatModel().bytes(),
		"join_int8.tflite": joinModel().bytes()} {
		path := filepath.Join(dir, name)
		if os.Getenv("EDGERUN_UPDATE") != "" {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the writer makes", path)
		}
	}
}
