package kernels

import (
	"testing"

	"edgerun/kernels/abi"
)

// TestForeign: what this machine's sets have that shapes a program, the sets to plan with have too. On amd64 it can only
// look at the sets themselves.
func TestForeign(t *testing.T) {
	type shape struct {
		gemmS8, gemmF32, dwS8, dwF32 string
		tiles                        [7]int
		panels                       [2]int
	}
	of := func(s *Set) shape {
		return shape{s.GemmS8.Name, s.GemmF32.Name, s.DWConvS8.Name, s.DWConvF32.Name,
			[7]int{s.GemmS8.MR, s.GemmS8.NR, s.GemmS8.KR, s.GemmF32.MR, s.GemmF32.NR, s.DWConvS8.NR, s.DWConvF32.NR},
			[2]int{s.GemmS8.Panel(9, 32), s.DWConvS8.Panel(3, 3)}}
	}
	machine := map[string]*Set{}
	for _, s := range All() {
		machine[s.Name] = s
		if got, err := LookupAny(s.Name); err != nil || got.Foreign {
			t.Errorf("%s: foreign on its own machine, or %v", s.Name, err)
		}
	}
	for _, s := range boardSets() {
		if !s.Foreign {
			t.Errorf("%s is not foreign", s.Name)
		}
		if m := machine[s.Name]; m != nil && of(m) != of(s) {
			t.Errorf("%s: planned with %+v, runs with %+v", s.Name, of(s), of(m))
		}
		if got, err := LookupAny(s.Name); err != nil || got.Name != s.Name {
			t.Errorf("%s: %v", s.Name, err)
		}
		dst := make([]byte, s.GemmS8.Panel(1, s.GemmS8.KR))
		s.GemmS8.Pack(dst, &abi.GemmS8Panel{W: []int8{1}, Bias: []int32{2}, Mult: []int32{1 << 30}, Shift: []int32{-1}, Taps: 1, K: 1})
		if dst[0] != 2 {
			t.Errorf("%s does not pack: % x", s.Name, dst)
		}
	}
	if _, err := LookupAny("sve2"); err == nil {
		t.Error("unknown set: no error")
	}
}
