package abi

// AttentionS8 turns integer scores into the weights of fixed.AttentionS8, and sums them:
//
//	t = min(((max X − x)·M + half) >> Right, 4095)
//	x = Exp[t], which is 255·fixed.ExpF32(−t/512) rounded to the nearest integer
//
// for 0 ≤ M < 2^31 and 0 < Right < 63; half is 2^(Right−1).
type AttentionS8 struct {
	X     *float32 // N integers below 2^24 + Slack
	N     int      // 1 to 2^15
	M     int64
	Right int
	Exp   *[4096]uint8
	Sum   int // result
}

// RowF32 is a row times a matrix whose rows are Step elements apart, ascending over K with fused multiply-add from +0:
//
//	DotF32  y[n] = Σ_k x[k]·w[n·Step + k]
//	MixF32  y[n] = Σ_k x[k]·w[k·Step + n]
type RowF32 struct {
	X, W, Y    *float32 // K, the matrix's extent, N; X and W + Slack
	N, K, Step int
}

// DotS8 is y[n] = Σ_k x[k]·(w[n·Step + k] − Zero), exact: |y| < 2^24.
type DotS8 struct {
	X          *int16 // K, zeros up to a multiple of 16, + Slack
	W          *int8  // + Slack
	Y          *float32
	N, K, Step int
	Zero       int32
}

// MixS8 is y[n] = Σ_k x[k]·w[k·Step + n] − Less, of integers x of [0, 255]. Sums stay below 2^31.
type MixS8 struct {
	X          *float32 // K
	W          *int8    // + Slack
	Y          *int32
	N, K, Step int
	Less       int32
}
