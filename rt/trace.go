package rt

import "time"

// Trace records when each worker of a session worked on which step. It has a ring of slices for each worker, allocated
// once: when one is full its oldest slices are overwritten. Read it between Runs.
type Trace struct {
	session *Session
	begin   time.Time
	run     int32
	step    int32
	workers []traceRing
	runs    traceRing
}

// Slice is the time that a worker spent on one step of one Run: from the beginning of its first task to the end of its
// last.
type Slice struct {
	Run, Step  int32 // counted from 0; a slice of a whole Run has step −1
	Tasks      int32
	Start, End time.Duration // since the trace was made
}

// traceRing belongs to one worker. The padding keeps neighbours' writes off its cache lines.
type traceRing struct {
	slices []Slice
	n      int // slices ever begun
	_      [128 - 32]byte
}

// NewTrace returns a trace for the session that keeps the last slices of each worker.
func (s *Session) NewTrace(slices int) *Trace {
	t := &Trace{session: s, begin: time.Now(), run: -1, workers: make([]traceRing, len(s.workers))}
	slices = max(slices, 1)
	t.runs.slices = make([]Slice, slices)
	for i := range t.workers {
		t.workers[i].slices = make([]Slice, slices)
	}
	return t
}

// SetTrace begins tracing, which costs two looks at the clock a task and allocates nothing; nil ends it. A session that
// is not traced does nothing for it in its tasks.
func (s *Session) SetTrace(t *Trace) {
	if t != nil && t.session != s {
		panic("rt: trace of another session")
	}
	s.trace = t
}

// Runs returns a slice for each Run that is still in the ring, oldest first.
func (t *Trace) Runs() []Slice { return t.runs.all() }

// Workers returns the number of workers. Worker 0 is the caller of Run.
func (t *Trace) Workers() int { return len(t.workers) }

// Worker returns the slices of a worker that are still in its ring, oldest first. They do not overlap.
func (t *Trace) Worker(i int) []Slice { return t.workers[i].all() }

func (r *traceRing) all() []Slice {
	size := len(r.slices)
	if r.n <= size {
		return append([]Slice(nil), r.slices[:r.n]...)
	}
	return append(append([]Slice(nil), r.slices[r.n%size:]...), r.slices[:r.n%size]...)
}

func (r *traceRing) next() *Slice {
	s := &r.slices[r.n%len(r.slices)]
	r.n++
	return s
}

func (t *Trace) beginRun() {
	t.run++
	*t.runs.next() = Slice{Run: t.run, Step: -1, Start: time.Since(t.begin)}
}

func (t *Trace) endRun() { t.runs.slices[(t.runs.n-1)%len(t.runs.slices)].End = time.Since(t.begin) }

// work is the pool's job in place of the session's.
func (t *Trace) work(worker, task int) {
	start := time.Since(t.begin)
	t.session.work(worker, task)
	r := &t.workers[worker]
	var s *Slice
	if r.n > 0 {
		s = &r.slices[(r.n-1)%len(r.slices)]
	}
	if s == nil || s.Run != t.run || s.Step != t.step {
		s = r.next()
		*s = Slice{Run: t.run, Step: t.step, Start: start}
	}
	s.Tasks++
	s.End = time.Since(t.begin)
}
