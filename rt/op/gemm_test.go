package op

import (
	"testing"

	"edgerun/kernels"
)

// TestWeight128 holds which kernel a layer with a weight of −128 gets: the set's where its class is exact for that, else
// the portable one. Layers without such a weight get the set's.
func TestWeight128(t *testing.T) {
	params := func(lowest int8) *gemmS8Params {
		return &gemmS8Params{w: []int8{lowest, 127, 3}, bias: []int32{5}, mult: []int32{1 << 30}, shift: []int32{-4}, taps: 1, k: 3,
			lo: -128, hi: 127, buildRows: func(int) indirection { return indirection{} }}
	}
	for _, set := range kernels.All() {
		for _, exact := range []bool{set.GemmS8.Weight128, false} {
			set.GemmS8.Weight128 = exact
			for _, lowest := range []int8{-127, -128} {
				want := set.GemmS8.Name
				if lowest == -128 && !exact {
					want = "generic"
				}
				if got := newGemmS8(set, params(lowest)).class.Name; got != want {
					t.Errorf("%s, exact with −128: %t, lowest weight %d: kernel %s, want %s", set.Name, exact, lowest, got, want)
				}
			}
		}
	}
}

// TestFoldLeavesLayersToThePortableKernel lists what the fast forms are not exact for.
func TestFoldLeavesLayersToThePortableKernel(t *testing.T) {
	for _, c := range []struct {
		what        string
		w           int8
		bias, shift int32
		weight128   bool
		fits        bool
	}{
		{"nothing", -127, 100, -4, false, true},
		{"a left shift", -127, 100, 1, true, false},
		{"a huge bias", -127, 1<<31 - 1, 0, true, false},
		{"a weight of −128", -128, 100, -4, false, false},
		{"a weight of −128 where the kernel takes it", -128, 100, -4, true, true},
	} {
		p := &gemmS8Params{w: []int8{c.w}, bias: []int32{c.bias}, mult: []int32{1 << 30}, shift: []int32{c.shift}, taps: 1, k: 1, zx: 3}
		bias, fits := p.fold(c.weight128)
		if fits != c.fits {
			t.Errorf("%s: fits %t, want %t", c.what, fits, c.fits)
		}
		if want := c.bias - 3*int32(c.w); bias[0] != want {
			t.Errorf("%s: folded bias %d, want %d", c.what, bias[0], want)
		}
	}
}
