package calib

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"sort"
	"strconv"
	"strings"

	"edgerun/rt/tensor"
)

// array is what the header of a .npy file says. Source: NumPy's format specification (numpy.lib.format).
type array struct {
	dtype  tensor.DType
	shape  []int
	offset int64 // of the data
}

var npyTypes = map[string]tensor.DType{
	"|u1": tensor.UInt8, "<u1": tensor.UInt8, "|i1": tensor.Int8, "<i1": tensor.Int8, "<i2": tensor.Int16, "<i4": tensor.Int32,
	"<i8": tensor.Int64, "|b1": tensor.Bool,
	"<f4": tensor.Float32, "<f8": tensor.Float64,
}

// maxHeader bounds a .npy header; NumPy itself reads no more than 10000 bytes.
const maxHeader = 1 << 16

// maxSample bounds a sample, in bytes.
const maxSample = 1 << 30

// parseNPY reads the header of a .npy file of that size, which must hold just the array.
func parseNPY(r io.ReaderAt, size int64) (*array, error) {
	var head [12]byte
	if _, err := r.ReadAt(head[:10], 0); err != nil {
		return nil, fmt.Errorf("%d bytes; wanted a .npy header", size)
	}
	if string(head[:6]) != "\x93NUMPY" {
		return nil, fmt.Errorf("starts with %q; wanted a .npy file's \"\\x93NUMPY\"", head[:6])
	}
	offset, n := int64(10), int64(binary.LittleEndian.Uint16(head[8:]))
	switch head[6] {
	case 1:
	case 2, 3:
		if _, err := r.ReadAt(head[10:], 10); err != nil {
			return nil, errors.New("the .npy header is cut off")
		}
		offset, n = 12, int64(binary.LittleEndian.Uint32(head[8:]))
	default:
		return nil, fmt.Errorf(".npy version %d; wanted 1, 2 or 3", head[6])
	}
	if n > maxHeader || n > size-offset {
		return nil, fmt.Errorf(".npy header of %d bytes in a file of %d; wanted at most %d", n, size, maxHeader)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, offset); err != nil && n > 0 && !errors.Is(err, io.EOF) {
		return nil, err
	}
	a, err := parseHeader(string(text))
	if err != nil {
		return nil, err
	}
	a.offset = offset + n
	want, fits := uint64(a.dtype.SizeBytes(1)), true
	for _, d := range a.shape {
		hi, lo := bits.Mul64(want, uint64(d))
		want, fits = lo, fits && hi == 0
	}
	if got := uint64(size - a.offset); !fits || want != got {
		return nil, fmt.Errorf("%d bytes of data; wanted %d for %v%v", got, want, a.dtype, a.shape)
	}
	return a, nil
}

// parseHeader reads the Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
func parseHeader(text string) (*array, error) {
	p := header{text}
	a := &array{}
	seen := map[string]bool{}
	if !p.skip("{") {
		return nil, fmt.Errorf(".npy header %.40q; wanted a dictionary", text)
	}
	for !p.skip("}") {
		key, ok := p.quoted()
		if !ok || !p.skip(":") || seen[key] {
			return nil, fmt.Errorf(".npy header at %.40q; wanted a key", p.rest)
		}
		seen[key] = true
		switch key {
		case "descr":
			descr, ok := p.quoted()
			if !ok {
				return nil, fmt.Errorf(".npy elements are records at %.40q; wanted plain numbers", p.rest)
			}
			if a.dtype = npyTypes[descr]; a.dtype == tensor.Invalid {
				return nil, fmt.Errorf(".npy elements %.40q unsupported; wanted |b1, |u1, |i1, <i2, <i4, <i8, <f4 or <f8", descr)
			}
		case "fortran_order":
			if p.skip("True") {
				return nil, errors.New(".npy array in Fortran order; wanted C order, of numpy.ascontiguousarray")
			}
			if !p.skip("False") {
				return nil, fmt.Errorf(".npy header at %.40q; wanted True or False", p.rest)
			}
		case "shape":
			if a.shape, ok = p.tuple(); !ok {
				return nil, fmt.Errorf(".npy header at %.40q; wanted a shape of at most %d dimensions", p.rest, tensor.MaxRank+1)
			}
		default:
			return nil, fmt.Errorf(".npy header has an unknown key %.40q", key)
		}
		if !p.skip(",") && !strings.HasPrefix(p.rest, "}") {
			return nil, fmt.Errorf(".npy header at %.40q; wanted a comma", p.rest)
		}
	}
	if len(seen) != 3 {
		return nil, errors.New(".npy header; wanted descr, fortran_order and shape")
	}
	if p.rest != "" {
		return nil, fmt.Errorf(".npy header ends in %.40q", p.rest)
	}
	return a, nil
}

// header is a cursor in a header's text.
type header struct{ rest string }

func (p *header) space() { p.rest = strings.TrimLeft(p.rest, " \t\n\x00") }

func (p *header) skip(token string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
		p.space()
	}
	return ok
}

func (p *header) quoted() (string, bool) {
	p.space()
	if p.rest == "" || p.rest[0] != '\'' && p.rest[0] != '"' {
		return "", false
	}
	s, rest, ok := strings.Cut(p.rest[1:], p.rest[:1])
	if ok {
		p.rest = rest
	}
	return s, ok
}

