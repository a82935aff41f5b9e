package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// LSTMUnitS8 is documented at abi.LSTMUnitS8.
func LSTMUnitS8(a *abi.LSTMUnitS8) {
	n := a.N
	x, r, c, y := at(a.X, 0, 4*n), at(a.R, 0, 4*n), at(a.C, 0, n), at(a.Y, 0, n)
	gate := func(i int) int32 { return 3 * gateSum(x[i], r[i], a.Lo, a.Hi) }
	for i := range y {
		in, forget := int32(fixed.Logistic16(gate(i))), int32(fixed.Logistic16(gate(2*n+i)))
		c[i] = LSTMCell(a, in, forget, int32(fixed.Tanh16(gate(3*n+i))), c[i])
		y[i] = int8(min(max(LSTMOutput(a, int32(fixed.Logistic16(gate(n+i))), int32(c[i])), -128), 127))
	}
}

func gateSum(a, b int16, lo, hi int32) int32 {
	return min(max(int32(fixed.Saturate16(int32(a)+int32(b))), lo), hi)
}

// LSTMCell is the cell after a step, of gates and a candidate in Q0.15 and the cell before.
func LSTMCell(a *abi.LSTMUnitS8, in, forget, candidate int32, c int16) int16 {
	kept := fixed.Saturate16(fixed.MBQM(forget*int32(c), 1<<30, -14))
	added := fixed.Saturate16(fixed.MBQM(in*candidate, a.AddM, -a.AddE))
	return int16(min(max(int32(fixed.Saturate16(int32(kept)+int32(added))), -a.CellMax), a.CellMax))
}

// LSTMOutput is the hidden state of an output gate in Q0.15 and a cell, not yet limited.
func LSTMOutput(a *abi.LSTMUnitS8, out, c int32) int32 {
	t := c * a.TanhM
	if a.TanhE > 0 {
		t = (t + 1<<(a.TanhE-1)) >> a.TanhE
	}
	t = max(min(t, a.TanhMax), -a.TanhMax)
	return fixed.MBQM(int32(fixed.Tanh16(t))*out, a.OutM, -a.OutE) + a.Zero
}

// GRUResetS8 and GRUUnitS8 are the halves of abi.GRUUnitS8.
func GRUResetS8(a *abi.GRUUnitS8) {
	n := a.N
	x, r := at(a.X, n, n), at(a.R, n, n)
	gate := func(i int) int32 { return int32(fixed.Logistic16(3 * gateSum(x[i], r[i], a.Lo, a.Hi))) }
	if a.Linear != 0 {
		candidate := at(a.Candidate, 0, n)
		for i, v := range candidate {
			candidate[i] = int16((gate(i)*int32(v) + 1<<14) >> 15)
		}
		return
	}
	y := at(a.Y, 0, n)
	for i, v := range at(a.H, 0, n) {
		y[i] = GRUCode(a, (gate(i)*int32(v)+1<<14)>>15)
	}
}

func GRUUnitS8(a *abi.GRUUnitS8) {
	n := a.N
	x, r := at(a.X, 0, 3*n), at(a.R, 0, n)
	candidate, h, y := at(a.Candidate, 0, n), at(a.H, 0, n), at(a.Y, 0, n)
	for i := range y {
		z := int32(fixed.Logistic16(3 * gateSum(x[i], r[i], a.Lo, a.Hi)))
		g := int32(fixed.Tanh16(3 * gateSum(x[2*n+i], candidate[i], a.Lo, a.Hi)))
		if a.Exp > 0 {
			g = (g + 1<<(a.Exp-1)) >> a.Exp
		}
		h[i] = fixed.Saturate16(((1<<15-z)*g + z*int32(h[i]) + 1<<14) >> 15)
		y[i] = GRUCode(a, int32(h[i]))
	}
}

// GRUCode is the code of an int16 state.
func GRUCode(a *abi.GRUUnitS8, v int32) int8 {
	return int8(min(max(fixed.MBQM(v, a.OutM, a.Left-a.Right)+a.Zero, -128), 127))
}
