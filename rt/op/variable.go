package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Read copies a variable: what it holds at this place in the order of the nodes. Any element type.
var Read = register(Def{
	Code: 62, Name: "Read", MinIn: 1, MaxIn: 1, Outs: 1, Infer: inferSame,
	Prepare: func(p *Prepare) (Step, error) { return &copyStep{p.In[0].Slot, p.Out[0].Slot}, nil },
})

// Assign sets a variable, its first input, to its second one. Any element type; both types are equal.
var Assign = register(Def{
	Code: 63, Name: "Assign", MinIn: 2, MaxIn: 2, Updates: []int{0},
	Infer: func(n *Node) error {
		if v, x := &n.In[0], &n.In[1]; v.DType != x.DType || v.Shape != x.Shape {
			return fmt.Errorf("variable is %v%v, value %v%v", v.DType, v.Shape, x.DType, x.Shape)
		}
		return nil
	},
	Prepare: func(p *Prepare) (Step, error) {
		if v, x := &p.In[0], &p.In[1]; !v.Quant.Equal(x.Quant) {
			return nil, fmt.Errorf("variable %v and value %v differ in quantization: %w", v.Type, x.Type, ErrUnsupported)
		}
		return &copyStep{p.In[1].Slot, p.In[0].Slot}, nil
	},
})

// copyStep copies a tensor.
type copyStep struct{ x, y int }

func (s *copyStep) Info() Info { return Info{Kernel: "copy"} }

func (s *copyStep) Tasks(f *Frame) int { return (f.Buf[s.x].Len() + moveBytes - 1) / moveBytes }

func (s *copyStep) Run(f *Frame, _ *Worker, task int) {
	x := f.Buf[s.x].Bytes()
	first := task * moveBytes
	copy(f.Buf[s.y].Bytes()[first:], x[first:min(first+moveBytes, len(x))])
}

// stateOf checks a state that an operator keeps in a variable: one row of n elements for each of up to as many batches
// as it has rows.
func stateOf(what string, v *Arg, batches, n int, types ...tensor.DType) error {
	ok := false
	for _, d := range types {
		ok = ok || v.DType == d
	}
	if !ok || v.Shape.Rank != 2 || v.Shape.Dim[0] < batches || v.Shape.Dim[1] != n {
		return fmt.Errorf("%s is %v%v, want %v [%d,%d]", what, v.DType, v.Shape, types, batches, n)
	}
	return nil
}
