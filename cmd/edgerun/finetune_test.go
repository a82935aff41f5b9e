package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgerun/kernels"
	"edgerun/loader"
	"edgerun/rt"
)

// aside is a folder with a copy of the smallest network that reads digits.
func aside(t *testing.T) (model string, old []byte) {
	t.Helper()
	old, err := os.ReadFile("../../testdata/digits/mlp.edge")
	if err != nil {
		t.Fatal(err)
	}
	model = filepath.Join(t.TempDir(), "m.edge")
	if err := os.WriteFile(model, old, 0o644); err != nil {
		t.Fatal(err)
	}
	return model, old
}

// digitLesson are flags that teach a network digits which it knows, so that little changes but all bytes of the layer.
var digitLesson = []string{"--data", "../../testdata/digits/calib_x.npy", "--labels", "../../testdata/digits/calib_y.npy", "--gate", "none"}

// TestTunedBytes: one seed gives one file, on each kernel set, with any number of threads, under any bound of memory, with
// features in memory or in a file.
func TestTunedBytes(t *testing.T) {
	model, _ := aside(t)
	var want []byte
	for i, set := range kernels.All() {
		for _, more := range [][]string{{"--cpus", "1"}, {"--cpus", "3", "--memory", "50KB", "--features-file", filepath.Join(t.TempDir(), "features")}} {
			out := filepath.Join(t.TempDir(), "out.edge")
			text := output(t, finetuneCommand(), slices.Concat([]string{model, "-o", out, "--epochs", "4", "--batch", "24", "--kernels", set.Name}, digitLesson, more)...)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = b
			}
			if !bytes.Equal(b, want) {
				t.Errorf("%s %v: other bytes than %s", set.Name, more, kernels.All()[0].Name)
			}
			var used, predicted int
			line := text[strings.Index(text, " s; ")+len(" s; "):]
			if _, err := fmt.Sscanf(line, "%d bytes beyond inference were used, %d were predicted", &used, &predicted); err != nil || used != predicted || i == 0 && more[1] == "3" && used > 50<<10 {
				t.Errorf("%s %v: %d bytes used, %d predicted, %v", set.Name, more, used, predicted, err)
			}
		}
	}
	m, err := loader.Decode(want, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != 1 || !strings.Contains(m.Meta["tuned"], "seed 1; from version 0") {
		t.Errorf("version %d, %q", m.Version, m.Meta["tuned"])
	}
}

// process is the command as a process of its own: this very test binary, by the name that TestMain knows.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getenv("EDGERUN_UNDER_QEMU") != "" {
		t.Skip("a process cannot start another one under qemu-user")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "edgerun")
	if err := os.Symlink(self, name); err != nil {
		t.Skip(err)
	}
	return exec.Command(name, args...)
}

