package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// x86CPUs are cores without AVX-512, with the sets that each must have: what is wrongly chosen or encoded stops there
// with an illegal instruction, which a newer host would run.
var x86CPUs = []struct{ cpu, sets string }{
	{"Nehalem", "generic"},
	{"Haswell", "generic,avx2"},
}

// TestX86 runs the tests of the kernels, operators and runtime under qemu on older amd64 cores. Without qemu it skips,
// and fails where EDGERUN_REQUIRE_QEMU is set.
func TestX86(t *testing.T) {
	if os.Getenv("EDGERUN_UNDER_QEMU") != "" || testing.Short() {
		t.Skip("runs on the host, without -short")
	}
	qemu, err := exec.LookPath("qemu-x86_64")
	if err != nil {
		if os.Getenv("EDGERUN_REQUIRE_QEMU") != "" {
			t.Fatal("qemu-x86_64 is required and not installed (Debian package qemu-user)")
		}
		t.Skip("qemu-x86_64 is not installed (Debian package qemu-user): older amd64 cores are not tested")
	}
	dir := t.TempDir()
	packages := []string{"kernels", "rt/op", "rt"}
	args := []string{"test", "-c", "-o", dir + "/"}
	for _, p := range packages {
		args = append(args, "./"+p)
	}
	goCommand(t, []string{"GOOS=linux", "GOARCH=amd64"}, args...)
	for _, c := range x86CPUs {
		for _, p := range packages {
			t.Run(c.cpu+"/"+p, func(t *testing.T) {
				t.Parallel()
				cmd := exec.Command(qemu, "-cpu", c.cpu, filepath.Join(dir, path.Base(p)+".test"), "-test.short")
				cmd.Dir = filepath.Join(root(t), p)
				cmd.Env = append(os.Environ(), "EDGERUN_UNDER_QEMU=1", "EDGERUN_REQUIRE_SETS="+c.sets)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("%v\n%s", err, tail(out))
				}
				if !strings.Contains(string(out), "PASS") {
					t.Errorf("no tests ran:\n%s", tail(out))
				}
			})
		}
	}
}
