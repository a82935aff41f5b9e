package arm64_test

import (
	"testing"

	"edgerun/kernels/abi"
	"edgerun/kernels/arm64"
	"edgerun/kernels/generic"
)

// TestAvgPoolS8Quotient takes sums whose quotient is just below, at and just above an integer. Small counts make the
// kernel's first quotient, which is a float32, miss below; only counts of 10^5 and more make it miss above.
func TestAvgPoolS8Quotient(t *testing.T) {
	var small, large []int // quotients
	for q := 1; q < 128; q++ {
		small = append(small, q)
		if q >= 120 {
			large = append(large, q)
		}
	}
	for n := 1; n <= 128; n++ {
		testQuotient(t, n, small)
	}
	for _, n := range []int{100003, 200003, 239999, 262139} {
		testQuotient(t, n, large)
	}
}

func testQuotient(t *testing.T, n int, quotients []int) {
	channels := 6 * len(quotients)
	x := make([]int8, n*channels+abi.Slack)
	off := make([]int32, n)
	for tap := range off {
		off[tap] = int32(tap * channels)
	}
	for c := range channels {
		sum := min(quotients[c/6]*n-n/2+c%3-1, 127*n)
		if c%6 >= 3 {
			sum = -sum
		}
		done := 0
		for tap := range n {
			v := sum*(tap+1)/n - done
			done += v
			x[tap*channels+c] = int8(v)
		}
	}
	count, acc := int32(n), make([]int32, channels)
	got, want := make([]int8, channels), make([]int8, channels)
	a := abi.PoolS8{X: &x[0], Off: &off[0], Count: &count, Acc: &acc[0], YStride: channels, Rows: 1, Taps: n, C: channels, Lo: -128, Hi: 127}
	a.Y = &want[0]
	generic.AvgPoolS8(&a)
	a.Y = &got[0]
	arm64.AvgPoolS8NEON(&a)
	for c := range channels {
		if got[c] != want[c] {
			t.Fatalf("%d taps, channel %d: %d, want %d", n, c, got[c], want[c])
		}
	}
}
