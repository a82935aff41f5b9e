package loader

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var (
	thisWork  = sha256.Sum256([]byte("this"))
	otherWork = sha256.Sum256([]byte("other"))
)

// state is a payload that tells its number, of different lengths.
func state(i int) []byte { return bytes.Repeat([]byte(fmt.Sprintf("state %d.", i)), 1+i%7) }

func openJournal(t testing.TB, path string, work [32]byte) (*Journal, []byte) {
	t.Helper()
	j, b, err := OpenJournal(path, work, 200)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, b
}

// TestJournal: the newest state comes back, from any number of writes and over openings; other work finds none.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, b := openJournal(t, path, thisWork)
	if b != nil {
		t.Fatalf("a new journal holds %q", b)
	}
	for i := range 9 {
		if err := j.Write(state(i)); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			continue
		}
		j.Close()
		if j, b = openJournal(t, path, thisWork); !bytes.Equal(b, state(i)) {
			t.Fatalf("state %d: got %q", i, b)
		}
	}
	if err := j.Write(make([]byte, 1<<20)); err == nil {
		t.Error("a state that fits no slot is written")
	}
	j.Close()
	if j, b = openJournal(t, path, otherWork); b != nil {
		t.Errorf("other work finds %q", b)
	}
	j.Close()
	if j, b = openJournal(t, path, thisWork); b != nil {
		t.Errorf("the other work's journal has %q of this one", b)
	}
	if runtime.GOOS == "linux" {
		if _, _, err := OpenJournal(path, thisWork, 200); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("opened twice: %v", err)
		}
	}
	if err := j.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is still there")
	}
}

// TestJournalCut: whatever was written of a state, and whichever byte of it is spoilt, the one before it is there.
func TestJournalCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, _ := openJournal(t, path, thisWork)
	var files [][]byte
	for i := range 4 {
		if err := j.Write(state(i)); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
	}
	old, whole := files[2], files[3]
	old = append(bytes.Clone(old), make([]byte, len(whole)-len(old))...)
	for at := range whole {
		if old[at] == whole[at] {
			continue
		}
		cut := append(bytes.Clone(whole[:at]), old[at:]...)
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 0x10
		for _, b := range [][]byte{cut, spoilt} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			j.Close()
			var got []byte
			if j, got = openJournal(t, path, thisWork); !bytes.Equal(got, state(2)) {
				t.Fatalf("byte %d: got %q", at, got)
			}
		}
	}
}

// TestJournalFiles: what is no journal is left as it is.
func TestJournalFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{text: "is no journal", dir: "directory", filepath.Join(dir, "no/such"): "no such"} {
		if _, _, err := OpenJournal(path, thisWork, 10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	if b, _ := os.ReadFile(text); string(b) != "dear diary" {
		t.Errorf("the text is %q", b)
	}
	if _, _, err := OpenJournal(filepath.Join(dir, "big"), thisWork, MaxJournalPayload+1); err == nil {
		t.Error("no limit")
	}
}

// FuzzJournal: any bytes are a journal with a state whose hash holds, one without, or an error; and what is written then
// comes back.
func FuzzJournal(f *testing.F) {
	path := filepath.Join(f.TempDir(), "j")
	j, _ := openJournal(f, path, thisWork)
	defer j.Close()
	for i := range 3 {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if err := j.Write(state(i)); err != nil {
			f.Fatal(err)
		}
	}
	f.Add([]byte("EDGEJRNL"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, got, err := OpenJournal(path, thisWork, 200)
		if err != nil {
			if after, _ := os.ReadFile(path); !bytes.Equal(after, b) {
				t.Fatalf("%v, but the file was changed", err)
			}
			return
		}
		if len(got) > 4096 {
			t.Fatalf("state of %d bytes in slots of 4096", len(got))
		}
		if err := j.Write(state(5)); err != nil {
			t.Fatal(err)
		}
		j.Close()
		again, got, err := OpenJournal(path, thisWork, 200)
		if err != nil || !bytes.Equal(got, state(5)) {
			t.Fatalf("%q, %v", got, err)
		}
		again.Close()
	})
}
