package fixed

// maxPrime is the largest prime factor of a transform's size: one of p costs p² operations for each group of p.
const maxPrime = 7

// Bin is one complex number of a spectrum.
type Bin struct{ Re, Im float64 }

// SpectrumFits reports whether a Spectrum of n samples can be made: n in [1, 2^20], with no prime factor above 7.
func SpectrumFits(n int) bool {
	if n < 1 || n > 1<<20 {
		return false
	}
	for p := 2; p <= maxPrime; p++ {
		for n%p == 0 {
			n /= p
		}
	}
	return n == 1
}

// Spectrum is the discrete Fourier transform of n real samples, in float64 in one order on every machine. It keeps
// buffers, so one goroutine at a time may use it.
//
// The error of a bin is at most 2^-50·log2(n) of the root of the sum of squares of all bins. Source of the
// method: Stockham's autosort transform, mixed radix; an even number of real samples is a complex transform of half
// the size.
type Spectrum struct {
	n      int
	passes []pass
	x, y   []Bin
	split  []Bin // e^(−2πi·k/n), for an even n
}

// pass splits sequences, stride apart, by radix: each of m·radix elements becomes radix ones of m.
type pass struct {
	radix, m, stride int
	twiddle          []Bin // e^(−2πi·jp/(m·radix)), by p and j = 1 … radix−1
	roots            []Bin // e^(−2πi·j/radix)
}

// NewSpectrum returns the transform of n samples, for which SpectrumFits holds.
func NewSpectrum(n int) *Spectrum {
	f := &Spectrum{n: n}
	size := n
	if n%2 == 0 {
		size = n / 2
		for k := range size/2 + 1 {
			f.split = append(f.split, root(k, n))
		}
	}
	f.x, f.y = make([]Bin, size), make([]Bin, size)
	stride := 1
	for _, radix := range []int{4, 2, 3, 5, 7} {
		for ; size%radix == 0; size /= radix {
			p := pass{radix: radix, m: size / radix, stride: stride}
			for i := range p.m {
				for j := 1; j < radix; j++ {
					p.twiddle = append(p.twiddle, root(i*j, size))
				}
			}
			for j := range radix {
				p.roots = append(p.roots, root(j, radix))
			}
			f.passes = append(f.passes, p)
			stride *= radix
		}
	}
	return f
}

// root is e^(−2πi·k/n).
func root(k, n int) Bin {
	s, c := SinCosTurn(int64(k), int64(n))
	return Bin{c, -s}
}

// Bins is the number of bins that Transform gives: n/2 + 1, from frequency 0 up.
func (f *Spectrum) Bins() int { return f.n/2 + 1 }

// Transform writes Σ in[t]·e^(−2πi·kt/n) to out[k], k ≤ n/2. in has n samples, out Bins places.
func (f *Spectrum) Transform(out []Bin, in []float64) {
	if f.n%2 == 1 {
		for i, v := range in[:f.n] {
			f.x[i] = Bin{v, 0}
		}
		copy(out, f.complex()[:f.n/2+1])
		return
	}
	for i := range f.x {
		f.x[i] = Bin{in[2*i], in[2*i+1]}
	}
	z := f.complex()
	// z[k] is E + iO, with E and O the transforms of even and odd samples; the bin is E + O·e^(−2πi·k/n).
	size := len(z)
	for k := range size/2 + 1 {
		a, b := z[k], z[(size-k)%size]
		e := Bin{float64(0.5 * (a.Re + b.Re)), float64(0.5 * (a.Im - b.Im))}
		o := times(Bin{0.5 * (a.Im + b.Im), 0.5 * (b.Re - a.Re)}, f.split[k])
		out[k] = Bin{e.Re + o.Re, e.Im + o.Im}
		out[size-k] = Bin{e.Re - o.Re, o.Im - e.Im}
	}
}

func times(a, b Bin) Bin {
	return Bin{float64(a.Re*b.Re) - float64(a.Im*b.Im), float64(a.Re*b.Im) + float64(a.Im*b.Re)}
}

// complex transforms f.x and returns the buffer that holds the result.
func (f *Spectrum) complex() []Bin {
	x, y := f.x, f.y
	for i := range f.passes {
		switch p := &f.passes[i]; p.radix {
		case 2:
			p.two(y, x)
		case 4:
			p.four(y, x)
		default:
			p.any(y, x)
		}
		x, y = y, x
	}
	return x
}

func (p *pass) two(y, x []Bin) {
	s, half := p.stride, p.m*p.stride
	for i := range p.m {
		w := p.twiddle[i]
		a, b := x[i*s:][:s], x[i*s+half:][:s]
		y0, y1 := y[2*i*s:][:s], y[(2*i+1)*s:][:s]
		for q, u := range a {
			v := b[q]
			y0[q] = Bin{u.Re + v.Re, u.Im + v.Im}
			y1[q] = times(Bin{u.Re - v.Re, u.Im - v.Im}, w)
		}
	}
}

func (p *pass) four(y, x []Bin) {
	s, quarter := p.stride, p.m*p.stride
	for i := range p.m {
		w := p.twiddle[3*i:][:3]
		w1, w2, w3 := w[0], w[1], w[2]
		x0, x1, x2, x3 := x[i*s:][:s], x[i*s+quarter:][:s], x[i*s+2*quarter:][:s], x[i*s+3*quarter:][:s]
		out := y[4*i*s:][:4*s]
		y0, y1, y2, y3 := out[:s], out[s:][:s], out[2*s:][:s], out[3*s:][:s]
		for q, a := range x0 {
			b, c, d := x1[q], x2[q], x3[q]
			sum, diff := Bin{a.Re + c.Re, a.Im + c.Im}, Bin{a.Re - c.Re, a.Im - c.Im}
			odd := Bin{b.Re + d.Re, b.Im + d.Im}
			turn := Bin{b.Im - d.Im, d.Re - b.Re} // −i(b − d)
			y0[q] = Bin{sum.Re + odd.Re, sum.Im + odd.Im}
			y1[q] = times(Bin{diff.Re + turn.Re, diff.Im + turn.Im}, w1)
			y2[q] = times(Bin{sum.Re - odd.Re, sum.Im - odd.Im}, w2)
			y3[q] = times(Bin{diff.Re - turn.Re, diff.Im - turn.Im}, w3)
		}
	}
}

func (p *pass) any(y, x []Bin) {
	s, r := p.stride, p.radix
	for i := range p.m {
		for q := range s {
			for j := range r {
				sum := x[i*s+q]
				for k := 1; k < r; k++ {
					v := times(x[(i+k*p.m)*s+q], p.roots[j*k%r])
					sum = Bin{sum.Re + v.Re, sum.Im + v.Im}
				}
				if j > 0 {
					sum = times(sum, p.twiddle[i*(r-1)+j-1])
				}
				y[(i*r+j)*s+q] = sum
			}
		}
	}
}
