package tflite

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// parseBytes returns how many bytes parsing allocates.
func parseBytes(data []byte) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g, err := Parse(data, Options{})
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(g)
	runtime.KeepAlive(err)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemory: no small file, made to break a reader or damaged in any word, makes the importer allocate much. The limit
// counts freed memory too; it is far below twice the largest file, which is what any file may take.
func TestMemory(t *testing.T) {
	const limit = 8 << 20 // for files of some KiB
	check := func(name string, data []byte) {
		if n := parseBytes(data); n > limit {
			t.Errorf("%s: %d bytes of file take %d to parse, want at most %d", name, len(data), n, limit)
		}
	}
	files, _ := filepath.Glob(sharedData + "malformed/*.tflite")
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		check(f, data)
	}
	stride := 4
	if testing.Short() {
		stride = 64
	}
	for i, data := range seeds() {
		for at := 0; at+4 <= len(data); at += stride {
			for _, word := range []uint32{0x7fffffff, 0x01000000} {
				damaged := append([]byte(nil), data...)
				binary.LittleEndian.PutUint32(damaged[at:], word)
				if n := parseBytes(damaged); n > limit {
					t.Errorf("seed %d with %#x at %#x: %d bytes of file take %d to parse, want at most %d", i, word, at, len(data), n, limit)
				}
			}
		}
	}
}
