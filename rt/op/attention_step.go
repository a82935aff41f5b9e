package op

import (
	"fmt"
	"math"

	"edgerun/rt/tensor"
)

// AttentionStep is Attention for one position of a sequence: inputs are its query, one row in the layouts of Attention;
// keys and values of up to as many positions as they have rows; the number of positions before, int32 [1]; and an optional
// mask, bool. The query attends to the keys 0 … position, and to all where there are no more.
//
// The output is to the bit what Attention with causal gives for this position among any number of later ones, unless keys
// or values are infinite or NaN: scores and softmax know no later keys, and those add zeros at the end of sums that end as
// +0 where they are zero.
var AttentionStep = register(Def{
	Code: 116, Name: "AttentionStep", MinIn: 4, MaxIn: 5, Outs: 1, Attrs: attentionAttrs[:4],
	Infer: func(n *Node) error {
		if err := checkPosition(&n.In[3]); err != nil {
			return err
		}
		m := optional(n, 4)
		if m != nil && m.DType != tensor.Bool {
			return fmt.Errorf("mask of %v: %w", m.DType, ErrUnsupported)
		}
		if err := attentionOutput(n, m); err != nil {
			return err
		}
		x, _, err := readAttention(headsOf(n.Attrs), &n.In[0].Shape, &n.In[1].Shape, &n.In[2].Shape, nil)
		if err == nil && x.sq != 1 {
			err = fmt.Errorf("%d queries, want 1", x.sq)
		}
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		// Attention takes its mask as input 3, where the position is.
		n := *p.Node
		n.In = append(p.In[:3:3], p.In[4:]...)
		s, err := prepareAttention(&Prepare{Node: &n, Kernels: p.Kernels})
		if err != nil {
			return nil, err
		}
		s.(*attentionStep).position = p.In[3].Slot
		return s, nil
	},
	MACs:  attentionMACs,
	Quant: Quantization{Kind: OwnRange},
})

// Append sets one place of a variable, its first input, along attribute axis to the second one, which has one there. The
// third, int32 [1], says which; past the last it is the last. Any element type of whole bytes; quantizations are equal.
var Append = register(Def{
	Code: 117, Name: "Append", MinIn: 3, MaxIn: 3, Attrs: []AttrSpec{{Name: "axis", Kind: Int, Required: true}}, Updates: []int{0},
	Infer: func(n *Node) error {
		v, x := &n.In[0], &n.In[1]
		axis, want := n.Attrs.Int("axis", 0), v.Shape
		if axis < 0 || axis >= want.Rank || want.Dim[axis] < 1 {
			return fmt.Errorf("axis %d of variable %v", axis, v.Shape)
		}
		want.Dim[axis] = 1
		if v.DType != x.DType || x.Shape != want {
			return fmt.Errorf("value %v%v, want %v%v", x.DType, x.Shape, v.DType, want)
		}
		return checkPosition(&n.In[2])
	},
	Prepare: func(p *Prepare) (Step, error) {
		v, x := &p.In[0], &p.In[1]
		if !v.Quant.Equal(x.Quant) {
			return nil, fmt.Errorf("variable %v and value %v differ in quantization: %w", v.Type, x.Type, ErrUnsupported)
		}
		size, err := elementSize(&x.Type)
		if err != nil {
			return nil, err
		}
		return &appendStep{v.Slot, x.Slot, p.In[2].Slot, p.Attrs.Int("axis", 0), size}, nil
	},
})

type appendStep struct{ v, x, position, axis, size int }

func (s *appendStep) Info() Info       { return Info{Kernel: "copy"} }
func (s *appendStep) Tasks(*Frame) int { return 1 }

func (s *appendStep) Run(f *Frame, _ *Worker, _ int) {
	v, x := &f.Shape[s.v], &f.Shape[s.x]
	run := s.size
	for _, d := range x.Dims()[s.axis+1:] {
		run *= d
	}
	last := v.Dim[s.axis] - 1
	at := min(max(int(f.Buf[s.position].I32()[0]), 0), last) * run
	to, from := f.Buf[s.v].Bytes(), f.Buf[s.x].Bytes()
	for i := 0; i < x.Elements()*s.size; i += run {
		copy(to[at:at+run], from[i:])
		at += (last + 1) * run
	}
}

// Advance adds 1 to a variable, int32 [1], up to the largest number: it counts the positions of a sequence.
var Advance = register(Def{
	Code: 118, Name: "Advance", MinIn: 1, MaxIn: 1, Updates: []int{0},
	Infer:   func(n *Node) error { return checkPosition(&n.In[0]) },
	Prepare: func(p *Prepare) (Step, error) { return &advanceStep{p.In[0].Slot}, nil },
})

func checkPosition(v *Arg) error {
	if v.DType != tensor.Int32 || v.Shape != tensor.MakeShape(1) {
		return fmt.Errorf("position is %v%v, want %v[1]", v.DType, v.Shape, tensor.Int32)
	}
	return nil
}

type advanceStep struct{ position int }

func (s *advanceStep) Info() Info       { return Info{Kernel: "portable"} }
func (s *advanceStep) Tasks(*Frame) int { return 1 }
func (s *advanceStep) Run(f *Frame, _ *Worker, _ int) {
	if p := f.Buf[s.position].I32(); p[0] < math.MaxInt32 {
		p[0]++
	}
}
