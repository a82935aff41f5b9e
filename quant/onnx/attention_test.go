package onnx_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/quant"
	"edgerun/quant/onnx"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op"
	"edgerun/rt/tensor"
)

const attentionData = "../../testdata/onnx/attention/"

func readSample(t testing.TB, name string) (tensor.Shape, []float32) {
	t.Helper()
	return readNpy(t, attentionData+name)
}

// readNpy reads NAME.npy, of float32 whatever it stands for.
func readNpy(t testing.TB, name string) (tensor.Shape, []float32) {
	t.Helper()
	b, err := os.ReadFile(name + ".npy")
	if err != nil {
		t.Fatal(err)
	}
	end := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	var dims []int
	for _, s := range strings.Split(regexp.MustCompile(`\(([^)]*)\)`).FindStringSubmatch(string(b[10:end]))[1], ",") {
		if d, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			dims = append(dims, d)
		}
	}
	f := make([]float32, (len(b)-end)/4)
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[end+4*i:]))
	}
	return tensor.MakeShape(dims...), f
}

type attentionSamples struct {
	t    testing.TB
	name string
}

func (attentionSamples) Len() int { return 3 }

func (a attentionSamples) Fill(i int, s *rt.Session) error {
	inputs := s.Program().Graph().Inputs
	for k := range inputs {
		shape, _ := readSample(a.t, fmt.Sprintf("%s.%d.in%d", a.name, i, k))
		if err := s.Resize(k, shape); err != nil {
			return err
		}
	}
	for k, v := range inputs {
		_, f := readSample(a.t, fmt.Sprintf("%s.%d.in%d", a.name, i, k))
		if v.DType == tensor.Float32 {
			copy(s.Input(k).F32(), f)
			continue
		}
		for j, x := range f {
			s.Input(k).I64()[j] = int64(x)
		}
	}
	return nil
}

// TestTransformers runs exports of PyTorch at several batches and lengths: as imported, fused, and in int8, on every kernel
// set, without allocating.
func TestTransformers(t *testing.T) {
	for file, dims := range map[string]map[string]int{
		"encoder":     {"batch": 4, "seq": 12},
		"decoder":     {"batch": 4, "seq": 12, "memory": 16},
		"encoder_ort": {"batch": 4, "seq": 12},
		"decoder_ort": {"batch": 4, "seq": 12, "memory": 16},
	} {
		name, _, _ := strings.Cut(file, "_")
		imported, err := onnx.Import(attentionData+file+".onnx", onnx.Options{Dims: dims})
		if err != nil {
			t.Fatal(err)
		}
		r, err := quant.Convert(imported, attentionSamples{t, name}, quant.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Issues) > 0 {
			t.Errorf("%s: %q", name, r.Issues)
		}
		count := map[*op.Def]int{}
		for _, n := range r.Float.Nodes {
			count[n.Op]++
		}
		if want := map[string]int{"encoder": 1, "decoder": 2}[name]; count[op.Attention] != want || count[op.LayerNorm] != want+1 || count[op.BatchMatMul]+count[op.Softmax]+count[op.Transpose] > 0 {
			t.Errorf("%s: %d attentions, %d normalizations, %d products, %d transposes", name, count[op.Attention], count[op.LayerNorm], count[op.BatchMatMul], count[op.Transpose])
		}
		runTransformer(t, name+" as imported", imported, attentionSamples{t, name}, 1e-4)
		runTransformer(t, name+" fused", r.Float, attentionSamples{t, name}, 1e-4)
		runTransformer(t, name+" in int8", r.Int8, attentionSamples{t, name}, 0.15)
	}
}

func runTransformer(t *testing.T, what string, g *graph.Graph, samples attentionSamples, limit float64) {
	var first []string
	for _, set := range kernels.All() {
		prog, err := rt.Compile(g, rt.Options{Kernels: set})
		if err != nil {
			t.Fatal(what, err)
		}
		s := prog.NewSession(nil)
		for i := range samples.Len() {
			if err := samples.Fill(i, s); err != nil {
				t.Fatal(what, err)
			}
			s.Run()
			shape, want := readSample(t, fmt.Sprintf("%s.%d.out", samples.name, i))
			if s.OutputShape(0) != shape {
				t.Fatalf("%s, %s, sample %d: shape %v, want %v", what, set.Name, i, s.OutputShape(0), shape)
			}
			for k, v := range s.Output(0).F32() {
				if !(math.Abs(float64(v-want[k])) <= limit) {
					t.Fatalf("%s, %s, sample %d: output %d is %g, want %g", what, set.Name, i, k, v, want[k])
				}
			}
			bytes := string(s.Output(0).Bytes())
			if len(first) <= i {
				first = append(first, bytes)
			} else if first[i] != bytes {
				t.Errorf("%s, %s, sample %d: bytes differ from generic", what, set.Name, i)
			}
			in := s.InputShape(0)
			if n := testing.AllocsPerRun(3, func() {
				if s.Resize(0, in) != nil {
					panic("resize")
				}
				s.Run()
			}); n != 0 {
				t.Errorf("%s, %s: Resize and Run allocate %v times", what, set.Name, n)
			}
		}
	}
}
