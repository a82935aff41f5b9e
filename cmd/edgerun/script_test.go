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

// TestScripts runs the command line's scripts, testdata/script. $DIGITS is the folder of the built-in networks,
// $TASKS that of the networks for other tasks, $TFLITE that of .tflite files; nan.csv holds two samples of 784 values, the last one NaN, sounds what
// writeSounds writes.
func TestScripts(t *testing.T) {
	if emulated() {
		t.Skip("a process cannot start another one under qemu-user")
	}
	digits, err := filepath.Abs("../../testdata/digits")
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := filepath.Abs("../../testdata/tasks")
	if err != nil {
		t.Fatal(err)
	}
	models, err := filepath.Abs("../../testdata/tflite")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("DIGITS", digits)
			e.Setenv("TASKS", tasks)
			e.Setenv("TFLITE", models)
			e.Setenv("SEQ", filepath.Dir(tasks))
			if err := writeSounds(filepath.Join(e.WorkDir, "sounds")); err != nil {
				return err
			}
			row := strings.Repeat("0.5,", 783)
			return os.WriteFile(filepath.Join(e.WorkDir, "nan.csv"), []byte(row+"1\n"+row+"NaN\n"), 0o644)
		},
		Condition: func(cond string) (bool, error) {
			_, err := exec.LookPath(cond)
			return err == nil, nil
		},
	})
}

// TestREADME runs the commands of README's tour, in order, in a folder of their own.
func TestREADME(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the tour calibrates and evaluates")
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Symlink(data, "testdata"); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(line, "    ./edgerun ")
		if !ok {
			continue
		}
		commands++
		if code := run(strings.Fields(command)); code != 0 {
			t.Errorf("exit code %d: %s", code, command)
		}
	}
	if commands < 8 {
		t.Errorf("README has only %d commands", commands)
	}
}
