package tflite

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/tensor"
)

// codes returns the numbers of a .csv file as codes of a type.
func codes(t *testing.T, file []byte, d tensor.DType) []byte {
	t.Helper()
	var out []byte
	for _, s := range strings.FieldsFunc(string(file), func(r rune) bool { return r == ',' || r == '\n' || r == '\r' || r == ' ' }) {
		v, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		if d == tensor.Int32 {
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		} else {
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		}
	}
	return out
}

// untarShared returns the files of an archive beside the project.
func untarShared(t *testing.T, name string) map[string][]byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(readShared(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		} else if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInt16Operators: models of one int16 operator each give TensorFlow Lite's own answers to the bit. The archive
// leaves some models, inputs and answers out: what lacks an input or answer gives the same on all kernel sets.
func TestInt16Operators(t *testing.T) {
	files := untarShared(t, "tflm/seanet_int16_ops.tar.gz")
	used, compared, incomplete := map[string]bool{}, 0, map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		model, ok := strings.CutSuffix(name, ".tflite")
		if !ok {
			continue
		}
		used[name] = true
		g, err := Parse(files[name], Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var inputs [][]byte
		r := rand.New(rand.NewPCG(1, uint64(len(model))))
		for i, v := range g.Inputs {
			file := model + "_input" + strconv.Itoa(i) + "_" + v.DType.String() + ".csv"
			if used[file] = true; files[file] != nil {
				inputs = append(inputs, codes(t, files[file], v.DType))
				continue
			}
			incomplete[model] = append(incomplete[model], file)
			x := make([]byte, v.SizeBytes())
			for k := range x {
				x[k] = byte(r.Uint32())
			}
			inputs = append(inputs, x)
		}
		answer := model + "_golden_int16.csv"
		if used[answer] = true; files[answer] == nil {
			incomplete[model] = append(incomplete[model], answer)
		}
		var want []int16
		if incomplete[model] == nil {
			compared++
			want = tensor.Of(codes(t, files[answer], tensor.Int16)).I16()
		}
		for _, set := range kernels.All() {
			p, err := rt.Compile(g, rt.Options{Kernels: set})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s := p.NewSession(nil)
			for i, x := range inputs {
				if copy(s.Input(i).Bytes(), x) != s.Input(i).Len() {
					t.Errorf("%s: input %d has %d bytes, want %d", name, i, len(x), s.Input(i).Len())
				}
			}
			s.Run()
			got := s.Output(0).I16()
			if want == nil {
				want = slices.Clone(got)
			}
			differ := 0
			for i, y := range got {
				if y != want[i] {
					differ++
				}
			}
			if differ != 0 || len(got) != len(want) {
				t.Errorf("%s on %s: %d of %d outputs differ, want %d equal ones", name, set.Name, differ, len(got), len(want))
			}
		}
	}
	if compared < 31 || compared+len(incomplete) < 79 {
		t.Errorf("%d models compared and %d of no answer, want 31 and 48 or more", compared, len(incomplete))
	}
	for _, model := range slices.Sorted(maps.Keys(incomplete)) {
		t.Logf("%s: not in the archive: %s", model, strings.Join(incomplete[model], ", "))
	}
	orphans := 0
	for name := range files {
		if !used[name] {
			model, _, _ := strings.Cut(name, "_golden")
			if model, _, _ = strings.Cut(model, "_input"); files[model+".tflite"] != nil {
				t.Errorf("%s: belongs to %s.tflite, which has no such input", name, model)
			}
			orphans++
		}
	}
	t.Logf("%d inputs and answers: their models are not in the archive", orphans)
}
