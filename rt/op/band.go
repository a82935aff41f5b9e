package op

import "edgerun/rt/tensor"

// bands cuts a window's output into bands of whole rows, one to a task, whose input is a plain rectangle: where windows
// leave the picture, the input rows of a band are first copied to scratch memory with a border of zeros (zero points in
// int8) around them. That is one load and one store for each input element, and the kernels then know no padding.
type bands struct {
	win    window
	step   int // output rows of a band
	padded bool
	pitch  int // elements between two rows of a band's input
	dtype  tensor.DType
	zeros  tensor.Buffer // a row of what the border holds
}

// bandBytes is the size that a band's bordered rows should stay within: part of a first-level cache.
const bandBytes = 24 << 10

// bandRows is a height of bands that gives several threads eight of them to share, where rowWork, the multiply-adds of an
// output row, makes handing them over worth it.
func bandRows(win window, rowWork int) int {
	return min(win.out[0], max((win.out[0]+7)/8, (taskMACs/4+rowWork-1)/rowWork))
}

// newBands chooses the height of bands: that of bandRows, or less to keep bordered bands small. zero is what the border
// holds in int8.
func newBands(win window, dtype tensor.DType, zero int8, rowWork int) bands {
	b := bands{win: win, padded: win.pad != [4]int{}, dtype: dtype, pitch: win.in[1] * win.channels}
	b.step = bandRows(win, rowWork)
	if b.padded {
		b.pitch = win.span(1) * win.channels
		fit := (bandBytes/dtype.SizeBytes(b.pitch)-(win.kernel[0]-1)*win.dilation[0]-1)/win.stride[0] + 1
		b.step = min(b.step, max(fit, 4))
		b.zeros = tensor.Alloc(dtype.SizeBytes(b.pitch))
		if dtype == tensor.Int8 {
			for i := range b.zeros.I8() {
				b.zeros.I8()[i] = zero
			}
		}
	}
	return b
}

// span is how many input elements along an axis all windows of the output cover, padding included.
func (w *window) span(axis int) int {
	return (w.out[axis]-1)*w.stride[axis] + (w.kernel[axis]-1)*w.dilation[axis] + 1
}

// count is the number of bands of a picture.
func (b *bands) count() int { return (b.win.out[0] + b.step - 1) / b.step }

// rows is where band i begins in the output and how many rows it has.
func (b *bands) rows(i int) (first, n int) {
	first = i * b.step
	return first, min(b.step, b.win.out[0]-first)
}

// inputRows is how many rows of the (bordered) picture the given number of output rows read.
func (b *bands) inputRows(rows int) int {
	return (rows-1)*b.win.stride[0] + (b.win.kernel[0]-1)*b.win.dilation[0] + 1
}

// scratchElements is what input needs.
func (b *bands) scratchElements() int {
	if !b.padded {
		return 0
	}
	return b.inputRows(b.step) * b.pitch
}

// input returns the elements that band i of a picture reads, rows b.pitch apart, from its first window on.
func input[T int8 | float32](b *bands, zeros, scratch, picture []T, i int) []T {
	win := &b.win
	first, rows := b.rows(i)
	y := first*win.stride[0] - win.pad[0]
	if !b.padded {
		return picture[y*b.pitch:]
	}
	enclose(scratch, picture, zeros, win, rect{y, b.inputRows(rows), -win.pad[1], win.span(1)})
	return scratch
}

func (b *bands) inputS8(w *Worker, picture []int8, i int) []int8 {
	return input(b, b.zeros.I8(), w.Scratch.I8(), picture, i)
}

func (b *bands) inputF32(w *Worker, picture []float32, i int) []float32 {
	return input(b, b.zeros.F32(), w.Scratch.F32(), picture, i)
}
