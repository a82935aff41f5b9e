package calib_test

import (
	"bytes"
	"image"
	"image/color"
	"reflect"
	"testing"

	"golang.org/x/image/bmp"

	"edgerun/quant/calib"
	"edgerun/rt/graph"
	"edgerun/rt/tensor"
)

// TestSingle: an array without an axis of samples is one sample where only so it fills the input.
func TestSingle(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, write(t, dir, "x.npy", npyFile(1, dict("|i1", "(2, 3)"), 1, 2, 3, 4, 5, 6)))
	in := func(n int) *graph.Value { return &graph.Value{Type: tensor.Type{Shape: tensor.MakeShape(1, n)}} }
	for n, want := range map[int][]int{6: {2, 3}, 3: {3}, 5: {3}} {
		s := calib.Single(d, in(n))
		if got := sample(t, s, 0); !reflect.DeepEqual(got.Shape, want) || len(got.Numbers)*s.Len() != 6 {
			t.Errorf("for %d values: %d samples of shape %v, want %v", n, s.Len(), got.Shape, want)
		}
	}
	// In a folder each file is one, or none is.
	write(t, dir, "y.npy", npyFile(1, dict("|i1", "(2, 3)"), 7, 8, 9, 10, 11, 12))
	if s := calib.Single(mustOpen(t, dir), in(6)); s.Len() != 2 || !reflect.DeepEqual(sample(t, s, 1).Numbers, []float32{7, 8, 9, 10, 11, 12}) {
		t.Errorf("%d samples, the last %+v", s.Len(), sample(t, s, s.Len()-1))
	}
	write(t, dir, "z.npy", npyFile(1, dict("|i1", "(1, 3)"), 0, 0, 0))
	if s := calib.Single(mustOpen(t, dir), in(6)); s.Len() != 5 {
		t.Errorf("%d samples of files of different lengths, want 5", s.Len())
	}
}

// TestBitmaps: a .bmp file of greys has one channel, one of colors three.
func TestBitmaps(t *testing.T) {
	dir := t.TempDir()
	grey := image.NewGray(image.Rect(0, 0, 2, 1))
	grey.Pix = []uint8{10, 200}
	colors := image.NewRGBA(image.Rect(0, 0, 2, 1))
	colors.Set(0, 0, color.RGBA{1, 2, 3, 255})
	colors.Set(1, 0, color.RGBA{4, 5, 6, 255})
	table := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.Gray{9}, color.RGBA{7, 8, 9, 255}})
	table.Pix = []uint8{1, 0}
	for _, c := range []struct {
		picture image.Image
		shape   []int
		want    []uint8
	}{{grey, []int{1, 2}, []uint8{10, 200}}, {colors, []int{1, 2, 3}, []uint8{1, 2, 3, 4, 5, 6}}, {table, []int{1, 2, 3}, []uint8{7, 8, 9, 9, 9, 9}}} {
		var b bytes.Buffer
		if err := bmp.Encode(&b, c.picture); err != nil {
			t.Fatal(err)
		}
		s := sample(t, mustOpen(t, write(t, dir, "x.BMP", b.Bytes())), 0)
		if !reflect.DeepEqual(s.Shape, c.shape) || !reflect.DeepEqual(s.Bytes, c.want) || !s.PictureFile() {
			t.Errorf("%T: shape %v, %v, want %v, %v", c.picture, s.Shape, s.Bytes, c.shape, c.want)
		}
	}
	// A header alone that promises more pixels than the limit is refused before anything is decoded.
	var b bytes.Buffer
	if err := bmp.Encode(&b, grey); err != nil {
		t.Fatal(err)
	}
	huge := b.Bytes()
	copy(huge[18:], "\xff\xff\x00\x00\xff\xff\x00\x00") // 65535x65535
	if _, err := mustOpen(t, write(t, dir, "huge.bmp", huge)).Sample(0); err == nil {
		t.Error("65535x65535 pixels are no error")
	}
}
