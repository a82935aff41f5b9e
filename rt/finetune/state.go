package finetune

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"edgerun/kernels/fixed"
)

// ErrState marks bytes that are no state of this Tuner.
var ErrState = errors.New("no state of this training")

const (
	stateMagic   = "EFT2"
	stateHeader  = len(stateMagic) + 3*8 + 8*4
	epochBytes   = 3 * 4
	maxStateSize = 1 << 31
)

// StateBytes is the size that AppendState's bytes have at most in a run of that many epochs.
func (t *Tuner) StateBytes(epochs int) int {
	return stateHeader + epochBytes*epochs + t.paramBytes(2)
}

// paramBytes is the size of what parameters that train and their optimizer hold, with that many copies of the parameters.
func (t *Tuner) paramBytes(copies int) (n int) {
	for _, p := range t.tail.params {
		if !p.train {
			continue
		}
		n += copies * len(p.bytes())
		for _, x := range p.optimizer(&t.options) {
			n += 4 * len(x)
		}
	}
	return n
}

// optimizer returns what the optimizer keeps of a parameter from one step to the next.
func (p *param) optimizer(o *Options) [][]float32 {
	if o.merged(p) {
		return [][]float32{p.grad}
	}
	return p.state[:o.states()]
}

// trained is how many numbers are trained.
func (t *Tuner) trained() (n int) {
	for _, p := range t.tail.params {
		if p.train {
			n += p.size()
		}
	}
	return n
}

// Parameters is how many numbers are trained.
func (t *Tuner) Parameters() int { return t.trained() }

// KeepBytes is what a Fit with a hold-out takes for the best weights so far, beyond Memory.
func (t *Tuner) KeepBytes() int { return t.paramBytes(1) - t.paramBytes(0) }

// AppendState appends to b all that training has reached: weights, the optimizer's state, how far the run is. A Tuner of
// the same network and options that has it by SetState goes on from there, bit for bit.
func (t *Tuner) AppendState(b []byte, p *Progress) []byte {
	b = append(b, stateMagic...)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(t.beta1))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(t.beta2))
	b = binary.LittleEndian.AppendUint64(b, uint64(t.random))
	kept := uint32(0)
	if p.best != nil {
		kept = 1
	}
	for _, v := range []uint32{uint32(t.trained()), uint32(len(p.Epochs)), uint32(p.done), uint32(p.steps), uint32(p.since), kept, math.Float32bits(p.sum), math.Float32bits(t.count)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for _, e := range p.Epochs {
		b = appendFloats(b, []float32{e.Loss, e.HoldLoss, e.HoldAcc})
	}
	k := 0
	for _, x := range t.tail.params {
		if !x.train {
			continue
		}
		b = append(b, x.bytes()...)
		for _, v := range x.optimizer(&t.options) {
			b = appendFloats(b, v)
		}
		if p.best != nil {
			b = append(b, p.best[k]...)
		}
		k++
	}
	return b
}

// SetState brings t to where AppendState was, and returns how far the run is. On an error t is as it was.
func (t *Tuner) SetState(b []byte) (*Progress, error) {
	if len(b) < stateHeader || int64(len(b)) > maxStateSize || string(b[:len(stateMagic)]) != stateMagic {
		return nil, fmt.Errorf("finetune: %d bytes: %w", len(b), ErrState)
	}
	b = b[len(stateMagic):]
	beta1, beta2 := math.Float64frombits(binary.LittleEndian.Uint64(b)), math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
	random := binary.LittleEndian.Uint64(b[16:])
	b = b[24:]
	var v [8]uint32
	for i := range v {
		v[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	b = b[4*len(v):]
	copies := 1
	if v[5] == 1 {
		copies++
	}
	if want := epochBytes*uint64(v[1]) + uint64(t.paramBytes(copies)); v[0] != uint32(t.trained()) || v[5] > 1 || max(v[2], v[3], v[4]) > math.MaxInt32 || uint64(len(b)) != want {
		return nil, fmt.Errorf("finetune: state of %d numbers, %d bytes, wanted %d numbers, %d bytes: %w", v[0], len(b), t.trained(), want, ErrState)
	}
	p := &Progress{done: int(v[2]), steps: int(v[3]), since: int(v[4]), sum: math.Float32frombits(v[6])}
	for i := range int(v[1]) {
		var e [3]float32
		b = floats(e[:], b)
		p.Epochs = append(p.Epochs, Epoch{Index: i, Loss: e[0], HoldLoss: e[1], HoldAcc: e[2]})
		if v[5] == 1 && (i == 0 || e[1] < p.bestLoss) {
			p.bestLoss = e[1]
		}
	}
	t.beta1, t.beta2 = beta1, beta2
	t.random, t.count = fixed.Random(random), math.Float32frombits(v[7])
	for _, x := range t.tail.params {
		if !x.train {
			continue
		}
		b = b[copy(x.bytes(), b):]
		for _, v := range x.optimizer(&t.options) {
			b = floats(v, b)
		}
		if v[5] == 1 {
			n := len(x.bytes())
			p.best = append(p.best, bytes.Clone(b[:n]))
			b = b[n:]
		}
	}
	t.tail.e.changed()
	return p, nil
}

func appendFloats(b []byte, x []float32) []byte {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func floats(dst []float32, b []byte) []byte {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return b[4*len(dst):]
}
