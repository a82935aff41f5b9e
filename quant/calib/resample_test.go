package calib

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"
)

// tone is a second of a sine and, as channel 1, a constant.
func tone(hz float64, rate int) []float32 {
	x := make([]float32, 2*rate)
	for i := range rate {
		x[2*i], x[2*i+1] = float32(math.Sin(2*math.Pi*hz*float64(i)/float64(rate))), 0.5
	}
	return x
}

// TestResampled: tones below the filter's edge arrive where they belong, those that the new rate cannot hold vanish.
func TestResampled(t *testing.T) {
	for _, c := range []struct {
		from, to int
		hz       float64
		gain     float64
	}{
		{44100, 16000, 1000, 1}, {44100, 16000, 7000, 1}, {48000, 16000, 3000, 1}, {8000, 16000, 3500, 1}, {16000, 44100, 440, 1},
		{22050, 16000, 6900, 1}, {16000, 15999, 5000, 1},
		{44100, 16000, 8100, 0}, {48000, 16000, 12000, 0}, {44100, 8000, 20000, 0},
	} {
		x := tone(c.hz, c.from)
		got, err := resampled(x, 2, c.from, c.to, 1<<20)
		if err != nil || len(got) != 2*c.to {
			t.Fatalf("%+v: %d values, %v", c, len(got), err)
		}
		off, edge := 0.0, c.to/10 // a tone's start and end are no tone
		for j := edge; j < c.to-edge; j++ {
			want := c.gain * math.Sin(2*math.Pi*c.hz*float64(j)/float64(c.to))
			off = max(off, math.Abs(float64(got[2*j])-want), math.Abs(float64(got[2*j+1])-0.5))
		}
		t.Logf("%d to %d, %g Hz: off by %.2g", c.from, c.to, c.hz, off)
		if limit := 3e-4; off > limit {
			t.Errorf("%d to %d, %g Hz: off by %g", c.from, c.to, c.hz, off)
		}
	}
	// Ends, limits and the rule for lengths.
	if got, err := resampled([]float32{1, 2, 3}, 1, 8000, 8000, 2); err != nil || fmt.Sprint(got) != "[1 2]" {
		t.Errorf("to its own rate, two at most: %v, %v", got, err)
	}
	for _, c := range [][4]int{{3, 2, 1, 2}, {4, 2, 1, 2}, {5, 3, 2, 4}, {1, 1, 3, 3}, {5, 1 << 10, 1, 1}} { // n, from, to, want
		if got, err := resampled(make([]float32, c[0]), 1, c[1], c[2], 100); err != nil || len(got) != c[3] {
			t.Errorf("%v: %d values, %v", c, len(got), err)
		}
	}
	if got, err := resampled(make([]float32, 1<<20), 1, 1, 1<<24, 5); err != nil || len(got) != 5 {
		t.Errorf("limit: %d values, %v", len(got), err)
	}
	if _, err := resampled(make([]float32, 5), 1, 1<<24, 1, 100); err == nil || !strings.Contains(err.Error(), "no simple ratio") {
		t.Errorf("an extreme ratio: %v", err)
	}
	// One result on every machine: the input is exact.
	x := make([]float32, 4410)
	for i := range x {
		x[i] = float32(i*i%7-3) / 4
	}
	got, err := resampled(x, 1, 44100, 16000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, v := range got {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	if sum := crc32.ChecksumIEEE(b); sum != 0xba284d2b {
		t.Errorf("checksum %#08x", sum)
	}
}
