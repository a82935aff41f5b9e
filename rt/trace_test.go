package rt_test

import (
	"testing"

	"edgerun/rt"
	"edgerun/rt/op/optest"
)

// TestTrace: every task of every step is in a slice, slices of a worker lie one behind the other and inside of their Run,
// a full ring keeps the latest, and nothing is allocated.
func TestTrace(t *testing.T) {
	g, err := optest.Cases()[0].Graph(7)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for threads := 1; threads <= 3; threads++ {
		pool := rt.NewPool(threads)
		s := prog.NewSession(pool)
		steps := 0
		for _, l := range prog.Layers() {
			if !l.View {
				steps++
			}
		}
		const kept, runs = 4, 30
		tr := s.NewTrace(kept * steps)
		s.SetTrace(tr)
		for range runs - 6 {
			s.Run()
		}
		if n := testing.AllocsPerRun(5, s.Run); n != 0 {
			t.Errorf("%d threads: a traced Run allocates %v times", threads, n)
		}
		s.SetTrace(nil)
		s.Run() // not traced
		all := tr.Runs()
		if len(all) != kept*steps && len(all) != runs {
			t.Fatalf("%d threads: %d runs kept", threads, len(all))
		}
		if last := all[len(all)-1]; last.Run != runs-1 || last.Step != -1 {
			t.Errorf("%d threads: the last run is %+v", threads, last)
		}
		byRun := map[int32]rt.Slice{}
		for _, r := range all {
			byRun[r.Run] = r
		}
		tasks, busy := 0, all[0].End-all[0].End
		for w := range tr.Workers() {
			end := all[0].Start - all[0].Start
			for _, sl := range tr.Worker(w) {
				if sl.Start < end || sl.End < sl.Start {
					t.Errorf("%d threads, worker %d: slice %+v overlaps what ends at %v", threads, w, sl, end)
				}
				end = sl.End
				busy += sl.End - sl.Start
				if r, ok := byRun[sl.Run]; ok && (sl.Start < r.Start || sl.End > r.End) {
					t.Errorf("%d threads, worker %d: slice %+v outside of run %+v", threads, w, sl, r)
				}
				if sl.Run == runs-1 {
					tasks += int(sl.Tasks)
				}
			}
		}
		if busy == 0 {
			t.Errorf("%d threads: all slices are empty", threads)
		}
		if tasks < steps {
			t.Errorf("%d threads: %d tasks in the last run of %d steps", threads, tasks, steps)
		}
		pool.Close()
	}
}
