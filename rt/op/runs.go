package op

import "edgerun/rt/tensor"

// Runs are how two operands broadcast to a shape: what other code than an operator's own needs. The shape's elements are
// Outer runs of N one after the other; within a run, operands advance by StepA and StepB, 0 or 1.
type Runs struct{ r runs }

// MakeRuns returns the runs of operands whose shapes broadcast to out.
func MakeRuns(a, b, out tensor.Shape) Runs { return Runs{makeRuns(a, b, out)} }

// Outer is the number of runs, N the length of each.
func (r *Runs) Outer() int { return r.r.outer }
func (r *Runs) N() int     { return r.r.n }

// Steps returns how operands advance within a run.
func (r *Runs) Steps() (a, b int) { return r.r.stepA, r.r.stepB }

// At returns where run i starts in both operands.
func (r *Runs) At(i int) (a, b int) { return r.r.at(i) }

// KeptShape is the shape of a reduction's output with its axes kept as extents of 1: it broadcasts to the input's.
func KeptShape(n *Node) (tensor.Shape, error) {
	x := n.In[0].Shape
	reduced, err := reducedAxes(n.Attrs, &x)
	return reducedShape(&x, reduced, true), err
}
