package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNoPrevious marks a model file that no previous version was kept of.
var ErrNoPrevious = errors.New("no previous version is kept")

// PreviousPath is where Replace keeps the version before the model file at path: beside the file that path leads to.
func PreviousPath(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return path + ".prev"
}

// Replace writes a model in the place of the one at path, as WriteFileContext does, and keeps a copy of that one at
// PreviousPath. At any time path has the old file or the whole new one.
func Replace(ctx context.Context, path string, m *Model, o EncodeOptions) error {
	old, err := readRegular(path, defaults.FileBytes)
	if err != nil {
		return err
	}
	return writeModel(ctx, path, m, o, func() error { return writeBytes(PreviousPath(path), old) })
}

// Rollback brings back the version that Replace kept, in the place of the file at path, which becomes the kept one: a
// second Rollback undoes the first. It returns the versions of both models, the one that was there and the one that is now.
func Rollback(path string) (from, to uint64, err error) {
	kept := PreviousPath(path)
	was, err := readRegular(path, defaults.FileBytes)
	if err != nil {
		return 0, 0, err
	}
	old, err := readRegular(kept, defaults.FileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, fmt.Errorf("%s: %w", path, ErrNoPrevious)
	}
	if err != nil {
		return 0, 0, err
	}
	if bytes.Equal(old, was) {
		return 0, 0, fmt.Errorf("%s: %s is the same version: %w", path, kept, ErrNoPrevious)
	}
	m, err := Decode(old, Options{})
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", kept, err)
	}
	// What is there now may be damaged: that is a reason to roll back.
	if h, err := parseHead(was, uint64(len(was)), &defaults); err == nil {
		from = h.Version
	}
	if err := writeBytes(path, old); err != nil {
		return 0, 0, err
	}
	return from, m.Version, writeBytes(kept, was)
}

// writeBytes is WriteAtomic of b, read back before it takes the old file's place.
func writeBytes(path string, b []byte) error {
	return writeAtomic(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}, func(temp string) error {
		got, err := os.ReadFile(temp)
		if err == nil && !bytes.Equal(got, b) {
			err = errors.New("loader: what was written reads back differently")
		}
		return err
	})
}
