package generic

import (
	"edgerun/kernels/abi"
	"edgerun/kernels/fixed"
)

// ClampMaskF32 is documented at abi.ClampMaskF32.
func ClampMaskF32(a *abi.ClampMaskF32) {
	x, mask := at(a.X, 0, a.N), at(a.Mask, 0, (a.N+7)/8)
	clear(mask)
	for i, v := range x {
		v = fixed.ClampF32(v, a.Lo, a.Hi)
		x[i] = v
		if a.Lo < v && v < a.Hi {
			mask[i/8] |= 1 << (i % 8)
		}
	}
}

// MaskF32 is documented at abi.MaskF32.
func MaskF32(a *abi.MaskF32) {
	x, mask := at(a.X, 0, a.N), at(a.Mask, 0, (a.N+7)/8)
	for i := range x {
		if mask[i/8]>>(i%8)&1 == 0 {
			x[i] = 0
		}
	}
}

// SGDF32 is documented at abi.SGDF32.
func SGDF32(a *abi.SGDF32) {
	w, grad := at(a.W, 0, a.N), at(a.G, 0, a.N)
	var velocity []float32
	if a.V != nil {
		velocity = at(a.V, 0, a.N)
	}
	for i := range w {
		g := float32(grad[i]*a.GScale) + float32(a.Decay*w[i])
		step := g
		if velocity != nil {
			v := float32(a.Momentum*velocity[i]) + g
			velocity[i], step = v, v
			if a.Nesterov != 0 {
				step = g + float32(a.Momentum*v)
			}
		}
		w[i] -= float32(a.LR * step)
	}
}

// AdamF32 is documented at abi.AdamF32.
func AdamF32(a *abi.AdamF32) {
	w, grad, first, second := at(a.W, 0, a.N), at(a.G, 0, a.N), at(a.M, 0, a.N), at(a.V, 0, a.N)
	for i := range w {
		x := w[i] - float32(a.Shrink*w[i])
		g := float32(grad[i]*a.GScale) + float32(a.L2*x)
		m := first[i] + float32(a.InvBeta1*(g-first[i]))
		v := float32(a.Beta2*second[i]) + float32(float32(a.InvBeta2*g)*g)
		first[i], second[i] = m, v
		w[i] = x - float32(a.StepSize*m)/(float32(fixed.SqrtF32(v)*a.InvSqrtBias2)+a.Eps)
	}
}

// MulAddF32 is documented at abi.MulAddF32.
func MulAddF32(a *abi.MulAddF32) {
	for r := range a.Rows {
		x, y, c := at(a.A, r*a.LDA, a.N), at(a.B, r*a.LDB, a.N), at(a.C, r*a.LDC, a.N)
		for j := range c {
			c[j] = fixed.FMA32(x[j], y[j], c[j])
		}
	}
}

// SumSquaresF32 is documented at abi.SumSquaresF32.
func SumSquaresF32(a *abi.SumSquaresF32) {
	for i, v := range at(a.X, 0, a.N) {
		a.Sum[i%16] += float32(v * v)
	}
}
