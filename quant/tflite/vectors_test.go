package tflite

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/op"
)

// vectorCase is one operator with the reference's answer.
type vectorCase struct {
	Op, Name        string
	Params          map[string]any
	Inputs, Outputs []*vectorTensor
	// Invocations are further runs of the same session, the first one included, of an operator with state.
	Invocations []struct{ Inputs, Outputs [][]any }
}

type vectorTensor struct {
	Name     string
	Shape    []int32
	DType    string
	Scale    any
	Zero     any   `json:"zero_point"`
	Axis     int32 `json:"quantized_dimension"`
	Const    bool
	Variable bool
	Data     []any
}

// optionFields are the fields of operators' options in their order, as the cases call them.
var optionFields = map[string]string{
	"ADD":                          "fusedActivationFunction:b",
	"SUB":                          "fusedActivationFunction:b",
	"MUL":                          "fusedActivationFunction:b",
	"DIV":                          "fusedActivationFunction:b",
	"ARG_MAX":                      "outputType:b",
	"ARG_MIN":                      "outputType:b",
	"AVERAGE_POOL_2D":              "padding:b strideW:i strideH:i filterWidth:i filterHeight:i fusedActivationFunction:b",
	"MAX_POOL_2D":                  "padding:b strideW:i strideH:i filterWidth:i filterHeight:i fusedActivationFunction:b",
	"BATCH_MATMUL":                 "adjX:b adjY:b asymmetricQuantizeInputs:b",
	"CONCATENATION":                "axis:i fusedActivationFunction:b",
	"CONV_2D":                      "padding:b strideW:i strideH:i fusedActivationFunction:b dilationWFactor:i dilationHFactor:i quantizedBiasType:b",
	"CUMSUM":                       "exclusive:b reverse:b",
	"DEPTH_TO_SPACE":               "blockSize:i",
	"GATHER":                       "axis:i batchDims:i",
	"L2_NORMALIZATION":             "fusedActivationFunction:b",
	"REDUCE_MAX":                   "keepDims:b",
	"REDUCE_MIN":                   "keepDims:b",
	"SPACE_TO_DEPTH":               "blockSize:i",
	"SUM":                          "keepDims:b",
	"SVDF":                         "rank:i fusedActivationFunction:b",
	"UNIDIRECTIONAL_SEQUENCE_LSTM": "fusedActivationFunction:b cellClip:f projClip:f timeMajor:b",
	"DEPTHWISE_CONV_2D":            "padding:b strideW:i strideH:i depthMultiplier:i fusedActivationFunction:b dilationWFactor:i dilationHFactor:i",
	"FULLY_CONNECTED":              "fusedActivationFunction:b weightsFormat:b keepNumDims:b asymmetricQuantizeInputs:b quantizedBiasType:b",
	"LEAKY_RELU":                   "alpha:f",
	"MEAN":                         "keepDims:b",
	"MIRROR_PAD":                   "mode:b",
	"PACK":                         "valuesCount:i axis:i",
	"RESIZE_BILINEAR":              "-:i -:i alignCorners:b halfPixelCenters:b",
	"RESIZE_NEAREST_NEIGHBOR":      "alignCorners:b halfPixelCenters:b",
	"SOFTMAX":                      "beta:f",
	"SPLIT":                        "numSplits:i",
	"STRIDED_SLICE":                "beginMask:i endMask:i ellipsisMask:i newAxisMask:i shrinkAxisMask:i offset:b",
	"TRANSPOSE_CONV":               "padding:b strideW:i strideH:i fusedActivationFunction:b quantizedBiasType:b",
}

// options are the case's options as a table.
func (c *vectorCase) options() fbTable {
	var t fbTable
	for _, f := range strings.Fields(optionFields[c.Op]) {
		name, kind, _ := strings.Cut(f, ":")
		v := 0.0
		switch p := c.Params[name].(type) {
		case nil:
			t = append(t, nil)
			continue
		case float64:
			v = p
		case bool:
			if p {
				v = 1
			}
		}
		switch kind {
		case "b":
			t = append(t, byte(v))
		case "i":
			t = append(t, int32(v))
		case "f":
			t = append(t, float32(v))
		}
	}
	return t
}

func numbers[T int64 | float32](v any) []T {
	switch v := v.(type) {
	case float64:
		return []T{T(v)}
	case []any:
		var all []T
		for _, x := range v {
			all = append(all, T(x.(float64)))
		}
		return all
	}
	return nil
}

