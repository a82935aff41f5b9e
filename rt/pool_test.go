package rt

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counter counts how often each task ran.
type counter struct{ ran []atomic.Int32 }

func (c *counter) work(_, task int) { c.ran[task].Add(1) }

// TestPool runs jobs of all sizes, with pauses that let workers fall asleep: every task runs exactly once.
func TestPool(t *testing.T) {
	for threads := 1; threads <= 4; threads++ {
		p := NewPool(threads)
		for round := range 300 {
			c := &counter{make([]atomic.Int32, round%17)}
			p.run(c, len(c.ran))
			for i := range c.ran {
				if n := c.ran[i].Load(); n != 1 {
					t.Fatalf("%d threads, round %d: task %d ran %d times", threads, round, i, n)
				}
			}
			if round%50 == 49 {
				time.Sleep(time.Millisecond)
			}
		}
		p.Close()
	}
}

// TestPoolShared: sessions that share a pool never wait for each other, and all tasks run.
func TestPoolShared(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				c := &counter{make([]atomic.Int32, 8)}
				p.run(c, 8)
				for i := range c.ran {
					if n := c.ran[i].Load(); n != 1 {
						t.Errorf("task %d ran %d times", i, n)
					}
				}
			}
		})
	}
	all.Wait()
}

// TestPoolDo: every task runs once, and a call allocates nothing.
func TestPoolDo(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	for _, p := range []*Pool{nil, p} {
		var ran [9]atomic.Int32
		f := func(worker, task int) {
			if worker < 0 || worker > 2 {
				t.Errorf("worker %d", worker)
			}
			ran[task].Add(1)
		}
		if n := testing.AllocsPerRun(10, func() { p.Do(len(ran), f) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		for i := range ran {
			if n := ran[i].Load(); n != 11 {
				t.Errorf("task %d ran %d times in 11 calls", i, n)
			}
		}
	}
}
