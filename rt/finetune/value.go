package finetune

import (
	"edgerun/rt/tensor"
)

// value is an activation of the tail, for the samples of a micro-batch one after the other.
type value struct {
	name string
	size int // elements a sample

	// codes hold the value where it comes from the frozen part in int8; data its reals where a layer asks for them.
	codes    []int8
	scale    float32
	zero     int32
	coded    bool
	bits     bool // the codes are bools, which have no reals
	wantData bool
	data     []float32
	raw      []byte // codes, or else data

	streamed bool // never there as a whole

	wantGrad bool
	grad     []float32

	// Lives, in steps of layout: producers and consumers widen them.
	first, last         int
	gradFirst, gradLast int
}

// real returns sample i.
func (v *value) real(i int) []float32 { return v.data[i*v.size : (i+1)*v.size : (i+1)*v.size] }

// buffer is what operators see of sample i.
func (v *value) buffer(i int) tensor.Buffer {
	if v.bits {
		return tensor.OfI8(v.codes[i*v.size : (i+1)*v.size])
	}
	return tensor.Of32(v.real(i))
}

// hasReals reports whether data holds the value.
func (v *value) hasReals() bool { return !v.coded || v.wantData && !v.bits }

func (v *value) gradient(i int) []float32 { return v.grad[i*v.size : (i+1)*v.size : (i+1)*v.size] }

// record returns sample i as the frozen part gives it.
func (v *value) record(i int) []byte {
	n := 4 * v.size
	if v.coded {
		n = v.size
	}
	return v.raw[i*n : (i+1)*n : (i+1)*n]
}

func (v *value) reserve(l *layout, n int) {
	if v.streamed {
		return
	}
	if v.coded {
		l.add(v.name+" codes", n*v.size, -1, v.last, func(b tensor.Buffer) { v.codes, v.raw = b.I8()[:n*v.size], b.Bytes() })
	}
	if v.hasReals() {
		l.add(v.name, 4*n*v.size, v.first, v.last, func(b tensor.Buffer) {
			if v.data = b.F32()[:n*v.size]; !v.coded {
				v.raw = b.Bytes()
			}
		})
	}
	if v.wantGrad {
		l.f32(&v.grad, v.name+" gradient", n*v.size, v.gradFirst, v.gradLast)
	}
}
