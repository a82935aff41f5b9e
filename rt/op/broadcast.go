package op

import (
	"fmt"

	"edgerun/rt/tensor"
)

// broadcast returns numpy's broadcast shape of a and b.
func broadcast(a, b tensor.Shape) (tensor.Shape, error) {
	out := tensor.Shape{Rank: max(a.Rank, b.Rank)}
	for i := 1; i <= out.Rank; i++ {
		da, db := 1, 1
		if i <= a.Rank {
			da = a.Dim[a.Rank-i]
		}
		if i <= b.Rank {
			db = b.Dim[b.Rank-i]
		}
		d := da
		if da == 1 {
			d = db
		} else if db != 1 && db != da {
			return out, fmt.Errorf("shapes %v and %v do not broadcast", a, b)
		}
		out.Dim[out.Rank-i] = d
	}
	return out, nil
}

// runs describes an elementwise operation of two broadcast operands as nested loops over runs of n elements, within
// which a advances by stepA and b by stepB (0 or 1, not both 0).
type runs struct {
	n            int
	stepA, stepB int
	outer        int
	rank         int
	dim          [tensor.MaxRank]int // outer extents, innermost first
	strideA      [tensor.MaxRank]int
	strideB      [tensor.MaxRank]int
}

// makeRuns collapses adjacent axes along which both operands advance alike; it allocates nothing.
func makeRuns(a, b, out tensor.Shape) runs {
	var r runs
	r.n, r.stepA, r.stepB, r.outer = 1, 1, 1, 1
	sizeA, sizeB := 1, 1
	axis := func(i int) (d int, da, db bool) { // extent, and whether each operand advances
		d = out.Dim[out.Rank-i]
		da = i <= a.Rank && a.Dim[a.Rank-i] != 1
		db = i <= b.Rank && b.Dim[b.Rank-i] != 1
		return d, da, db
	}
	i := 1
	started := false
	for ; i <= out.Rank; i++ {
		d, da, db := axis(i)
		if d == 1 {
			continue
		}
		if started && (da != (r.stepA == 1) || db != (r.stepB == 1)) {
			break
		}
		if !started {
			r.stepA, r.stepB, started = btoi(da), btoi(db), true
		}
		r.n *= d
		if da {
			sizeA *= d
		}
		if db {
			sizeB *= d
		}
	}
	var lastA, lastB bool
	for ; i <= out.Rank; i++ {
		d, da, db := axis(i)
		if d == 1 {
			continue
		}
		r.outer *= d
		if r.rank > 0 && da == lastA && db == lastB {
			r.dim[r.rank-1] *= d
		} else {
			r.dim[r.rank] = d
			if da {
				r.strideA[r.rank] = sizeA
			}
			if db {
				r.strideB[r.rank] = sizeB
			}
			r.rank++
		}
		lastA, lastB = da, db
		if da {
			sizeA *= d
		}
		if db {
			sizeB *= d
		}
	}
	return r
}

// at returns where run i of outer starts in both operands.
func (r *runs) at(i int) (a, b int) {
	for k := range r.rank {
		j := i % r.dim[k]
		i /= r.dim[k]
		a += j * r.strideA[k]
		b += j * r.strideB[k]
	}
	return a, b
}

// repeatsA reports whether a is the operand that stands still, within a run or from one to the next.
func (r *runs) repeatsA() bool {
	return r.stepA == 0 || r.stepB == 1 && r.rank > 0 && r.strideA[0] == 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// chunkElements is the number of elements that one task of an elementwise operator handles.
const chunkElements = 1 << 15

func chunks(n int) int { return (n + chunkElements - 1) / chunkElements }

// chunk returns the part of n elements that task i handles.
func chunk(i, n int) (first, size int) {
	first = i * chunkElements
	return first, min(chunkElements, n-first)
}

// slots are the buffers of a step with up to two inputs and one output.
type slots struct{ a, b, y int }

// runs returns how the current shapes broadcast.
func (s slots) runs(f *Frame) runs { return makeRuns(f.Shape[s.a], f.Shape[s.b], f.Shape[s.y]) }

// tasks splits a plain run by chunks, broadcast ones by groups of runs.
func (r *runs) tasks() int {
	if r.outer == 1 {
		return chunks(r.n)
	}
	per := max(1, chunkElements/r.n)
	return (r.outer + per - 1) / per
}

// span returns the runs of a task.
func (r *runs) span(task int) (first, last int) {
	per := max(1, chunkElements/r.n)
	return task * per, min((task+1)*per, r.outer)
}
