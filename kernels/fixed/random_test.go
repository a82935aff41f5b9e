package fixed

import "testing"

// TestRandom compares with the published sequence of SplitMix64 from seed 1234567.
func TestRandom(t *testing.T) {
	r := Random(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.Next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
	sum := 0.0
	for range 1000 {
		v := r.Float64()
		if v < 0 || v >= 1 {
			t.Fatalf("%v outside [0,1)", v)
		}
		sum += v
	}
	if sum < 450 || sum > 550 {
		t.Errorf("mean of 1000 numbers is %v", sum/1000)
	}
}