// TestInterrupt: Ctrl-C ends a tuning within two seconds, and the same command ends it with the bytes of one that nothing
// interrupted.
func TestInterrupt(t *testing.T) {
	model, _ := aside(t)
	dir := filepath.Dir(model)
	args := slices.Concat([]string{"finetune", model, "--layers", "2", "--epochs", "12", "--patience", "0"}, digitLesson)
	whole := filepath.Join(dir, "whole.edge")
	if out, err := process(t, append(args, "-o", whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cut := filepath.Join(dir, "cut.edge")
	args = append(args, "-o", cut, "--checkpoint-seconds", "0", "--checkpoint-megabytes", "1000")
	c := process(t, args...)
	var text bytes.Buffer
	c.Stderr = &text
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		if st, err := os.Stat(cut + ".journal"); err == nil && st.Size() > 1<<20 {
			break // both slots were written
		}
		if time.Since(begin) > time.Minute {
			t.Fatal("no journal")
		}
	}
	begin := time.Now()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitSignal || !strings.Contains(text.String(), "the same command goes on from "+cut+".journal") {
		t.Errorf("%v: %s", err, &text)
	}
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("the end took %v", d)
	}
	if _, err := os.Stat(cut); err == nil {
		t.Error("half a tuning was written")
	}
	out, err := process(t, append(args, "--resume")...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "going on from") {
		t.Fatalf("%v: %s", err, out)
	}
	a, _ := os.ReadFile(whole)
	b, _ := os.ReadFile(cut)
	if !bytes.Equal(a, b) {
		t.Error("what went on has other bytes than what was not interrupted")
	}
	if left, _ := filepath.Glob(cut + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestKills kills a tuning in place at random instants: the model file is the old one or the new one, each time.
// EDGERUN_KILLS says how often.
func TestKills(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("EDGERUN_KILLS")); err == nil {
		kills = n
	} else if testing.Short() {
		kills = 4
	}
	model, old := aside(t)
	args := slices.Concat([]string{"finetune", model, "--in-place", "--epochs", "8", "--patience", "0", "--checkpoint-seconds", "0.02"}, digitLesson)
	begin := time.Now()
	if out, err := process(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole := time.Since(begin)
	tuned, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(tuned, old) {
		t.Fatal("nothing was learnt")
	}
	answers := map[string]string{"old": answerOf(t, old), "new": answerOf(t, tuned)}
	if answers["old"] == answers["new"] {
		t.Fatal("both answer alike")
	}
	if err := os.WriteFile(model, old, 0o644); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var olds, news, ended int
	for i := range kills {
		// Every other kill is where the model file changes: soon after a temporary file is there.
		var kill <-chan time.Time
		if i%2 == 0 {
			kill = time.After(time.Duration(r.Float64() * float64(whole)))
		}
		c := process(t, args...)
		begin := time.Now()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
	run:
		for kill == nil {
			select {
			case err := <-done:
				done <- err
				break run
			case <-time.After(200 * time.Microsecond):
			}
			if slices.ContainsFunc(temporary(t, filepath.Dir(model)), func(path string) bool { return !strings.Contains(path, ".journal.") }) {
				kill = time.After(time.Duration(r.Float64() * float64(20*time.Millisecond)))
			}
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			ended++
			whole = (3*whole + time.Since(begin)) / 4 // other work on the machine comes and goes
		case <-kill:
			if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			<-done
			if i%2 == 0 {
				whole += whole / 50
			}
		}
		b, err := os.ReadFile(model)
		if err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		switch got := answerOf(t, b); {
		case bytes.Equal(b, old) && got == answers["old"]:
			olds++
		case bytes.Equal(b, tuned) && got == answers["new"]:
			news++
			if err := os.WriteFile(model, old, 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("kill %d: the model file is neither the old one nor the new one", i)
		}
		for _, temp := range temporary(t, filepath.Dir(model)) {
			os.Remove(temp)
		}
	}
	t.Logf("%d kills: %d times the old file, %d times the new one; %d ended before", kills, olds, news, ended)
	if olds == 0 {
		t.Error("no kill came in time")
	}
}

// temporary returns the files that a kill leaves behind.
func temporary(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// answerOf is what a model file says to a picture of noise.
func answerOf(t *testing.T, b []byte) string {
	t.Helper()
	m, err := loader.Decode(b, loader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	prog, err := rt.Compile(m.Graph, rt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := prog.NewSession(nil)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range s.Input(0).F32() {
		s.Input(0).F32()[i] = r.Float32()
	}
	s.Run()
	return fmt.Sprint(s.Output(0).F32())
}

func TestSplits(t *testing.T) {
	class := make([]int, 100)
	all := make([]int, len(class))
	for i := range class {
		all[i] = i
		class[i] = []int{4, 4, 4, 4, 4, 4, 4, 9, 9, 7}[i%10]
	}
	count := func(some []int) (n [10]int) {
		for _, i := range some {
			n[class[i]]++
		}
		return n
	}
	train, hold := holdOut(all, class, 0.2, 3)
	if got, want := count(hold), ([10]int{4: 14, 7: 2, 9: 4}); got != want {
		t.Errorf("held out %v, want %v", got, want)
	}
	if both := slices.Sorted(slices.Values(slices.Concat(train, hold))); !slices.Equal(both, all) {
		t.Error("some sample is missing or twice")
	}
	if _, other := holdOut(all, class, 0.2, 4); slices.Equal(hold, other) {
		t.Error("another seed holds out the same")
	}
	if train, hold := holdOut(all[:9], class, 0, 3); len(hold) != 0 || len(train) != 9 {
		t.Error("a hold-out of 0")
	}
	few, rest := fewOfEach(all, class, 36, 3)
	if got, want := count(few), ([10]int{4: 13, 7: 10, 9: 13}); got != want || len(rest) != 64 {
		t.Errorf("few %v, want %v", got, want)
	}
	var dealt []int
	for _, f := range foldsOf(all, class, 3, 3) {
		if n := count(f); n[4] < 23 || n[4] > 24 || n[7] < 3 || n[7] > 4 || n[9] < 6 || n[9] > 7 || !slices.IsSorted(f) {
			t.Errorf("fold %v", n)
		}
		dealt = append(dealt, f...)
	}
	if slices.Sort(dealt); !slices.Equal(dealt, all) {
		t.Error("folds are no parts of all")
	}
	if got := without(all, few); !slices.Equal(got, rest) {
		t.Error("without")
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]int{"": 0, "1": 1, "256KB": 256 << 10, "256k": 256 << 10, "2MiB": 2 << 20, "1 GB": 1 << 30} {
		if got, err := parseBytes(s); err != nil || got != want {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"KB", "-1", "0", "1.5MB", "3TB", "1KMB", "99999999999GB", "1BK"} {
		if got, err := parseBytes(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
}

// TestFullDisk: where the disk is too small for the version before and the new one, the model file stays as it is.
func TestFullDisk(t *testing.T) {
	_, old := aside(t)
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=220k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("cannot mount a small file system: %v: %s", err, out)
	}
	defer exec.Command("umount", dir).Run()
	model := filepath.Join(dir, "m.edge")
	if err := os.WriteFile(model, old, 0o644); err != nil {
		t.Fatal(err)
	}
	c := finetuneCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetOut(&bytes.Buffer{})
	c.SetArgs(slices.Concat([]string{model, "--in-place", "--epochs", "2"}, digitLesson))
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a full disk gives %v", err)
	}
	if b, err := os.ReadFile(model); err != nil || !bytes.Equal(b, old) {
		t.Errorf("the model file is another one: %v", err)
	}
	if left := temporary(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
