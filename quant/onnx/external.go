package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
)

// external reads the wantBytes bytes that external_data entries point to. The file is a regular one inside of the
// model's folder; im.dir, made from an os.Root, lets no link lead out of it.
func (im *importer) external(entries map[string]string, wantBytes int64) ([]byte, error) {
	location := entries["location"]
	if location == "" {
		return nil, errors.New("external data without a location")
	}
	if im.dir == nil {
		return nil, fmt.Errorf("external data in %s: no folder given to read it from", quote(location))
	}
	name := path.Clean(location)
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("external data in %s: outside of the model's folder", quote(location))
	}
	number := func(key string) (int64, error) {
		s := entries[key]
		if s == "" {
			return -1, nil
		}
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < 0 {
			return 0, fmt.Errorf("external data in %s: %s %s, want a number of bytes", quote(location), key, quote(s))
		}
		return v, nil
	}
	offset, err := number("offset")
	if err != nil {
		return nil, err
	}
	length, err := number("length")
	if err != nil {
		return nil, err
	}
	offset = max(offset, 0)
	// A pipe would block when opened, so look first.
	info, err := fs.Stat(im.dir, name)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("external data in %s: not a regular file", quote(location))
	}
	file, err := im.dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("external data in %s: not a regular file", quote(location))
	}
	size := info.Size()
	if offset > size || max(length, 0) > size-offset {
		return nil, fmt.Errorf("external data in %s: bytes [%d,+%d) of a file of %d bytes", quote(location), offset, max(length, 0), size)
	}
	if length < 0 {
		length = size - offset
	}
	if length != wantBytes {
		return nil, fmt.Errorf("external data in %s: %d bytes, want %d", quote(location), length, wantBytes)
	}
	at, ok := file.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("external data in %s: file cannot be read at an offset", quote(location))
	}
	if !im.files[name] {
		im.files[name] = true
		im.Source += size
	}
	if err := im.Grow(int(length)); err != nil {
		return nil, err
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(at, offset, length), data); err != nil {
		return nil, fmt.Errorf("external data in %s: %w", quote(location), err)
	}
	return data, nil
}
