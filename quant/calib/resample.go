package calib

import (
	"fmt"
	"math"

	"edgerun/kernels/fixed"
)

// The resampler's low-pass filter: a sinc with zeros at 15/16 of the lower rate's half, 64 of them on each side, under
// a Blackman window. It passes up to 7/8 of that half within 0.003 dB; what lies above the half is at least 70 dB down.
const (
	sincZeros   = 64
	passNum     = 15
	passDen     = 16
	maxSincTaps = 1 << 23 // over all phases
)

// resampled brings samples of several channels side by side from one rate to another and returns the first samples,
// limit for each channel at most. Output j lies at input j·from/to; there are n·to/from, rounded up. What is not there
// counts as zeros. The arithmetic is float64 in one order.
func resampled(x []float32, channels, from, to, limit int) ([]float32, error) {
	if from == to {
		return x[:min(len(x), limit*channels)], nil
	}
	g := gcd(int64(from), int64(to))
	up, down := int64(to)/g, int64(from)/g
	slow := max(up, down) // in units of 1/up of an input sample, the sinc's zeros are slow·passDen/passNum apart
	reach := int(sincZeros*slow/up) + 1
	n := len(x) / channels
	count := limit
	if int64(n) <= int64(limit-1)*down/up {
		count = int((int64(n)*up + down - 1) / down)
	}
	phases := int(min(up, int64(count)))
	if phases > maxSincTaps/(2*reach) {
		return nil, fmt.Errorf("%d samples a second; wanted %d, and no simple ratio leads there", from, to)
	}
	taps := make([][]float64, phases) // of output j, and of j + up, whose place between inputs is the same
	out := make([]float32, count*channels)
	for j := range count {
		slot := int(int64(j) % up)
		if taps[slot] == nil {
			taps[slot] = sinc(int64(j)*down%up, up, slow, reach)
		}
		first := int(int64(j)*down/up) - reach + 1
		lo, hi := max(first, 0), min(first+2*reach, n)
		for c := range channels {
			sum := 0.0
			for i := lo; i < hi; i++ {
				sum += float64(taps[slot][i-first] * float64(x[i*channels+c]))
			}
			out[j*channels+c] = float32(sum)
		}
	}
	return out, nil
}

// sinc returns the filter's weights for an output p/up behind an input, of sum 1.
func sinc(p, up, slow int64, reach int) []float64 {
	w := make([]float64, 2*reach)
	sum := 0.0
	for k := range w {
		t := int64(k-reach+1)*up - p // distance in 1/up of an input sample
		if t <= -sincZeros*slow || t >= sincZeros*slow {
			continue
		}
		v := 1.0
		if t != 0 {
			sin, _ := fixed.SinCosTurn(passNum*t, 2*passDen*slow)
			v = sin / (math.Pi * float64(passNum*t) / float64(passDen*slow))
		}
		_, c := fixed.SinCosTurn(t, 2*sincZeros*slow)
		_, c2 := fixed.SinCosTurn(2*t, 2*sincZeros*slow)
		w[k] = float64(v * (0.42 + float64(0.5*c) + float64(0.08*c2)))
		sum += w[k]
	}
	for k := range w {
		w[k] /= sum
	}
	return w
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
