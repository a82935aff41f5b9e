package fixed

import "math"

// AttentionS8 is the integer softmax and the weighted sum of int8 attention. For a row of integer scores a_j, a unit of
// which is worth s = scale(q)·scale(k)·factor, and d_j = max a − a_j over the keys that take part:
//
//	t_j = min((d_j·m + 2^(30−x)) >> (31−x), 4095)     m·2^(x−31) = s·512: the difference in 512ths
//	e_j = round(255·e^(−t_j/512))                     0 for keys that are left out
//	y   = clamp(((Σ e_j·(v_j − zero(v)))·r + half) >> shift + zero(y), −128, 127)
//
// with r = ⌊m'·2^16/Σe⌋ and m'·2^(x'−31) = scale(v)/scale(y), shift = 47 − x'. Weights so are relative to the largest,
// 255, and sum up to one exactly; a row all of whose keys are left out is 0. Sums fit: |Σ e_j·(v_j − zero)| ≤ 255·Σe, so
// the product with r stays below 2^55, and Σe fits in 32 bits up to 2^23 keys.
type AttentionS8 struct {
	M, Half int64
	Right   uint
	Exp     *[4096]uint8 // e of t
	mv      int64
	shift   uint
	zero    int64
}

// NewAttentionS8 returns the arithmetic for scores in units of s and outputs of zero point zero whose scale is 1/ratio of
// v's. ok is false for units or ratios that are too large.
func NewAttentionS8(s, ratio float64, zero int32) (a *AttentionS8, ok bool) {
	m, x := Quantize(s * 512)
	mv, xv := Quantize(ratio)
	if m < 0 || x > 12 || mv < 0 || xv > 15 || xv < -15 {
		return nil, false
	}
	a = &AttentionS8{M: int64(m), Half: int64(1) << uint(30-x), Right: uint(31 - x), Exp: attentionExp(), mv: int64(mv), shift: uint(47 - xv), zero: int64(zero)}
	return a, true
}

func attentionExp() *[4096]uint8 {
	t := new([4096]uint8)
	for i := range t {
		t[i] = uint8(math.Round(float64(255 * ExpF64(-float64(i)/512))))
	}
	return t
}

// Weights writes e_j of integer scores and returns their sum; keys whose mask is 0 are left out, nil leaves out none.
func (a *AttentionS8) Weights(e []float32, scores []int32, mask []uint8) int64 {
	return attentionWeights(a, e, scores, mask)
}

// WeightsF32 is Weights of scores that are integers in float32, over which it writes.
func (a *AttentionS8) WeightsF32(scores []float32, mask []uint8) int64 {
	return attentionWeights(a, scores, scores, mask)
}

func attentionWeights[T int32 | float32](a *AttentionS8, e []float32, scores []T, mask []uint8) int64 {
	top, some := int32(math.MinInt32), false
	for j, s := range scores {
		if mask == nil || mask[j] != 0 {
			top, some = max(top, int32(s)), true
		}
	}
	if !some {
		clear(e)
		return 0
	}
	sum := int64(0)
	for j, s := range scores {
		if mask != nil && mask[j] == 0 {
			e[j] = 0
			continue
		}
		w := a.Exp[a.Step(int64(top)-int64(s))]
		e[j] = float32(w)
		sum += int64(w)
	}
	return sum
}

// Step is t of a difference d ≥ 0.
func (a *AttentionS8) Step(d int64) int64 { return min((d*a.M+a.Half)>>a.Right, 4095) }

// Reciprocal is r of a sum of weights; 0 of 0.
func (a *AttentionS8) Reciprocal(sum int64) int64 {
	if sum == 0 {
		return 0
	}
	return (a.mv << 16) / sum
}

// At is y of a weighted sum.
func (a *AttentionS8) At(sum int32, r int64) int8 {
	y := (int64(sum)*r+1<<(a.shift-1))>>a.shift + a.zero
	return int8(min(max(y, -128), 127))
}
