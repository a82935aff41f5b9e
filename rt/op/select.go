package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// Select is a where condition holds and b elsewhere; inputs are condition (bool), a and b, all three broadcast as numpy
// does. Any element type of whole bytes. int8: a, b and the output share their quantization.
var Select = register(Def{
	Code: 46, Name: "Select", MinIn: 3, MaxIn: 3, Outs: 1, InPlace: []int{1, 2},
	Quant: Quantization{Kind: TiedRange},
	Infer: func(n *Node) error {
		c, a, b := &n.In[0], &n.In[1], &n.In[2]
		if c.DType != tensor.Bool || a.DType != b.DType {
			return fmt.Errorf("condition of %v, values of %v and %v: want bool and twice the same", c.DType, a.DType, b.DType)
		}
		s, err := broadcast(a.Shape, b.Shape)
		if err != nil {
			return err
		}
		n.Out[0].DType = a.DType
		n.Out[0].Shape, err = broadcast(c.Shape, s)
		return err
	},
	Prepare: func(p *Prepare) (Step, error) {
		size, err := elementSize(&p.In[1].Type)
		if err != nil {
			return nil, err
		}
		if err := sameCodes(p, 1, 2); err != nil {
			return nil, err
		}
		s := &selectStep{c: p.In[0].Slot, a: p.In[1].Slot, b: p.In[2].Slot, y: p.Out[0].Slot}
		switch size {
		case 1:
			s.run = choose[uint8]
		case 2:
			s.run = choose[int16]
		case 4:
			s.run = choose[int32]
		default:
			s.run = choose[int64]
		}
		return s, nil
	},
})

type selectStep struct {
	c, a, b, y int
	run        func(c []byte, a, b, y tensor.Buffer, at [4]int, n int, step [3]int)
}

func (s *selectStep) Info() Info { return Info{Kernel: "portable"} }

// rowsOf splits the output into runs of its last axis, or takes it as one run where nothing is broadcast.
func (s *selectStep) rowsOf(f *Frame) (rows, n int, same bool) {
	y := &f.Shape[s.y]
	same = f.Shape[s.c] == *y && f.Shape[s.a] == *y && f.Shape[s.b] == *y
	if same || y.Rank == 0 {
		return 1, y.Elements(), same
	}
	n = y.Dim[y.Rank-1]
	return y.Elements() / max(1, n), n, false
}

func (s *selectStep) Tasks(f *Frame) int {
	rows, n, _ := s.rowsOf(f)
	if rows == 1 {
		return chunks(n)
	}
	per := max(1, chunkElements/max(1, n))
	return (rows + per - 1) / per
}

func (s *selectStep) Run(f *Frame, _ *Worker, task int) {
	rows, n, _ := s.rowsOf(f)
	c, a, b, y := f.Buf[s.c].Bytes(), f.Buf[s.a], f.Buf[s.b], f.Buf[s.y]
	shapes := [3]*tensor.Shape{&f.Shape[s.c], &f.Shape[s.a], &f.Shape[s.b]}
	var step [3]int
	for k, x := range shapes {
		step[k] = btoi(x.Rank > 0 && x.Dim[x.Rank-1] == n)
	}
	if rows == 1 {
		first, count := chunk(task, n)
		var at [4]int
		for k, x := range shapes {
			step[k] = btoi(x.Elements() == n)
			at[k] = first * step[k]
		}
		at[3] = first
		s.run(c, a, b, y, at, count, step)
		return
	}
	per := max(1, chunkElements/n)
	for r := task * per; r < min((task+1)*per, rows); r++ {
		at := [4]int{3: r * n}
		for k, x := range shapes {
			at[k] = rowStart(x, &f.Shape[s.y], r)
		}
		s.run(c, a, b, y, at, n, step)
	}
}

// rowStart is where operand x is at the beginning of row r of the broadcast shape y.
func rowStart(x, y *tensor.Shape, r int) int {
	start, size := 0, 1
	if x.Rank > 0 {
		size = x.Dim[x.Rank-1]
	}
	for i := 2; i <= y.Rank; i++ {
		d := y.Dim[y.Rank-i]
		if i <= x.Rank {
			if e := x.Dim[x.Rank-i]; e != 1 {
				start += r % d * size
				size *= e
			}
		}
		r /= d
	}
	return start
}

func choose[T uint8 | int16 | int32 | int64](c []byte, a, b, y tensor.Buffer, at [4]int, n int, step [3]int) {
	u, v, out := tensor.View[T](a), tensor.View[T](b), tensor.View[T](y)
	for i := range n {
		if c[at[0]+i*step[0]] != 0 {
			out[at[3]+i] = u[at[1]+i*step[1]]
		} else {
			out[at[3]+i] = v[at[2]+i*step[2]]
		}
	}
}
