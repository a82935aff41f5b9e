package op

import (
	"fmt"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
	"edgerun/rt/tensor"
)

// PRelu is y = x for x ≥ 0 and slope·x otherwise; the slopes, its second input, broadcast to x's shape.
//
// float32: fixed.LeakyReluF32. int8, and int16 with int8 slopes: TFLite's PRELU.
var PRelu = register(Def{
	Code: 24, Name: "PRelu", MinIn: 2, MaxIn: 2, Outs: 1, InPlace: []int{0},
	Infer: inferPRelu, Prepare: preparePRelu, Quant: Quantization{Kind: OwnRange},
})

func inferPRelu(n *Node) error {
	if n.In[0].DType == tensor.Int16 && n.In[1].DType == tensor.Int8 {
		out, err := broadcast(n.In[0].Shape, n.In[1].Shape)
		if err != nil {
			return err
		}
		n.Out[0].DType, n.Out[0].Shape = tensor.Int16, out
	} else if err := inferBinary(n); err != nil {
		return err
	}
	if n.Out[0].Shape != n.In[0].Shape {
		return fmt.Errorf("slopes of shape %v do not broadcast to %v", n.In[1].Shape, n.In[0].Shape)
	}
	return nil
}

func preparePRelu(p *Prepare) (Step, error) {
	st := newBinary(p)
	if p.In[0].DType == tensor.Float32 {
		return st.runF32(nil, p.Kernels.PReluF32), nil
	}
	if p.In[0].DType == tensor.Int16 {
		return preparePReluS16(p, st)
	}
	s, z, err := binaryS8(p)
	if err != nil {
		return nil, err
	}
	var form abi.PReluS8
	form.M, form.Shift = fixed.Quantize(float64(s[0]) / float64(s[2]))
	form.MNeg, form.ShiftNeg = fixed.Quantize(float64(s[0]) * float64(s[1]) / float64(s[2]))
	if form.Shift > 31 || form.ShiftNeg > 31 {
		return nil, productError(s)
	}
	form.ZA, form.ZB, form.ZY = z[0], z[1], z[2]
	kernel := p.Kernels.PReluS8
	// The output has x's shape, so x never repeats beside moving slopes and no part is reversed.
	st.run = func(w *Worker, p part) {
		a := &w.PReluS8
		*a = form
		a.A, a.B, a.Y = p.a.PtrI8(), p.b.PtrI8(), p.y.PtrI8()
		a.N, a.BStep = p.n, p.step
		kernel(a)
	}
	return st, nil
}
