package abi

// ClampMaskF32 is the forward pass of a fused activation, in place, and what its backward pass needs:
//
//	x[i] = fixed.ClampF32(x[i], Lo, Hi),  bit i%8 of Mask[i/8] = Lo < x[i] && x[i] < Hi
//
// The unused bits of the last byte become 0. Slack bytes are readable behind X.
type ClampMaskF32 struct {
	X      *float32
	Mask   *byte // (N+7)/8 bytes, written
	N      int
	Lo, Hi float32 // may be infinite
}

// MaskF32 is x[i] = +0 wherever bit i%8 of Mask[i/8] is 0: the gradient that a clamp lets pass. Slack bytes are readable
// behind X.
type MaskF32 struct {
	X    *float32
	Mask *byte // (N+7)/8 bytes
	N    int
}

// SGDF32 is one step of gradient descent for N weights, in place, each operation rounded:
//
//	g = G·GScale + Decay·w
//	v = Momentum·v + g             only where V is not nil
//	w = w − LR·(V == nil ? g : Nesterov ? g + Momentum·v : v)
//
// Slack bytes are readable behind every array. Source: PyTorch, torch.optim.SGD without dampening.
type SGDF32 struct {
	W, G, V                     *float32 // G is read only
	N                           int
	Nesterov                    int // 0: no
	GScale, Decay, Momentum, LR float32
}

// AdamF32 is one step of Adam for N weights, in place, each operation rounded, √ and ÷ too:
//
//	w = w − Shrink·w
//	g = G·GScale + L2·w
//	m = m + InvBeta1·(g − m)
//	v = Beta2·v + (InvBeta2·g)·g
//	w = w − (StepSize·m) / (√v·InvSqrtBias2 + Eps)
//
// Adam has its weight decay in L2; AdamW has learning rate times weight decay in Shrink. Slack bytes are readable behind
// every array. Source: Kingma and Ba (2015); Loshchilov and Hutter (2019); PyTorch, torch.optim.Adam and AdamW.
type AdamF32 struct {
	W, G, M, V   *float32 // G is read only
	N            int
	GScale       float32
	L2, Shrink   float32
	InvBeta1     float32 // 1 − β1
	Beta2        float32
	InvBeta2     float32 // 1 − β2
	StepSize     float32 // learning rate / (1 − β1^t)
	InvSqrtBias2 float32 // 1 / √(1 − β2^t)
	Eps          float32
}

// MulAddF32 adds products of elements to c, for rows r ascending and j in [0,N), with one rounding per fused multiply-add:
//
//	c[r·LDC + j] = fma(a[r·LDA + j], b[r·LDB + j], c[r·LDC + j])
//
// A stride of 0 repeats one row; of C, it adds all rows to one. These are the gradients of a depthwise convolution over a run
// of pixels: by a tap's weights with LDC = 0, by the pixels with LDB = 0. C overlaps neither A nor B; another stride than 0
// is at least N. Slack bytes are readable behind every array. Rows and N are ≥ 1.
type MulAddF32 struct {
	A, B, C       *float32
	LDA, LDB, LDC int // elements
	Rows, N       int
}

// SumSquaresF32 adds squares to sixteen partial sums, each operation rounded: Sum[i%16] += x[i]². fixed.Reduce16 of sums that
// began at +0 is fixed.SumSquares16; calls may split x at multiples of sixteen. Slack bytes are readable behind X.
type SumSquaresF32 struct {
	X   *float32
	N   int
	Sum *[16]float32
}
