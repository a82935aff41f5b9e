package finetune_test

import (
	"fmt"
	"testing"
	"time"

	"edgerun/kernels/fixed"
	"edgerun/loader"
	"edgerun/rt/finetune"
)

// memory holds features one after the other.
type memory struct {
	size int
	b    []byte
}

func (m *memory) Get(i int, record []byte) error {
	copy(record, m.b[i*m.size:(i+1)*m.size])
	return nil
}

// tune prepares training of a network in testdata, on random features with labels.
func tune(t testing.TB, path string, o finetune.Options) (*finetune.Tuner, *finetune.Samples) {
	t.Helper()
	m, err := loader.ReadFile("../../testdata/"+path, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tuner, err := finetune.New(m.Graph, o)
	if err != nil {
		t.Fatal(err)
	}
	const samples = 64
	store := &memory{size: tuner.RecordBytes(), b: make([]byte, samples*tuner.RecordBytes())}
	s := &finetune.Samples{Store: store}
	r := fixed.Random(5)
	for i := range store.b {
		store.b[i] = byte(r.Next())
	}
	for i := range samples {
		s.Labels = append(s.Labels, int32(i%tuner.Outputs()))
	}
	return tuner, s
}

var methods = []struct {
	name string
	finetune.Options
}{
	{"sgd", finetune.Options{Momentum: 0.9, Decay: 1e-4}},
	{"adam", finetune.Options{Method: finetune.Adam, Decay: 1e-4}},
	{"codes", finetune.Options{Momentum: 0.9, Decay: 1e-4, Weights: finetune.Int8Scaled}},
}

// BenchmarkStep takes a step of sixteen samples; best-ns is the fastest of all, on a machine that does other things too.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		path   string
		layers int
	}{{"digits/cnn.edge", 1}, {"digits/cnn.edge", 2}, {"digits/mlp.edge", 2}, {"keywords/dscnn.edge", 2}} {
		for _, m := range methods {
			b.Run(fmt.Sprintf("%s/%d/%s", c.path, c.layers, m.name), func(b *testing.B) {
				o := m.Options
				o.Layers = c.layers
				tuner, s := tune(b, c.path, o)
				batch := make([]int, 16)
				best := time.Hour
				for i := 0; b.Loop(); i++ {
					for k := range batch {
						batch[k] = (16*i + k) % 64
					}
					begin := time.Now()
					if _, err := tuner.Step(s, batch, 1e-6); err != nil {
						b.Fatal(err)
					}
					best = min(best, time.Since(begin))
				}
				b.ReportMetric(float64(best.Nanoseconds()), "best-ns")
			})
		}
	}
}
