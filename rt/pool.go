package rt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Pool is a team of goroutines that sessions share. Its caller is worker 0.
//
// A session that finds the pool busy with another one works alone: sharing a pool never blocks. Workers look for
// work for a few microseconds after the last piece, then sleep.
type Pool struct {
	threads int
	busy    sync.Mutex
	wake    []chan struct{}
	asleep  []atomic.Bool
	epoch   atomic.Uint32
	running atomic.Int32
	closed  atomic.Bool

	job   job
	tasks int32
	next  atomic.Int32
}

// job is a step being run: work does one task on a worker.
type job interface{ work(worker, task int) }

// NewPool returns a pool of the given number of threads, the caller included; 0 means one for each CPU. A pool of one
// thread starts no goroutine. Close ends the goroutines.
func NewPool(threads int) *Pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: threads, asleep: make([]atomic.Bool, threads)}
	for i := 1; i < threads; i++ {
		p.wake = append(p.wake, make(chan struct{}, 1))
		go p.loop(i)
	}
	return p
}

// Threads returns the number of workers.
func (p *Pool) Threads() int { return p.threads }

// Close ends the pool's goroutines once they are idle. No session may use the pool afterwards.
func (p *Pool) Close() {
	p.busy.Lock()
	defer p.busy.Unlock()
	p.closed.Store(true)
	p.epoch.Add(1)
	for _, c := range p.wake {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// spins is how often a worker looks for new work before it sleeps: some 20 µs.
const spins = 4000

func (p *Pool) loop(worker int) {
	seen := uint32(0)
	for {
		for i := 0; p.epoch.Load() == seen; i++ {
			if i < spins {
				continue
			}
			p.asleep[worker].Store(true)
			// Look once more: the caller reads asleep after it has raised the epoch.
			if p.epoch.Load() == seen {
				<-p.wake[worker-1]
			}
			p.asleep[worker].Store(false)
		}
		seen = p.epoch.Load()
		if p.closed.Load() {
			return
		}
		p.drain(worker)
		p.running.Add(-1)
	}
}

func (p *Pool) drain(worker int) {
	for {
		t := p.next.Add(1) - 1
		if t >= p.tasks {
			return
		}
		p.job.work(worker, int(t))
	}
}

// run does tasks [0, tasks) of j and returns when all are done. The result cannot depend on which worker did what.
func (p *Pool) run(j job, tasks int) {
	if p == nil || p.threads == 1 || tasks < 2 || !p.busy.TryLock() {
		for t := range tasks {
			j.work(0, t)
		}
		return
	}
	p.job, p.tasks = j, int32(tasks)
	p.next.Store(0)
	p.running.Store(int32(p.threads - 1))
	p.epoch.Add(1)
	for i := 1; i < p.threads; i++ {
		if p.asleep[i].Load() {
			select {
			case p.wake[i-1] <- struct{}{}:
			default:
			}
		}
	}
	p.drain(0)
	for i := 0; p.running.Load() != 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
	p.job = nil
	p.busy.Unlock()
}
