package calib

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxUnpacked bounds what the compressed entries of one .npz archive hold, in bytes: they are kept in memory.
const maxUnpacked = 1 << 28

// maxDeflate is how many times its size a deflated entry can hold at most: a length of 258 for two bits.
const maxDeflate = 1032

// openNPZ opens .npz files, each of which is one sample until Bind finds an axis of samples.
func openNPZ(files []file) (Dataset, error) {
	var groups []group
	for _, f := range files {
		r, size, err := open(f.path)
		if err != nil {
			return nil, err
		}
		entries, err := parseNPZ(r, size, f.path)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		groups = append(groups, group{name: f.path, label: f.label, entries: entries, samples: 1})
	}
	return newArrays(groups), nil
}

// parseNPZ reads the directory of an archive of that size and the header of each array, and no array.
func parseNPZ(r io.ReaderAt, size int64, path string) ([]*entry, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("no .npz archive: %w", err)
	}
	if len(z.File) == 0 {
		return nil, errors.New("the .npz archive holds no arrays")
	}
	var entries []*entry
	seen := map[string]bool{}
	left := uint64(maxUnpacked)
	for i, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("entry %.80q; wanted arrays, NAME.npy", f.Name)
		}
		if seen[name] {
			return nil, fmt.Errorf("two arrays %.80q", name)
		}
		seen[name] = true
		where := fmt.Sprintf("%s: array %.80q", path, name)
		e, err := parseEntry(r, size, f)
		if err == nil && e.index >= 0 {
			if e.index = i; f.UncompressedSize64 > left {
				err = fmt.Errorf("compressed arrays of more than %d bytes; wanted them without compression", maxUnpacked)
			}
			left -= f.UncompressedSize64
		}
		if err == nil && slices.Contains(e.shape, 0) {
			err = fmt.Errorf("shape %v holds nothing", e.shape)
		}
		if err != nil {
			return nil, fmt.Errorf("array %.80q: %w", name, err)
		}
		e.name, e.where, e.path, e.size = name, where, path, size
		entries = append(entries, e)
	}
	return entries, nil
}

// parseEntry reads an array's header. The entry's index is −1 where its data lie in the file as they are.
func parseEntry(r io.ReaderAt, size int64, f *zip.File) (*entry, error) {
	n := f.UncompressedSize64
	switch {
	case f.Method == zip.Store:
		from, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		if n != f.CompressedSize64 || from < 0 || from > size || n > uint64(size-from) {
			return nil, fmt.Errorf("entry of %d bytes at %d in a file of %d", n, from, size)
		}
		a, err := parseNPY(io.NewSectionReader(r, from, int64(n)), int64(n))
		if err != nil {
			return nil, err
		}
		a.offset += from
		return newEntry(*a, "", "", "", size), nil
	case f.Method != zip.Deflate:
		return nil, fmt.Errorf("compressed by method %d; wanted 0 or 8, as NumPy writes", f.Method)
	case f.CompressedSize64 > uint64(size) || n > maxDeflate*f.CompressedSize64:
		return nil, fmt.Errorf("entry of %d bytes, compressed to %d in a file of %d", n, f.CompressedSize64, size)
	}
	data, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer data.Close()
	head, err := io.ReadAll(io.LimitReader(data, int64(min(n, maxHeader+12))))
	if err != nil {
		return nil, err
	}
	a, err := parseNPY(bytes.NewReader(head), int64(n))
	if err != nil {
		return nil, err
	}
	e := newEntry(*a, "", "", "", size)
	e.index, e.bytes = 0, int64(n)
	return e, nil
}

// unpack returns what a compressed entry holds, header and array, having checked its sum.
func (e *entry) unpack() ([]byte, error) {
	f, err := e.reopen()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zip.NewReader(f, e.size)
	if err != nil {
		return nil, err
	}
	if e.index >= len(z.File) || z.File[e.index].Name != e.name+".npy" || z.File[e.index].UncompressedSize64 != uint64(e.bytes) {
		return nil, errors.New("the file has changed")
	}
	return inflate(z.File[e.index], e.bytes)
}

// inflate returns the n bytes that an entry holds.
func inflate(f *zip.File, n int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // where the sum is checked
		if err == nil {
			err = fmt.Errorf("more than the %d bytes that the archive says", n)
		}
		return nil, err
	}
	return b, nil
}

// WriteNPZ writes arrays, each with its name, as a .npz archive without compression.
func WriteNPZ(w io.Writer, arrays []Array) error {
	z := zip.NewWriter(w)
	for _, a := range arrays {
		e, err := z.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := WriteRawNPY(e, a.DType, a.Shape, a.Data); err != nil {
			return err
		}
	}
	return z.Close()
}
