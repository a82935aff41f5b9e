package op

import (
	"fmt"

	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// SignalRfft is the discrete Fourier transform of rows of real samples, as fixed.RfftS16 has it.
//
// x: int16 [..., n] with n ≤ fftLength, continued by zeros; y: int16 [..., fftLength+2]: real and imaginary parts of the
// bins in turn. Source: TFLite Micro signal/micro/kernels/rfft.cc.
var SignalRfft = register(Def{
	Code: 70, Name: "SignalRfft", MinIn: 1, MaxIn: 1, Outs: 1,
	Attrs: required("fftLength"),
	Infer: func(n *Node) error {
		if err := inputTypes(n, tensor.Int16); err != nil {
			return err
		}
		_, inner, err := rows(&n.In[0].Shape)
		if err != nil {
			return err
		}
		size := n.Attrs.Int("fftLength", 0)
		if !fixed.RfftS16Fits(size) {
			return fmt.Errorf("transform of %d samples: %w", size, ErrUnsupported)
		}
		if inner > size {
			return fmt.Errorf("%d samples for a transform of %d", inner, size)
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, n.In[0].Shape
		n.Out[0].Shape.Dim[n.In[0].Shape.Rank-1] = size + 2
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		return &rfftStep{p.In[0].Slot, p.Out[0].Slot, p.Attrs.Int("fftLength", 0), fixed.NewRfftS16(p.Attrs.Int("fftLength", 0))}, nil
	},
})

// rfftStep has a task for each row.
type rfftStep struct {
	x, y, size int
	transform  *fixed.RfftS16
}

func (s *rfftStep) Info() Info {
	return Info{Kernel: "portable", ScratchBytes: 2 * s.size, PackedBytes: s.transform.SizeBytes()}
}

func (s *rfftStep) Tasks(f *Frame) int { return f.Shape[s.y].Elements() / (s.size + 2) }

func (s *rfftStep) Run(f *Frame, w *Worker, row int) {
	shape := &f.Shape[s.x]
	n := shape.Dim[shape.Rank-1]
	s.transform.Transform(f.Buf[s.y].I16()[row*(s.size+2):][:s.size+2], f.Buf[s.x].I16()[row*n:][:n], w.Scratch.I16()[:s.size])
}
