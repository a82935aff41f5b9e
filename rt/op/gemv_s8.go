package op

import (
	"fmt"
	"math"
	"slices"

	"edgerun/kernels"
	"edgerun/kernels/abi"
	"edgerun/rt/tensor"
)

// gemvS8 is a product with packed weights of one row of int8.
type gemvS8 struct {
	class  abi.GemvS8Class
	packed tensor.Buffer
	cols   int // rounded up to panels
	k      int // rounded up as the class wants it
	most   int // GemvS8.Most127
	kernel string
}

func newGemvS8(set *kernels.Set, w []int8, bias, mult, shift []int32, zx int32) (*gemvS8, error) {
	cols := len(bias)
	k := len(w) / cols
	g := &gemvS8{class: set.GemvS8, cols: (cols + abi.GemvNR - 1) / abi.GemvNR * abi.GemvNR}
	g.k, g.kernel = g.class.Round(k), fmt.Sprintf("%s 1x%dc%d", g.class.Name, abi.GemvNR, g.class.KR)
	folded := make([]int32, cols)
	for c := range folded {
		if shift[c] > 15 {
			return nil, fmt.Errorf("row %d of weights rescales by 2^%d: %w", c, shift[c], ErrUnsupported)
		}
		sum, magnitude := int64(0), int64(0)
		for _, v := range w[c*k : (c+1)*k] {
			sum += int64(v)
			magnitude += max(int64(v), -int64(v))
		}
		b := int64(bias[c]) - int64(zx)*sum
		if most := (max(b, -b) + 256*magnitude) << uint(max(shift[c], 0)); most > math.MaxInt32 {
			return nil, fmt.Errorf("sums of row %d of weights reach %d: %w", c, most, ErrUnsupported)
		}
		folded[c] = int32(b)
	}
	g.most = btoi(!slices.Contains(w, -128))
	g.packed = tensor.Alloc(g.class.Bytes(cols, k))
	g.class.Pack(g.packed.Bytes(), w, folded, mult, shift, k)
	return g, nil
}

// multiply computes rows rows, xStride apart in x, side by side in y.
func (g *gemvS8) multiply(w *Worker, x *int8, xStride int, y *int16, rows int) {
	a := &w.GemvS8
	a.X, a.W, a.Y, a.K, a.Panels = x, &g.packed.Bytes()[0], y, g.k, g.cols/abi.GemvNR
	a.Rows, a.XStride, a.YStride, a.Most127 = rows, xStride, g.cols, g.most
	g.class.Run(a)
}

// multiplyRow computes the row of a step. Every second step takes the panels the other way round, in pieces: what of the
// weights the step before has read last is then still in the cache, which may not hold them all.
func (g *gemvS8) multiplyRow(w *Worker, step int, x *int8, y []int16) {
	a := &w.GemvS8
	a.X, a.K, a.Rows, a.XStride, a.YStride, a.Most127 = x, g.k, 1, 0, g.cols, g.most
	panels, size := g.cols/abi.GemvNR, abi.GemvNR*(16+g.k)
	per := max(weightsInCache/size, 1)
	for i, n := 0, (panels+per-1)/per; i < n; i++ {
		at := i
		if step&1 != 0 {
			at = n - 1 - i
		}
		at *= per
		a.W, a.Y, a.Panels = &g.packed.Bytes()[at*size], &y[at*abi.GemvNR], min(per, panels-at)
		g.class.Run(a)
	}
}
