package frontend

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"edgerun/kernels/fixed"
)

func TestParseAugment(t *testing.T) {
	a, err := ParseAugment("shift=2, noise=0.02,gain=0.1,flip,scale=0.3")
	if want := (Augment{Shift: 2, Noise: 0.02, Gain: 0.1, Flip: true, Scale: 0.3}); err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	for _, text := range []string{"", "shift", "shift=", "shift=-1", "shift=1.5", "shift=70000", "gain=1", "gain=NaN", "noise=2", "noise=-0.1", "scale=1", "flip=1", "flip,flip", "turn=3", "shift=1,"} {
		if a, err := ParseAugment(text); err == nil {
			t.Errorf("%q: %+v", text, a)
		}
	}
	flip := Augment{Flip: true}
	if flip.Check(KindLogMel) == nil || flip.Check(KindPicture) != nil || (&Augment{Gain: 0.1}).Check(KindTokens) == nil {
		t.Error("kinds")
	}
}

// TestAugmentEach: one field at a time does what it says.
func TestAugmentEach(t *testing.T) {
	p := Picture{W: 5, H: 4, C: 3, Stride: 17, Pix: make([]uint8, 3*17+15)}
	for i := range p.Pix {
		p.Pix[i] = uint8(20 + 2*i)
	}
	at := func(p Picture, x, y, c int) uint8 {
		return p.Pix[min(max(y, 0), p.H-1)*p.Stride+min(max(x, 0), p.W-1)*p.C+c]
	}
	dst := make([]uint8, 60)
	shifts, flips := map[[2]int]int{}, 0
	for i := range 200 {
		r, twin := VariantRandom(1, i, 0), VariantRandom(1, i, 0)
		dx, dy := offset(&twin, 2), offset(&twin, 2)
		flip := twin.Next()&1 == 1
		got, err := (&Augment{Shift: 2, Flip: true}).Picture(dst, p, &r)
		if err != nil {
			t.Fatal(err)
		}
		shifts[[2]int{dx, dy}]++
		for y := range p.H {
			for x := range p.W {
				from := min(max(x-dx, 0), p.W-1)
				if flip {
					from = p.W - 1 - from
				}
				if got := at(got, x, y, 1); got != at(p, from, y-dy, 1) {
					t.Fatalf("shift %d %d, flip %v: pixel %d %d is %d", dx, dy, flip, x, y, got)
				}
			}
		}
		if flip {
			flips++
		}
	}
	if len(shifts) != 25 || flips < 80 || flips > 120 {
		t.Errorf("%d shifts, %d flips", len(shifts), flips)
	}

	x, y := make([]float32, 4000), make([]float32, 4000)
	for i := range x {
		x[i] = float32(i%2)*2 - 1 // root mean square 1; two channels of -1 and 1
	}
	lo, hi := float32(9), float32(0)
	for i := range 200 {
		r := VariantRandom(2, i, 1)
		if err := (&Augment{Gain: 0.25}).Numbers(y, x, 2, &r); err != nil {
			t.Fatal(err)
		}
		lo, hi = min(lo, y[1]), max(hi, y[1])
		if y[0] != -y[1] || y[3999] != y[1] {
			t.Fatalf("gain %g of one channel, %g of the other", y[0], y[1])
		}
	}
	if lo < 0.75 || lo > 0.77 || hi < 1.23 || hi > 1.25 {
		t.Errorf("factors of %g to %g", lo, hi)
	}
	r := VariantRandom(3, 0, 0)
	if (&Augment{Scale: 0.25}).Numbers(y, x, 2, &r); y[0] == -y[1] || y[0] != y[2] {
		t.Errorf("scales %g and %g", y[0], y[1])
	}
	if (&Augment{Noise: 0.5}).Numbers(y, x, 2, &r); true {
		var sum, squares float64
		for i := range y {
			d := float64(y[i]) - float64(x[i])
			sum, squares = sum+d, squares+d*d
		}
		if mean, deviation := sum/4000, math.Sqrt(squares/4000); math.Abs(mean) > 0.03 || math.Abs(deviation-0.5) > 0.02 {
			t.Errorf("noise of mean %g, deviation %g", mean, deviation)
		}
	}
	if err := (&Augment{}).Numbers(y, x, 2, &r); err != nil || !slices.Equal(x, y) {
		t.Error("nothing varies, and something changed")
	}
	if (&Augment{}).Numbers(y, x, 3, &r) == nil || (&Augment{}).Numbers(y[:9], x, 1, &r) == nil {
		t.Error("wrong sizes")
	}
	if _, err := (&Augment{}).Picture(dst[:59], p, &r); err == nil {
		t.Error("a small buffer")
	}
}

// TestAugmentBytes: the same seed gives the same bytes on every machine, and nothing is allocated.
func TestAugmentBytes(t *testing.T) {
	a := Augment{Shift: 3, Flip: true, Gain: 0.2, Scale: 0.1, Noise: 0.1}
	p := Picture{W: 16, H: 12, C: 3, Stride: 48, Pix: make([]uint8, 16*12*3)}
	x := make([]float32, 600)
	for i := range p.Pix {
		p.Pix[i] = uint8(i * 7)
		x[i] = float32(i%37) / 16
	}
	dst, y := make([]uint8, len(p.Pix)), make([]float32, len(x))
	h := sha256.New()
	for i := range 20 {
		r := VariantRandom(7, i, 1)
		if _, err := a.Picture(dst, p, &r); err != nil {
			t.Fatal(err)
		}
		if err := a.Numbers(y, x, 6, &r); err != nil {
			t.Fatal(err)
		}
		h.Write(dst)
		binary.Write(h, binary.LittleEndian, y)
	}
	const want = "5d724fae7359d4fb"
	if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	var r fixed.Random
	if n := testing.AllocsPerRun(10, func() { a.Picture(dst, p, &r); a.Numbers(y, x, 6, &r) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
