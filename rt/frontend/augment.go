package frontend

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"edgerun/kernels/fixed"
)

// Augment says how samples to learn from are varied before the front end sees them. What varies is drawn anew for each
// sample, uniformly; a zero field varies nothing.
type Augment struct {
	Shift int     // pixels to each side, or steps of time, at most; the edge goes on into what is uncovered
	Flip  bool    // mirror every second picture, left to right
	Gain  float64 // all numbers by a factor of 1 ± Gain; of [0,1)
	Scale float64 // each channel by a factor of its own of 1 ± Scale; of [0,1)
	Noise float64 // deviation of noise, as a share of 255 for pictures, of the sample's root mean square for numbers; of [0,1]
}

// ParseAugment reads a description such as "shift=2,noise=0.02,gain=0.1,flip".
func ParseAugment(text string) (Augment, error) {
	var a Augment
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, valued := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch {
		case seen[name]:
			return a, fmt.Errorf("frontend: augment: %q twice", name)
		case name == "flip" && !valued:
			a.Flip = true
		case name == "shift":
			a.Shift, err = strconv.Atoi(value)
		case name == "gain":
			a.Gain, err = strconv.ParseFloat(value, 64)
		case name == "scale":
			a.Scale, err = strconv.ParseFloat(value, 64)
		case name == "noise":
			a.Noise, err = strconv.ParseFloat(value, 64)
		default:
			return a, fmt.Errorf("frontend: augment: %q, want shift=N, gain=X, scale=X, noise=X or flip, separated by commas", part)
		}
		if err != nil {
			return a, fmt.Errorf("frontend: augment: %s: %q is no number", name, value)
		}
		seen[name] = true
	}
	return a, a.check()
}

func (a *Augment) check() error {
	switch {
	case a.Shift < 0 || a.Shift > maxSource:
		return fmt.Errorf("frontend: augment: shift %d outside [0,%d]", a.Shift, maxSource)
	case !(a.Gain >= 0 && a.Gain < 1):
		return fmt.Errorf("frontend: augment: gain %g outside [0,1)", a.Gain)
	case !(a.Scale >= 0 && a.Scale < 1):
		return fmt.Errorf("frontend: augment: scale %g outside [0,1)", a.Scale)
	case !(a.Noise >= 0 && a.Noise <= 1):
		return fmt.Errorf("frontend: augment: noise %g outside [0,1]", a.Noise)
	}
	return nil
}

// Check reports the first thing that is wrong, or that samples of a front end of that kind cannot be varied by.
func (a *Augment) Check(kind string) error {
	if kind == KindTokens {
		return fmt.Errorf("frontend: augment: kind %q: texts cannot be varied", kind)
	}
	if a.Flip && kind != KindPicture {
		return fmt.Errorf("frontend: augment: flip of kind %q; only pictures have a mirror image", kind)
	}
	return a.check()
}

// VariantRandom is where what varies in one variant of one sample comes from: the same numbers on every machine, whatever
// the order of samples.
func VariantRandom(seed uint64, sample, variant int) fixed.Random {
	r := fixed.Random(seed)
	r = fixed.Random(r.Next() + uint64(sample))
	r = fixed.Random(r.Next() + uint64(variant))
	return r
}

// factor draws 1 ± width.
func factor(r *fixed.Random, width float64) float64 {
	return 1 + float64((2*r.Float64()-1)*width)
}

// offset draws a whole number of [−n, n].
func offset(r *fixed.Random, n int) int { return int(r.Next()%uint64(2*n+1)) - n }

// bell draws from a distribution close to the normal one, with mean 0 and deviation 1: the sum of four uniform numbers of 16
// bits, whose variance is (2^32−1)/3. Nothing is farther out than 2·√3.
func bell(r *fixed.Random) float64 {
	x := r.Next()
	sum := int(x&0xffff) + int(x>>16&0xffff) + int(x>>32&0xffff) + int(x>>48)
	return float64(sum-2*0xffff) * (1.7320508075688772 / (1 << 16))
}

// Picture writes a variant of p to dst, which has at least p.W·p.H·p.C bytes, and returns it as a picture. It allocates
// nothing. A number is rounded to the nearest of [0, 255], halves up.
func (a *Augment) Picture(dst []uint8, p Picture, r *fixed.Random) (Picture, error) {
	if err := p.check(); err != nil {
		return p, err
	}
	row := p.W * p.C
	if len(dst) < row*p.H {
		return p, fmt.Errorf("frontend: augment: %d bytes for a picture of %dx%dx%d", len(dst), p.W, p.H, p.C)
	}
	dx, dy := offset(r, a.Shift), offset(r, a.Shift)
	flip := a.Flip && r.Next()&1 == 1
	all := factor(r, a.Gain)
	var by [3]float64
	for c := range by {
		by[c] = float64(all * factor(r, a.Scale))
	}
	noise := 255 * a.Noise
	for y := range p.H {
		src := p.Pix[min(max(y-dy, 0), p.H-1)*p.Stride:][:row]
		out := dst[y*row:][:row]
		for x := range p.W {
			from := min(max(x-dx, 0), p.W-1)
			if flip {
				from = p.W - 1 - from
			}
			for c := range p.C {
				v := float64(float64(src[from*p.C+c]) * by[c])
				if noise > 0 {
					v += float64(noise * bell(r))
				}
				out[x*p.C+c] = uint8(min(max(math.Floor(v+0.5), 0), 255))
			}
		}
	}
	return Picture{Pix: dst[:row*p.H], W: p.W, H: p.H, C: p.C, Stride: row}, nil
}

// Numbers writes a variant of x, steps of time of that many channels each, to dst, which has x's length and does not overlap
// it. It allocates nothing. The root mean square is summed in float64, ascending.
func (a *Augment) Numbers(dst, x []float32, channels int, r *fixed.Random) error {
	if channels < 1 || len(x)%channels != 0 || len(dst) != len(x) {
		return fmt.Errorf("frontend: augment: %d numbers of %d channels into %d", len(x), channels, len(dst))
	}
	steps := len(x) / channels
	by := offset(r, a.Shift)
	all := factor(r, a.Gain)
	noise := 0.0
	if a.Noise > 0 && len(x) > 0 {
		sum := 0.0
		for _, v := range x {
			sum += float64(float64(v) * float64(v))
		}
		noise = a.Noise * math.Sqrt(sum/float64(len(x)))
	}
	for c := range channels {
		k := float64(all * factor(r, a.Scale))
		for t := range steps {
			v := float64(float64(x[min(max(t-by, 0), steps-1)*channels+c]) * k)
			if noise > 0 {
				v += float64(noise * bell(r))
			}
			dst[t*channels+c] = float32(v)
		}
	}
	return nil
}
