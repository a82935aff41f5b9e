package frontend

import "math"

// weightBits is the number of fractional bits of a weight: 255 times a sum of weights of 1 stays below 2^30.
const weightBits = 22

// taps say how one side of a picture is resampled: bilinear, with a triangle as wide as a target pixel when shrinking,
// so that no source pixel is lost. Weights and roundings are Pillow's (Image.resize with BILINEAR, libImaging's
// Resample.c), which gives the same bytes.
//
// Target element at+i, 0 ≤ i < n, is Σ weight·source over the elements from first[i] on.
type taps struct {
	at, n     int
	low, high int // source elements used: [low, high)
	first     []int
	start     []int // start[i] to start[i+1]: the weights of i
	weight    []int32
}

// set computes the taps that resample source elements to total ones and keep n of those, from skip on.
func (t *taps) set(source, total, skip, n, at int) {
	t.at, t.n = at, n
	t.first, t.start, t.weight = t.first[:0], append(t.start[:0], 0), t.weight[:0]
	scale := float64(source) / float64(total)
	width := max(scale, 1) // half the triangle's base
	for i := skip; i < skip+n; i++ {
		center := float64((float64(i) + 0.5) * scale)
		lo := max(int(center-width+0.5), 0)
		hi := min(int(center+width+0.5), source)
		sum := 0.0
		for k := lo; k < hi; k++ {
			sum += triangle(k, center, width)
		}
		for k := lo; k < hi; k++ {
			w := triangle(k, center, width) / sum
			t.weight = append(t.weight, int32(float64(w*(1<<weightBits))+0.5))
		}
		t.first = append(t.first, lo)
		t.start = append(t.start, len(t.weight))
		if i == skip {
			t.low = lo
		}
		t.high = hi
	}
}

// triangle is the weight of source element k for a target whose middle is at center.
func triangle(k int, center, width float64) float64 {
	d := float64((float64(k) - center + 0.5) * (1 / width))
	return max(1-math.Abs(d), 0)
}

// resize computes the tables for pictures of w×h.
func (f *FrontEnd) resize(w, h int) {
	s := &f.spec
	f.w, f.h = w, h
	tw, th := s.Width, s.Height // the whole picture's size after resampling
	if s.Crop != 0 {
		tw, th = int(float64(tw)/s.Crop), int(float64(th)/s.Crop)
	}
	wide := w*th >= h*tw // wider than the target
	switch {
	case s.Resize == FitShortest && wide:
		tw = w * th / h
	case s.Resize == FitShortest:
		th = h * tw / w
	case s.Resize == FitLongest && wide:
		th = max((2*h*tw+w)/(2*w), 1)
	case s.Resize == FitLongest:
		tw = max((2*w*th+h)/(2*h), 1)
	}
	f.x.fit(w, tw, s.Width)
	f.y.fit(h, th, s.Height)
}

// fit centres total elements in side: it skips what passes side, and leaves a margin where there is less.
func (t *taps) fit(source, total, side int) {
	if extra := total - side; extra > 0 {
		t.set(source, total, (extra+extra>>1&1)>>1, side, 0) // half of extra, rounded to even, as torchvision does
		return
	}
	t.set(source, total, 0, total, (side-total)/2)
}

// alongRow resamples one row.
func (t *taps) alongRow(dst, src []uint8, channels int) {
	for i := range t.n {
		weight := t.weight[t.start[i]:t.start[i+1]]
		from := src[t.first[i]*channels:]
		for c := range channels {
			sum := int32(1 << (weightBits - 1))
			for k, w := range weight {
				sum += w * int32(from[k*channels+c])
			}
			dst[i*channels+c] = clip(sum)
		}
	}
}

// acrossRows computes target row i from the rows low … high.
func (t *taps) acrossRows(dst, rows []uint8, i int) {
	weight := t.weight[t.start[i]:t.start[i+1]]
	from := rows[(t.first[i]-t.low)*len(dst):]
	for x := range dst {
		sum := int32(1 << (weightBits - 1))
		for k, w := range weight {
			sum += w * int32(from[k*len(dst)+x])
		}
		dst[x] = clip(sum)
	}
}

func clip(sum int32) uint8 { return uint8(min(max(sum>>weightBits, 0), 255)) }
