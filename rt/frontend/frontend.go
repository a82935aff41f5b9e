package frontend

import "fmt"

// Picture is a picture in memory: H rows of W pixels of C bytes (1 grey; 3 red, green, blue), rows Stride bytes apart.
type Picture struct {
	Pix    []uint8
	W, H   int
	C      int
	Stride int
}

func (p *Picture) check() error {
	if p.W < 1 || p.H < 1 || p.W > maxSource || p.H > maxSource {
		return fmt.Errorf("frontend: picture of %dx%d pixels; wanted 1x1 to %dx%d", p.W, p.H, maxSource, maxSource)
	}
	if p.C != 1 && p.C != 3 {
		return fmt.Errorf("frontend: picture of %d channels; wanted 1 (grey) or 3 (RGB)", p.C)
	}
	row := p.W * p.C
	if rest := len(p.Pix) - row; p.Stride < row || rest < 0 || p.H > 1 && p.Stride > rest/(p.H-1) {
		return fmt.Errorf("frontend: picture of %d rows of %d bytes, %d apart, in %d bytes", p.H, row, p.Stride, len(p.Pix))
	}
	return nil
}

// FrontEnd prepares samples by a specification. It keeps tables and buffers, so one goroutine at a time may use it.
type FrontEnd struct {
	spec   Spec
	signal *signal // of signals only

	// Of pictures only.
	norm [][256]float32 // by channel and pixel
	w, h int            // of the pictures that the tables are for
	x, y taps
	line []uint8 // one source row in grey
	rows []uint8 // source rows y.low … y.high, brought to the target's width
	out  []uint8 // one target row
}

// New returns the front end that spec describes.
func New(spec Spec) (*FrontEnd, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	f := &FrontEnd{spec: spec}
	if isSignal(spec.Kind) {
		f.signal = newSignal(spec.filled())
	}
	if spec.Kind == KindPicture {
		f.norm = make([][256]float32, spec.Channels)
		for c := range f.norm {
			for v := range f.norm[c] {
				f.norm[c][v] = spec.normalise(float32(v), c)
			}
		}
	}
	return f, nil
}

// Spec returns what the front end was made from.
func (f *FrontEnd) Spec() Spec { return f.spec }

// ApplyVector writes x, normalised, to dst, which has x's length and may be x. It allocates nothing.
func (f *FrontEnd) ApplyVector(dst, x []float32) error {
	if f.spec.Kind != KindNone && f.spec.Kind != KindVector {
		return fmt.Errorf("frontend: numbers given; kind %q wants a picture or a signal", f.spec.Kind)
	}
	channels := max(f.spec.Channels, 1)
	if len(dst) != len(x) || len(x)%channels != 0 {
		return fmt.Errorf("frontend: %d numbers of %d channels for %d inputs", len(x), channels, len(dst))
	}
	if f.spec.Kind == KindNone {
		copy(dst, x)
		return nil
	}
	for i := 0; i < len(x); i += channels {
		for c := range channels {
			dst[i+c] = f.spec.normalise(x[i+c], c)
		}
	}
	return nil
}

// Apply writes the picture, brought to size and normalised, to dst, which holds the elements of Spec.Shape. A colour
// picture becomes grey by the weights of ITU-R BT.601 before it is resized; a grey one fills all three channels.
//
// It allocates only when a picture's size or number of channels differs from the last one's.
func (f *FrontEnd) Apply(dst []float32, p Picture) error {
	s := &f.spec
	if s.Kind != KindPicture {
		return fmt.Errorf("frontend: picture given; kind %q wants none", s.Kind)
	}
	if err := p.check(); err != nil {
		return err
	}
	if want := s.Width * s.Height * s.Channels; len(dst) != want {
		return fmt.Errorf("frontend: tensor of %d elements; wanted %d for %v", len(dst), want, s.Shape())
	}
	if p.W != f.w || p.H != f.h {
		f.resize(p.W, p.H)
	}
	channels := min(p.C, s.Channels)
	f.line = grown(f.line, p.W*channels)
	f.out = grown(f.out, s.Width*channels)
	rowBytes := f.x.n * channels
	f.rows = grown(f.rows, (f.y.high-f.y.low)*rowBytes)

	for i := range f.y.high - f.y.low {
		src := p.Pix[(f.y.low+i)*p.Stride:][:p.W*p.C]
		if p.C > channels {
			grey(f.line, src)
			src = f.line
		}
		f.x.alongRow(f.rows[i*rowBytes:][:rowBytes], src, channels)
	}
	for y := range s.Height {
		for i := range f.out {
			f.out[i] = s.Pad
		}
		if i := y - f.y.at; i >= 0 && i < f.y.n {
			f.y.acrossRows(f.out[f.x.at*channels:][:rowBytes], f.rows, i)
		}
		f.store(dst, y, channels)
	}
	return nil
}

// store normalises the target row y, which has that many channels.
func (f *FrontEnd) store(dst []float32, y, channels int) {
	s := &f.spec
	row, step, next := y*s.Width*s.Channels, s.Channels, 1 // NHWC: first element, from pixel to pixel, channel to channel
	if s.Layout == NCHW {
		row, step, next = y*s.Width, 1, s.Width*s.Height
	}
	for c := range s.Channels {
		norm := &f.norm[c]
		from := min(c, channels-1)
		if s.Order == BGR && channels == 3 {
			from = 2 - c
		}
		for x, to := 0, row+c*next; x < s.Width; x, to = x+1, to+step {
			dst[to] = norm[f.out[x*channels+from]]
		}
	}
}

// grey is the luma of ITU-R BT.601 in integers, as Pillow has it.
func grey(dst, rgb []uint8) {
	for i := range dst {
		p := rgb[3*i:][:3]
		dst[i] = uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 32768) >> 16)
	}
}

func grown(b []uint8, n int) []uint8 {
	if cap(b) < n {
		return make([]uint8, n)
	}
	return b[:n]
}
