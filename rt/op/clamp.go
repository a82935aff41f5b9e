package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// Clamp is y = min(max(x, min), max); an absent limit is none. ReLU is Clamp with min 0.
//
// float32: a NaN gives min. int8 and int16: TFLite's RELU, which requantizes.
var Clamp = register(Def{
	Code: 7, Rev: 1, Name: "Clamp", MinIn: 1, MaxIn: 1, Outs: 1, Attrs: clampAttrs, InPlace: []int{0},
	Infer: inferSame,
	Prepare: func(p *Prepare) (Step, error) {
		x, y := &p.In[0], &p.Out[0]
		switch x.DType {
		case tensor.Float32:
			_, lo, hi := clampF32(p.Attrs)
			return &clampStep{x.Slot, y.Slot, lo, hi, p.Kernels.ClampF32, p.Kernels.Name}, nil
		case tensor.Int8, tensor.Int16:
			return prepareRequant(p, inFloat)
		}
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	},
	Quant: Quantization{Kind: OwnRange},
})

func inferSame(n *Node) error {
	n.Out[0].DType, n.Out[0].Shape = n.In[0].DType, n.In[0].Shape
	return nil
}

type clampStep struct {
	x, y   int
	lo, hi float32
	run    func(*abi.ClampF32)
	kernel string
}

func (s *clampStep) Info() Info         { return Info{Kernel: s.kernel} }
func (s *clampStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *clampStep) Run(f *Frame, w *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	a := &w.ClampF32
	a.X, a.Y, a.N, a.Lo, a.Hi = &f.Buf[s.x].F32()[first], &f.Buf[s.y].F32()[first], n, s.lo, s.hi
	s.run(a)
}

// lutStep is any int8 function of one int8 argument.
type lutStep struct {
	x, y   int
	table  *[256]int8
	run    func(*abi.LutS8)
	kernel string
}

func newLut(p *Prepare, table *[256]int8) Step {
	return &lutStep{p.In[0].Slot, p.Out[0].Slot, table, p.Kernels.LutS8, p.Kernels.Name + " table"}
}

func (s *lutStep) Info() Info         { return Info{Kernel: s.kernel, PackedBytes: 256} }
func (s *lutStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *lutStep) Run(f *Frame, w *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	a := &w.LutS8
	a.X, a.Y, a.N, a.Table = &f.Buf[s.x].I8()[first], &f.Buf[s.y].I8()[first], n, s.table
	s.run(a)
}
