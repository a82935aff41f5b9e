package calib

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
	"strings"

	"edgerun/rt/tensor"
)

// WriteNPY writes data as a .npy array of float32, whose shape must have as many elements.
func WriteNPY(w io.Writer, shape []int, data []float32) error {
	n, err := NewNPYWriter(w, shape)
	if err == nil {
		err = n.Write(data)
	}
	if err == nil {
		err = n.Close()
	}
	return err
}

// WriteRawNPY writes little-endian elements of the given type as a .npy array, whose shape must have as many. It fails for
// types that Open does not read.
func WriteRawNPY(w io.Writer, d tensor.DType, shape []int, data []byte) error {
	descr := ""
	for k, known := range npyTypes {
		if known == d {
			descr = max(descr, k) // "|u1", as NumPy writes, rather than "<u1"
		}
	}
	if descr == "" {
		return fmt.Errorf("no .npy arrays of %v", d)
	}
	if _, err := w.Write(npyHeader(descr, shape)); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	return nil
}

// WriteLabelsNPY writes classes as a .npy array of int64.
func WriteLabelsNPY(w io.Writer, classes []int) error {
	out := npyHeader("<i8", []int{len(classes)})
	for _, c := range classes {
		out = binary.LittleEndian.AppendUint64(out, uint64(int64(c)))
	}
	if _, err := w.Write(out); err != nil {
		return err
	}
	return nil
}

// NPYWriter writes a .npy array of float32 piece by piece.
type NPYWriter struct {
	w    io.Writer
	left int // elements to come
	out  []byte
}

// NewNPYWriter returns a writer of an array of the given shape, whose elements Write takes in C order.
func NewNPYWriter(w io.Writer, shape []int) (*NPYWriter, error) {
	left := uint64(1)
	for _, d := range shape {
		hi, lo := bits.Mul64(left, uint64(d))
		if d < 0 || hi != 0 || lo > math.MaxInt/4 {
			return nil, fmt.Errorf("shape %v is too large", shape)
		}
		left = lo
	}
	return &NPYWriter{w: w, left: int(left), out: npyHeader("<f4", shape)}, nil
}

// Write writes the next elements.
func (n *NPYWriter) Write(data []float32) error {
	if len(data) > n.left {
		return fmt.Errorf("%d values, of which %d have a place in the array", len(data), n.left)
	}
	n.left -= len(data)
	for len(data) > 0 {
		k := min(len(data), 4096)
		for _, v := range data[:k] {
			n.out = binary.LittleEndian.AppendUint32(n.out, math.Float32bits(v))
		}
		data = data[k:]
		if err := n.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (n *NPYWriter) flush() error {
	_, err := n.w.Write(n.out)
	n.out = n.out[:0]
	if err != nil {
		return err
	}
	return nil
}

// Close ends the array, which must be complete.
func (n *NPYWriter) Close() error {
	if n.left > 0 {
		return fmt.Errorf("the array ends %d values early", n.left)
	}
	return n.flush()
}

// npyHeader is all that stands before the elements.
func npyHeader(descr string, shape []int) []byte {
	var dims strings.Builder
	for _, d := range shape {
		fmt.Fprintf(&dims, "%d, ", d)
	}
	list := strings.TrimSuffix(dims.String(), " ") // (2,) but (2, 3)
	if len(shape) > 1 {
		list = strings.TrimSuffix(list, ",")
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, list)
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n" // the data starts at a multiple of 64
	return append(append([]byte("\x93NUMPY\x01\x00"), byte(len(text)), byte(len(text)>>8)), text...)
}
