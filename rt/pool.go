package rt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Pool is a team of goroutines that sessions share. Its caller is worker 0.
//
// A session that finds the pool busy with another one works alone: sharing a pool never blocks. Workers look for
// work for a few microseconds after the last piece, then sleep. The caller waits only for workers that have begun:
// one that is slow to wake finds the work done and misses nothing.
type Pool struct {
	threads int
	busy    sync.Mutex
	wake    []chan struct{} // by worker − 1
	asleep  []atomic.Bool   // by worker
	closed  atomic.Bool

	// epoch is odd while a job is open to workers. A worker counts itself into joined, then looks at epoch once more:
	// either it sees the job closed, or the caller, who closes and then waits for joined to be 0, sees it.
	epoch  atomic.Uint32
	joined atomic.Int32

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
	p := &Pool{threads: threads, asleep: make([]atomic.Bool, threads), wake: make([]chan struct{}, threads-1)}
	for i := range p.wake {
		p.wake[i] = make(chan struct{}, 1)
	}
	for i := range p.wake {
		go p.loop(i + 1)
	}
	return p
}

// Threads returns the number of workers.
func (p *Pool) Threads() int { return p.threads }

// Close ends the pool's goroutines. No session may use the pool afterwards.
func (p *Pool) Close() {
	p.busy.Lock()
	defer p.busy.Unlock()
	p.closed.Store(true)
	for i := range p.wake {
		p.rouse(i + 1)
	}
}

// rouse wakes a worker if it sleeps; a token left over from before wakes it once for nothing.
func (p *Pool) rouse(worker int) {
	select {
	case p.wake[worker-1] <- struct{}{}:
	default:
	}
}

// spins is how often a worker looks for new work before it sleeps: some 20 µs.
const spins = 4000

func (p *Pool) loop(worker int) {
	for seen := uint32(0); ; {
		e := p.await(worker, seen)
		if p.closed.Load() {
			return
		}
		p.joined.Add(1)
		if p.epoch.Load() == e {
			p.drain(worker)
		}
		p.joined.Add(-1)
		seen = e
	}
}

// await returns when a job other than seen is open, with its epoch, or when the pool is closed.
func (p *Pool) await(worker int, seen uint32) uint32 {
	for i := 0; ; i++ {
		e := p.epoch.Load()
		if e&1 == 1 && e != seen || p.closed.Load() {
			return e
		}
		if i < spins {
			continue
		}
		p.asleep[worker].Store(true)
		// Look once more: the caller raises epoch before it reads asleep.
		if e := p.epoch.Load(); !(e&1 == 1 && e != seen) && !p.closed.Load() {
			<-p.wake[worker-1]
		}
		p.asleep[worker].Store(false)
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

// Do calls f for the tasks [0, tasks) and returns when all are done; worker, less than Threads, tells the goroutine. The
// result cannot depend on which worker did what. A nil pool, and one that is busy, works on the caller alone. Do allocates
// nothing.
func (p *Pool) Do(tasks int, f func(worker, task int)) { p.run(function(f), tasks) }

type function func(worker, task int)

func (f function) work(worker, task int) { f(worker, task) }

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
	p.epoch.Add(1)
	for i := 1; i < min(p.threads, tasks); i++ {
		if p.asleep[i].Load() {
			p.rouse(i)
		}
	}
	p.drain(0)
	p.epoch.Add(1)
	for i := 0; p.joined.Load() != 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
	p.job = nil
	p.busy.Unlock()
}
