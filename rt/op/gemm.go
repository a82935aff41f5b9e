package op

import (
	"fmt"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/kernels/generic"
	"edgerun/rt/tensor"
)

// callMACs bounds the work of one kernel call. A kernel cannot be preempted, and this is under 50 µs at the 5 GMAC/s
// of the slowest core that edgerun serves; calls cost 5 ns.
const callMACs = 1 << 18

// taskMACs is the work that is worth handing to another thread (a hand-over costs about half a microsecond).
const taskMACs = 1 << 18

// gemm is a matrix product with packed weights: cols outputs for each row that an indirection lists.
type gemm struct {
	cols, taps, k int // k: weights of one tap
	mr, nr        int
	panelBytes    int
	ind           indirection
	x, y          int // slots
	name          string
	packed        tensor.Buffer
	zero          tensor.Buffer // what a padded tap reads
}

// rowMACs is the work of one row of one panel.
func (g *gemm) rowMACs() int { return g.taps * g.k * g.nr }

func (g *gemm) panels() int { return (g.cols + g.nr - 1) / g.nr }

// colGroups says into how many runs of panels the columns are split so that there is work for several threads when
// the rows come in few blocks.
func (g *gemm) colGroups(blocks int) int {
	blockMACs := g.taps * g.k * g.cols * g.ind.blocks[0].rows
	const wanted = 8
	groups := (wanted + blocks - 1) / blocks
	return max(1, min(groups, g.panels(), blockMACs/taskMACs))
}

// chunks returns how many of the given rows, and how many panels, one kernel call takes: at most callMACs of work,
// whole row tiles.
func (g *gemm) chunks(rows int) (rowStep, panelStep int) {
	rowStep = max(1, callMACs/(g.rowMACs()*g.mr)) * g.mr
	rowStep = min(rowStep, (rows+g.mr-1)/g.mr*g.mr)
	panelStep = max(1, callMACs/(g.rowMACs()*rowStep))
	return rowStep, panelStep
}

func (g *gemm) info() Info {
	return Info{Kernel: g.name, PackedBytes: g.packed.Len() + g.zero.Len() + g.ind.sizeBytes()}
}

// gemmS8 is the int8 form.
type gemmS8 struct {
	gemm
	class     abi.GemmS8Class
	zeroPoint int32
	lo, hi    int32
}

// gemmS8Params is what newGemmS8 needs: weights [cols][taps][k], the quantization of input and output, and clamps.
type gemmS8Params struct {
	w               []int8
	bias            []int32
	mult, shift     []int32
	taps, k         int
	zx, zy          int32
	lo, hi          int32
	maxRows         int
	buildRows       func(mr int) indirection
	inSlot, outSlot int
}

// fold returns the biases less zeroPoint(x)·Σw, and whether a fast kernel is exact for all channels; weight128 says
// whether it is for weights of −128.
func (p *gemmS8Params) fold(weight128 bool) (bias []int32, fits bool) {
	kk := p.taps * p.k
	bias, fits = make([]int32, len(p.bias)), true
	for c := range bias {
		sum, magnitude, min128 := int32(0), int64(0), false
		for _, w := range p.w[c*kk : (c+1)*kk] {
			sum += int32(w)
			magnitude += max(int64(w), -int64(w))
			min128 = min128 || w == -128
		}
		bias[c] = p.bias[c] - p.zx*sum
		accMax := max(int64(p.bias[c]), -int64(p.bias[c])) + 255*magnitude
		fits = fits && (weight128 || !min128) && abi.Fits(p.mult[c], p.shift[c], accMax)
	}
	return bias, fits
}

// newGemmS8 folds the input's zero point into the bias and packs the weights. A layer that the set's fast form
// cannot do exactly (a left shift, a huge bias, for some a weight of −128) takes the portable kernel.
func newGemmS8(set *kernels.Set, p *gemmS8Params) *gemmS8 {
	cols, kk := len(p.bias), p.taps*p.k
	class := set.GemmS8
	bias, fits := p.fold(class.Weight128)
	if !fits {
		class = generic.GemmS8
	}
	kr := class.KR
	k := (p.k + kr - 1) / kr * kr
	g := &gemmS8{
		gemm: gemm{cols: cols, taps: p.taps, k: k, mr: class.MR, nr: class.NR, panelBytes: class.Panel(p.taps, k),
			x: p.inSlot, y: p.outSlot, name: fmt.Sprintf("%s %dx%dc%d", class.Name, class.MR, class.NR, class.KR)},
		class: class, zeroPoint: p.zy, lo: p.lo, hi: p.hi,
	}
	g.packed = tensor.Alloc(g.panels() * g.panelBytes)
	for i := range g.panels() {
		c0, c1 := i*g.nr, min((i+1)*g.nr, cols)
		class.Pack(g.packed.Bytes()[i*g.panelBytes:(i+1)*g.panelBytes], &abi.GemmS8Panel{
			W: p.w[c0*kk : c1*kk], Bias: bias[c0:c1], Mult: p.mult[c0:c1], Shift: p.shift[c0:c1], Taps: p.taps, K: p.k,
		})
	}
	g.zero = tensor.Alloc(k)
	for i := range g.zero.I8() {
		g.zero.I8()[i] = int8(p.zx)
	}
	g.ind = p.buildRows(class.MR)
	return g
}

