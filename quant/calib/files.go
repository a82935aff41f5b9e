package calib

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is one file of a data set.
type file struct{ path, label string }

// kind is the file's extension, with one name for all pictures.
func (f file) kind() string {
	switch ext := strings.ToLower(filepath.Ext(f.path)); ext {
	case ".jpg", ".jpeg", ".bmp":
		return ".png"
	default:
		return ext
	}
}

// list returns the files of a data folder, all of one kind, or those of its sub-folders.
func list(dir string) ([]file, error) {
	files, folders, err := scan(dir, "")
	if err != nil {
		return nil, err
	}
	if len(files) > 0 && len(folders) == 0 {
		return files, sameKind(dir, files)
	}
	inside := 0
	for _, name := range folders {
		more, _, err := scan(filepath.Join(dir, name), name)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
		inside += len(more)
	}
	if inside > 0 && inside < len(files) {
		return nil, fmt.Errorf("%s: samples both in the folder and in its sub-folders", dir)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no .png, .jpg, .bmp, .wav, .npy or .npz file in the folder", dir)
	}
	return files, sameKind(dir, files)
}

func sameKind(dir string, files []file) error {
	for _, f := range files {
		if f.kind() != files[0].kind() {
			return fmt.Errorf("%s: files of two kinds in the folder: %s, %s", dir, files[0].path, f.path)
		}
	}
	return nil
}

// scan returns a folder's data files and sub-folders, sorted by name. Hidden ones are passed over.
func scan(dir, label string) (files []file, folders []string, err error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		f := file{filepath.Join(dir, e.Name()), label}
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(f.path) // follows links
		switch {
		case err != nil:
			return nil, nil, err
		case info.IsDir():
			folders = append(folders, e.Name())
		case slices.Contains([]string{".npy", ".npz", ".png", ".wav"}, f.kind()):
			files = append(files, f)
		}
	}
	return files, folders, nil
}

// open opens a regular file, which it checks first: opening a pipe would wait.
func open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: a %s; wanted a regular file", path, kindOf(info.Mode()))
	}
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%s: the file is empty", path)
	}
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&os.ModeNamedPipe != 0:
		return "pipe"
	case m&os.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

// readAll returns a file of at most limit bytes.
func readAll(path string, limit int64) ([]byte, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, fmt.Errorf("%s: %d bytes; wanted at most %d", path, size, limit)
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if n < len(b) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}
