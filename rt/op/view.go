package op

// Geometry is where the windows of a convolution, or of a pool, read their picture: what other code than the operator's own needs.
type Geometry struct {
	w          window
	Groups     int  // 1 for a pool
	transposed bool // strides part outputs
}

// GeometryOf returns the geometry of a node of Conv2D, TransposeConv2D, MaxPool2D or AveragePool2D with its extents.
func GeometryOf(d *Def, n *Node) (g Geometry, err error) {
	g.Groups = 1
	switch d {
	case Conv2D:
		g.w, g.Groups, err = convWindow(n)
	case TransposeConv2D:
		g.transposed = true
		g.w, g.Groups, err = transposeConvWindow(n)
	default:
		g.w, err = poolWindow(n)
	}
	return g, err
}

// Kernel returns the window's height and width.
func (g *Geometry) Kernel() (kh, kw int) { return g.w.kernel[0], g.w.kernel[1] }

// In and Out return the pictures' heights and widths.
func (g *Geometry) In() (h, w int)  { return g.w.in[0], g.w.in[1] }
func (g *Geometry) Out() (h, w int) { return g.w.out[0], g.w.out[1] }

// Channels is the number of input channels.
func (g *Geometry) Channels() int { return g.w.channels }

// Offset is where tap (ky,kx) of output pixel (oy,ox) begins in the picture, in elements; −1 in the padding, and between the
// pixels of a transposed convolution.
func (g *Geometry) Offset(oy, ox, ky, kx int) int {
	if !g.transposed {
		return g.w.offset(oy, ox, ky, kx)
	}
	y, x := oy+g.w.pad[0]-ky*g.w.dilation[0], ox+g.w.pad[1]-kx*g.w.dilation[1]
	if y < 0 || x < 0 || y%g.w.stride[0] != 0 || x%g.w.stride[1] != 0 {
		return -1
	}
	y, x = y/g.w.stride[0], x/g.w.stride[1]
	if y >= g.w.in[0] || x >= g.w.in[1] {
		return -1
	}
	return (y*g.w.in[1] + x) * g.w.channels
}

// Plain reports whether output pixel i reads just input pixel i.
func (g *Geometry) Plain() bool {
	return !g.transposed && g.w.taps() == 1 && g.w.stride == [2]int{1, 1} && g.w.pad == [4]int{}
}

// Depthwise reports whether every output channel reads one input channel of its own.
func (g *Geometry) Depthwise(outputs int) bool { return isDepthwise(g.w, g.Groups, outputs) }
