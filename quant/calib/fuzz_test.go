package calib

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"
)

// FuzzNPY: any bytes give an error or an array whose every sample can be read.
func FuzzNPY(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }           \n12345678"))
	f.Add([]byte("\x93NUMPY\x02\x00\x3b\x00\x00\x00{\"shape\":(1,),\"fortran_order\":False,\"descr\":\"<i8\",}        12345678"))
	f.Add([]byte("\x93NUMPY\x03\x00\xff\xff\xff\xff{'descr': [('a', '<f4')]"))
	f.Add([]byte("\x93NUMPY\x01\x00\x44\x00{'descr': '|u1', 'fortran_order': True, 'shape': (99999999999999, 0)}"))
	if b, err := os.ReadFile("../../testdata/digits/calib_y.npy"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		a, err := parseNPY(r, int64(len(b)))
		if err != nil || len(a.shape) == 0 || a.offset == int64(len(b)) {
			return
		}
		for i := range min(a.shape[0], 10) {
			pix, numbers, err := a.read(r, i)
			if err != nil || len(pix)+len(numbers) != a.elements() {
				t.Fatalf("%+v: sample %d: %d values, %v", a, i, len(pix)+len(numbers), err)
			}
		}
		// What is read can be written and read again.
		_, numbers, err := a.read(r, a.shape[0]-1)
		if numbers == nil {
			return
		}
		var out bytes.Buffer
		if err := WriteNPY(&out, append([]int{1}, a.shape[1:]...), numbers); err != nil {
			t.Fatal(err)
		}
		c, err := parseNPY(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		for k, v := range numbers {
			if got := binary.LittleEndian.Uint32(out.Bytes()[int(c.offset)+4*k:]); got != math.Float32bits(v) {
				t.Fatalf("value %d: %#x, want %#x", k, got, math.Float32bits(v))
			}
		}
	})
}

// FuzzCSV: any bytes give an error or a full table.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", "1,2\n3,4\n", "a,label\n1,x\n", "\xef\xbb\xbf1e3\n", "\"1\n\",2\n", ",,\n1,2,3", "label\n1\n", "NaN,Inf,0x1p3,1_0\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseCSV(b)
		if err != nil {
			return
		}
		if d.rows < 1 || len(d.values) != d.rows*d.wide || d.labels != nil && len(d.labels) != d.rows {
			t.Fatalf("%d rows of %d: %d values, %d labels", d.rows, d.wide, len(d.values), len(d.labels))
		}
		if s, err := d.Sample(d.rows - 1); err != nil || len(s.Numbers) != d.wide {
			t.Fatalf("last sample: %+v, %v", s, err)
		}
	})
}

// FuzzPicture: any bytes give an error or a full picture.
func FuzzPicture(f *testing.F) {
	for _, name := range []string{"example_3.png", "example_big.jpg"} {
		if b, err := os.ReadFile("../../testdata/digits/" + name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		shape, pix, err := decode(b)
		if err != nil {
			return
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		if n != len(pix) || n == 0 {
			t.Fatalf("shape %v, %d bytes", shape, len(pix))
		}
	})
}