// run computes rows [0,rows) of block b and column group grp of groups; xShift and yRow place the picture.
func (g *gemmS8) run(f *Frame, w *Worker, b *block, rows, grp, groups, xShift, yRow, yCol, yStride int) {
	y := f.Buf[g.y].I8()[(yRow+b.first)*yStride+yCol:]
	g.multiply(w, f.Buf[g.x].PtrI8(), xShift+b.shift, g.ind.tables[b.table], y, yStride, rows, grp, groups)
}

// multiply computes rows found through the offsets off from x+shift, for column group grp of groups, into y.
func (g *gemmS8) multiply(w *Worker, x *int8, shift int, off []int32, y []int8, yStride, rows, grp, groups int) {
	a := &w.GemmS8
	a.X, a.Shift, a.Zero = x, shift, g.zero.PtrI8()
	a.ZeroPoint, a.Lo, a.Hi = g.zeroPoint, g.lo, g.hi
	a.PanelBytes, a.YStride, a.Taps, a.K = g.panelBytes, yStride, g.taps, g.k
	rowStep, panelStep := g.chunks(rows)
	first, last := grp*g.panels()/groups, (grp+1)*g.panels()/groups
	for p := first; p < last; p += panelStep {
		a.W = &g.packed.Bytes()[p*g.panelBytes]
		c0 := p * g.nr
		a.Cols = min(min(p+panelStep, last)*g.nr, g.cols) - c0
		for r := 0; r < rows; r += rowStep {
			a.Rows = min(rowStep, rows-r)
			a.Off = &off[r*g.taps]
			a.Y = &y[r*yStride+c0]
			g.class.Run(a)
		}
	}
}

// gemmF32 is the float32 form. Panels are [nr bias][taps][k][nr] for every kernel.
type gemmF32 struct {
	gemm
	class  abi.GemmF32Class
	clamp  int
	lo, hi float32
}

// newGemmF32 packs weights [cols][taps][k].
func newGemmF32(set *kernels.Set, w, bias []float32, taps, k int, a Attrs, rows func(mr int) indirection, in, out int) *gemmF32 {
	class, cols := set.GemmF32, len(bias)
	g := &gemmF32{
		gemm: gemm{cols: cols, taps: taps, k: k, mr: class.MR, nr: class.NR, panelBytes: 4 * class.NR * (1 + taps*k),
			x: in, y: out, name: fmt.Sprintf("%s %dx%d", class.Name, class.MR, class.NR)},
		class: class,
	}
	g.clamp, g.lo, g.hi = clampF32(a)
	g.packed = tensor.Alloc(g.panels() * g.panelBytes)
	packF32(g.packed.F32(), w, bias, class.NR, taps*k)
	g.zero = tensor.Alloc(4 * k)
	g.ind = rows(class.MR)
	return g
}

// packF32 writes panels of nr columns: [nr bias][k][nr], zero-filled.
func packF32(dst, w, bias []float32, nr, k int) {
	for c, b := range bias {
		panel := dst[c/nr*nr*(1+k):]
		panel[c%nr] = b
		for i, v := range w[c*k : (c+1)*k] {
			panel[(1+i)*nr+c%nr] = v
		}
	}
}

// run and multiply are gemmS8's.
func (g *gemmF32) run(f *Frame, w *Worker, b *block, rows, grp, groups, xShift, yRow, yCol, yStride int) {
	y := f.Buf[g.y].F32()[(yRow+b.first)*yStride+yCol:]
	g.multiply(w, f.Buf[g.x].PtrF32(), xShift+b.shift, g.ind.tables[b.table], y, yStride, rows, grp, groups)
}

func (g *gemmF32) multiply(w *Worker, x *float32, shift int, off []int32, y []float32, yStride, rows, grp, groups int) {
	a := &w.GemmF32
	a.X, a.Shift, a.Zero = x, shift, g.zero.PtrF32()
	a.Clamp, a.Lo, a.Hi = g.clamp, g.lo, g.hi
	a.PanelBytes, a.YStride, a.Taps, a.K = g.panelBytes, yStride, g.taps, g.k
	rowStep, panelStep := g.chunks(rows)
	first, last := grp*g.panels()/groups, (grp+1)*g.panels()/groups
	for p := first; p < last; p += panelStep {
		a.W = &g.packed.F32()[p*(g.panelBytes/4)]
		c0 := p * g.nr
		a.Cols = min(min(p+panelStep, last)*g.nr, g.cols) - c0
		for r := 0; r < rows; r += rowStep {
			a.Rows = min(rowStep, rows-r)
			a.Off = &off[r*g.taps]
			a.Y = &y[r*yStride+c0]
			g.class.Run(a)
		}
	}
}
