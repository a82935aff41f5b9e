package frontend_test

import (
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	"edgerun/rt/frontend"
)

func picture(w, h, c int, pix ...uint8) frontend.Picture {
	return frontend.Picture{Pix: pix, W: w, H: h, C: c, Stride: w * c}
}

// noise is a picture of pseudo-random bytes.
func noise(w, h, c int) frontend.Picture {
	pix := make([]uint8, w*h*c)
	s := uint32(1)
	for i := range pix {
		s = s*1664525 + 1013904223
		pix[i] = uint8(s >> 24)
	}
	return picture(w, h, c, pix...)
}

// plain leaves pixels as they are.
func plain(w, h, c int, resize string) frontend.Spec {
	return frontend.Spec{Kind: frontend.KindPicture, Width: w, Height: h, Channels: c, Layout: frontend.NHWC, Resize: resize}
}

func apply(t testing.TB, spec frontend.Spec, p frontend.Picture) []float32 {
	t.Helper()
	f, err := frontend.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, spec.Shape().Elements())
	if err := f.Apply(dst, p); err != nil {
		t.Fatal(err)
	}
	return dst
}

func wantPixels(t *testing.T, got []float32, want ...float32) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestByHand holds sums worked out on paper. From 4 to 2, target 0 takes weights ¾ ¾ ¼ of 1¾: (0·3+100·3+200)/7 = 71.4.
// From 2 to 4, target 1 lies a quarter of a pixel past source 0: ¾ and ¼.
func TestByHand(t *testing.T) {
	wantPixels(t, apply(t, plain(2, 1, 1, frontend.Squash), picture(4, 1, 1, 0, 100, 200, 40)), 71, 117)
	wantPixels(t, apply(t, plain(4, 1, 1, frontend.Squash), picture(2, 1, 1, 0, 100)), 0, 25, 75, 100)
	wantPixels(t, apply(t, plain(1, 4, 1, frontend.Squash), picture(1, 2, 1, 0, 100)), 0, 25, 75, 100)
	// Cover 2×2 from 4×2: no change of size, the middle is kept. From 2×5, rows 2 and 3 (half of 3 is 1½, even is 2).
	wantPixels(t, apply(t, plain(2, 2, 1, frontend.FitShortest), picture(4, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8)), 2, 3, 6, 7)
	wantPixels(t, apply(t, plain(2, 2, 1, frontend.FitShortest), picture(2, 5, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)), 4, 5, 6, 7)
	// Letterbox 4×2 into 4×5: one row above, two below.
	box := plain(4, 5, 1, frontend.FitLongest)
	box.Pad = 9
	wantPixels(t, apply(t, box, picture(4, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8)),
		9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9)
	// 3×2 into 4×4: 2⅔ rows are 3.
	box.Height = 4
	wantPixels(t, apply(t, box, picture(3, 2, 1, 5, 5, 5, 5, 5, 5)), 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 9, 9, 9, 9)
	// Grey: (19595·255 + 32768) >> 16 and so on.
	wantPixels(t, apply(t, plain(4, 1, 1, frontend.Squash), picture(4, 1, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255)), 76, 150, 29, 255)
	// Colour from grey, in both layouts.
	wantPixels(t, apply(t, plain(2, 1, 3, frontend.Squash), picture(2, 1, 1, 5, 6)), 5, 5, 5, 6, 6, 6)
	planes := plain(2, 1, 3, frontend.Squash)
	planes.Layout = frontend.NCHW
	wantPixels(t, apply(t, planes, picture(2, 1, 3, 1, 2, 3, 4, 5, 6)), 1, 4, 2, 5, 3, 6)
}

func TestNormalise(t *testing.T) {
	spec := plain(1, 1, 3, frontend.Squash)
	spec.Scale, spec.Mean, spec.Std = 1.0/255, []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	got := apply(t, spec, picture(1, 1, 3, 10, 128, 255))
	for c, v := range []float32{10, 128, 255} {
		p := float32(v * spec.Scale)
		if want := float32(p-spec.Mean[c]) / spec.Std[c]; got[c] != want {
			t.Errorf("channel %d: got %v, want %v", c, got[c], want)
		}
	}
	// One mean for all; a vector may be normalised in place.
	f, err := frontend.New(frontend.Spec{Kind: frontend.KindVector, Channels: 2, Scale: 2, Mean: []float32{1}, Std: []float32{1, 4}})
	if err != nil {
		t.Fatal(err)
	}
	v := []float32{1, 2, 3, 4.5}
	if err := f.ApplyVector(v, v); err != nil {
		t.Fatal(err)
	}
	wantPixels(t, v, 1, 0.75, 5, 2)
}

