package op

import (
	"testing"

	"edgerun/rt/tensor"
)

// TestDepthwiseParts reads every tap of every output pixel through the parts of every band.
func TestDepthwiseParts(t *testing.T) {
	const channels, zero = 330, -7
	split := 0
	for _, win := range []window{
		{kernel: [2]int{3, 3}, stride: [2]int{1, 1}, pad: [4]int{1, 1, 1, 1}, in: [2]int{26, 31}},
		{kernel: [2]int{3, 3}, stride: [2]int{1, 1}, pad: [4]int{1, 1, 1, 1}, in: [2]int{25, 31}},
		{kernel: [2]int{3, 3}, stride: [2]int{2, 2}, pad: [4]int{0, 0, 1, 1}, in: [2]int{56, 112}},
		{kernel: [2]int{5, 5}, stride: [2]int{2, 2}, pad: [4]int{2, 1, 1, 2}, in: [2]int{61, 59}},
		{kernel: [2]int{3, 2}, stride: [2]int{1, 3}, pad: [4]int{0, 4, 5, 0}, dilation: [2]int{3, 2}, in: [2]int{40, 99}},
		{kernel: [2]int{1, 7}, stride: [2]int{1, 1}, pad: [4]int{0, 9, 0, 9}, in: [2]int{30, 40}},
		{kernel: [2]int{9, 9}, stride: [2]int{1, 1}, pad: [4]int{4, 4, 4, 4}, in: [2]int{5, 5}},
		{kernel: [2]int{2, 2}, stride: [2]int{1, 1}, in: [2]int{30, 30}},
	} {
		win.channels = channels
		for axis := range 2 {
			win.dilation[axis] = max(win.dilation[axis], 1)
			win.out[axis] = (win.in[axis]+win.pad[axis]+win.pad[axis+2]-(win.kernel[axis]-1)*win.dilation[axis]-1)/win.stride[axis] + 1
		}
		in := []Arg{{}}
		in[0].DType = tensor.Int8
		d := newDepthwise(&Prepare{Node: &Node{In: in, Out: in}}, win, zero)
		split += btoi(d.split)
		picture := make([]int8, win.in[0]*win.in[1]*channels)
		for i := range picture {
			picture[i] = int8(i * 37)
		}
		scratch := make([]int8, d.Info().ScratchBytes)
		seen := make([]int, win.out[0]*win.out[1])
		for band := range d.count() {
			for _, r := range d.parts(band) {
				if r.rows == 0 || r.cols == 0 {
					continue
				}
				x, pitch := partInput(&win, d.zeros.I8(), scratch, picture, r)
				for i := range r.rows * r.cols * win.taps() {
					tap, row, col := i%win.taps(), i/win.taps()/r.cols, i/win.taps()%r.cols
					kh, kw := tap/win.kernel[1]*win.dilation[0], tap%win.kernel[1]*win.dilation[1]
					h, w := (r.row+row)*win.stride[0]-win.pad[0]+kh, (r.col+col)*win.stride[1]-win.pad[1]+kw
					want := int8(zero)
					if h >= 0 && h < win.in[0] && w >= 0 && w < win.in[1] {
						want = picture[(h*win.in[1]+w)*channels+1]
					}
					if got := x[(row*win.stride[0]+kh)*pitch+(col*win.stride[1]+kw)*channels+1]; got != want {
						t.Fatalf("%+v part %+v: pixel %d,%d is %d, want %d", win, r, h, w, got, want)
					}
					seen[(r.row+row)*win.out[1]+r.col+col]++
				}
			}
		}
		for i, n := range seen {
			if n != win.taps() {
				t.Fatalf("%+v: output pixel %d is in %d parts, want 1", win, i, n/win.taps())
			}
		}
	}
	if split < 4 {
		t.Errorf("%d of the windows are split", split)
	}
}
