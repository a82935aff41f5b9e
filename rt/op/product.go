package op

import (
	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// product multiplies two computed matrices with the kernels of GemmF32: the second one is packed into scratch memory
// when it runs. Sums ascend over k from +0 with fused multiply-add.
//
// It serves codes too: products of differences of int8 codes, and sums of up to exactK of them, are integers that float32
// holds exactly, in any order.
type product struct {
	class abi.GemmF32Class
	zero  tensor.Buffer
}

// exactK bounds the terms of a sum of products of two numbers of [−255, 255] that float32 holds: 258·255² < 2^24.
const exactK = 256

// productRows is how many rows one call of multiply takes.
const productRows = 64

func newProduct(class abi.GemmF32Class, k int) product {
	return product{class: class, zero: tensor.Alloc(4 * k)}
}

// panelElements is the size of a packed matrix of n columns.
func (p *product) panelElements(k, n int) int {
	nr := p.class.NR
	return (n + nr - 1) / nr * nr * (1 + k)
}

// offsetBytes is the scratch that multiply needs for its offsets.
func (p *product) offsetBytes() int { return align(4 * (productRows + p.class.MR)) }

func align(n int) int { return (n + tensor.Align - 1) &^ (tensor.Align - 1) }

// clear clears the biases of a packed matrix and what is behind its last column.
func (p *product) clear(dst []float32, k, n int) {
	nr := p.class.NR
	for j := 0; j < n; j += nr {
		at := dst[j*(1+k):]
		clear(at[:nr])
		if n-j < nr {
			for i := 1; i <= k; i++ {
				clear(at[i*nr+n-j : (i+1)*nr])
			}
		}
	}
}

// packF32 packs b, whose element (i, j) is b[i·stepK + j·stepN].
func (p *product) packF32(dst, b []float32, k, n, stepK, stepN int) {
	p.clear(dst, k, n)
	nr := p.class.NR
	for j := 0; j < n; j += nr {
		panel, cols := dst[j*(1+k)+nr:], min(nr, n-j)
		if stepN == 1 {
			for i := range k {
				copy(panel[i*nr:i*nr+cols], b[i*stepK+j:])
			}
			continue
		}
		for c := range cols {
			column := b[(j+c)*stepN:]
			for i := range k {
				panel[i*nr+c] = column[i*stepK]
			}
		}
	}
}

// packS8 is packF32 of codes less their zero point.
func (p *product) packS8(dst []float32, b []int8, zero int32, k, n, stepK, stepN int) {
	p.clear(dst, k, n)
	nr := p.class.NR
	for j := 0; j < n; j += nr {
		panel, cols := dst[j*(1+k)+nr:], min(nr, n-j)
		if stepN == 1 {
			for i := range k {
				row, to := b[i*stepK+j:], panel[i*nr:i*nr+cols]
				for c := range to {
					to[c] = float32(int32(row[c]) - zero)
				}
			}
			continue
		}
		for c := range cols {
			column := b[(j+c)*stepN:]
			for i := range k {
				panel[i*nr+c] = float32(int32(column[i*stepK]) - zero)
			}
		}
	}
}

// multiply computes up to productRows rows of y, which are yStride elements apart, from rows of x that are xStride apart.
// off is offsetBytes of scratch.
func (p *product) multiply(w *Worker, off []int32, x []float32, xStride int, packed, y []float32, yStride, rows, k, n int) {
	mr := p.class.MR
	tiles := (rows + mr - 1) / mr * mr
	for i := range tiles {
		off[i] = int32(min(i, rows-1) * xStride)
	}
	a := &w.GemmF32
	a.X, a.Shift, a.Zero, a.Off = &x[0], 0, p.zero.PtrF32(), &off[0]
	nr := p.class.NR
	a.YStride, a.PanelBytes, a.Rows, a.Taps, a.K, a.Clamp = yStride, 4*nr*(1+k), rows, 1, k, 0
	cols := max(1, callMACs/(tiles*k*nr)) * nr
	for j := 0; j < n; j += cols {
		a.W, a.Y, a.Cols = &packed[j*(1+k)], &y[j], min(cols, n-j)
		p.class.Run(a)
	}
}
