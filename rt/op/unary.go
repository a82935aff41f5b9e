package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// unaryStep is a float32 function of one float32 argument.
type unaryStep struct {
	x, y        int
	alpha, beta float32
	run         func(*abi.UnaryF32)
	kernel      string
}

func (s *unaryStep) Info() Info         { return Info{Kernel: s.kernel} }
func (s *unaryStep) Tasks(f *Frame) int { return chunks(f.Shape[s.x].Elements()) }
func (s *unaryStep) Run(f *Frame, w *Worker, task int) {
	first, n := chunk(task, f.Shape[s.x].Elements())
	a := &w.UnaryF32
	a.X, a.Y, a.N = &f.Buf[s.x].F32()[first], &f.Buf[s.y].F32()[first], n
	a.Alpha, a.Beta = s.alpha, s.beta
	s.run(a)
}

// prepareUnary makes the step of a function with a float32 kernel and, for int8, a table of 256 codes.
func prepareUnary(p *Prepare, run func(*abi.UnaryF32), alpha, beta float32, table func(*Node) (*[256]int8, error)) (Step, error) {
	switch x := &p.In[0]; x.DType {
	case tensor.Float32:
		return &unaryStep{x.Slot, p.Out[0].Slot, alpha, beta, run, p.Kernels.Name}, nil
	case tensor.Int8:
		t, err := table(p.Node)
		if err != nil {
			return nil, err
		}
		return newLut(p, t), nil
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
}

// prepareCodes is prepareUnary for functions that codes of int8 and int16 share: codes returns the input's zero point and
// the function of x − zx.
func prepareCodes(p *Prepare, run func(*abi.UnaryF32), alpha float32, codes func(*Node) (int32, func(v int32) int32, error)) (Step, error) {
	switch x := &p.In[0]; x.DType {
	case tensor.Float32:
		return &unaryStep{x.Slot, p.Out[0].Slot, alpha, 0, run, p.Kernels.Name}, nil
	case tensor.Int8, tensor.Int16:
		zx, f, err := codes(p.Node)
		if err != nil {
			return nil, err
		}
		return newCodes(p, zx, f), nil
	default:
		return nil, fmt.Errorf("element type %v: %w", x.DType, ErrUnsupported)
	}
}

// codeTable computes a table of codes from f, which gets x − zx and returns a code; it is limited to int8.
func codeTable(zx int32, f func(v int32) int32) *[256]int8 {
	return byteTable(tensor.Int8, tensor.Int8, zx, f)
}

// byteTable is codeTable from and to int8 or uint8, in the order in which int8 holds the bytes.
func byteTable(from, to tensor.DType, zx int32, f func(v int32) int32) *[256]int8 {
	lo, hi := codeRange(to)
	t := new([256]int8)
	for i := range t {
		v := int32(i) - 128
		if from == tensor.UInt8 {
			v &= 0xff
		}
		t[i] = int8(min(max(f(v-zx), lo), hi))
	}
	return t
}

// unaryS8 is unaryCodes of int8.
func unaryS8(n *Node) (sx, sy float32, zx, zy int32, err error) { return unaryCodes(n, tensor.Int8) }

// fixedS8 returns the scale and zero point of the input of an operator whose output's are fixed.
func fixedS8(n *Node, want Quantization) (sx float32, zx int32, err error) {
	if y := n.Out[0].Type; !y.Quant.Equal(tensor.PerTensor(want.Scale, want.Zero)) {
		return 0, 0, fmt.Errorf("output is %v, want scale %g and zero point %d: %w", y, want.Scale, want.Zero, ErrUnsupported)
	}
	return perTensor("input", &n.In[0].Type)
}
