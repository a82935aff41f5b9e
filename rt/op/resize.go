package op

import (
	"fmt"
	"math"

	"edgerun/rt/tensor"
)

// Resize gives pictures another height and width. x: [N,H,W,C]; y: [N,size[0],size[1],C].
//
// Attribute coordinates says where output position i lies in the input, s being scales[axis] or, without scales,
// size/extent: half_pixel (i+½)/s−½; pytorch_half_pixel, the same but −½ for one output; half_pixel_symmetric, the same
// about the middle; asymmetric i/s; align_corners i·(extent−1)/(s·extent−1).
// mode nearest copies the pixel that rounding (floor, ceil, round_prefer_floor, round_prefer_ceil, or tflite, which is
// TFLite's RESIZE_NEAREST_NEIGHBOR in float32) finds. mode linear blends four, with the edge repeated: first two rows,
// float32(a·(1−f)) + float32(b·f), then two columns of the result.
//
// int8: input and output share their quantization. Linear is TFLite's RESIZE_BILINEAR in integers: positions in units
// of 1/1024, halves away from 0. Source of coordinates and rounding: ONNX Resize.
var Resize = register(Def{
	Code: 31, Name: "Resize", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: []AttrSpec{{Name: "size", Kind: Ints, Required: true}, {Name: "scales", Kind: Floats}, {Name: "mode", Kind: String},
		{Name: "coordinates", Kind: String}, {Name: "rounding", Kind: String}},
	Quant: Quantization{Kind: SameRange},
	Infer: func(n *Node) error {
		x, size := n.In[0].Shape, n.Attrs.Ints("size")
		if x.Rank != 4 || len(size) != 2 {
			return fmt.Errorf("input %v and size %v, want [N,H,W,C] and two numbers", x, size)
		}
		for i, d := range size {
			if d < 0 || d > tensor.MaxDim || d > 0 && x.Dim[1+i] == 0 {
				return fmt.Errorf("size %v from %v", size, x)
			}
		}
		n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, x
		n.Out[0].Shape.Dim[1], n.Out[0].Shape.Dim[2] = size[0], size[1]
		return nil
	},
	Prepare: prepareResize,
})

// sampling is where the outputs of one axis come from. It is computed once, in float64 with +, −, · and ÷ only.
type sampling struct {
	in, out     int
	scale       float64 // out/in unless given
	given       bool
	coordinates string
}

// position is output i's place in the input. Without given scales the fraction is exact but for its last rounding, so
// that no integer is missed.
func (s *sampling) position(i int) (float64, error) {
	in, out, x := float64(s.in), float64(s.out), float64(i)
	width := float64(s.scale * in)
	switch s.coordinates {
	case "pytorch_half_pixel", "half_pixel":
		if s.coordinates == "pytorch_half_pixel" && width == 1 {
			return -0.5, nil
		}
		if !s.given {
			return float64((2*i+1)*s.in-s.out) / (2 * out), nil
		}
		return (x+0.5)/s.scale - 0.5, nil
	case "half_pixel_symmetric":
		offset := float64(in / 2 * (1 - out/width))
		return offset + (x+0.5)/s.scale - 0.5, nil
	case "asymmetric":
		if !s.given {
			return float64(i*s.in) / out, nil
		}
		return x / s.scale, nil
	case "align_corners":
		switch {
		case width == 1:
			return 0, nil
		case !s.given:
			return float64(i*(s.in-1)) / (out - 1), nil
		}
		return float64(x*(in-1)) / (width - 1), nil
	}
	return 0, fmt.Errorf("coordinates %q: %w", s.coordinates, ErrUnsupported)
}

// nearest is the pixel of output i.
func (s *sampling) nearest(i int, rounding string) (int, error) {
	if rounding == "tflite" {
		return s.nearestTFLite(i), nil
	}
	p, err := s.position(i)
	if err != nil {
		return 0, err
	}
	switch rounding {
	case "round_prefer_floor":
		p = math.Ceil(p - 0.5)
	case "round_prefer_ceil":
		p = math.Floor(p + 0.5)
	case "floor":
		p = math.Floor(p)
	case "ceil":
		p = math.Ceil(p)
	default:
		return 0, fmt.Errorf("rounding %q: %w", rounding, ErrUnsupported)
	}
	return int(min(max(p, 0), float64(s.in-1))), nil
}

