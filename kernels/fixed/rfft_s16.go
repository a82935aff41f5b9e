package fixed

import "math"

// maxRfftS16 is the largest transform of int16 samples.
const maxRfftS16 = 1 << 16

// RfftS16Fits reports whether an RfftS16 of n samples can be made: n even, in [4, 2^16], n/2 with no prime factor above 5.
func RfftS16Fits(n int) bool {
	if n < 4 || n > maxRfftS16 || n%2 != 0 {
		return false
	}
	for _, f := range rfftFactors(n / 2) {
		if f > 5 {
			return false
		}
	}
	return true
}

// rfftFactors are the radices from the outermost one on: fours first, then primes, ascending.
func rfftFactors(n int) (all []int) {
	for p := 4; n > 1; {
		if n%p == 0 {
			all, n = append(all, p), n/p
			continue
		}
		switch p {
		case 4:
			p = 2
		case 2:
			p = 3
		default:
			p += 2
		}
	}
	return all
}

// RfftS16 is the discrete Fourier transform of n real int16 samples, divided by n, in int16 arithmetic: each stage first
// divides by its radix, products round halves up, sums wrap. It is immutable.
//
// Source: kissfft 1.3.0 with FIXED_POINT 16, kiss_fftr.
type RfftS16 struct {
	n       int // complex points: half the samples
	order   []int32
	stages  []rfftStage
	twiddle []point // e^(−2πi·k/n)
	split   []point // e^(−πi·(k/n+½))
}

// rfftStage joins radix transforms of m points to one of radix·m; stride is n/(radix·m).
type rfftStage struct{ radix, m, stride int }

// point is a complex number of int16 parts.
type point struct{ re, im int16 }

// NewRfftS16 returns the transform of n samples, for which RfftS16Fits holds.
func NewRfftS16(n int) *RfftS16 {
	n /= 2
	f := &RfftS16{n: n, order: make([]int32, n)}
	m, stride := n, 1
	for _, radix := range rfftFactors(n) {
		m /= radix
		f.stages = append([]rfftStage{{radix, m, stride}}, f.stages...)
		stride *= radix
	}
	// Decimation in time: a stage's block j takes every stride·radix-th sample from stride·j on.
	for i := range f.order {
		rest, from := i, 0
		for k := len(f.stages) - 1; k >= 0; k-- {
			s := f.stages[k]
			from += rest / s.m * s.stride
			rest %= s.m
		}
		f.order[i] = int32(from)
	}
	for k := range n {
		f.twiddle = append(f.twiddle, roundedRoot(k, n, float64(-2*math.Pi*float64(k))/float64(n)))
	}
	for k := range n/2 + 1 {
		f.split = append(f.split, roundedRoot(2*k+n, 4*n, float64(-math.Pi*(float64(k)/float64(n)+0.5))))
	}
	return f
}

// roundedRoot is e^(−2πi·k/n) in Q15, phase being −2πk/n rounded as the reference rounds it. Where a part is ±½, 32767 times
// it lies halfway between two codes, and the error of phase decides between them: it is taken into account there.
func roundedRoot(k, n int, phase float64) point {
	// π/6 in two parts: m·high is exact, and so is its difference from phase.
	const high = 0x1.0c152382d73p-1
	const low = math.Pi/6 - high
	sin, cos := SinCosTurn(int64(-k), int64(n))
	if 12*k%n == 0 {
		m := float64(-12 * k / n) // the angle is m·π/6
		err := (phase - float64(m*high)) - float64(m*low)
		const half, slope = 0.25, 0.75 // between ½ and √¾
		c, s := cos, sin
		if math.Abs(c) > half && math.Abs(c) < slope {
			cos = math.Copysign(0.5, c) - float64(s*err)
		}
		if math.Abs(s) > half && math.Abs(s) < slope {
			sin = math.Copysign(0.5, s) + float64(c*err)
		}
	}
	q := func(v float64) int16 { return int16(math.Floor(0.5 + float64(math.MaxInt16*v))) }
	return point{q(cos), q(sin)}
}

// Transform writes the bins 0 … n/2 of in, real and imaginary parts in turn, to out, which holds n + 2 numbers. in has at
// most n samples and counts as followed by zeros; scratch holds n numbers.
func (f *RfftS16) Transform(out, in, scratch []int16) {
	for i, from := range f.order {
		scratch[2*i], scratch[2*i+1] = sampleAt(in, 2*int(from)), sampleAt(in, 2*int(from)+1)
	}
	z := points(scratch)
	for i := range f.stages {
		s := &f.stages[i]
		for block := 0; block < f.n; block += s.radix * s.m {
			for u := range s.m {
				f.butterfly(z, s, block+u, u)
			}
		}
	}
	f.unpack(points(out), z)
}

