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
