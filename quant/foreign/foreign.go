// Package foreign holds what the importers of foreign model files share: names, the list of what a file has that
// cannot be imported, and constants that are computed while importing.
package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names remembers names and makes new ones that differ from all others.
type Names map[string]int

// Name returns want, or want with a number where it is taken.
func (n Names) Name(want string) string {
	got := want
	for n[got] > 0 {
		n[want]++
		got = fmt.Sprintf("%s_%d", want, n[want])
	}
	n[got] = 1
	return got
}

// Quote quotes a name out of a file for a message, at most 100 bytes of it.
func Quote(s string) string {
	if len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// maxErrors bounds how many refused nodes an error lists.
const maxErrors = 100

// Refusals collects the errors of nodes that cannot be imported.
type Refusals struct {
	errs   []error
	hidden int // errors left out of errs
}

// Add keeps an error.
func (r *Refusals) Add(err error) {
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, err)
	} else {
		r.hidden++
	}
}

// Err returns what was added: nil, one error as it is, or a list, one to a line, that wraps them all.
func (r *Refusals) Err() error {
	if len(r.errs) < 2 {
		return errors.Join(r.errs...)
	}
	return &refused{r.errs, r.hidden}
}

type refused struct {
	errs   []error
	hidden int
}

func (r *refused) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d nodes cannot be imported:", len(r.errs)+r.hidden)
	for _, err := range r.errs {
		fmt.Fprintf(&b, "\n\t%v", err)
	}
	if r.hidden > 0 {
		fmt.Fprintf(&b, "\n\tand %d more", r.hidden)
	}
	return b.String()
}

func (r *refused) Unwrap() []error { return r.errs }

// Describe says what a file is that plainly is something other than a model of the format wanted; "" is unknown.
func Describe(data []byte) string {
	switch {
	case len(data) == 0:
		return "the file is empty"
	case bytes.HasPrefix(data, []byte("\x89EDGE")):
		return "an .edge file; give the one that it was made from"
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "a zip archive"
	case len(data) >= 8 && string(data[4:8]) == "TFL3":
		return "a TFLite model"
	case bytes.HasPrefix(data, []byte("\x89HDF")):
		return "an HDF5 file"
	case bytes.HasPrefix(data, []byte("GGUF")):
		return "a GGUF file"
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		return "a gzip archive"
	}
	for _, b := range data[:min(len(data), 512)] {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7f {
			return ""
		}
	}
	if strings.HasPrefix(string(data), "version https://git-lfs") {
		return "a Git LFS pointer; fetch the file itself"
	}
	return "a text"
}

// maxFileBytes bounds a model file: both Protocol Buffers and FlatBuffers end at 2 GiB.
const maxFileBytes = 1 << 31

// ReadFile reads a model file: a regular one of at most 2 GiB.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", name, info.Size(), int64(maxFileBytes))
	}
	return os.ReadFile(path)
}
