package op

// rect is a rectangle of pixels.
type rect struct{ row, rows, col, cols int }

// inside is the range of an axis's windows that lie within the picture.
func (w *window) inside(axis int) (first, end int) {
	last := w.in[axis] - 1 - (w.kernel[axis]-1)*w.dilation[axis] + w.pad[axis]
	if last < 0 {
		return 0, 0
	}
	end = min(last/w.stride[axis]+1, w.out[axis])
	return min((w.pad[axis]+w.stride[axis]-1)/w.stride[axis], end), end
}

// reads is the rectangle of the picture that a rectangle of the output reads; it may reach over the edges.
func (w *window) reads(r rect) rect {
	return rect{
		r.row*w.stride[0] - w.pad[0], (r.rows-1)*w.stride[0] + (w.kernel[0]-1)*w.dilation[0] + 1,
		r.col*w.stride[1] - w.pad[1], (r.cols-1)*w.stride[1] + (w.kernel[1]-1)*w.dilation[1] + 1,
	}
}

// contains reports whether a rectangle lies within the picture.
func (w *window) contains(r rect) bool {
	return r.row >= 0 && r.col >= 0 && r.row+r.rows <= w.in[0] && r.col+r.cols <= w.in[1]
}

// enclose copies a rectangle of a picture to dst, with zeros where it reaches over the edges.
func enclose[T int8 | float32](dst, picture, zeros []T, win *window, r rect) {
	c, pitch := win.channels, r.cols*win.channels
	left := min(max(-r.col, 0), r.cols)
	inner := min(max(min(r.col+r.cols, win.in[1])-max(r.col, 0), 0), r.cols-left)
	for i := range r.rows {
		row := dst[i*pitch:][:pitch]
		y := r.row + i
		if y < 0 || y >= win.in[0] || inner == 0 {
			copy(row, zeros)
			continue
		}
		copy(row[:left*c], zeros)
		copy(row[left*c:][:inner*c], picture[(y*win.in[1]+max(r.col, 0))*c:])
		copy(row[(left+inner)*c:], zeros)
	}
}
