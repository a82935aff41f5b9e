package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// emulatedCPU is a core with the kernel sets that it must have, the packages that run on it, the longest first, all but
// hostPackages if none are named, and the tests of these that it leaves out.
type emulatedCPU struct {
	arch, cpu, sets string
	packages        []string
	skip            string
}

// hostTests reach no kernel and no arithmetic that a core could do otherwise: what is read of hostile files, found by
// calibration or written by the command.
const hostTests = "Mutations|Malformed|Refus|Memory|Bomb|TestSearch|TestSquaredError|TestImports|TestTraceFile|" + tuningTests

// tuningTests compare gradients with differences and PyTorch, and the commands around training; that a core trains to the same
// bits, TestSameBits shows with pinned hashes.
const tuningTests = "TestGradient|TestMeanGradients|TestMeanOf|TestAttribution|TestClassActivation|TestImprint|TestNewClass|TestTorch|TestShift|TestCoded|TestMerged|TestNudge|TestPlain$|TestUncoded|TestStep(s?Allocate|Forgets)|TestReservoir|TestReplay|TestResume|TestSave$|TestHeat|TestTunedBytes|TestInterrupt|TestKills|TestSplits|TestFullDisk|TestUpsideDown"

// hostPackages have neither kernels nor arithmetic of a device: importers, passes, plans and files. What networks of
// theirs compute, rt, quant and quant/tflite compute too.
var hostPackages = []string{"loader", "quant/onnx", "quant/pass", "rt/graph", "rt/observe", "rt/plan"}

// Go's own code and float arithmetic is the same on each core of a kind, so only the first runs all of it.
var emulatedCPUs = []emulatedCPU{
	{"arm64", "cortex-a53", "generic,neon", nil, hostTests},
	{"arm64", "cortex-a76", "generic,neon,dotprod", []string{"quant", "quant/tflite", "cmd/edgerun", "rt", "kernels", "rt/op", "kernels/arm64"}, hostTests + "|TestPyTorch|TestStream(Form|FrontEnd|Random)|TestDynamicRange"},
	{"arm64", "max", "generic,neon,dotprod", []string{"kernels", "rt/op"}, ""}, // no set of its own: kernels called directly
	// Cores without AVX-512: what is wrongly chosen or encoded stops with an illegal instruction, which the host would run.
	{"amd64", "Haswell", "generic,avx2", []string{"rt", "kernels", "rt/op"}, hostTests},
	{"amd64", "Nehalem", "generic", []string{"rt", "kernels", "rt/op"}, hostTests},
}

var emulators = map[string]string{"arm64": "qemu-aarch64", "amd64": "qemu-x86_64"}

// emulatedRun is a package's tests on a core.
type emulatedRun struct {
	emulatedCPU
	pkg  string
	out  []byte
	err  error
	took time.Duration // of processors
	done chan struct{}
}

// testedPackages lists the packages that have tests, those first that take the longest.
func testedPackages(t *testing.T) []string {
	all := []string{"cmd/edgerun", "quant/tflite", "quant", "rt", "quant/calib"}
	list := goCommand(t, nil, "list", "-f", `{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}`, "./...")
	for _, p := range strings.Fields(list) {
		if p = strings.TrimPrefix(p, module); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// TestEmulated cross-compiles tests and runs them under qemu, as many at a time as there are cores, the longest first.
// With EDGERUN_FULL set these are all tests of all packages on the Arm cores. Without qemu it skips, and fails where
// EDGERUN_REQUIRE_QEMU is set.
func TestEmulated(t *testing.T) {
	if emulated() || testing.Short() {
		t.Skip("runs on the host, without -short")
	}
	for _, qemu := range emulators {
		if _, err := exec.LookPath(qemu); err != nil {
			if os.Getenv("EDGERUN_REQUIRE_QEMU") != "" {
				t.Fatalf("%s is required and not installed (Debian package qemu-user)", qemu)
			}
			t.Skipf("%s is not installed (Debian package qemu-user): other cores are not tested", qemu)
		}
	}
	dir := t.TempDir()
	var runs []*emulatedRun
	build := map[string][]string{}
	for _, c := range emulatedCPUs {
		switch {
		case os.Getenv("EDGERUN_FULL") != "" && c.arch == "arm64":
			c.packages, c.skip = testedPackages(t), ""
		case c.packages == nil:
			c.packages = slices.DeleteFunc(testedPackages(t), func(p string) bool { return slices.Contains(hostPackages, p) })
		}
		for _, p := range c.packages {
			runs = append(runs, &emulatedRun{emulatedCPU: c, pkg: p, done: make(chan struct{})})
			if !slices.Contains(build[c.arch], "./"+p) {
				build[c.arch] = append(build[c.arch], "./"+p)
			}
		}
	}
	for arch, packages := range build {
		out := filepath.Join(dir, arch) + "/"
		goCommand(t, []string{"GOOS=linux", "GOARCH=" + arch}, append([]string{"test", "-c", "-vet=off", "-o", out}, packages...)...)
	}
	slices.SortStableFunc(runs, func(a, b *emulatedRun) int { return slices.Index(a.packages, a.pkg) - slices.Index(b.packages, b.pkg) })
	queue := make(chan *emulatedRun, len(runs))
	for _, r := range runs {
		queue <- r
	}
	close(queue)
	top := root(t)
	for range runtime.NumCPU() {
		go func() {
			for r := range queue {
				r.run(dir, top)
			}
		}()
	}
	for _, r := range runs {
		t.Run(r.cpu+"/"+r.pkg, func(t *testing.T) {
			<-r.done
			t.Logf("%.1f s of processors", r.took.Seconds())
			if r.err != nil {
				t.Errorf("%v\n%s", r.err, tail(r.out))
			}
			if !strings.Contains(string(r.out), "PASS") || strings.Contains(string(r.out), "no tests to run") {
				t.Errorf("no tests ran:\n%s", tail(r.out))
			}
		})
	}
}

func (r *emulatedRun) run(dir, root string) {
	defer close(r.done)
	args := []string{"-cpu", r.cpu, filepath.Join(dir, r.arch, path.Base(r.pkg)+".test"), "-test.short"}
	if r.skip != "" {
		args = append(args, "-test.skip", r.skip)
	}
	cmd := exec.Command(emulators[r.arch], args...)
	cmd.Dir = filepath.Join(root, r.pkg)
	cmd.Env = append(os.Environ(), "EDGERUN_UNDER_QEMU=1", "EDGERUN_FULL=", "EDGERUN_REQUIRE_SETS="+r.sets)
	if r.out, r.err = cmd.CombinedOutput(); cmd.ProcessState != nil {
		r.took = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
}

func tail(b []byte) string {
	const keep = 4000
	if len(b) > keep {
		return fmt.Sprintf("… %s", b[len(b)-keep:])
	}
	return string(b)
}