// nearestTFLite computes in float32. Source: TFLite resize_nearest_neighbor.h, GetNearestNeighbor.
func (s *sampling) nearestTFLite(i int) int {
	align, off := s.coordinates == "align_corners", float32(0)
	scale := float32(s.in) / float32(s.out)
	if align && s.out > 1 {
		scale = float32(s.in-1) / float32(s.out-1)
	}
	if s.coordinates == "half_pixel" {
		off = 0.5
	}
	p := float64(float32((float32(i) + off) * scale))
	if p = math.Floor(p); align {
		p = math.Floor(float64(float32((float32(i)+off)*scale)) + 0.5)
	}
	return int(min(max(p, 0), float64(s.in-1)))
}

// blend is the two pixels that an output lies between, and its distance from the first.
type blend struct {
	lo, hi int32
	frac   float32
	q10    int32 // in units of 1/1024
}

func (s *sampling) blend(i int) (blend, error) {
	p, err := s.position(i)
	if err != nil {
		return blend{}, err
	}
	lo := math.Floor(p)
	last := float64(s.in - 1)
	b := blend{lo: int32(min(max(lo, 0), last)), hi: int32(min(max(lo+1, 0), last)), frac: float32(p - lo)}
	return b, nil
}

// blendS8 is blend in TFLite's integers. Source: resize_bilinear.h, ResizeBilinearInteger.
func (s *sampling) blendS8(i int) (blend, error) {
	p, err := s.position(i)
	q := int(math.Floor(float64(p*1024) + 0.5))
	switch {
	case s.given: // TFLite has no such form
	case s.coordinates == "align_corners" && s.out > 1:
		q = i * ((1024*(s.in-1) + (s.out-1)/2) / (s.out - 1))
	case s.coordinates == "half_pixel":
		step := (1024*s.in + s.out/2) / s.out
		q = i*step + step/2 - 512
	case s.coordinates == "asymmetric":
		q = i * ((1024*s.in + s.out/2) / s.out)
	}
	// Between equal pixels the fraction does not matter; past the last one a rounded step may have led.
	lo := min(max(q/1024, 0), s.in-1)
	hi := min(max((q+1023)/1024, lo), s.in-1)
	b := blend{lo: int32(lo), hi: int32(hi)}
	if lo != hi {
		b.q10 = int32(q - 1024*lo)
	}
	return b, err
}

type resizeStep struct {
	x, y    int
	in, out [2]int
	size    int        // bytes of an element
	pixel   [2][]int32 // nearest: the source of each row and column
	blend   [2][]blend // linear
	real    bool

	scratchBytes int // one blended row
}

func prepareResize(p *Prepare) (Step, error) {
	x, y := &p.In[0], &p.Out[0]
	size, err := elementSize(&x.Type)
	if err != nil {
		return nil, err
	}
	s := &resizeStep{x: x.Slot, y: y.Slot, size: size, real: x.DType == tensor.Float32,
		scratchBytes: 4 * x.Shape.Dim[2] * x.Shape.Dim[3]}
	scales := p.Attrs.Floats("scales")
	if scales != nil && (len(scales) != 2 || !(scales[0] > 0 && scales[1] > 0)) {
		return nil, fmt.Errorf("scales %v, want two positive ones", scales)
	}
	if x.DType == tensor.Int8 && !x.Quant.Equal(y.Quant) {
		return nil, fmt.Errorf("input %v and output %v differ in quantization: %w", x.Type, y.Type, ErrUnsupported)
	}
	mode, rounding := p.Attrs.String("mode", "nearest"), p.Attrs.String("rounding", "round_prefer_floor")
	if mode != "nearest" && mode != "linear" || mode == "linear" && x.DType != tensor.Float32 && x.DType != tensor.Int8 {
		return nil, fmt.Errorf("mode %q of %v: %w", mode, x.DType, ErrUnsupported)
	}
	for axis := range 2 {
		a := sampling{in: x.Shape.Dim[1+axis], out: y.Shape.Dim[1+axis], coordinates: p.Attrs.String("coordinates", "half_pixel")}
		s.in[axis], s.out[axis] = a.in, a.out
		if scales != nil {
			a.scale, a.given = float64(scales[axis]), true
		} else {
			a.scale = float64(a.out) / float64(a.in)
		}
		for i := range a.out {
			switch {
			case mode == "nearest":
				k, err := a.nearest(i, rounding)
				if err != nil {
					return nil, err
				}
				s.pixel[axis] = append(s.pixel[axis], int32(k))
			default:
				of := a.blendS8
				if s.real {
					of = a.blend
				}
				b, err := of(i)
				if err != nil {
					return nil, err
				}
				s.blend[axis] = append(s.blend[axis], b)
			}
		}
	}
	return s, nil
}

func (s *resizeStep) linear() bool { return s.blend[0] != nil }

