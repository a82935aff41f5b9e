package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// realsStep converts between float32 and codes of types that have no kernel of their own.
type realsStep struct {
	x, y   int
	codes  tensor.DType
	scale  float32
	zero   int32
	lo, hi int32
	to     bool // quantize
}

func prepareQuantize(p *Prepare) (Step, error) {
	y := &p.Out[0]
	s := &realsStep{x: p.In[0].Slot, y: y.Slot, codes: y.DType, to: true}
	var err error
	s.scale, s.zero, err = codesOf("output", &y.Type, codeTypes...)
	s.lo, s.hi = codeRange(y.DType)
	return s, err
}

func prepareDequantize(p *Prepare) (Step, error) {
	x := &p.In[0]
	s := &realsStep{x: x.Slot, y: p.Out[0].Slot, codes: x.DType}
	var err error
	if s.scale, s.zero, err = codesOf("input", &x.Type, codeTypes...); err != nil {
		return nil, fmt.Errorf("element type %v: %w", x.DType, err)
	}
	return s, nil
}

func (s *realsStep) Info() Info         { return Info{Kernel: "portable"} }
func (s *realsStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *realsStep) Run(f *Frame, _ *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	codes, reals := f.Buf[s.x], f.Buf[s.y]
	if s.to {
		codes, reals = reals, codes
	}
	r := reals.F32()[first : first+n]
	switch s.codes {
	case tensor.Int8:
		convertCodes(s, codes.I8()[first:], r)
	case tensor.UInt8:
		convertCodes(s, codes.Bytes()[first:], r)
	case tensor.Int16:
		convertCodes(s, codes.I16()[first:], r)
	case tensor.Int32:
		convertCodes(s, codes.I32()[first:], r)
	}
}

func convertCodes[T code](s *realsStep, codes []T, reals []float32) {
	if !s.to {
		for i := range reals {
			reals[i] = float32(float64(s.scale) * float64(int64(codes[i])-int64(s.zero)))
		}
		return
	}
	for i, r := range reals {
		q := fixed.Round32(r / s.scale)
		if q != q {
			q = 0
		}
		v := truncate(float64(q)) // saturates far outside of every code
		codes[i] = T(min(max(min(max(v, -1<<40), 1<<40)+int64(s.zero), int64(s.lo)), int64(s.hi)))
	}
}
