package finetune

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"edgerun/kernels/fixed"
)

func TestReservoir(t *testing.T) {
	tuner, _, _ := lesson(t, adamForTest, 1)
	const classes, each = 5, 8
	size := tuner.RecordBytes()
	r, err := tuner.NewReservoir(classes, each, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(r.slab) + classBytes*len(r.held); got != tuner.ReservoirBytes(classes, each) {
		t.Errorf("%d bytes, %d said", got, tuner.ReservoirBytes(classes, each))
	}
	record := make([]byte, size)
	// Class c is offered 40·c samples with their number in them; in many reservoirs each is as often.
	often := map[byte]int{}
	for seed := range 400 {
		r, _ = tuner.NewReservoir(classes, each, uint64(seed))
		for i := range 40 * (classes - 1) {
			for c := range classes {
				if i < 40*c {
					record[0], record[size-1] = byte(i), byte(c)
					if err := r.Offer(record, c); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		for i, c := range r.Labels() {
			if err := r.Get(i, record); err != nil || record[size-1] != byte(c) {
				t.Fatalf("sample %d of class %d is of class %d, %v", i, c, record[size-1], err)
			}
			if c == 2 {
				often[record[0]]++
			}
		}
	}
	if want := []int32{0, each, each, each, each}; !slices.Equal(r.held, want) || r.Len() != 32 {
		t.Errorf("%d of the classes", r.held)
	}
	for i := range 80 { // 40 times on average, deviation 6
		if n := often[byte(i)]; n < 15 || n > 65 {
			t.Errorf("sample %d is in %d of 400 reservoirs", i, n)
		}
	}
	if n := testing.AllocsPerRun(50, func() { r.Offer(record, 1); r.Get(3, record) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
	if r.Offer(record[1:], 0) == nil || r.Offer(record, classes) == nil || r.Offer(record, -1) == nil || r.Get(32, record) == nil || r.Get(-1, record) == nil {
		t.Error("wrong use gives no error")
	}
	if _, err := tuner.NewReservoir(1<<20, 1<<20, 0); !errors.Is(err, ErrMemory) {
		t.Error(err)
	}

	b := r.Append(nil)
	again, err := tuner.OpenReservoir(b)
	if err != nil || !bytes.Equal(again.Append(nil), b) {
		t.Fatalf("read again: %v", err)
	}
	for i := range 50 { // and goes on alike
		record[0] = byte(i)
		r.Offer(record, 3)
		again.Offer(record, 3)
	}
	if !bytes.Equal(again.Append(nil), r.Append(nil)) {
		t.Error("it goes on otherwise")
	}
	for i := range b {
		b[i] ^= 4
		if _, err := tuner.OpenReservoir(b); !errors.Is(err, ErrReservoir) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		b[i] ^= 4
		if _, err := tuner.OpenReservoir(b[:i]); !errors.Is(err, ErrReservoir) {
			t.Fatalf("%d bytes: %v", i, err)
		}
	}
	other, _, _ := lesson(t, adamForTest, 1)
	if _, err := other.OpenReservoir(b); err != nil {
		t.Errorf("the same network: %v", err)
	}
	o := adamForTest
	o.Layers = 1
	last, err := New(tuner.cut.model, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := last.OpenReservoir(b); !errors.Is(err, ErrReservoir) {
		t.Errorf("another cut: %v", err)
	}
}

// spy notes which samples were asked for.
type spy struct {
	Store
	got []int
}

func (s *spy) Get(i int, record []byte) error {
	s.got = append(s.got, i)
	return s.Store.Get(i, record)
}

// TestReplay: each batch has its share of old samples, all of them take turns, and a run that was interrupted goes on to the
// same bits.
func TestReplay(t *testing.T) {
	whole, s, all := lesson(t, adamForTest, 23)
	r, _ := whole.NewReservoir(5, 2, 1)
	random, record := fixed.Random(8), make([]byte, whole.RecordBytes())
	for i := range 40 {
		for k := range record {
			record[k] = byte(random.Next()) &^ 0x40 // small numbers
		}
		r.Offer(record, i%5)
	}
	both, old := r.With(s)
	if len(old) != 10 || len(both.Labels) != 33 || both.Labels[old[9]] != 4 {
		t.Fatalf("%d old, %d labels", len(old), len(both.Labels))
	}
	seen := &spy{Store: both.Store}
	both.Store = seen
	run := Run{Epochs: 3, Seed: 4, Replay: old, Share: 0.25}
	var states [][]byte
	run.Save = func(p *Progress) error { states = append(states, whole.AppendState(nil, p)); return nil }
	if _, err := whole.Fit(both, all, nil, run); err != nil {
		t.Fatal(err)
	}
	if len(states) != 24 {
		t.Errorf("%d steps, want 8 of 3 new samples in each of 3 epochs", len(states))
	}
	counts := map[int]int{}
	for _, i := range seen.got {
		counts[i]++
	}
	for i := range 33 {
		if n := counts[i]; i < 23 && n != 3 || i >= 23 && (n < 1 || n > 4) {
			t.Errorf("sample %d was learnt %d times", i, n)
		}
	}
	last := states[23]
	for _, at := range []int{2, 7, 12} {
		again, _, _ := lesson(t, adamForTest, 1)
		p, err := again.SetState(states[at])
		if err != nil {
			t.Fatal(err)
		}
		run.From, run.Save = p, func(p *Progress) error { states[23] = again.AppendState(nil, p); return nil }
		if _, err := again.Fit(both, all, nil, run); err != nil || !bytes.Equal(states[23], last) {
			t.Errorf("from step %d: other bits, %v", at, err)
		}
	}
}

func FuzzReservoir(f *testing.F) {
	tuner, _, _ := lesson(f, adamForTest, 1)
	r, _ := tuner.NewReservoir(3, 2, 1)
	r.Offer(make([]byte, tuner.RecordBytes()), 1)
	f.Add(r.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := tuner.OpenReservoir(b); err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Error("other bytes")
		}
	})
}
