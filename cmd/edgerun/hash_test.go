package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
	"edgerun/rt/graph"
	"edgerun/rt/op/optest"
)

// hashFile pins the SHA-256 of the outputs for the first 5, 20, 200 and all test samples (0). Every kernel set of every
// machine, with any number of threads, must give them. With EDGERUN_UPDATE set, TestOneHash writes it.
const hashFile = "../../testdata/hashes.txt"

// readHashes returns the pinned hashes by hashKey.
func readHashes(t testing.TB) map[string]string {
	t.Helper()
	lines, err := readLines(hashFile)
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]string{}
	for _, l := range lines {
		key, hash, _ := strings.Cut(l, ": ")
		pinned[key] = hash
	}
	return pinned
}

func (n *testNet) hashKey(int8 bool, samples int) string {
	return fmt.Sprint(n.name, " ", forms[int8], " ", samples)
}

// writeHashes pins the hashes that the fastest set gives.
func writeHashes(t *testing.T) {
	var b strings.Builder
	for _, n := range testNets {
		for _, int8 := range []bool{false, true} {
			for _, samples := range []int{5, 20, 200, 0} {
				fmt.Fprintf(&b, "%s: %s\n", n.hashKey(int8, samples), n.hashOutputs(t, n.model(t, int8), kernels.Best(), 1, samples))
			}
		}
	}
	if err := os.WriteFile(hashFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func emulated() bool { return os.Getenv("EDGERUN_UNDER_QEMU") != "" }

func compile(t testing.TB, g *graph.Graph) *rt.Session {
	t.Helper()
	prog, err := rt.Compile(g, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return prog.NewSession(nil)
}

// hashOutputs runs the first samples, or all for 0, and hashes the outputs as they are in memory.
func (n *testNet) hashOutputs(t testing.TB, m *model, set *kernels.Set, threads, samples int) string {
	t.Helper()
	prog, err := rt.Compile(m.Graph, rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	pool := rt.NewPool(threads)
	defer pool.Close()
	s := prog.NewSession(pool)
	feed := n.samples(t, m, samples)
	h := sha256.New()
	for i := range feed.Len() {
		if err := feed.Fill(i, s); err != nil {
			t.Fatal(err)
		}
		s.Run()
		h.Write(s.Output(0).Bytes())
	}
	return hex.EncodeToString(h.Sum(nil))
}

var forms = map[bool]string{false: "float32", true: "int8"}

// TestOneHash runs the networks in both element types on every kernel set with 1, 2 and 3 threads, over the first 20
// test samples, or 5 under an emulator. With EDGERUN_FULL set these are all, or 200, and the hashes are printed.
func TestOneHash(t *testing.T) {
	samples, full := 20, os.Getenv("EDGERUN_FULL") != ""
	switch {
	case full && emulated():
		samples = 200
	case full:
		samples = 0
	case emulated():
		samples = 5
	}
	if os.Getenv("EDGERUN_UPDATE") != "" {
		writeHashes(t)
	}
	pinned := readHashes(t)
	for _, n := range testNets {
		for _, int8 := range []bool{false, true} {
			t.Run(n.name+" "+forms[int8], func(t *testing.T) {
				m, want := n.model(t, int8), pinned[n.hashKey(int8, samples)]
				for k, set := range optest.Sets(emulated() && !full) {
					for threads := 1; threads <= 3; threads++ {
						if k == 0 && (emulated() || !full) && threads > 1 {
							continue // the slowest set takes its time
						}
						got := n.hashOutputs(t, m, set, threads, samples)
						if got != want {
							t.Errorf("%s, %d threads: hash %s of %d samples, want %s", set.Name, threads, got, samples, want)
						}
						if full {
							fmt.Printf("%s %s, %s, %d thread(s), %d samples: sha256 %s\n", n.name, forms[int8], set.Name, threads, samples, got)
						}
					}
				}
			})
		}
	}
}

// TestNoAllocation: Run allocates nothing, for all networks and element types, with 1 and 2 threads; the arena is at
// most 1.10 times what lives at once.
func TestNoAllocation(t *testing.T) {
	runs := 20
	if testing.Short() {
		runs = 1
	}
	for _, n := range testNets {
		for _, int8 := range []bool{false, true} {
			name := n.name + " " + forms[int8]
			prog, err := rt.Compile(n.model(t, int8).Graph, rt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for threads := 1; threads <= 2; threads++ {
				pool := rt.NewPool(threads)
				s := prog.NewSession(pool)
				randomInputs(s)
				if n := testing.AllocsPerRun(runs, s.Run); n != 0 {
					t.Errorf("%s, %d threads: Run allocates %v times", name, threads, n)
				}
				pool.Close()
			}
			p := prog.Plan()
			t.Logf("%s: arena %d bytes, peak %d", name, p.ArenaBytes, p.PeakBytes)
			if p.ArenaBytes*100 > p.PeakBytes*110 {
				t.Errorf("%s: arena of %d bytes for a peak of %d", name, p.ArenaBytes, p.PeakBytes)
			}
		}
	}
}
