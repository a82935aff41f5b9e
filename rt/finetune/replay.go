package finetune

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"edgerun/kernels/fixed"
	"edgerun/rt/graph"
)

// ErrReservoir marks bytes that are no reservoir of this Tuner's features.
var ErrReservoir = errors.New("no reservoir of these features")

// Reservoir keeps features of a bounded number of samples, of each class as many, to learn along with new ones. All samples
// of a class that were offered have the same chance to be in it. Source: Vitter, Random Sampling with a Reservoir (1985),
// algorithm R, for each class. It is a Store: sample i has the class Labels()[i].
type Reservoir struct {
	features [32]byte // what they are features of
	size     int      // of a record
	each     int      // records of a class at most
	slab     []byte   // by class and place
	held     []int32  // records, by class
	seen     []uint64 // samples offered, by class
	random   fixed.Random
}

const (
	reservoirMagic  = "EFR1"
	reservoirHeader = len(reservoirMagic) + 32 + 3*4 + 8
	classBytes      = 8 + 4
	maxReservoir    = 1 << 30
)

// ReservoirBytes is what a reservoir of that many classes takes.
func (t *Tuner) ReservoirBytes(classes, each int) int {
	return classes * (each*t.RecordBytes() + classBytes)
}

// NewReservoir returns an empty reservoir for features of t, with at most each samples of each class.
func (t *Tuner) NewReservoir(classes, each int, seed uint64) (*Reservoir, error) {
	size := t.RecordBytes()
	if classes < 1 || each < 1 || classes > maxReservoir || uint64(each)*uint64(classes) > maxReservoir/uint64(size+classBytes) {
		return nil, fmt.Errorf("finetune: reservoir of %d classes with %d samples of %d bytes, want at most %d bytes: %w", classes, each, size, maxReservoir, ErrMemory)
	}
	return &Reservoir{features: t.Features(), size: size, each: each, slab: make([]byte, classes*each*size),
		held: make([]int32, classes), seen: make([]uint64, classes), random: fixed.Random(seed)}, nil
}

// Offer shows the reservoir a sample's features, as Record writes them. It allocates nothing.
func (r *Reservoir) Offer(record []byte, class int) error {
	if len(record) != r.size || class < 0 || class >= len(r.held) {
		return fmt.Errorf("finetune: reservoir: %d bytes of class %d, want %d of [0,%d)", len(record), class, r.size, len(r.held))
	}
	r.seen[class]++
	at := uint64(r.held[class])
	if at < uint64(r.each) {
		r.held[class]++
	} else if at = r.random.Next() % r.seen[class]; at >= uint64(r.each) {
		return nil
	}
	copy(r.record(class, int(at)), record)
	return nil
}

func (r *Reservoir) record(class, at int) []byte {
	return r.slab[(class*r.each+at)*r.size:][:r.size]
}

// Len is the number of samples held.
func (r *Reservoir) Len() (n int) {
	for _, h := range r.held {
		n += int(h)
	}
	return n
}

// Get copies the features of sample i of Len.
func (r *Reservoir) Get(i int, record []byte) error {
	at := i
	for class, h := range r.held {
		if at >= 0 && at < int(h) {
			copy(record, r.record(class, at))
			return nil
		}
		at -= int(h)
	}
	return fmt.Errorf("finetune: reservoir: sample %d of %d", i, r.Len())
}

// Labels returns the classes of all samples.
func (r *Reservoir) Labels() (all []int32) {
	for class, h := range r.held {
		for range h {
			all = append(all, int32(class))
		}
	}
	return all
}

// With returns new samples together with those of the reservoir, and the numbers of the latter among them, for Run.Replay.
func (r *Reservoir) With(s *Samples) (both *Samples, old []int) {
	m := &mixed{fresh: s.Store, n: len(s.Labels), old: r}
	labels := append(append([]int32(nil), s.Labels...), r.Labels()...)
	for i := range r.Len() {
		old = append(old, m.n+i)
	}
	return &Samples{Store: m, Labels: labels}, old
}

// mixed is a store of n new samples and old ones behind them.
type mixed struct {
	fresh, old Store
	n          int
}

func (m *mixed) Get(i int, record []byte) error {
	if i < m.n {
		return m.fresh.Get(i, record)
	}
	return m.old.Get(i-m.n, record)
}

