package arm64

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"edgerun/kernels/abi"
	"edgerun/kernels/generic"
)

var specials = []uint32{0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 1, 0x80000001, 0x3f000000, 0xbf000000, 0x3f7fffff, 0x3effffff, 0x7f7fffff}

func rf(r *rand.Rand) float32 {
	switch r.IntN(6) {
	case 0:
		return math.Float32frombits(specials[r.IntN(len(specials))])
	case 1:
		return math.Float32frombits(r.Uint32())
	case 2:
		return float32(r.IntN(41)-20) / 2
	}
	return float32(r.NormFloat64() * 10)
}
func fs(r *rand.Rand, n int) []float32 {
	x := in[float32](n)
	for i := range x {
		x[i] = rf(r)
	}
	return x
}
func bs(r *rand.Rand, n int) []int8 {
	x := in[int8](n)
	for i := range x {
		x[i] = int8(r.Uint32())
		if r.IntN(6) == 0 {
			x[i] = -128
		}
	}
	return x
}
func eqf(t *testing.T, what string, n int, a, b []float32, strict bool) {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (strict || a[i] == a[i] || b[i] == b[i]) {
			t.Fatalf("%s n=%d: [%d] got %x want %x", what, n, i, math.Float32bits(a[i]), math.Float32bits(b[i]))
		}
	}
}
func eqb(t *testing.T, what string, n int, a, b []int8) {
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("%s n=%d: [%d] got %d want %d", what, n, i, a[i], b[i])
		}
	}
}
func shift(r *rand.Rand) int32 {
	if r.IntN(3) == 0 {
		return 0
	}
	return -int32(r.IntN(32))
}
func mult(r *rand.Rand) int32 {
	if r.IntN(9) == 0 {
		return 0
	}
	if r.IntN(9) == 0 {
		return math.MaxInt32
	}
	return 1<<30 + int32(r.IntN(1<<30))
}
func pair[T any](n int) ([]T, []T) { return out[T](n), out[T](n) }

func TestQuickElementwise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		for n := 1; n < 70; n++ {
			release()
			lo := int32(r.IntN(256) - 128)
			hi := lo + int32(r.IntN(int(128-lo)))
			z := func() int32 { return int32(r.IntN(256) - 128) }
			a, b := bs(r, n), bs(r, n)
			y1, y2 := pair[int8](n)
			step := r.IntN(2)
			ad := abi.AddS8{A: &a[0], B: &b[0], Y: &y1[0], N: n, BStep: step, ZA: z(), ZB: z(), ZY: z(), MA: mult(r), MB: mult(r), MY: mult(r), ShiftA: -int32(r.IntN(4)), ShiftB: shift(r), ShiftY: -int32(r.IntN(20) + 12), Lo: lo, Hi: hi}
			if r.IntN(8) == 0 {
				ad.ShiftY = shift(r)
			}
			AddS8NEON(&ad)
			ad.Y = &y2[0]
			generic.AddS8(&ad)
			eqb(t, "add", n, y1, y2)
			mu := abi.MulS8{A: &a[0], B: &b[0], Y: &y1[0], N: n, BStep: step, ZA: z(), ZB: z(), ZY: z(), M: mult(r), Shift: -int32(r.IntN(12)), Lo: lo, Hi: hi}
			if r.IntN(3) == 0 {
				mu.Shift = int32(r.IntN(63) - 31)
			}
			if r.IntN(5) == 0 {
				mu.M = -mu.M
			}
			MulS8NEON(&mu)
			mu.Y = &y2[0]
			generic.MulS8(&mu)
			eqb(t, "mul", n, y1, y2)
			var table [256]int8
			for i := range table {
				table[i] = int8(r.Uint32())
			}
			lu := abi.LutS8{X: &a[0], Y: &y1[0], N: n, Table: &table}
			LutS8NEON(&lu)
			lu.Y = &y2[0]
			generic.LutS8(&lu)
			eqb(t, "lut", n, y1, y2)
			x, v := fs(r, n), fs(r, n)
			f1, f2 := pair[float32](n)
			qu := abi.QuantizeS8{X: &x[0], Y: &y1[0], N: n, Scale: float32(math.Exp(r.NormFloat64())), ZeroPoint: z()}
			if r.IntN(2) == 0 {
				qu.Scale = 1
			}
			QuantizeS8NEON(&qu)
			qu.Y = &y2[0]
			generic.QuantizeS8(&qu)
			eqb(t, "quantize", n, y1, y2)
			de := abi.DequantizeS8{X: &a[0], Y: &f1[0], N: n, Scale: qu.Scale, ZeroPoint: qu.ZeroPoint}
			DequantizeS8NEON(&de)
			de.Y = &f2[0]
			generic.DequantizeS8(&de)
			eqf(t, "dequantize", n, f1, f2, true)
			fl := float32(r.IntN(10) - 5)
			if r.IntN(3) == 0 {
				fl = math.Float32frombits(0x80000000)
			}
			fh := fl + float32(r.IntN(5))
			clamp := r.IntN(2)
			bi := abi.BinaryF32{A: &x[0], B: &v[0], Y: &f1[0], N: n, BStep: step, Clamp: clamp, Lo: fl, Hi: fh}
			AddF32NEON(&bi)
			bi.Y = &f2[0]
			generic.AddF32(&bi)
			eqf(t, "addf", n, f1, f2, false)
			MulF32NEON(&bi)
			bi.Y = &f1[0]
			generic.MulF32(&bi)
			eqf(t, "mulf", n, f1, f2, false)
			cl := abi.ClampF32{X: &x[0], Y: &f1[0], N: n, Lo: fl, Hi: fh}
			ClampF32NEON(&cl)
			cl.Y = &f2[0]
			generic.ClampF32(&cl)
			eqf(t, "clamp", n, f1, f2, true)
		}
	}
}

