package op

import (
	"math"
	"testing"

	"edgerun/kernels"
	"edgerun/rt/tensor"
)

// TestDivS8 compares every pair of codes with the real quotient: the code is within one of the nearest.
func TestDivS8(t *testing.T) {
	for _, c := range []struct {
		a, b, y tensor.Quant
	}{
		{tensor.PerTensor(0.1, 3), tensor.PerTensor(0.05, -7), tensor.PerTensor(0.5, 10)},
		{tensor.PerTensor(0.01, -128), tensor.PerTensor(2, 0), tensor.PerTensor(1e-4, 0)},
		{tensor.PerTensor(1e-6, 0), tensor.PerTensor(3, 127), tensor.PerTensor(0.25, -1)}, // quotients far below a code
		{tensor.PerTensor(40, 0), tensor.PerTensor(1e-3, 5), tensor.PerTensor(0.01, 0)},   // and far above
	} {
		arg := func(q tensor.Quant) Arg {
			return Arg{Type: tensor.Type{DType: tensor.Int8, Shape: tensor.MakeShape(1), Quant: q}}
		}
		n := &Node{In: []Arg{arg(c.a), arg(c.b)}, Out: []Arg{arg(c.y)}}
		s, err := prepareDiv(&Prepare{Node: n, Kernels: kernels.Generic()})
		if err != nil {
			t.Fatal(err)
		}
		run := s.(*binaryStep).run
		a, b, y := tensor.Alloc(1), tensor.Alloc(1), tensor.Alloc(1)
		for i := -128; i <= 127; i++ {
			for k := -128; k <= 127; k++ {
				a.I8()[0], b.I8()[0] = int8(i), int8(k)
				run(nil, part{a: a, b: b, y: y, n: 1, step: 1})
				p, q := float64(i)-float64(c.a.Zero[0]), float64(k)-float64(c.b.Zero[0])
				real := 0.0
				switch {
				case q != 0:
					real = p * float64(c.a.Scale[0]) / (q * float64(c.b.Scale[0]) * float64(c.y.Scale[0]))
				case p != 0:
					real = math.Inf(int(p))
				}
				want := min(max(math.Round(real)+float64(c.y.Zero[0]), -128), 127)
				if got := float64(y.I8()[0]); math.Abs(got-want) > 1 {
					t.Fatalf("%v/%v to %v: %d over %d is %g, want %g", c.a, c.b, c.y, i, k, got, want)
				}
			}
		}
	}
}
