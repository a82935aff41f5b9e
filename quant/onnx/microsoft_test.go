package onnx_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"edgerun/quant/onnx"
	"edgerun/rt"
	"edgerun/rt/tensor"
)

// TestMicrosoft runs models of the fused operators of domain com.microsoft: outputs are ONNX Runtime's.
func TestMicrosoft(t *testing.T) {
	files, err := filepath.Glob("../../testdata/onnx/microsoft/*.onnx")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d models: %v", len(files), err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".onnx")
		t.Run(filepath.Base(base), func(t *testing.T) {
			g, err := onnx.Import(file, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			prog, err := rt.Compile(g, rt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := prog.NewSession(nil)
			for i, v := range g.Inputs {
				shape, f := readNpy(t, fmt.Sprintf("%s.in%d", base, i))
				if shape != v.Shape {
					t.Fatalf("input %d has shape %v, want %v", i, shape, v.Shape)
				}
				for k, x := range f {
					switch v.DType {
					case tensor.Float32:
						s.Input(i).F32()[k] = x
					case tensor.Int32:
						s.Input(i).I32()[k] = int32(x)
					default:
						s.Input(i).I64()[k] = int64(x)
					}
				}
			}
			s.Run()
			for i, v := range g.Outputs {
				shape, want := readNpy(t, fmt.Sprintf("%s.out%d", base, i))
				if s.OutputShape(i) != shape {
					t.Fatalf("output %d has shape %v, want %v", i, s.OutputShape(i), shape)
				}
				for k, w := range want {
					got := float64(0)
					if v.DType == tensor.Int32 {
						got = float64(s.Output(i).I32()[k])
					} else {
						got = float64(s.Output(i).F32()[k])
					}
					if !(math.Abs(got-float64(w)) <= 2e-5*max(1, math.Abs(float64(w)))) {
						t.Fatalf("element %d of output %d is %g, want %g", k, i, got, w)
					}
				}
			}
		})
	}
}
