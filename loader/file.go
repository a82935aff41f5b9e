package loader

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// ReadFile reads an .edge file. Anything but a regular file is refused before it is read. Errors begin with the path.
func ReadFile(path string, o Options) (*Model, error) {
	b, err := readRegular(path, o.withDefaults().Limits.FileBytes)
	if err != nil {
		return nil, err
	}
	m, err := Decode(b, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// readRegular reads a regular file of up to limit bytes, with one allocation of its size.
func readRegular(path string, limit int64) ([]byte, error) {
	st, err := os.Stat(path) // before opening, which a device or a pipe would notice
	if err != nil {
		return nil, err
	}
	if err := checkRegular(path, st); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err = f.Stat(); err != nil {
		return nil, err
	}
	if err := checkRegular(path, st); err != nil {
		return nil, err
	}
	if st.Size() > limit {
		return nil, at(failf(ErrFormat, "loader: file of %d bytes, the limit is %d", st.Size(), limit), "%s", path)
	}
	b := make([]byte, st.Size())
	if n, err := io.ReadFull(f, b); err == io.EOF && len(b) > 0 || err == io.ErrUnexpectedEOF {
		return nil, at(failf(ErrFormat, "loader: ends after %d of %d bytes", n, len(b)), "%s", path)
	} else if err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

func checkRegular(path string, st fs.FileInfo) error {
	switch {
	case st.IsDir():
		return fmt.Errorf("%s: is a directory, want a file", path)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s: is not a regular file (mode %v)", path, st.Mode().Type())
	}
	return nil
}

// WriteFile writes a model as WriteAtomic does, and reads it back before it takes the old file's place.
func WriteFile(path string, m *Model, o EncodeOptions) error {
	return WriteFileContext(context.Background(), path, m, o)
}

// WriteFileContext is WriteFile, which leaves the old file as it was when ctx ends before the new one is in place.
func WriteFileContext(ctx context.Context, path string, m *Model, o EncodeOptions) error {
	return writeModel(ctx, path, m, o, nil)
}

// writeModel calls last, if any, when the new file is whole and only its name is not yet its own.
func writeModel(ctx context.Context, path string, m *Model, o EncodeOptions, last func() error) error {
	b, err := encode(ctx, m, o)
	if err != nil {
		if ctx.Err() == nil {
			err = at(err, "loader: encode")
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	write := func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
	verify := func(temp string) error {
		got, err := readRegular(temp, int64(len(b)))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, b) {
			return errors.New("loader: what was written reads back differently")
		}
		if _, err := Decode(got, Options{}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil || last == nil {
			return err
		}
		return last()
	}
	return writeAtomic(path, write, verify)
}

// WriteAtomic makes a file of what write writes. It goes to a temporary file in the same folder, which is flushed to
// the disk and then renamed: at any time the path has the old file or the whole new one. On an error the old file
// stays and the temporary one is removed. A file that is replaced gives its permissions to the new one; through a
// symbolic link, the file that it points to is replaced.
func WriteAtomic(path string, write func(io.Writer) error) error {
	return writeAtomic(path, write, nil)
}

func writeAtomic(path string, write func(io.Writer) error, verify func(temp string) error) (err error) {
	target := path
	old, err := os.Stat(path)
	switch {
	case err == nil:
		if err := checkRegular(path, old); err != nil {
			return err
		}
		if target, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := createTemp(target)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temp)
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if old != nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil && runtime.GOOS != "windows" {
			return err
		}
	}
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if verify != nil {
		if err := verify(temp); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, target); err != nil {
		return err
	}
	return syncDir(filepath.Dir(target))
}

// createTemp makes a hidden file beside path, with the permissions that a new file gets.
func createTemp(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for range 100 {
		var r [6]byte
		rand.Read(r[:])
		name := filepath.Join(dir, fmt.Sprintf(".%.200s.%x.tmp", base, r))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("no free name for a temporary file in %q", dir)
}

// syncDir makes a rename last. Systems and file systems that cannot flush a folder do not need it or cannot be helped.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