// Append appends the reservoir to b in the form that OpenReservoir reads; a SHA-256 ends it.
func (r *Reservoir) Append(b []byte) []byte {
	start := len(b)
	b = append(append(b, reservoirMagic...), r.features[:]...)
	for _, v := range []int{r.size, len(r.held), r.each} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(r.random))
	for class, h := range r.held {
		b = binary.LittleEndian.AppendUint64(b, r.seen[class])
		b = binary.LittleEndian.AppendUint32(b, uint32(h))
	}
	for class, h := range r.held {
		b = append(b, r.slab[class*r.each*r.size:][:int(h)*r.size]...)
	}
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...)
}

// OpenReservoir reads what Append wrote, for a Tuner with the same frozen part and cut.
func (t *Tuner) OpenReservoir(b []byte) (*Reservoir, error) {
	bad := func(what string) (*Reservoir, error) {
		return nil, fmt.Errorf("finetune: reservoir of %d bytes: %s: %w", len(b), what, ErrReservoir)
	}
	if len(b) < reservoirHeader+sha256.Size || string(b[:len(reservoirMagic)]) != reservoirMagic {
		return bad("no header")
	}
	body, sum := b[:len(b)-sha256.Size], sha256.Sum256(b[:len(b)-sha256.Size])
	if !bytes.Equal(b[len(body):], sum[:]) {
		return bad("wrong checksum")
	}
	body = body[len(reservoirMagic):]
	features := t.Features()
	if !bytes.Equal(body[:32], features[:]) {
		return bad("features of another network, or of other layers")
	}
	body = body[32:]
	size, classes, each := binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:]), binary.LittleEndian.Uint32(body[8:])
	seed := binary.LittleEndian.Uint64(body[12:])
	body = body[20:]
	if size != uint32(t.RecordBytes()) || uint64(classes)*classBytes > uint64(len(body)) || each > math.MaxInt32 {
		return bad("wrong sizes")
	}
	r, err := t.NewReservoir(int(classes), int(each), seed)
	if err != nil {
		return nil, err
	}
	counts, records := body[:classes*classBytes], body[classes*classBytes:]
	for class := range r.held {
		seen, held := binary.LittleEndian.Uint64(counts), binary.LittleEndian.Uint32(counts[8:])
		counts = counts[classBytes:]
		n := int(held) * r.size
		if held > each || uint64(held) != min(seen, uint64(each)) || n > len(records) {
			return bad("wrong counts")
		}
		r.seen[class], r.held[class] = seen, int32(held)
		copy(r.slab[class*r.each*r.size:], records[:n])
		records = records[n:]
	}
	if len(records) > 0 {
		return bad("more behind the records")
	}
	return r, nil
}

// Features is a hash of the frozen part and of where it ends: records of Tuners with the same one go together.
func (t *Tuner) Features() (sum [32]byte) {
	h := sha256.New()
	numbers := map[*graph.Value]int{}
	value := func(v *graph.Value) {
		if v == nil {
			fmt.Fprint(h, "none;")
			return
		}
		k, known := numbers[v]
		if !known {
			k = len(numbers)
			numbers[v] = k
		}
		fmt.Fprint(h, k, ";")
		if known {
			return
		}
		fmt.Fprint(h, v.DType, v.Shape, len(v.Quant.Scale), v.Quant.Axis, v.Quant.Zero)
		for _, s := range v.Quant.Scale {
			fmt.Fprint(h, ",", math.Float32bits(s))
		}
		if v.Const != nil {
			fmt.Fprint(h, "=", v.Const.SizeBytes(), ":")
			h.Write(v.Const.Data.Bytes()[:v.Const.SizeBytes()])
		}
	}
	g := t.cut.frozen
	for _, v := range g.Inputs {
		value(v)
	}
	for _, n := range g.Nodes {
		fmt.Fprintf(h, "%q", n.Op.Name)
		for _, a := range n.Attrs {
			fmt.Fprintf(h, "%q %d %d %q", a.Name, a.Kind, a.I, a.S)
			for _, f := range a.F {
				fmt.Fprint(h, ",", math.Float32bits(f))
			}
		}
		for _, v := range n.In {
			value(v)
		}
		fmt.Fprint(h, "to")
		for _, v := range n.Out {
			value(v)
		}
	}
	fmt.Fprint(h, "out")
	for _, v := range g.Outputs {
		value(v)
	}
	return [32]byte(h.Sum(nil))
}