func (s *resizeStep) Info() Info {
	i := Info{Kernel: "copy", PackedBytes: 4*(len(s.pixel[0])+len(s.pixel[1])) + 16*(len(s.blend[0])+len(s.blend[1]))}
	if s.linear() {
		i.Kernel, i.ScratchBytes = "portable", s.scratchBytes
	}
	return i
}

func (s *resizeStep) rowsPerTask(f *Frame) int {
	return rowsPerTask(s.out[1] * f.Shape[s.x].Dim[3] * s.size)
}

func (s *resizeStep) Tasks(f *Frame) int {
	y := &f.Shape[s.y]
	if y.Elements() == 0 {
		return 0
	}
	per := s.rowsPerTask(f)
	return (y.Dim[0]*s.out[0] + per - 1) / per
}

func (s *resizeStep) Run(f *Frame, w *Worker, task int) {
	y, per := &f.Shape[s.y], s.rowsPerTask(f)
	first := task * per
	for r := first; r < min(first+per, y.Dim[0]*s.out[0]); r++ {
		if s.linear() {
			s.blendRow(f, w, r)
		} else {
			s.copyRow(f, r, r > first)
		}
	}
}

// copyRow writes row r of all pictures' rows; again says that the row before it is written.
func (s *resizeStep) copyRow(f *Frame, r int, again bool) {
	picture, oy := r/s.out[0], r%s.out[0]
	pixel := f.Shape[s.x].Dim[3] * s.size
	rowBytes := s.out[1] * pixel
	y := f.Buf[s.y].Bytes()
	to := y[r*rowBytes : (r+1)*rowBytes]
	if again && oy > 0 && s.pixel[0][oy] == s.pixel[0][oy-1] {
		copy(to, y[(r-1)*rowBytes:])
		return
	}
	from := f.Buf[s.x].Bytes()[(picture*s.in[0]+int(s.pixel[0][oy]))*s.in[1]*pixel:]
	for i, k := range s.pixel[1] {
		copy(to[i*pixel:(i+1)*pixel], from[int(k)*pixel:])
	}
}

// blendRow blends two input rows in scratch memory, and columns of the result.
func (s *resizeStep) blendRow(f *Frame, w *Worker, r int) {
	picture, b := r/s.out[0], &s.blend[0][r%s.out[0]]
	c := f.Shape[s.x].Dim[3]
	n := s.in[1] * c
	lo := (picture*s.in[0] + int(b.lo)) * n
	hi := (picture*s.in[0] + int(b.hi)) * n
	to := r * s.out[1] * c
	if s.real {
		x, row := f.Buf[s.x].F32(), w.Scratch.F32()[:n]
		lerpF32(row, x[lo:lo+n], x[hi:hi+n], b.frac)
		for i := range s.blend[1] {
			p := &s.blend[1][i]
			lerpF32(f.Buf[s.y].F32()[to+i*c:to+(i+1)*c], row[int(p.lo)*c:], row[int(p.hi)*c:], p.frac)
		}
		return
	}
	x, row := f.Buf[s.x].I8(), w.Scratch.I32()[:n]
	x0, x1 := x[lo:lo+n], x[hi:hi+n]
	f0, f1 := 1024-b.q10, b.q10
	for i := range row {
		row[i] = int32(x0[i])*f0 + int32(x1[i])*f1
	}
	for i := range s.blend[1] {
		p := &s.blend[1][i]
		lerpS8(f.Buf[s.y].I8()[to+i*c:to+(i+1)*c], row[int(p.lo)*c:], row[int(p.hi)*c:], p.q10)
	}
}

func lerpF32(y, a, b []float32, f float32) {
	a, b = a[:len(y)], b[:len(y)]
	g := 1 - f
	for i := range y {
		y[i] = float32(a[i]*g) + float32(b[i]*f)
	}
}

// lerpS8 blends values in units of 1/1024; |a|, |b| ≤ 2^17, so sums stay under 2^28.
func lerpS8(y []int8, a, b []int32, f int32) {
	a, b = a[:len(y)], b[:len(y)]
	g := 1024 - f
	for i := range y {
		o := a[i]*g + b[i]*f
		if o > 0 {
			o += 1 << 19
		} else {
			o -= 1 << 19
		}
		y[i] = int8(o / (1 << 20))
	}
}

// Blend is the two pixels along an axis that an output lies between, and its distance from the first.
type Blend struct {
	Lo, Hi int
	Frac   float32
}

// Blends returns those of the rows and columns of a linear Resize in float32.
func Blends(s Step) (rows, cols []Blend) {
	for axis, to := range []*[]Blend{&rows, &cols} {
		for _, b := range s.(*resizeStep).blend[axis] {
			*to = append(*to, Blend{int(b.lo), int(b.hi), b.frac})
		}
	}
	return rows, cols
}
