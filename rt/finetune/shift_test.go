package finetune_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/finetune"
	"edgerun/rt/graph"
)

// handwriting returns pictures of MNIST's test set as the digits networks see them, and their labels.
func handwriting(t testing.TB) (x [][]float32, labels []int32) {
	t.Helper()
	read := func(name string, header int) []byte {
		f, err := os.Open(filepath.Join("../../../shared/data/mnist", name))
		if err != nil {
			t.Skip(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return b[header:]
	}
	pixels := read("t10k-images-idx3-ubyte.gz", 16)
	for i, l := range read("t10k-labels-idx1-ubyte.gz", 8) {
		p := make([]float32, 28*28)
		for k := range p {
			p[k] = (float32(pixels[i*28*28+k])/255 - 0.1307) / 0.3081
		}
		x, labels = append(x, p), append(labels, int32(l))
	}
	return x, labels
}

// lesson is a network whose end is trained, and samples.
type lesson struct {
	graph       *graph.Graph
	x           [][]float32
	labels      []int32
	learn, test []int
}

func read(t testing.TB, path string) *graph.Graph {
	t.Helper()
	m, err := loader.ReadFile("../../testdata/"+path, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Graph
}

// newLesson takes the first samples of each class to learn from, and at most so many others to test with.
func newLesson(g *graph.Graph, x [][]float32, labels []int32, each, most int) *lesson {
	l := &lesson{graph: g, x: x, labels: labels}
	seen := map[int32]int{}
	for i, c := range labels {
		if seen[c]++; seen[c] <= each {
			l.learn = append(l.learn, i)
		} else if len(l.test) < most {
			l.test = append(l.test, i)
		}
	}
	return l
}

// features runs the frozen part over all samples.
func (l *lesson) features(t testing.TB, tuner *finetune.Tuner) *finetune.Samples {
	t.Helper()
	store := &memory{size: tuner.RecordBytes(), b: make([]byte, len(l.x)*tuner.RecordBytes())}
	s := tuner.Frozen().NewSession(nil)
	for _, i := range append(l.learn, l.test...) {
		copy(s.Input(0).F32(), l.x[i])
		s.Run()
		tuner.Record(store.b[i*store.size:(i+1)*store.size], s)
	}
	return &finetune.Samples{Store: store, Labels: l.labels}
}

// accuracy is that of a network as it runs, in percent, over the samples to test whose class counts; nil: all.
func (l *lesson) accuracy(t testing.TB, g *graph.Graph, counts func(class int32) bool) float64 {
	t.Helper()
	p, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession(nil)
	right, n := 0, 0
	for _, i := range l.test {
		if counts != nil && !counts(l.labels[i]) {
			continue
		}
		copy(s.Input(0).F32(), l.x[i])
		s.Run()
		best := 0
		y := s.Output(0).F32()
		for c, v := range y {
			if v > y[best] {
				best = c
			}
		}
		n++
		if best == int(l.labels[i]) {
			right++
		}
	}
	return 100 * float64(right) / float64(n)
}

// TestShift: networks that learned printed digits learn handwriting. Codes as weights end within 1.5 points of float32
// weights, and above codes whose gradients are not scaled, at the same rate.
func TestShift(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	x, labels := handwriting(t)
	for _, c := range []struct {
		path   string
		layers int
	}{{"digits/mlp.edge", 1}, {"digits/mlp.edge", 2}, {"digits/cnn.edge", 2}} {
		l := newLesson(read(t, c.path), x, labels, 50, 2000)
		before := l.accuracy(t, l.graph, nil)
		var s *finetune.Samples
		var after [3]float64
		var bytes [3]int
		for _, w := range []finetune.Weights{finetune.Float32, finetune.Int8Scaled, finetune.Int8Plain} {
			tuner, err := finetune.New(l.graph, finetune.Options{Layers: c.layers, Weights: w, Rate: 0.005, Momentum: 0.9, Schedule: finetune.Cosine, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if s == nil {
				s = l.features(t, tuner)
			}
			if _, err := tuner.Fit(s, l.learn, nil, finetune.Run{Epochs: 10, Seed: 2}); err != nil {
				t.Fatal(err)
			}
			g, err := tuner.Result(s, l.learn)
			if err != nil {
				t.Fatal(err)
			}
			after[w], bytes[w] = l.accuracy(t, g, nil), tuner.Memory()
		}
		t.Logf("%s, last %d layers: before %.1f %%; float32 %.1f %% (%d bytes), codes with scaled gradients %.1f %% (%d bytes), plain %.1f %%",
			c.path, c.layers, before, after[0], bytes[0], after[1], bytes[1], after[2])
		if after[finetune.Int8Scaled] < after[finetune.Float32]-1.5 {
			t.Errorf("%s: codes end at %.1f %%, float32 weights at %.1f", c.path, after[finetune.Int8Scaled], after[finetune.Float32])
		}
		if after[finetune.Int8Scaled] <= after[finetune.Int8Plain] {
			t.Errorf("%s: scaled gradients end at %.1f %%, plain ones at %.1f", c.path, after[finetune.Int8Scaled], after[finetune.Int8Plain])
		}
		if after[finetune.Int8Scaled] < before+5 {
			t.Errorf("%s: from %.1f to %.1f %%", c.path, before, after[finetune.Int8Scaled])
		}
		if bytes[finetune.Int8Scaled] >= bytes[finetune.Float32] {
			t.Errorf("%s: codes take %d bytes, float32 weights %d", c.path, bytes[finetune.Int8Scaled], bytes[finetune.Float32])
		}
	}
}

// TestCodedMemory: codes train in less memory than float32 weights, most so where there are many.
func TestCodedMemory(t *testing.T) {
	for _, c := range []struct {
		path string
		part float64
	}{{"keywords/dscnn.edge", 0.9}, {"digits/cnn.edge", 0.45}} {
		for _, batch := range []int{1, 16} {
			var bytes [2]int
			for _, w := range []finetune.Weights{finetune.Float32, finetune.Int8Scaled} {
				tuner, err := finetune.New(read(t, c.path), finetune.Options{Layers: 2, Weights: w, Momentum: 0.9, Batch: batch})
				if err != nil {
					t.Fatal(err)
				}
				bytes[w] = tuner.Memory()
			}
			t.Logf("%s, %d samples at a time: float32 %d bytes, codes %d", c.path, batch, bytes[0], bytes[1])
			if batch == 1 && float64(bytes[finetune.Int8Scaled]) > c.part*float64(bytes[finetune.Float32]) {
				t.Errorf("%s: codes take %d bytes, float32 weights %d", c.path, bytes[1], bytes[0])
			}
		}
	}
}
