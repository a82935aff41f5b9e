package kernels_test

import (
	"fmt"
	"testing"
	"unsafe"

	"edgerun/kernels"
	"edgerun/kernels/abi"
)

func TestTranspose(t *testing.T) {
	eachSet(t, func(t *testing.T, g *guard, set, truth *kernels.Set) {
		for _, size := range []int{1, 4} {
			run, want := set.Transpose8, truth.Transpose8
			if size == 4 {
				run, want = set.Transpose32, truth.Transpose32
			}
			check := func(rows, cols int) {
				g.reset()
				stride := rows + g.IntN(3)
				x := input[byte](g, size*((cols-1)*stride+rows), abi.Slack)
				for i := range x {
					x[i] = byte(g.Uint32())
				}
				result := func(f func(*abi.Transpose)) []int8 {
					y := output[int8](g, size*rows*cols)
					a := &abi.Transpose{X: &x[0], Y: bytePtr(y), Rows: rows, Cols: cols, XStride: stride}
					g.call(fmt.Sprint(size, " bytes ", rows, "x", cols), func() { f(a) })
					return y
				}
				truth := result(want)
				g.same8(fmt.Sprintf("%s %d bytes %dx%d", set.Name, size, rows, cols), result(run), truth)
			}
			for _, cols := range []int{1, 2, 3, 4, 5, 8, 17, 33} {
				for _, rows := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 21, 22, 31, 32, 33, 42, 43, 63, 64, 65, 100, 128, 200} {
					check(rows, cols)
				}
			}
		}
	})
}

func bytePtr(x []int8) *byte { return (*byte)(unsafe.Pointer(&x[0])) }
