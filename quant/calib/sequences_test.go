package calib_test

import (
	"reflect"
	"testing"

	"edgerun/quant/calib"
	"edgerun/rt/frontend"
	"edgerun/rt/tensor"
)

// TestSequences: samples that are longer than the input are cut into windows that continue one another, in any order of reading.
func TestSequences(t *testing.T) {
	dir := t.TempDir()
	raw := &frontend.Spec{Kind: frontend.KindNone}
	in := tensor.Type{DType: tensor.Float32, Shape: tensor.MakeShape(1, 2)}
	bytes := make([]byte, 12) // two samples of three rows of two numbers
	for i := range bytes {
		bytes[i] = byte(i)
	}
	d := mustOpen(t, write(t, dir, "x.npy", npyFile(1, dict("|i1", "(2, 3, 2)"), bytes...)))
	for limit, want := range map[int]int{0: 6, 1: 3, 9: 6} {
		s, err := calib.NewSequences(d, raw, in, -1, limit)
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != want {
			t.Errorf("limit %d: %d windows, want %d", limit, s.Len(), want)
		}
		for _, i := range []int{want - 1, 0, want / 2} {
			if got := sample(t, s, i).Numbers; !reflect.DeepEqual(got, []float32{float32(2 * i), float32(2*i + 1)}) {
				t.Errorf("limit %d: window %d is %v", limit, i, got)
			}
			if got := s.Continues(i); got != (i%3 != 0) {
				t.Errorf("limit %d: window %d continues: %v", limit, i, got)
			}
		}
	}
	for name, fe := range map[string]*frontend.Spec{
		"a picture's front end takes pictures of any size": {Kind: frontend.KindPicture},
		"a signal's takes arrays of any length":            {Kind: frontend.KindLogMel},
	} {
		s, err := calib.NewSequences(d, fe, in, -1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != 2 || s.Continues(1) || len(sample(t, s, 1).Numbers) != 6 {
			t.Errorf("%s: %d windows", name, s.Len())
		}
	}
	sound := mustOpen(t, write(t, dir, "x.wav", sound16(8000, 1, 1, 2, 3, 4, 5)))
	s, err := calib.NewSequences(sound, raw, in, -1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 2 || !s.Continues(1) {
		t.Errorf("a sound of 5 samples: %d windows of 2", s.Len())
	}
}
