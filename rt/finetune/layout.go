package finetune

import (
	"edgerun/rt/graph"
	"edgerun/rt/plan"
	"edgerun/rt/tensor"
)

// layout hands out a tuner's memory. Layers ask for buffers with the first and the last step of their lives; when all have
// asked, buffers that never live together share one block. Nothing is allocated before, so the figure is known first.
//
// The steps of a micro-batch are 0 … L−1 forward, L the loss, and 2L−i backward of layer i.
type layout struct {
	steps  int // the last one
	places []plan.Place
	give   map[*graph.Value]func(tensor.Buffer)
}

func newLayout(layers int) *layout {
	return &layout{steps: 2 * layers, give: map[*graph.Value]func(tensor.Buffer){}}
}

func (l *layout) add(name string, sizeBytes, first, last int, give func(tensor.Buffer)) {
	if sizeBytes == 0 {
		return
	}
	v := &graph.Value{Name: name}
	l.give[v] = give
	l.places = append(l.places, plan.Place{SizeBytes: (sizeBytes + tensor.Align - 1) &^ (tensor.Align - 1), First: first, Last: last, Values: []*graph.Value{v}})
}

// always is the life of what stays from one micro-batch to the next.
func (l *layout) always() (first, last int) { return -1, l.steps }

func (l *layout) f32(dst *[]float32, name string, n, first, last int) {
	l.add(name, 4*n, first, last, func(b tensor.Buffer) { *dst = b.F32()[:n:n] })
}

func (l *layout) i8(dst *[]int8, name string, n, first, last int) {
	l.add(name, n, first, last, func(b tensor.Buffer) { *dst = b.I8()[:n:n] })
}

func (l *layout) bytes(dst *[]byte, name string, n, first, last int) {
	l.add(name, n, first, last, func(b tensor.Buffer) { *dst = b.Bytes()[:n:n] })
}

// plan places the buffers.
func (l *layout) plan() (*plan.Plan, error) { return plan.Pack(l.places, l.steps) }

// allocate gives every buffer its memory, which is zero.
func (l *layout) allocate(p *plan.Plan) {
	arena := tensor.Alloc(p.ArenaBytes)
	for _, place := range p.Places {
		l.give[place.Values[0]](arena.Slice(place.Offset, place.SizeBytes))
	}
}
