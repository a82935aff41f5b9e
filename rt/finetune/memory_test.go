package finetune_test

import (
	"runtime"
	"testing"

	"edgerun/loader"
	"edgerun/rt"
	"edgerun/rt/finetune"
)

// TestMemory: what New allocates is what Memory says, but for the program of the frozen part and Go's own objects, and the
// keyword network's last two layers train within 256 KB beyond inference.
func TestMemory(t *testing.T) {
	const bound = 256 << 10
	for _, c := range []struct {
		path  string
		bound int
	}{{"keywords/dscnn.edge", bound}, {"digits/mlp.edge", 0}, {"digits/cnn.edge", 0}, {"gestures/gru.edge", 0}} {
		for _, m := range methods {
			o := m.Options
			o.Layers, o.MemoryBytes = 2, c.bound
			model, err := loader.ReadFile("../../testdata/"+c.path, loader.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var tuner *finetune.Tuner
			more := allocated(func() {
				if tuner, err = finetune.New(model.Graph, o); err != nil {
					t.Fatal(err)
				}
			}) - allocated(func() {
				if _, err := rt.Compile(tuner.Frozen().Graph(), rt.Options{}); err != nil {
					t.Fatal(err)
				}
			}) - tuner.Memory()
			if more < 0 || more > 96<<10 {
				t.Errorf("%s, %s: New allocates %d bytes more than its memory of %d", c.path, m.name, more, tuner.Memory())
			}
			if c.bound > 0 && tuner.Memory() > c.bound {
				t.Errorf("%s, %s: %d bytes, wanted at most %d", c.path, m.name, tuner.Memory(), c.bound)
			}
			t.Logf("%s, %s: %d bytes, %d samples at a time, %d bytes of others", c.path, m.name, tuner.Memory(), tuner.MicroBatch(), more)
		}
	}
}

// allocated returns how many bytes f allocates, garbage included.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestStepAllocates: steps allocate nothing, on one thread or more, and neither does the loss of samples.
func TestStepAllocates(t *testing.T) {
	pool := rt.NewPool(2)
	defer pool.Close()
	for _, path := range []string{"keywords/dscnn.edge", "digits/mlp.edge"} {
		for _, m := range methods {
			for _, pool := range []*rt.Pool{nil, pool} {
				o := m.Options
				o.Layers, o.Pool, o.Clip, o.Smoothing = 2, pool, 1, 0.1
				tuner, s := tune(t, path, o)
				batch := []int{3, 1, 4, 1, 5, 9, 2, 6, 5}
				n := testing.AllocsPerRun(3, func() {
					if _, err := tuner.Step(s, batch, 1e-3); err != nil {
						t.Fatal(err)
					}
					if _, _, err := tuner.Loss(s, batch); err != nil {
						t.Fatal(err)
					}
				})
				if n != 0 {
					t.Errorf("%s, %s: %v allocations a step", path, m.name, n)
				}
			}
		}
	}
}
