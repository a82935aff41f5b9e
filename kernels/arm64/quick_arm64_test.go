package arm64

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/cpu"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

func runS8(t *testing.T, c *abi.GemmS8Class, rows, cols, taps, k int, seed uint64) {
	defer release()
	r := rand.New(rand.NewPCG(seed, 1))
	kr := (k + c.KR - 1) / c.KR * c.KR
	pix := rows + taps - 1
	x := in[int8](pix * k)[:pix*k]
	for i := range x {
		x[i] = int8(r.IntN(256) - 128)
		if r.IntN(4) == 0 {
			x[i] = -128
		}
	}
	zero := in[int8](kr)
	for i := range zero {
		zero[i] = int8(r.IntN(3))
	}
	zp := int8(seed%256 - 128)
	for i := range zero {
		zero[i] = zp
	}
	tiles := (rows + c.MR - 1) / c.MR
	off := out[int32](tiles * taps * c.MR)
	rowOff := func(m, t int) int32 {
		m = min(m, rows-1)
		if (m*7+t*3)%5 == 0 && taps > 1 {
			return -1
		}
		return int32((m + t) * k)
	}
	for m := range tiles * c.MR {
		for t := range taps {
			off[(m/c.MR*taps+t)*c.MR+m%c.MR] = rowOff(m, t)
		}
	}
	w := make([]int8, cols*taps*k)
	for i := range w {
		w[i] = int8(r.IntN(255) - 127)
		if r.IntN(4) == 0 {
			w[i] = -127
		}
	}
	bias, mult, shift := make([]int32, cols), make([]int32, cols), make([]int32, cols)
	for n := range cols {
		bias[n] = int32(r.IntN(20000) - 10000)
		mult[n] = int32(1<<30 + r.IntN(1<<30))
		shift[n] = -int32(r.IntN(14))
		if r.IntN(8) == 0 {
			shift[n] = -31
		}
	}
	pb := c.Panel(taps, kr)
	panels := (cols + c.NR - 1) / c.NR
	packed := in[byte](panels * pb)
	for p := range panels {
		n0, n1 := p*c.NR, min(cols, p*c.NR+c.NR)
		c.Pack(packed[p*pb:][:pb], &abi.GemmS8Panel{W: w[n0*taps*k : n1*taps*k], Bias: bias[n0:n1], Mult: mult[n0:n1], Shift: shift[n0:n1], Taps: taps, K: k})
	}
	ys := cols + 3
	y := out[int8](rows*ys - 3)
	for i := range y {
		y[i] = 77
	}
	lo := int32(-128)
	zy := int32(r.IntN(256) - 128)
	switch r.IntN(3) {
	case 0:
		lo = zy
	case 1:
		lo = max(-128, zy-20)
	}
	hi := min(127, lo+100)
	a := &abi.GemmS8{X: (*int8)(unsafe.Add(unsafe.Pointer(&x[0]), 5)), Zero: &zero[0], Off: &off[0], W: &packed[0], Y: &y[0], Shift: -5, PanelBytes: pb, YStride: ys,
		Rows: rows, Cols: cols, Taps: taps, K: kr, ZeroPoint: zy, Lo: lo, Hi: hi}
	c.Run(a)
	for m := range rows {
		for n := range cols {
			acc := bias[n]
			for t := range taps {
				o := rowOff(m, t)
				for i := range k {
					v := int32(zp)
					if o >= 0 {
						v = int32(x[int(o)+i])
					}
					acc += v * int32(w[(n*taps+t)*k+i])
				}
			}
			v := min(max(fixed.MBQM(acc, mult[n], shift[n])+zy, lo), hi)
			if y[m*ys+n] != int8(v) {
				t.Fatalf("%s rows %d cols %d taps %d k %d: y[%d,%d] = %d want %d", c.Name, rows, cols, taps, k, m, n, y[m*ys+n], v)
			}
			y[m*ys+n] = 77
		}
	}
	for i, v := range y {
		if v != 77 {
			t.Fatalf("%s rows %d cols %d: wrote %d at %d", c.Name, rows, cols, v, i)
		}
	}
}

func TestQuickS8(t *testing.T) {
	classes := []*abi.GemmS8Class{&GemmS8NEON}
	if cpu.ARM64.HasASIMDDP {
		classes = append(classes, &GemmS8DotProd)
	}
	for _, c := range classes {
		t.Run(fmt.Sprint(c.Name), func(t *testing.T) {
			s := uint64(0)
			for rows := 1; rows <= 9; rows++ {
				for cols := 1; cols <= 35; cols += 1 + int(s%3) {
					for _, taps := range []int{1, 3} {
						for _, k := range []int{1, 3, 4, 5, 8, 12, 16, 17, 31, 32, 33, 48, 64, 100} {
							s++
							runS8(t, c, rows, cols, taps, k, s)
						}
					}
				}
			}
		})
	}
}
