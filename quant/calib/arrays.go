package calib

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"edgerun/rt/tensor"
)

// Array is what a sample has for one of a network's inputs, by its name: elements as their file has them, little-endian and
// in C order.
type Array struct {
	Name  string
	DType tensor.DType
	Shape []int
	Data  []byte
}

// Len is the number of elements.
func (a *Array) Len() int { return len(a.Data) / a.DType.SizeBytes(1) }

// Integers reports whether elements are integers or booleans, which Integer reads exactly.
func (a *Array) Integers() bool { return a.DType != tensor.Float32 && a.DType != tensor.Float64 }

// Integer returns element i of an array of integers.
func (a *Array) Integer(i int) int64 { return integer(a.DType, a.Data[i*a.DType.SizeBytes(1):]) }

// Real returns element i as float32.
func (a *Array) Real(i int) float32 { return element(a.DType, a.Data[i*a.DType.SizeBytes(1):]) }

func integer(d tensor.DType, b []byte) int64 {
	switch d {
	case tensor.UInt8:
		return int64(b[0])
	case tensor.Bool:
		return int64(min(b[0], 1))
	case tensor.Int8:
		return int64(int8(b[0]))
	case tensor.Int16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case tensor.Int32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// arrays is a data set whose samples are named arrays. As Open returns it, each group is one sample; Bind cuts it for a
// network's inputs. One goroutine at a time may use it.
type arrays struct {
	groups []group
	ends   []int // of the samples of each group

	unpacked int // the group whose compressed arrays are held; −1 for none
	held     map[*entry][]byte
}

// group is a .npz file, or one file for each input.
type group struct {
	name, label string
	entries     []*entry
	samples     int
}

// entry is one array of a file.
type entry struct {
	array        // offset is its place in the file, or in what a compressed entry of an archive unpacks to
	name  string // its input's
	where string // for messages
	path  string
	size  int64 // of the file
	index int   // of a compressed entry in its archive; −1 for others
	bytes int64 // that a compressed entry unpacks to

	sample []int // shape of one sample
	rows   int   // samples
	axis   bool  // the file's array has an axis that counts samples
}

// InputFile names the .npy file that holds an input.
type InputFile struct{ Name, Path string }

// OpenInputs returns the data set whose samples have each input in a file of its own.
func OpenInputs(files []InputFile) (Dataset, error) {
	g := group{samples: 1}
	var names []string
	for _, f := range files {
		if kind := (file{path: f.Path}).kind(); kind != ".npy" {
			return nil, fmt.Errorf("%s: wanted a .npy file for input %q", f.Path, f.Name)
		}
		if slices.ContainsFunc(g.entries, func(e *entry) bool { return e.name == f.Name }) {
			return nil, fmt.Errorf("%s: input %q has a file already", f.Path, f.Name)
		}
		r, size, err := open(f.Path)
		if err != nil {
			return nil, err
		}
		a, err := parseNPY(r, size)
		r.Close()
		if err == nil && slices.Contains(a.shape, 0) {
			err = fmt.Errorf("shape %v holds nothing", a.shape)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		g.entries = append(g.entries, newEntry(*a, f.Name, fmt.Sprintf("%s: input %q", f.Path, f.Name), f.Path, size))
		names = append(names, f.Path)
	}
	g.name = strings.Join(names, ", ")
	return newArrays([]group{g}), nil
}

func newEntry(a array, name, where, path string, size int64) *entry {
	return &entry{array: a, name: name, where: where, path: path, size: size, index: -1, sample: a.shape, rows: 1}
}

func newArrays(groups []group) *arrays {
	a := &arrays{groups: groups, unpacked: -1}
	total := 0
	for _, g := range groups {
		total += g.samples
		a.ends = append(a.ends, total)
	}
	return a
}

// HasArrays reports whether d's samples are named arrays, which go into inputs as they are.
func HasArrays(d Dataset) bool {
	_, ok := d.(*arrays)
	return ok
}

// HasOne reports whether d is a single sample of arrays of which none has an axis that counts samples.
func HasOne(d Dataset) bool {
	a, ok := d.(*arrays)
	return ok && a.Len() == 1 && !slices.ContainsFunc(a.groups[0].entries, func(e *entry) bool { return e.axis })
}

func (a *arrays) Len() int { return a.ends[len(a.ends)-1] }

func (a *arrays) Sample(i int) (Sample, error) {
	k := sort.SearchInts(a.ends, i+1)
	if i < 0 || k == len(a.ends) {
		return Sample{}, fmt.Errorf("%s: sample %d outside [0,%d)", a.groups[0].name, i, a.Len())
	}
	g := &a.groups[k]
	i -= a.ends[k] - g.samples
	out := Sample{Name: g.name, Label: g.label}
	if g.samples > 1 {
		out.Name = fmt.Sprintf("%s: sample %d", g.name, i)
	}
	for _, e := range g.entries {
		row := i
		if e.rows == 1 {
			row = 0
		}
		data, err := a.read(k, e, row)
		if err != nil {
			return Sample{}, fmt.Errorf("%s: %w", e.where, err)
		}
		out.Arrays = append(out.Arrays, Array{Name: e.name, DType: e.dtype, Shape: e.sample, Data: data})
	}
	return out, nil
}

// read returns the given row of an entry of group k.
func (a *arrays) read(k int, e *entry, row int) ([]byte, error) {
	n := int64(e.dtype.SizeBytes(1))
	for _, d := range e.sample {
		n *= int64(d)
	}
	if n > maxSample {
		return nil, fmt.Errorf("%d bytes a sample; wanted at most %d", n, maxSample)
	}
	from := e.offset + int64(row)*n
	if e.index >= 0 {
		if a.unpacked != k {
			a.unpacked, a.held = k, map[*entry][]byte{}
		}
		if a.held[e] == nil {
			b, err := e.unpack()
			if err != nil {
				return nil, err
			}
			a.held[e] = b
		}
		return a.held[e][from : from+n], nil
	}
	f, err := e.reopen()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, n)
	if got, err := f.ReadAt(b, from); got < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

// reopen opens the entry's file, which must not have changed its size.
func (e *entry) reopen() (*os.File, error) {
	f, size, err := open(e.path)
	if err == nil && size != e.size {
		f.Close()
		err = fmt.Errorf("the file has changed: %d bytes; wanted %d", size, e.size)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}
