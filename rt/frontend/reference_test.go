package frontend_test

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
)

const references = "../../testdata/frontend"

type reference struct {
	Name, Input string
	Spec        frontend.Spec
}

func readReferences(t testing.TB) []reference {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(references, "specs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []reference
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func readOne(t testing.TB, name string) calib.Sample {
	t.Helper()
	ds, err := calib.Open(filepath.Join(references, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ds.Sample(0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// referenceLimit is how far a feature may lie from what librosa's, torchaudio's and TensorFlow's definitions give in
// float64, as a share of the case's largest magnitude: a few units in the last place of float32. Of cases with a
// logarithm it is a share of 1 or more, so an absolute error where features are small.
const referenceLimit = 3e-7

// referenceSum is the CRC-32 of all features: one on every machine.
const referenceSum = 0x1e7a78e0

// TestReferences compares front ends with testdata/gen/frontend_refs.py: the definitions of librosa, torchaudio, torch
// and TensorFlow for signals, Pillow and torchvision for pictures.
func TestReferences(t *testing.T) {
	worst, sum := 0.0, crc32.NewIEEE()
	for _, r := range readReferences(t) {
		t.Run(r.Name, func(t *testing.T) {
			fe, err := frontend.New(r.Spec)
			if err != nil {
				t.Fatal(err)
			}
			want := readOne(t, r.Name+".out")
			shape := r.Spec.Shape()
			if d := shape.Dims()[1:]; !slices.Equal(d, want.Shape) {
				t.Fatalf("shape %v, want %v", d, want.Shape)
			}
			got := make([]float32, shape.Elements())
			if err := calib.Feed(fe, readOne(t, r.Input), got); err != nil {
				t.Fatal(err)
			}
			if err := binary.Write(sum, binary.LittleEndian, got); err != nil {
				t.Fatal(err)
			}
			top, off, at := 1.0, 0.0, 0
			for i, w := range want.Numbers {
				top = max(top, math.Abs(float64(w)))
				if d := math.Abs(float64(got[i]) - float64(w)); d > off {
					off, at = d, i
				}
			}
			t.Logf("off by %.2g of %.3g", off, top)
			if worst = max(worst, off/top); off > referenceLimit*top {
				t.Errorf("feature %d is %v, want %v: off by %.2g, that is %.2g of the largest", at, got[at], want.Numbers[at], off, off/top)
			}
		})
	}
	t.Logf("at most %.2g of the largest feature", worst)
	if got := sum.Sum32(); got != referenceSum {
		t.Errorf("checksum of all features %#08x, want %#08x", got, referenceSum)
	}
}

// TestSignalAllocations: no kind allocates once it is made.
func TestSignalAllocations(t *testing.T) {
	for _, r := range readReferences(t) {
		if !r.Spec.Signals() {
			continue
		}
		fe, err := frontend.New(r.Spec)
		if err != nil {
			t.Fatal(err)
		}
		x, dst := readOne(t, r.Input).Numbers, make([]float32, r.Spec.Shape().Elements())
		if n := testing.AllocsPerRun(3, func() {
			if err := fe.ApplySignal(dst, x); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", r.Name, n)
		}
	}
}
