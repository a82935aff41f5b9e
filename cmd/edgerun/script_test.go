package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run the command as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"edgerun": func() { os.Exit(run(os.Args[1:])) }})
}

// TestScripts runs the command line's scripts, testdata/script. $DIGITS is the folder of the built-in networks;
// nan.csv holds two samples of 784 values, the last one NaN.
func TestScripts(t *testing.T) {
	if os.Getenv("EDGERUN_UNDER_QEMU") != "" {
		t.Skip("a process cannot start another one under qemu-user")
	}
	digits, err := filepath.Abs("../../testdata/digits")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("DIGITS", digits)
			row := strings.Repeat("0.5,", 783)
			return os.WriteFile(filepath.Join(e.WorkDir, "nan.csv"), []byte(row+"1\n"+row+"NaN\n"), 0o644)
		},
		Condition: func(cond string) (bool, error) {
			_, err := exec.LookPath(cond)
			return err == nil, nil
		},
	})
}
