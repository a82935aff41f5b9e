package loader

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.edge")
	if err := WriteFile(good, small(), EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if m, err := ReadFile(good, Options{}); err != nil || m.Version != 7 {
		t.Errorf("%+v, %v", m, err)
	}
	b := must(os.ReadFile(good))
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	huge := put("huge.edge", nil)
	if err := os.Truncate(huge, 1<<30+1); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		path, word string
		class      error
	}{
		{filepath.Join(dir, "none.edge"), "no such file", fs.ErrNotExist},
		{dir, "is a directory", nil},
		{put("empty.edge", nil), "loader: empty", ErrFormat},
		{put("text.edge", []byte("hello, world: no model")), "not an .edge file", ErrFormat},
		{put("short.edge", b[:len(b)/2]), "loader: ", ErrFormat},
		{huge, "the limit is", ErrFormat},
	}
	if runtime.GOOS == "linux" {
		cases = append(cases, cases[1], cases[1])
		cases[len(cases)-2].path, cases[len(cases)-2].word = "/dev/zero", "not a regular file"
		fifo := filepath.Join(dir, "fifo")
		if out, err := exec.Command("mkfifo", fifo).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		cases[len(cases)-1].path, cases[len(cases)-1].word = fifo, "not a regular file"
	}
	for _, c := range cases {
		done := make(chan error, 1)
		go func() { _, err := ReadFile(c.path, Options{}); done <- err }()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.word) || c.class != nil && !errors.Is(err, c.class) {
				t.Errorf("%s: %v, want %q", c.path, err, c.word)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: hangs", c.path)
		}
	}
}

// unchanged checks that a folder holds one file with the old content, and nothing else.
func unchanged(t *testing.T, path string, old []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, old) {
		t.Errorf("the old file is gone: %q, %v", got, err)
	}
	if all := must(os.ReadDir(filepath.Dir(path))); len(all) != 1 {
		t.Errorf("files left behind: %v", all)
	}
}

var errFull = errors.New("no space left on device")

func TestWriteAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.edge")
	write := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := WriteAtomic(path, write("old")); err != nil {
		t.Fatal(err)
	}
	unchanged(t, path, []byte("old"))
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	full := func(w io.Writer) error { io.WriteString(w, "new, half of i"); return errFull }
	if err := WriteAtomic(path, full); !errors.Is(err, errFull) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	unchanged(t, path, []byte("old"))
	if err := writeAtomic(path, write("new"), func(string) error { return errFull }); !errors.Is(err, errFull) {
		t.Error(err)
	}
	unchanged(t, path, []byte("old"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WriteFileContext(ctx, path, small(), EncodeOptions{}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	unchanged(t, path, []byte("old"))
	bad := small()
	bad.Target = "Not a target"
	if err := WriteFile(path, bad, EncodeOptions{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	unchanged(t, path, []byte("old"))

	if err := WriteFile(path, small(), EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, path, must(Encode(small(), EncodeOptions{})))
	if st := must(os.Stat(path)); runtime.GOOS != "windows" && st.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, the replaced file had 0640", st.Mode())
	}
	if err := WriteAtomic(dir, write("x")); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Error(err)
	}
	if err := WriteAtomic(filepath.Join(dir, "none", "x"), write("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	for _, special := range []string{"/dev/full", "/dev/null"} {
		if err := WriteAtomic(special, write("x")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", special, err)
		}
	}
	link := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteAtomic(link, write("through the link")); err != nil {
		t.Fatal(err)
	}
	unchanged(t, path, []byte("through the link"))
	if st := must(os.Lstat(link)); st.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
}

// TestDiskFull fills a file system of 64 KiB, where one can be mounted.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("cannot mount a small file system: %v: %s", err, out)
	}
	defer exec.Command("umount", dir).Run()
	path := filepath.Join(dir, "model.edge")
	if err := WriteFile(path, small(), EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	old := must(os.ReadFile(path))
	err := WriteFile(path, &Model{Graph: mlp(784, 128, 10)}, EncodeOptions{})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a full disk gives %v", err)
	}
	unchanged(t, path, old)
}
