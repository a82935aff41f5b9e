package finetune

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"edgerun/kernels/fixed"
	"edgerun/rt/op"
)

// lesson is a small network with random samples to learn from.
func lesson(t testing.TB, o Options, samples int) (*Tuner, *Samples, []int) {
	t.Helper()
	n := newNet(t, 1, 13)
	n.add(op.FullyConnected, relu(), n.constant(0.5, 11, 13), n.constant(0.1, 11))
	n.add(op.FullyConnected, nil, n.constant(0.5, 5, 11), n.constant(0.1, 5))
	o.Layers = 2
	if o.Weights != Float32 {
		n.quantize()
	}
	tuner, err := New(n.g, o)
	if err != nil {
		t.Fatal(err)
	}
	s := &Samples{Store: &records{size: tuner.RecordBytes()}}
	session := tuner.Frozen().NewSession(nil)
	r := fixed.Random(5)
	var all []int
	for i := range samples {
		if in := session.Input(0); o.Weights == Float32 {
			copy(in.F32(), random(&r, 13, 1))
		} else {
			for i := range in.I8() {
				in.I8()[i] = int8(r.Next())
			}
		}
		session.Run()
		rec := make([]byte, tuner.RecordBytes())
		tuner.Record(rec, session)
		s.Store.(*records).b = append(s.Store.(*records).b, rec...)
		s.Labels = append(s.Labels, int32(r.Next()%5))
		all = append(all, i)
	}
	return tuner, s, all
}

var adamForTest = Options{Loss: CrossEntropy, Method: Adam, Rate: 0.01, Batch: 4, Schedule: Cosine}

// TestResume: a run that was ended after any step goes on from its state, in another Tuner, to the same bits.
func TestResume(t *testing.T) {
	for name, o := range map[string]Options{
		"adam":        adamForTest,
		"momentum":    {Loss: CrossEntropy, Rate: 0.05, Momentum: 0.9, Batch: 4, Clip: 1},
		"sgd":         {Loss: CrossEntropy, Rate: 0.05, Batch: 7, Schedule: Linear},
		"codes":       {Loss: CrossEntropy, Rate: 0.05, Momentum: 0.9, Batch: 4, Weights: Int8Scaled, Seed: 3},
		"codes, adam": {Loss: CrossEntropy, Method: Adam, Rate: 0.01, Batch: 4, Weights: Int8Scaled},
	} {
		run := Run{Epochs: 4, Seed: 9, Patience: 2}
		whole, s, all := lesson(t, o, 23)
		train, hold := all[5:], all[:5]
		var states [][]byte
		run.Save = func(p *Progress) error {
			b := whole.AppendState(nil, p)
			if len(b) > whole.StateBytes(run.Epochs) {
				t.Fatalf("%s: state of %d bytes, at most %d said", name, len(b), whole.StateBytes(run.Epochs))
			}
			states = append(states, b)
			return nil
		}
		want, err := whole.Fit(s, train, hold, run)
		if err != nil {
			t.Fatal(err)
		}
		if len(states) < 2*len(want) {
			t.Fatalf("%s: %d states of %d epochs", name, len(states), len(want))
		}
		end := whole.AppendState(nil, &Progress{})
		run.Save = nil
		for i, b := range states {
			other, _, _ := lesson(t, o, 1)
			if run.From, err = other.SetState(b); err != nil {
				t.Fatal(err)
			}
			got, err := other.Fit(s, train, hold, run)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(other.AppendState(nil, &Progress{}), end) {
				t.Errorf("%s: after step %d another end", name, i)
			}
			for e := range want {
				if got[e] != want[e] {
					t.Errorf("%s: after step %d: epoch %+v, wanted %+v", name, i, got[e], want[e])
				}
			}
		}
	}
}

// TestSave: an error of Save ends a run.
func TestSave(t *testing.T) {
	tuner, s, all := lesson(t, adamForTest, 12)
	wanted := errors.New("enough")
	steps := 0
	_, err := tuner.Fit(s, all, nil, Run{Epochs: 9, Save: func(*Progress) error {
		if steps++; steps == 4 {
			return wanted
		}
		return nil
	}})
	if !errors.Is(err, wanted) || steps != 4 {
		t.Errorf("error %v after %d steps", err, steps)
	}
}

// TestNoAllocations: steps and measuring allocate nothing, and a whole run little besides the best weights that are said.
func TestNoAllocations(t *testing.T) {
	tuner, s, all := lesson(t, adamForTest, 64)
	if n := testing.AllocsPerRun(10, func() {
		if _, err := tuner.Step(s, all[:4], 0.01); err != nil {
			t.Fatal(err)
		}
		if _, _, err := tuner.Loss(s, all[:9]); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a step allocates %g times", n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := tuner.Fit(s, all[8:], all[:8], Run{Epochs: 20}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	const little = 8 << 10 // order, epochs, slices of the best weights
	if n := int(after.TotalAlloc - before.TotalAlloc); n > tuner.KeepBytes()+little {
		t.Errorf("a run of 20 epochs allocates %d bytes, %d are the best weights", n, tuner.KeepBytes())
	}
}

// FuzzState: any bytes are a state or an error.
func FuzzState(f *testing.F) {
	tuner, s, all := lesson(f, adamForTest, 12)
	if _, err := tuner.Fit(s, all, all[:3], Run{Epochs: 3, Save: func(p *Progress) error {
		f.Add(tuner.AppendState(nil, p))
		return nil
	}}); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(stateMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := tuner.SetState(b)
		if err != nil {
			if !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
			return
		}
		if got := tuner.AppendState(nil, p); !bytes.Equal(got, b) {
			t.Fatalf("state of %d bytes comes back as %d others", len(b), len(got))
		}
	})
}
