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
