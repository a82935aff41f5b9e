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
	encoder, decoder := map[string]int{"batch": 4, "seq": 12}, map[string]int{"batch": 4, "seq": 12, "memory": 16}
	for _, c := range []struct {
		file, name string // of the model and of its samples
		dims       map[string]int
		attentions int
	}{
		{"encoder", "encoder", encoder, 1},
		{"decoder", "decoder", decoder, 2},
		{"encoder_ort", "encoder", encoder, 1},
		{"decoder_ort", "decoder", decoder, 2},
		{"dynamo_encoder_18", "dynamo_encoder", encoder, 1},
		{"dynamo_decoder_18", "dynamo_decoder", decoder, 2},
		{"dynamo_encoder_functions", "dynamo_encoder", encoder, 1},
		{"dynamo_decoder_functions", "dynamo_decoder", decoder, 2},
		{"dynamo_encoder_23", "dynamo_encoder", encoder, 1},
		{"dynamo_decoder_23", "dynamo_decoder", decoder, 2},
	} {
		imported, err := onnx.Import(attentionData+c.file+".onnx", onnx.Options{Dims: c.dims})
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := quant.Convert(imported, attentionSamples{t, c.name}, quant.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Issues) > 0 {
			t.Errorf("%s: %q", c.file, r.Issues)
		}
		count := map[*op.Def]int{}
		for _, n := range r.Float.Nodes {
			count[n.Op]++
		}
		if count[op.Attention] != c.attentions || count[op.LayerNorm] != c.attentions+1 || count[op.BatchMatMul]+count[op.Softmax]+count[op.Transpose] > 0 {
			t.Errorf("%s: %d attentions, %d normalizations, %d products, %d transposes", c.file, count[op.Attention], count[op.LayerNorm], count[op.BatchMatMul], count[op.Transpose])
		}
		runTransformer(t, c.file+" as imported", imported, attentionSamples{t, c.name}, 1e-4)
		runTransformer(t, c.file+" fused", r.Float, attentionSamples{t, c.name}, 1e-4)
		runTransformer(t, c.file+" in int8", r.Int8, attentionSamples{t, c.name}, 0.15)
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
