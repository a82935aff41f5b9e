package loader

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestRollback(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.edge")
	m := small()
	var files [][]byte
	for v := range uint64(3) {
		m.Version = v
		var err error
		if v == 0 {
			err = WriteFile(path, m, EncodeOptions{})
		} else {
			err = Replace(context.Background(), path, m, EncodeOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, read(t, path))
		if v == 0 {
			if _, _, err := Rollback(path); !errors.Is(err, ErrNoPrevious) {
				t.Errorf("error %v, want ErrNoPrevious", err)
			}
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	check := func(name string, now, kept int) {
		t.Helper()
		if !bytes.Equal(read(t, path), files[now]) || !bytes.Equal(read(t, path+".prev"), files[kept]) {
			t.Errorf("%s: not version %d with %d kept", name, now, kept)
		}
	}
	check("replaced", 2, 1)
	if from, to, err := Rollback(link); err != nil || from != 2 || to != 1 {
		t.Errorf("%d to %d, %v", from, to, err)
	}
	check("rolled back", 1, 2)
	if from, to, err := Rollback(path); err != nil || from != 1 || to != 2 {
		t.Errorf("%d to %d, %v", from, to, err)
	}
	check("undone", 2, 1)

	// A damaged file is a reason to roll back; a damaged previous one is none.
	if err := os.WriteFile(path, files[2][:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, to, err := Rollback(path); err != nil || to != 1 {
		t.Errorf("version %d, %v", to, err)
	}
	if _, _, err := Rollback(path); !errors.Is(err, ErrFormat) {
		t.Errorf("error %v, want ErrFormat", err)
	}
	if !bytes.Equal(read(t, path), files[1]) {
		t.Error("a damaged file took the model's place")
	}

	// The version before is kept only when the new one is whole.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	kept := read(t, path+".prev")
	if err := Replace(ctx, path, m, EncodeOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if !bytes.Equal(read(t, path+".prev"), kept) || !bytes.Equal(read(t, path), files[1]) {
		t.Error("a write that was ended changed files")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("left behind: %v", entries)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