// TestPillow holds checksums of Pillow 9.4's Image.resize((W, H), BILINEAR) of the same pictures.
func TestPillow(t *testing.T) {
	sum := func(got []float32) uint32 {
		b := make([]byte, len(got))
		for i, v := range got {
			b[i] = byte(v)
		}
		return crc32.ChecksumIEEE(b)
	}
	for _, c := range []struct {
		w, h, c, width, height int
		want                   uint32
	}{
		{61, 37, 3, 24, 31, 0xf58d7700},
		{28, 28, 1, 28, 28, 0xd4b52fbf},
		{5, 7, 1, 12, 9, 0xd9f39824},
		{112, 112, 1, 28, 28, 0x056dd96b},
		{300, 200, 3, 32, 32, 0xefaa663b},
		{1, 1, 3, 4, 4, 0xdf2d2b65},
		{200, 3, 1, 7, 7, 0x221e1963},
		{3, 200, 3, 50, 11, 0xf680e0e8},
		{28, 28, 1, 28, 14, 0xc930889d},
	} {
		if got := sum(apply(t, plain(c.width, c.height, c.c, frontend.Squash), noise(c.w, c.h, c.c))); got != c.want {
			t.Errorf("%dx%dx%d to %dx%d: checksum %#08x, want %#08x", c.w, c.h, c.c, c.width, c.height, got, c.want)
		}
	}
	if got := sum(apply(t, plain(24, 31, 1, frontend.Squash), noise(61, 37, 3))); got != 0x5abb6dfb {
		t.Errorf("convert(\"L\"): checksum %#08x", got)
	}
	if got := sum(apply(t, plain(20, 20, 3, frontend.FitShortest), noise(61, 37, 3))); got != 0x5ed2a01e {
		t.Errorf("torchvision's Resize and CenterCrop: checksum %#08x", got)
	}
}

// TestProperties: a picture of its own size is unchanged, one colour stays that colour, padding between rows does not
// matter.
func TestProperties(t *testing.T) {
	for _, resize := range []string{frontend.Squash, frontend.FitShortest, frontend.FitLongest} {
		p := noise(23, 17, 3)
		for i, v := range apply(t, plain(23, 17, 3, resize), p) {
			if v != float32(p.Pix[i]) {
				t.Fatalf("%s: own size: element %d is %v, want %d", resize, i, v, p.Pix[i])
			}
		}
		for _, size := range [][2]int{{1, 1}, {1, 90}, {7, 5}, {23, 17}, {64, 64}, {333, 2}} {
			for _, value := range []uint8{0, 1, 127, 254, 255} {
				q := picture(size[0], size[1], 1, make([]uint8, size[0]*size[1])...)
				for i := range q.Pix {
					q.Pix[i] = value
				}
				spec := plain(23, 17, 1, resize)
				if resize == frontend.FitLongest {
					spec.Pad = value
				}
				for i, v := range apply(t, spec, q) {
					if v != float32(value) {
						t.Fatalf("%s of %v: one colour %d: element %d is %v", resize, size, value, i, v)
					}
				}
			}
		}
		wide := picture(23, 17, 3, make([]uint8, 17*80-11)...)
		wide.Stride = 80
		for y := range 17 {
			copy(wide.Pix[y*80:], p.Pix[y*69:][:69])
		}
		if a, b := apply(t, plain(9, 9, 3, resize), p), apply(t, plain(9, 9, 3, resize), wide); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: rows 80 bytes apart change the result", resize)
		}
	}
}

