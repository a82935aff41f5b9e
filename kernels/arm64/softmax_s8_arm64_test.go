package arm64

import (
	"math/rand/v2"
	"testing"

	"edgerun/kernels/fixed"
)

// TestSoftmaxSumNEON takes terms that lie halfway between integers: a row's codes seldom tell the last bit of its sum.
func TestSoftmaxSumNEON(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	exp := new([256]int32)
	for i := range exp {
		exp[i] = g.Int32N(1<<19)<<12 | 2047 + g.Int32N(2)
	}
	for n := 1; n <= 70; n++ {
		x := make([]int8, n)
		top := int32(-128)
		for i := range x {
			x[i] = int8(g.Int32())
			top = max(top, int32(x[i]))
		}
		want := int32(0)
		for _, v := range x {
			want += fixed.RDPOT(exp[int32(v)-top+255], 12)
		}
		if gotTop, got := softmaxSumNEON(&x[0], n, exp); gotTop != top || got != want {
			t.Fatalf("%d elements: greatest %d, sum %d; want %d, %d", n, gotTop, got, top, want)
		}
	}
}