// bytes returns the data as a file or a session holds them.
func (v *vectorTensor) bytes() []byte {
	b := []byte{}
	for _, x := range v.Data {
		f, _ := x.(float64)
		switch x := x.(type) {
		case bool:
			b = append(b, map[bool]byte{false: 0, true: 1}[x])
			continue
		}
		switch v.DType {
		case "int8", "uint8":
			b = append(b, byte(int(f)))
		case "int16":
			b = binary.LittleEndian.AppendUint16(b, uint16(int(f)))
		case "int32":
			b = binary.LittleEndian.AppendUint32(b, uint32(int(f)))
		case "int64":
			b = binary.LittleEndian.AppendUint64(b, uint64(int64(f)))
		case "float32":
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
		}
	}
	return b
}

func (c *vectorCase) model() *fileModel {
	o := fileOp{code: int32(slices.Index(builtins[:], c.Op)), kind: operators[c.Op].options, options: c.options()}
	m := &fileModel{}
	add := func(v *vectorTensor) int32 {
		i := int32(len(m.tensors))
		code := 0
		for elemTypes[code].name != v.DType {
			code++
		}
		t := fileTensor{name: v.Name, shape: v.Shape, code: byte(code), scale: numbers[float32](v.Scale), zero: numbers[int64](v.Zero), axis: v.Axis, variable: v.Variable}
		if v.Const {
			t.data = v.bytes()
		}
		m.tensors = append(m.tensors, t)
		return i
	}
	for _, v := range c.Inputs {
		if v == nil {
			o.in = append(o.in, -1)
			continue
		}
		i := add(v)
		o.in = append(o.in, i)
		if !v.Const && !v.Variable {
			m.inputs = append(m.inputs, i)
		}
	}
	for _, v := range c.Outputs {
		o.out = append(o.out, add(v))
	}
	m.outputs, m.ops = o.out, []fileOp{o}
	return m
}

// TestOperatorVectors writes each of the reference's cases as a file of one operator, imports it and compares all
// outputs to the bit.
func TestOperatorVectors(t *testing.T) {
	readShared(t, "tflm_ops/README.md")
	files, err := filepath.Glob(sharedData + "tflm_ops/*.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	ran, stateful, skipped := 0, 0, map[string]int{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json.gz")
		if name == "models" {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(readShared(t, "tflm_ops/"+filepath.Base(file))))
		if err != nil {
			t.Fatal(err)
		}
		var all []*vectorCase
		if err := json.NewDecoder(z).Decode(&all); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			for _, c := range all {
				g, err := Parse(c.model().bytes(), Options{})
				if err == nil {
					_, err = rt.Compile(g, rt.Options{})
				}
				if _, ok := operators[c.Op]; !ok && errors.Is(err, op.ErrUnsupported) {
					skipped[c.Op]++
					continue
				} else if err != nil {
					t.Errorf("%s: %v", c.Name, err)
					continue
				}
				ran++
				for _, set := range kernels.All() {
					p, err := rt.Compile(g, rt.Options{Kernels: set})
					if err != nil {
						t.Fatalf("%s: %v", c.Name, err)
					}
					s := p.NewSession(nil)
					c.check(t, s)
					if len(c.Invocations) > 0 {
						s.Reset()
						c.checkState(t, s)
						stateful++
					}
				}
			}
		})
	}
	if ran < 1055 || stateful == 0 {
		t.Errorf("%d cases ran, %d with state, want 1055 or more", ran, stateful)
	}
	t.Logf("%d cases ran, %d runs with state; operators not run: %v", ran, stateful, skipped)
}

func (c *vectorCase) check(t *testing.T, s *rt.Session) {
	t.Helper()
	i := 0
	for _, v := range c.Inputs {
		if v != nil && !v.Const && !v.Variable {
			if n := copy(s.Input(i).Bytes(), v.bytes()); n != s.Input(i).Len() {
				t.Fatalf("%s: input %d has %d bytes, want %d", c.Name, i, n, s.Input(i).Len())
			}
			i++
		}
	}
	s.Run()
	for i, v := range c.Outputs {
		if !bytes.Equal(s.Output(i).Bytes(), v.bytes()) {
			t.Errorf("%s on %s: output %d differs", c.Name, s.Program().Kernels().Name, i)
		}
	}
}

// checkState runs all of the case's invocations in a session that has its first state.
func (c *vectorCase) checkState(t *testing.T, s *rt.Session) {
	t.Helper()
	for k, run := range c.Invocations {
		step := vectorCase{Name: fmt.Sprintf("%s, run %d", c.Name, k)}
		i := 0
		for _, v := range c.Inputs {
			if v != nil && !v.Const && !v.Variable {
				step.Inputs = append(step.Inputs, &vectorTensor{DType: v.DType, Data: run.Inputs[i]})
				i++
			}
		}
		for i, v := range c.Outputs {
			step.Outputs = append(step.Outputs, &vectorTensor{DType: v.DType, Data: run.Outputs[i]})
		}
		step.check(t, s)
	}
}