func sampleAt(in []int16, i int) int16 {
	if i < len(in) {
		return in[i]
	}
	return 0
}

// points are complex numbers, real and imaginary parts in turn.
type points []int16

func (z points) at(i int) point     { return point{z[2*i], z[2*i+1]} }
func (z points) set(i int, p point) { z[2*i], z[2*i+1] = p.re, p.im }

func round15(p int32) int16           { return int16((p + 1<<14) >> 15) }
func product15(a, b int16) int16      { return round15(int32(a) * int32(b)) }
func (a point) plus(b point) point    { return point{a.re + b.re, a.im + b.im} }
func (a point) minus(b point) point   { return point{a.re - b.re, a.im - b.im} }
func (a point) scaled(s int16) point  { return point{product15(a.re, s), product15(a.im, s)} }
func (a point) dividedBy(k int) point { return a.scaled(int16(math.MaxInt16 / k)) }
func (a point) times(b point) point {
	return point{round15(int32(a.re)*int32(b.re) - int32(a.im)*int32(b.im)), round15(int32(a.re)*int32(b.im) + int32(a.im)*int32(b.re))}
}

// butterfly joins element u of the stage's blocks, the first at position i.
func (f *RfftS16) butterfly(z points, s *rfftStage, i, u int) {
	var q [5]point
	for j := range s.radix {
		q[j] = z.at(i + j*s.m).dividedBy(s.radix)
		if j > 0 {
			q[j] = q[j].times(f.twiddle[j*u*s.stride])
		}
	}
	put := func(j int, p point) { z.set(i+j*s.m, p) }
	switch s.radix {
	case 2:
		put(0, q[0].plus(q[1]))
		put(1, q[0].minus(q[1]))
	case 3:
		sum, diff := q[1].plus(q[2]), q[1].minus(q[2])
		x := point{q[0].re - sum.re>>1, q[0].im - sum.im>>1}
		diff = diff.scaled(f.twiddle[f.n/3].im)
		put(0, q[0].plus(sum))
		put(1, point{x.re - diff.im, x.im + diff.re})
		put(2, point{x.re + diff.im, x.im - diff.re})
	case 4:
		far := q[0].minus(q[2])
		near, sum, diff := q[0].plus(q[2]), q[1].plus(q[3]), q[1].minus(q[3])
		put(0, near.plus(sum))
		put(1, point{far.re + diff.im, far.im - diff.re})
		put(2, near.minus(sum))
		put(3, point{far.re - diff.im, far.im + diff.re})
	case 5:
		a, b := f.twiddle[f.n/5], f.twiddle[2*f.n/5]
		s7, s10, s8, s9 := q[1].plus(q[4]), q[1].minus(q[4]), q[2].plus(q[3]), q[2].minus(q[3])
		put(0, q[0].plus(s7).plus(s8))
		s5 := q[0].plus(s7.scaled(a.re)).plus(s8.scaled(b.re))
		s6 := point{product15(s10.im, a.im) + product15(s9.im, b.im), -product15(s10.re, a.im) - product15(s9.re, b.im)}
		put(1, s5.minus(s6))
		put(4, s5.plus(s6))
		s11 := q[0].plus(s7.scaled(b.re)).plus(s8.scaled(a.re))
		s12 := point{product15(s9.im, a.im) - product15(s10.im, b.im), product15(s10.re, b.im) - product15(s9.re, a.im)}
		put(2, s11.plus(s12))
		put(3, s11.minus(s12))
	}
}

// unpack makes the bins of real samples from z, the transform of their pairs.
func (f *RfftS16) unpack(out, z points) {
	d := z.at(0).dividedBy(2)
	out.set(0, point{d.re + d.im, 0})
	out.set(f.n, point{d.re - d.im, 0})
	for k := 1; k <= f.n/2; k++ {
		a, b := z.at(k).dividedBy(2), z.at(f.n-k)
		b.im = -b.im
		b = b.dividedBy(2)
		f1 := a.plus(b)
		w := a.minus(b).times(f.split[k])
		half := func(v int32) int16 { return int16(v >> 1) }
		out.set(k, point{half(int32(f1.re) + int32(w.re)), half(int32(f1.im) + int32(w.im))})
		out.set(f.n-k, point{half(int32(f1.re) - int32(w.re)), half(int32(w.im) - int32(f1.im))})
	}
}

// SizeBytes is the memory of f's tables.
func (f *RfftS16) SizeBytes() int { return 4 * (len(f.order) + len(f.twiddle) + len(f.split)) }