func TestQuickPool(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for c := 1; c < 150; c += 1 + c/40 {
		for _, taps := range []int{1, 2, 9, 49, 257, 600} {
			release()
			rows := 1 + r.IntN(3)
			x := bs(r, 40*c)
			xf := fs(r, 40*c)
			if taps > 100 {
				v := int8(-128)
				if r.IntN(2) == 0 {
					v = 127
				}
				for i := range x {
					x[i] = v
				}
			}
			off, offv, count := out[int32](rows*taps), out[int32](rows*taps), out[int32](rows)
			for i := range off {
				offv[i] = int32(r.IntN(40) * c)
				off[i] = offv[i]
				if r.IntN(4) == 0 && i%taps > 0 {
					off[i] = -1
				} else {
					count[i/taps]++
				}
			}
			ys := c + 5
			y1, y2 := pair[int8](rows*ys - 5)
			f1, f2 := pair[float32](rows*ys - 5)
			acc := make([]int32, c)
			lo := int32(r.IntN(256) - 128)
			hi := lo + int32(r.IntN(int(128-lo)))
			if r.IntN(2) == 0 {
				lo, hi = -128, 127
			}
			p := abi.PoolS8{X: (*int8)(unsafe.Add(unsafe.Pointer(&x[0]), 7)), Y: &y1[0], Off: &offv[0], Count: &count[0], Acc: &acc[0], Shift: -7, YStride: ys, Rows: rows, Taps: taps, C: c, Lo: lo, Hi: hi}
			MaxPoolS8NEON(&p)
			p.Y = &y2[0]
			generic.MaxPoolS8(&p)
			eqb(t, "maxpool", c, y1, y2)
			p.Off = &off[0]
			generic.AvgPoolS8(&p)
			p.Y = &y1[0]
			AvgPoolS8NEON(&p)
			eqb(t, "avgpool", c, y1, y2)
			f := abi.PoolF32{X: (*float32)(unsafe.Add(unsafe.Pointer(&xf[0]), 12)), Shift: -3, Y: &f1[0], Off: &offv[0], Count: &count[0], YStride: ys, Rows: rows, Taps: taps, C: c, Clamp: r.IntN(2), Lo: -1, Hi: 6}
			MaxPoolF32NEON(&f)
			f.Y = &f2[0]
			generic.MaxPoolF32(&f)
			eqf(t, "maxpoolf", c, f1, f2, true)
			f.Off = &off[0]
			generic.AvgPoolF32(&f)
			f.Y = &f1[0]
			AvgPoolF32NEON(&f)
			eqf(t, "avgpoolf", c, f1, f2, true)
		}
	}
}

func TestQuickF32(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	g := generic.GemmF32
	for rows := 1; rows < 18; rows++ {
		for cols := 1; cols < 60; cols += 1 + rows%3 {
			for _, k := range []int{1, 3, 4, 7, 8, 18} {
				release()
				taps := 1 + r.IntN(3)
				x := fs(r, (rows+taps-1)*k)
				if r.IntN(2) == 0 {
					for i := range x {
						x[i] = float32(r.NormFloat64())
					}
				}
				zero := in[float32](k)
				w := make([]float32, cols*taps*k)
				for i := range w {
					w[i] = float32(r.NormFloat64())
				}
				bias := fs(r, cols)
				run := func(c abi.GemmF32Class, y []float32, clamp int, lo, hi float32) {
					tiles := (rows + c.MR - 1) / c.MR
					off := out[int32](tiles * taps * c.MR)
					for m := range tiles * c.MR {
						mm := min(m, rows-1)
						for t := range taps {
							o := int32((mm + t) * k)
							if taps > 1 && (mm+t)%4 == 0 {
								o = -1
							}
							off[(m/c.MR*taps+t)*c.MR+m%c.MR] = o
						}
					}
					pb := 4 * c.NR * (1 + taps*k)
					panels := (cols + c.NR - 1) / c.NR
					p := in[float32](panels * pb / 4)
					for n := range cols {
						q := p[n/c.NR*pb/4:]
						q[n%c.NR] = bias[n]
						for i := range taps * k {
							q[c.NR*(1+i)+n%c.NR] = w[n*taps*k+i]
						}
					}
					a := abi.GemmF32{X: (*float32)(unsafe.Add(unsafe.Pointer(&x[0]), 20)), Shift: -5, Zero: &zero[0], Off: &off[0], W: &p[0], Y: &y[0], PanelBytes: pb, YStride: cols + 2, Rows: rows, Cols: cols, Taps: taps, K: k, Clamp: clamp, Lo: lo, Hi: hi}
					c.Run(&a)
				}
				y1, y2 := pair[float32](rows*(cols+2) - 2)
				clamp := r.IntN(2)
				lo := float32(0)
				if r.IntN(3) == 0 {
					lo = math.Float32frombits(0x80000000)
				}
				run(GemmF32NEON, y1, clamp, lo, 6)
				run(g, y2, clamp, lo, 6)
				eqf(t, "gemmf", rows*100+cols, y1, y2, false)
			}
		}
	}
}
