package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"edgerun/kernels"
	"edgerun/rt"
)

// TestTargets: what inspect tells of a board from here is what the board's own binary tells, to the byte. Emulated cores
// stand for the boards.
func TestTargets(t *testing.T) {
	if emulated() || testing.Short() {
		t.Skip("runs on the host, without -short")
	}
	qemu, err := exec.LookPath("qemu-aarch64")
	if err != nil {
		if os.Getenv("EDGERUN_REQUIRE_QEMU") != "" {
			t.Fatal("qemu-aarch64 is required and not installed (Debian package qemu-user)")
		}
		t.Skip("qemu-aarch64 is not installed (Debian package qemu-user): boards are not asked")
	}
	binary := filepath.Join(t.TempDir(), "edgerun")
	goCommand(t, []string{"GOOS=linux", "GOARCH=arm64"}, "build", "-tags", "nodemo", "-o", binary, "./cmd/edgerun")
	models := []string{testNets[0].edge(), testNets[1].edge(), testNets[1].onnx(), testNets[2].edge(), "../../testdata/onnx/conv_all.onnx"}
	for _, b := range []struct{ target, cpu string }{{"pi3", "cortex-a53"}, {"pi4", "cortex-a72"}, {"pi5", "cortex-a76"}} {
		for _, path := range models {
			out, err := exec.Command(qemu, "-cpu", b.cpu, binary, "inspect", path, "--threads", "4", "--json").Output()
			if err != nil {
				t.Fatal(err)
			}
			var board inspection
			if err := json.Unmarshal(out, &board); err != nil {
				t.Fatal(err)
			}
			here := planFor(t, path, b.target, 4)
			t.Logf("%s on %s: %s kernels, %d bytes in all", path, b.target, here.Kernels, here.Total)
			if !reflect.DeepEqual(board.Layers, here.Layers) || board.Memory != here.Memory || board.Total != here.Total || board.Kernels != here.Kernels {
				t.Errorf("%s on %s: %s kernels, %+v, %d in all; its own binary says %s, %+v, %d", path, b.target,
					here.Kernels, here.Memory, here.Total, board.Kernels, board.Memory, board.Total)
			}
		}
	}
}

func planFor(t *testing.T, path, target string, threads int) *inspection {
	t.Helper()
	m, err := openModel(path)
	if err != nil {
		t.Fatal(err)
	}
	set, err := targetSet(target)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := rt.Compile(m.Graph, rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	in, err := inspect(m, prog, threads)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestForeignSession: a program for another machine makes no session.
func TestForeignSession(t *testing.T) {
	set, err := kernels.LookupAny("neon")
	if err != nil {
		t.Fatal(err)
	}
	if !set.Foreign {
		t.Skip("neon is this machine's own")
	}
	prog, err := rt.Compile(network(t, "mlp", true), rt.Options{Kernels: set})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a session of kernels that are not here")
		}
	}()
	prog.NewSession(nil)
}