func (p *header) tuple() ([]int, bool) {
	dims := []int{}
	if !p.skip("(") {
		return nil, false
	}
	for !p.skip(")") {
		end := strings.IndexAny(p.rest, ",) ")
		if end < 0 || len(dims) > tensor.MaxRank {
			return nil, false
		}
		d, err := strconv.ParseUint(p.rest[:end], 10, 63)
		if err != nil || d > math.MaxInt {
			return nil, false
		}
		dims = append(dims, int(d))
		p.rest = p.rest[end:]
		if !p.skip(",") && !strings.HasPrefix(p.rest, ")") {
			return nil, false
		}
	}
	return dims, true
}

// elements is the number of elements of one sample, the first axis counting samples. parseNPY has shown that as many
// are in the file, if there is a sample.
func (a *array) elements() int {
	n := 1
	for _, d := range a.shape[1:] {
		n *= d
	}
	return n
}

// read returns sample i as bytes, for uint8, or numbers.
func (a *array) read(r io.ReaderAt, i int) ([]uint8, []float32, error) {
	n, size := a.elements(), a.dtype.SizeBytes(1)
	raw := make([]byte, n*size)
	if got, err := r.ReadAt(raw, a.offset+int64(i)*int64(len(raw))); got < len(raw) {
		return nil, nil, err
	}
	if a.dtype == tensor.UInt8 {
		return raw, nil, nil
	}
	numbers := make([]float32, n)
	for k := range numbers {
		numbers[k] = element(a.dtype, raw[k*size:])
	}
	return nil, numbers, nil
}

func element(d tensor.DType, b []byte) float32 {
	switch d {
	case tensor.Float32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	case tensor.Float64:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return float32(integer(d, b))
}

// npy is a data set of .npy files, one after the other.
type npy struct {
	files  []file
	arrays []*array
	ends   []int // of the samples of each file
}

func openNPY(files []file) (Dataset, error) {
	s := &npy{files: files}
	total := 0
	for _, f := range files {
		a, err := headerOf(f.path)
		if err != nil {
			return nil, err
		}
		if first := s.arrays; len(first) > 0 && (a.dtype != first[0].dtype || !slices.Equal(a.shape[1:], first[0].shape[1:])) {
			return nil, fmt.Errorf("%s: samples of %v%v; wanted %v%v as in %s", f.path, a.dtype, a.shape[1:], first[0].dtype, first[0].shape[1:], files[0].path)
		}
		total += a.shape[0]
		s.arrays, s.ends = append(s.arrays, a), append(s.ends, total)
	}
	return s, nil
}

// headerOf returns the header of a .npy file that holds at least one sample of at least one element.
func headerOf(path string) (*array, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := parseNPY(f, size)
	if err == nil && len(a.shape) == 0 {
		err = errors.New("a single number; wanted an array whose first axis counts samples")
	}
	if err == nil && size == a.offset {
		err = fmt.Errorf("shape %v holds no samples", a.shape)
	}
	if err == nil && (size-a.offset)/int64(a.shape[0]) > maxSample {
		err = fmt.Errorf("samples of %d bytes; wanted at most %d", (size-a.offset)/int64(a.shape[0]), maxSample)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

func (s *npy) Len() int { return s.ends[len(s.ends)-1] }

func (s *npy) Sample(i int) (Sample, error) {
	k := sort.SearchInts(s.ends, i+1)
	if i < 0 || k == len(s.ends) {
		return Sample{}, fmt.Errorf("%s: sample %d outside [0,%d)", s.files[0].path, i, s.Len())
	}
	a := s.arrays[k]
	i -= s.ends[k] - a.shape[0]
	out := Sample{Name: fmt.Sprintf("%s: sample %d", s.files[k].path, i), Label: s.files[k].label, Shape: a.shape[1:], DType: a.dtype}
	f, size, err := open(s.files[k].path)
	if err != nil {
		return Sample{}, err
	}
	defer f.Close()
	if want := a.offset + int64(a.shape[0])*int64(a.elements()*a.dtype.SizeBytes(1)); size != want {
		return Sample{}, fmt.Errorf("%s: the file has changed: %d bytes; wanted %d", s.files[k].path, size, want)
	}
	if out.Bytes, out.Numbers, err = a.read(f, i); err != nil {
		return Sample{}, fmt.Errorf("%s: %w", out.Name, err)
	}
	return out, nil
}

func labelsNPY(path string, names []string) ([]int, error) {
	a, err := headerOf(path)
	if err != nil {
		return nil, err
	}
	if a.elements() != 1 {
		return nil, fmt.Errorf("%s: shape %v; wanted one label a sample", path, a.shape)
	}
	if a.dtype == tensor.Float32 || a.dtype == tensor.Float64 {
		return nil, fmt.Errorf("%s: labels of %v; wanted integers", path, a.dtype)
	}
	f, _, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := a.dtype.SizeBytes(1)
	raw := make([]byte, a.shape[0]*size)
	if n, err := f.ReadAt(raw, a.offset); n < len(raw) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	classes := make([]int, a.shape[0])
	for i := range classes {
		n := integer(a.dtype, raw[i*size:])
		if err := checkClass(n, names); err != nil {
			return nil, fmt.Errorf("%s: sample %d: %w", path, i, err)
		}
		classes[i] = int(n)
	}
	return classes, nil
}