// TestReuse: the same front end gives the same after pictures of other sizes and channels.
func TestReuse(t *testing.T) {
	for _, c := range []int{1, 3} {
		spec := plain(10, 8, c, frontend.FitLongest)
		f, err := frontend.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, p := range []frontend.Picture{noise(30, 20, 1), noise(30, 20, 3), noise(30, 25, 3), noise(4, 50, 3), noise(3, 3, 1)} {
				got := make([]float32, spec.Shape().Elements())
				if err := f.Apply(got, p); err != nil {
					t.Fatal(err)
				}
				if want := apply(t, spec, p); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%d channels, picture %dx%dx%d: another result on reuse", c, p.W, p.H, p.C)
				}
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	spec := plain(28, 28, 1, frontend.FitLongest)
	f, err := frontend.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	dst, p := make([]float32, 28*28), noise(100, 60, 3)
	if n := testing.AllocsPerRun(10, func() {
		if err := f.Apply(dst, p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Apply allocates %v times", n)
	}
	v, err := frontend.New(frontend.Spec{Kind: frontend.KindVector, Std: []float32{2}})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { v.ApplyVector(dst, dst) }); n != 0 {
		t.Errorf("ApplyVector allocates %v times", n)
	}
}

func TestCheck(t *testing.T) {
	nan := float32(math.NaN())
	ok := plain(28, 28, 3, frontend.Squash)
	for _, c := range []struct {
		change func(*frontend.Spec)
		want   string
	}{
		{func(s *frontend.Spec) { s.Kind = "" }, `kind "" unknown`},
		{func(s *frontend.Spec) { s.Width = 0 }, "0x28 pixels; wanted 1x1 to 8192x8192"},
		{func(s *frontend.Spec) { s.Height = 8193 }, "28x8193 pixels"},
		{func(s *frontend.Spec) { s.Channels = 4 }, "4 channels; wanted 1 (grey) or 3 (RGB)"},
		{func(s *frontend.Spec) { s.Layout = "NCHW" }, `layout "NCHW" unknown; wanted "nchw" or "nhwc"`},
		{func(s *frontend.Spec) { s.Resize = "" }, `resize "" unknown`},
		{func(s *frontend.Spec) { s.Pad = 1 }, "pad is for"},
		{func(s *frontend.Spec) { s.Scale = nan }, "scale NaN"},
		{func(s *frontend.Spec) { s.Mean = make([]float32, 2) }, "2 values of mean for 3 channels"},
		{func(s *frontend.Spec) { s.Std = []float32{1, 0, 1} }, "std[1] is 0"},
		{func(s *frontend.Spec) { s.Mean = []float32{nan} }, "mean[0] is NaN"},
		{func(s *frontend.Spec) { s.Scale = 1e38 }, "channel 0 to [0, +Inf]"},
		{func(s *frontend.Spec) { s.Kind = frontend.KindNone }, `kind "none" takes no width`},
		{func(s *frontend.Spec) { *s = frontend.Spec{Kind: frontend.KindNone, Scale: 2} }, `kind "none" takes no scale`},
		{func(s *frontend.Spec) { *s = frontend.Spec{Kind: frontend.KindVector, Channels: -1} }, "-1 channels"},
	} {
		s := ok
		c.change(&s)
		if err := s.Check(); err == nil || !strings.HasPrefix(err.Error(), "frontend: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", s, err, c.want)
		}
	}
	for _, s := range []frontend.Spec{ok, {Kind: frontend.KindNone}, {Kind: frontend.KindVector, Scale: 0.5, Mean: []float32{1}}} {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestErrors(t *testing.T) {
	f, _ := frontend.New(plain(2, 2, 1, frontend.Squash))
	dst := make([]float32, 4)
	for _, p := range []frontend.Picture{
		{}, picture(2, 2, 1, 1, 2, 3), picture(2, 2, 2, make([]uint8, 8)...), picture(-1, 2, 1, 1, 2),
		{Pix: make([]uint8, 8), W: 2, H: 2, C: 1, Stride: 1}, {Pix: make([]uint8, 8), W: 2, H: 2, C: 1, Stride: 7},
		{Pix: make([]uint8, 8), W: 2, H: 2, C: 1, Stride: math.MaxInt}, {Pix: make([]uint8, 8), W: 1 << 40, H: 1, C: 1, Stride: 1 << 40},
	} {
		if err := f.Apply(dst, p); err == nil {
			t.Errorf("%dx%dx%d, stride %d, %d bytes: no error", p.W, p.H, p.C, p.Stride, len(p.Pix))
		}
	}
	if err := f.Apply(dst[:3], noise(2, 2, 1)); err == nil || !strings.Contains(err.Error(), "wanted 4 for [1 2 2 1]") {
		t.Errorf("short tensor: %v", err)
	}
	if f.ApplyVector(dst, dst) == nil {
		t.Error("numbers for pictures: no error")
	}
	v, _ := frontend.New(frontend.Spec{Kind: frontend.KindVector, Channels: 3})
	if v.ApplyVector(dst, dst) == nil || v.ApplyVector(dst[:3], dst[:2]) == nil || v.Apply(dst, noise(2, 2, 1)) == nil {
		t.Error("vector: no error for a wrong length or a picture")
	}
}

func BenchmarkApply(b *testing.B) {
	f, _ := frontend.New(plain(224, 224, 3, frontend.FitShortest))
	dst, p := make([]float32, 224*224*3), noise(640, 480, 3)
	for b.Loop() {
		f.Apply(dst, p)
	}
}

// A photograph's pixels become a network's input: grey, 2×1, and from 0…255 to −1…1.
func Example() {
	f, err := frontend.New(frontend.Spec{
		Kind: frontend.KindPicture, Width: 2, Height: 1, Channels: 1, Layout: frontend.NHWC, Resize: frontend.Squash,
		Scale: 1.0 / 255, Mean: []float32{0.5}, Std: []float32{0.5},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	photo := frontend.Picture{Pix: []uint8{255, 255, 255, 0, 0, 0}, W: 2, H: 1, C: 3, Stride: 6}
	input := make([]float32, 2)
	if err := f.Apply(input, photo); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(input)
	// Output: [1 -1]
}
