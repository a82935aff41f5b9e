package op

import (
	"errors"
	"fmt"

	"edgerun/rt/tensor"
)

// window is the geometry of a convolution or pool over the two middle axes of an NHWC tensor.
type window struct {
	kernel, stride, dilation [2]int
	pad                      [4]int // top, left, bottom, right
	in, out                  [2]int // height, width
	channels                 int
}

// readInts fills dst from an attribute, if it is there, with values from least up to 65536.
func readInts(a Attrs, name string, dst []int, least int) error {
	v := a.Ints(name)
	if v == nil {
		return nil
	}
	if len(v) != len(dst) {
		return fmt.Errorf("%s %v, want %d values", name, v, len(dst))
	}
	for i, x := range v {
		if x < least || x > 1<<16 {
			return fmt.Errorf("%s %v outside [%d,65536]", name, v, least)
		}
		dst[i] = x
	}
	return nil
}

// parseWindow reads strides, pads and dilations and computes the output's extents. ceil rounds them up, but no window
// starts behind the padded picture's start padding and pixels.
func parseWindow(a Attrs, in tensor.Shape, kernel [2]int, ceil bool) (window, error) {
	w := window{kernel: kernel, stride: [2]int{1, 1}, dilation: [2]int{1, 1}}
	if in.Rank != 4 {
		return w, fmt.Errorf("input has shape %v, want [N,H,W,C]", in)
	}
	w.in, w.channels = [2]int{in.Dim[1], in.Dim[2]}, in.Dim[3]
	if err := errors.Join(readInts(a, "strides", w.stride[:], 1), readInts(a, "dilations", w.dilation[:], 1),
		readInts(a, "pads", w.pad[:], 0)); err != nil {
		return w, err
	}
	for i := range 2 {
		if kernel[i] < 1 || kernel[i] > 1<<16 {
			return w, fmt.Errorf("kernel %v outside [1,65536]", kernel)
		}
		span := w.in[i] + w.pad[i] + w.pad[i+2] - ((kernel[i]-1)*w.dilation[i] + 1)
		if span < 0 {
			return w, fmt.Errorf("window of %v with dilations %v does not fit input %v with pads %v", kernel, w.dilation, w.in, w.pad)
		}
		w.out[i] = span/w.stride[i] + 1
		if ceil && span%w.stride[i] != 0 && w.out[i]*w.stride[i] < w.in[i]+w.pad[i] {
			w.out[i]++
		}
	}
	return w, nil
}

func (w *window) taps() int { return w.kernel[0] * w.kernel[1] }

// pixels is the number of output pixels of one picture.
func (w *window) pixels() int { return w.out[0] * w.out[1] }

// offset is where tap (ky,kx) of output pixel (oy,ox) lies in the picture, in channels' elements; −1 outside.
func (w *window) offset(oy, ox, ky, kx int) int {
	y := oy*w.stride[0] - w.pad[0] + ky*w.dilation[0]
	x := ox*w.stride[1] - w.pad[1] + kx*w.dilation[1]
	if y < 0 || y >= w.in[0] || x < 0 || x >= w.in[1] {
		return -1
	}
	return (y*w.in[1] + x) * w.channels
}

// block is a run of output pixels: their offsets are table+shift.
type block struct {
	table int // index into tables
	shift int // elements added to the table's offsets
	first int // output pixel
	rows  int
}

// indirection lists, block by block, where each output pixel finds its taps. Blocks are whole output rows; those that
// meet the padding in the same way share one table, moved by shift, so a table's size does not grow with the picture.
type indirection struct {
	blocks []block
	tables [][]int32
}

// blockPixels is the least number of output pixels of a block, picture permitting: enough row tiles to reuse a panel
// of weights, few enough that the pixels' inputs stay in the first-level cache.
const blockPixels = 64

// indirect builds the tables in the layout of a kernel with mr rows to a tile: [tiles][taps][mr], −1 for padding.
func (w *window) indirect(mr int) indirection {
	var ind indirection
	step := max(1, (blockPixels+w.out[1]-1)/w.out[1])
	type key struct{ top, bottom, rows int }
	seen := map[key]int{}
	for y := 0; y < w.out[0]; y += step {
		rows := min(step, w.out[0]-y)
		// Offsets count from the input row where the block's windows start, or from row 0 above it.
		origin := max(0, y*w.stride[0]-w.pad[0])
		k := key{
			top:    max(0, w.pad[0]-y*w.stride[0]),
			bottom: max(0, (y+rows-1)*w.stride[0]-w.pad[0]+(w.kernel[0]-1)*w.dilation[0]+1-w.in[0]),
			rows:   rows,
		}
		shift := origin * w.in[1] * w.channels
		table, ok := seen[k]
		if !ok {
			table = len(ind.tables)
			seen[k] = table
			ind.tables = append(ind.tables, w.table(y, rows, shift, mr))
		}
		ind.blocks = append(ind.blocks, block{table: table, shift: shift, first: y * w.out[1], rows: rows * w.out[1]})
	}
	return ind
}

func (w *window) table(y, rows, shift, mr int) []int32 {
	pixels, taps := rows*w.out[1], w.taps()
	tiles := (pixels + mr - 1) / mr
	table := make([]int32, tiles*taps*mr)
	for i := range tiles * mr {
		p := min(i, pixels-1)
		for t := range taps {
			off := w.offset(y+p/w.out[1], p%w.out[1], t/w.kernel[1], t%w.kernel[1])
			if off >= 0 {
				off -= shift
			}
			table[(i/mr*taps+t)*mr+i%mr] = int32(off)
		}
	}
	return table
}

// linear is the indirection of a plain matrix: rows of k elements, one tap.
func linear(rows, k, mr int) indirection {
	var ind indirection
	table := func(n int) []int32 {
		t := make([]int32, (n+mr-1)/mr*mr)
		for i := range t {
			t[i] = int32(min(i, n-1) * k)
		}
		return t
	}
	for r := 0; r < rows; r += blockPixels {
		n := min(blockPixels, rows-r)
		if len(ind.tables) == 0 || n < blockPixels && r > 0 {
			ind.tables = append(ind.tables, table(n))
		}
		ind.blocks = append(ind.blocks, block{table: len(ind.tables) - 1, shift: r * k, first: r, rows: n})
	}
	return ind
}

func (ind *indirection) sizeBytes() int {
	n := 0
	for _, t := range ind.tables {
		n += 4 * len(t)
	}
	return n
}
