package op

import "edgerun/rt/tensor"

// element are the types of memory that portable steps work on; bool is uint8.
type element interface {
	int8 | uint8 | int16 | int32 | int64 | float32
}

// pairs runs a function of two elements over the parts of a binaryStep.
func pairs[T, R element](f func(a, b T) R) func(*Worker, part) {
	return func(_ *Worker, p part) {
		a, b, y := tensor.View[T](p.a), tensor.View[T](p.b), tensor.View[R](p.y)
		for i := range p.n {
			u, v := a[i], b[i*p.step]
			if p.reverse != 0 {
				u, v = v, u
			}
			y[i] = f(u, v)
		}
	}
}

// portable makes a step of a portable function.
func (s *binaryStep) portable(run func(*Worker, part)) *binaryStep {
	s.run, s.info.Kernel = run, "portable"
	return s
}

// runIntegers makes s a step over int32 or int64 that computes in int64 and wraps, and reports whether the node is one.
func (s *binaryStep) runIntegers(p *Prepare, f func(a, b int64) int64) bool {
	switch {
	case len(p.Attrs) > 0:
	case p.In[0].DType == tensor.Int32:
		s.portable(pairs(func(a, b int32) int32 { return int32(f(int64(a), int64(b))) }))
		return true
	case p.In[0].DType == tensor.Int64:
		s.portable(pairs(f))
		return true
	}
	return false
}

// quotient truncates toward zero; by zero it is 0.
func quotient(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	return a / b
}
