package calib

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"

	"edgerun/rt/tensor"
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

// FuzzNPZ: any bytes give an error or arrays whose every byte can be read, and no more than they say.
func FuzzNPZ(f *testing.F) {
	var b bytes.Buffer
	if err := WriteNPZ(&b, []Array{{Name: "a", DType: tensor.Int16, Shape: []int{2, 1}, Data: []byte("1234")}, {Name: "b", DType: tensor.Bool, Shape: []int{}, Data: []byte{1}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	b.Reset()
	z := zip.NewWriter(&b)
	w, err := z.Create("a.npy") // deflated
	if err == nil {
		err = WriteNPY(w, []int{2, 3}, make([]float32, 6))
	}
	if err != nil || z.Close() != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		entries, err := parseNPZ(r, int64(len(b)), "x.npz")
		if err != nil {
			return
		}
		for _, e := range entries {
			n := int64(e.dtype.SizeBytes(1))
			for _, d := range e.shape {
				n *= int64(d)
			}
			if n < 1 || e.index < 0 && e.offset+n > int64(len(b)) || e.index >= 0 && (e.bytes > maxDeflate*int64(len(b)) || e.offset+n != e.bytes) {
				t.Fatalf("%+v: %d bytes in a file of %d", e, n, len(b))
			}
			if e.index < 0 {
				continue
			}
			z, err := zip.NewReader(r, int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if data, err := inflate(z.File[e.index], e.bytes); err == nil && int64(len(data)) != e.bytes {
				t.Fatalf("%+v: %d bytes unpacked", e, len(data))
			}
		}
	})
}

// FuzzSeries: any text gives an error or series that are all as long as the first.
func FuzzSeries(f *testing.F) {
	f.Add([]byte("@classLabel true a b\n@data\n1,2,3:4,5,6:a\n0,0,0:1,1,1:b\n"))
	f.Add([]byte("# text\n@timeStamps true\n@data\n(0,1),(1,2):a"))
	f.Add([]byte("@classlabel false\n@data\n1,2:3,4\n5,6:7,8"))
	f.Add([]byte("@data\n::::,,,,"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSeries(b)
		if err != nil {
			return
		}
		if s.rows == 0 || s.time*s.dims != s.wide || len(s.values) != s.rows*s.wide || s.labels != nil && len(s.labels) != s.rows {
			t.Fatalf("%d series of %d×%d: %d values, %d labels", s.rows, s.time, s.dims, len(s.values), len(s.labels))
		}
	})
}
