package op

import (
	"fmt"
	"math"
	"math/bits"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// softmaxS16 is Softmax of int16 through two tables of line segments. Source: TFLite's int16 SOFTMAX.
type softmaxS16 struct {
	m, e    int32
	exp     *fixed.Table16 // e^v over [−10, 0], codes of scale 10/65535
	inverse *fixed.Table16 // 1/(1+v) over [0, 1]
}

func newSoftmaxS16(n *Node) (*softmaxS16, error) {
	sx, sy, zx, zy, err := unaryCodes(n, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if err := symmetric(zx, zy); err != nil {
		return nil, err
	}
	if d := sy - 1.0/32768; d > 0.001/32768 || d < -0.001/32768 {
		return nil, fmt.Errorf("output has scale %g, want 1/32768: %w", sy, ErrUnsupported)
	}
	s := new(softmaxS16)
	s.m, s.e = fixed.Quantize(float64(float64(sx)*float64(n.Attrs.Float("beta", 1))) / (10.0 / 65535))
	if s.e > 14 { // a difference of two codes, shifted, fills 31 bits
		return nil, scaleError(sx, sy)
	}
	const whole, half = float32(1.0 / 65535), float32(2.0 / 65535)
	s.exp = fixed.NewTable16(fixed.ExpF32, 10.0/65535, math.MaxInt16, half, 0)
	s.inverse = fixed.NewTable16(func(v float32) float32 { return 1 / (1 + v) }, whole, math.MinInt16, half, 0)
	return s, nil
}

func (s *softmaxS16) row(y, x []int16) {
	top := int32(math.MinInt16)
	for _, v := range x {
		top = max(top, int32(v))
	}
	sum := int32(0)
	for i, v := range x {
		y[i] = s.exp.At(fixed.Saturate16(fixed.MBQM(int32(v)-top, s.m, s.e) + math.MaxInt16))
		sum += int32(y[i])
	}
	h := bits.LeadingZeros32(uint32(sum))
	// sum/2^h in [½, 1) less ½, as a code of inverse.
	w := int32((int64(sum)<<uint(h-1) + 1<<13) >> 14)
	g := int64(s.inverse.At(fixed.Saturate16(w - 98304)))
	shift := uint(31 - h)
	for i, e := range y {
		y[i] = int16(min(max((int64(e)*g+int64(1)<<(shift-1))>>shift, 0), math.MaxInt16))
	}
}

// softmaxS8S16 is Softmax of int8 codes with int16 results, of scale 1/65536 and zero point −32768. It is TFLite's int8
// SOFTMAX with another last shift.
func softmaxS8S16(y []int16, x []int8, exp *[256]int32, dmin int32) {
	top := int32(math.MinInt8)
	for _, v := range x {
		top = max(top, int32(v))
	}
	sum := int32(0)
	for _, v := range x {
		sum += fixed.RDPOT(exp[int32(v)-top+255], 12)
	}
	r, n := fixed.Reciprocal(sum, 12)
	for i, v := range x {
		y[i] = math.MinInt16
		if d := int32(v) - top; d >= dmin {
			q := fixed.RDPOT(fixed.SRDHM(r, exp[d+255]), uint(n+31-16)) + math.MinInt16
			y[i] = fixed.Saturate16(q)
		}
	}
}

func runSoftmaxS8S16(s *rowsStep, f *Frame, _ *Worker, first, rows, n int) {
	for r := first; r < first+rows; r++ {
		softmaxS8S16(f.Buf[s.y].I16()[r*n:(r+1)*n], f.Buf[s.x].I8()[r*n:(r+1)*n], s.exp, s.dmin)
	}
}

// prepareSoftmax16 is Softmax with int16 results.
func prepareSoftmax16(p *Prepare, s *rowsStep) (Step, error) {
	x, y := &p.In[0], &p.Out[0]
	s.kernel = "portable"
	if x.DType == tensor.Int16 {
		wide, err := newSoftmaxS16(p.Node)
		if err != nil {
			return nil, err
		}
		if s.most > 1<<16 {
			return nil, fmt.Errorf("rows of %d int16: %w", s.most, ErrUnsupported) // their sum would leave 32 bits
		}
		s.run = func(s *rowsStep, f *Frame, _ *Worker, first, rows, n int) {
			for r := first; r < first+rows; r++ {
				wide.row(f.Buf[s.y].I16()[r*n:(r+1)*n], f.Buf[s.x].I16()[r*n:(r+1)*n])
			}
		}
		return s, nil
	}
	sx, _, err := perTensor("input", &x.Type)
	if err != nil {
		return nil, err
	}
	sy, zy, err := codesOf("output", &y.Type, tensor.Int16)
	if err != nil {
		return nil, err
	}
	if d := sy - 1.0/65536; zy != math.MinInt16 || d > 0.001/65536 || d < -0.001/65536 {
		return nil, fmt.Errorf("output is %v, want scale 1/65536 and zero point -32768: %w", y.Type, ErrUnsupported)
	}
	if s.exp, _, _, s.dmin, err = expTable(sx, p.Attrs.Float("beta", 1)); err != nil {
		return nil, err
	}
	s.run = runSoftmaxS8S16
	return s, nil
}
