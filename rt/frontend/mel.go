package frontend

import (
	"math"

	"edgerun/kernels/fixed"
)

// window returns n weights, or nil for a rectangular window. A periodic window is a symmetric one of n+1 weights
// without the last.
func window(kind string, n int, symmetric bool) []float64 {
	if kind == WindowRectangular {
		return nil
	}
	w := make([]float64, n)
	turn := n
	if symmetric {
		turn = max(n-1, 1)
	}
	for i := range w {
		_, c := fixed.SinCosTurn(int64(i), int64(turn))
		switch kind {
		case WindowHann:
			w[i] = 0.5 - float64(0.5*c)
		case WindowHamming:
			w[i] = 0.54 - float64(0.46*c)
		case WindowBlackman:
			_, c2 := fixed.SinCosTurn(2*int64(i), int64(turn))
			w[i] = (0.42 - float64(0.5*c)) + float64(0.08*c2)
		}
		if n == 1 {
			w[i] = 1
		}
	}
	return w
}

// band is a weighted sum over neighbouring bins.
type band struct {
	first  int
	weight []float64
}

func (b *band) sum(energy []float64) float64 {
	sum := 0.0
	for i, e := range energy[b.first:][:len(b.weight)] {
		sum += float64(b.weight[i] * e)
	}
	return sum
}

// Slaney's scale: 3/200 mel a hertz up to 15 mel at 1 kHz, then 27 mel for each factor of 6.4.
const (
	slaneyLow  = 15
	slaneyKnee = 1000.0
	slaneyStep = 27
	slaneyBase = 6.4
)

// toMel is a frequency in mel, but for HTK's constant factor, which cancels out.
func toMel(scale string, hz float64) float64 {
	if scale == MelHTK {
		return fixed.LogF64(1 + hz/700)
	}
	if hz < slaneyKnee {
		return float64(hz * (slaneyLow / slaneyKnee))
	}
	return slaneyLow + float64(slaneyStep*(fixed.LogF64(hz/slaneyKnee)/fixed.LogF64(slaneyBase)))
}

func toHz(scale string, mel float64) float64 {
	if scale == MelHTK {
		return float64(700 * (fixed.ExpF64(mel) - 1))
	}
	if mel < slaneyLow {
		return float64(mel * (slaneyKnee / slaneyLow))
	}
	return float64(slaneyKnee * fixed.ExpF64((mel-slaneyLow)/slaneyStep*fixed.LogF64(slaneyBase)))
}

// melBands returns the triangles from one band's middle to the next ones, which are evenly spaced in mel from LowHz to
// HighHz. Sources: librosa.filters.mel and torchaudio's melscale_fbanks for SlopesHz, tf.signal's
// linear_to_mel_weight_matrix for SlopesMel.
func melBands(s *Spec) []band {
	low, high := toMel(s.MelScale, s.LowHz), toMel(s.MelScale, s.HighHz)
	mel := func(i int) float64 { return low + float64(float64(i)*((high-low)/float64(s.Mels+1))) }
	edge := func(i int) float64 { return toHz(s.MelScale, mel(i)) }
	place := edge // where edges and bins lie on the axis of the triangles
	if s.MelSlopes == SlopesMel {
		place = mel
	}
	bands := make([]band, s.Mels)
	for m := range bands {
		left, middle, right := place(m), place(m+1), place(m+2)
		norm := 1.0
		if s.MelNorm == MelSlaney {
			norm = 2 / (edge(m+2) - edge(m))
		}
		b := &bands[m]
		for k := range s.FFT/2 + 1 {
			x := float64(float64(k)*float64(s.SampleRate)) / float64(s.FFT)
			if s.MelSlopes == SlopesMel {
				x = toMel(s.MelScale, x)
			}
			w := min((x-left)/(middle-left), (right-x)/(right-middle))
			if w <= 0 {
				if len(b.weight) > 0 {
					break
				}
				continue
			}
			if len(b.weight) == 0 {
				b.first = k
			}
			b.weight = append(b.weight, float64(w*norm))
		}
	}
	return bands
}

// dct returns the rows of the DCT-II from Mels values to Coefficients, lifter included.
func dct(s *Spec) []float64 {
	w := make([]float64, 0, s.Coefficients*s.Mels)
	n := float64(s.Mels)
	for k := range s.Coefficients {
		scale := math.Sqrt(2 / n)
		if k == 0 && s.DCT != DCTHTK {
			scale = math.Sqrt(1 / n)
		}
		if s.Lifter > 0 {
			sin, _ := fixed.SinCosTurn(int64(k+1), int64(2*s.Lifter))
			scale *= 1 + float64(float64(s.Lifter)/2*sin)
		}
		for m := range s.Mels {
			_, c := fixed.SinCosTurn(int64((2*m+1)*k), int64(4*s.Mels))
			w = append(w, scale*c)
		}
	}
	return w
}
