package generic

import (
	"math"

	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// MaxPoolS8 is documented at abi.PoolS8.
func MaxPoolS8(a *abi.PoolS8) {
	for row := range a.Rows {
		y := at(a.Y, row*a.YStride, a.C)
		for i, off := range at(a.Off, row*a.Taps, a.Taps) {
			x := at(a.X, a.Shift+int(off), a.C)
			if i == 0 {
				copy(y, x)
				continue
			}
			for c, v := range x {
				y[c] = max(y[c], v)
			}
		}
		for c, v := range y {
			y[c] = int8(min(max(int32(v), a.Lo), a.Hi))
		}
	}
}

// AvgPoolS8 is documented at abi.PoolS8.
func AvgPoolS8(a *abi.PoolS8) {
	acc := at(a.Acc, 0, a.C)
	counts := at(a.Count, 0, a.Rows)
	for row := range a.Rows {
		clear(acc)
		for _, off := range at(a.Off, row*a.Taps, a.Taps) {
			if off < 0 {
				continue
			}
			for c, v := range at(a.X, a.Shift+int(off), a.C) {
				acc[c] += int32(v)
			}
		}
		n := counts[row]
		y := at(a.Y, row*a.YStride, a.C)
		for c, sum := range acc {
			if sum > 0 {
				sum += n / 2
			} else {
				sum -= n / 2
			}
			y[c] = int8(min(max(sum/n, a.Lo), a.Hi))
		}
	}
}

// MaxPoolF32 is documented at abi.PoolF32.
func MaxPoolF32(a *abi.PoolF32) {
	for row := range a.Rows {
		y := at(a.Y, row*a.YStride, a.C)
		for i, off := range at(a.Off, row*a.Taps, a.Taps) {
			x := at(a.X, a.Shift+int(off), a.C)
			if i == 0 {
				copy(y, x)
				continue
			}
			for c, v := range x {
				y[c] = fixed.MaxF32(y[c], v)
			}
		}
		clampRow(y, a.Clamp, a.Lo, a.Hi)
	}
}

// AvgPoolF32 is documented at abi.PoolF32.
func AvgPoolF32(a *abi.PoolF32) {
	counts := at(a.Count, 0, a.Rows)
	for row := range a.Rows {
		y := at(a.Y, row*a.YStride, a.C)
		clear(y)
		for _, off := range at(a.Off, row*a.Taps, a.Taps) {
			if off < 0 {
				continue
			}
			for c, v := range at(a.X, a.Shift+int(off), a.C) {
				y[c] += v
			}
		}
		n := float32(counts[row])
		for c := range y {
			y[c] /= n
		}
		clampRow(y, a.Clamp, a.Lo, a.Hi)
	}
}

func clampRow(y []float32, clamp int, lo, hi float32) {
	for c, v := range y {
		if v != v {
			v = math.Float32frombits(0x7fc00000)
		}
		if clamp != 0 {
			v = fixed.ClampF32(v, lo, hi)
		}
		y[c] = v
	}
}
