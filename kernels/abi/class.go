package abi

// GemmS8Class is one implementation of the int8 matrix product: its tile, its packing and its code.
//
// MR×NR is the register tile, KR the run of consecutive k that one packed weight group holds.
type GemmS8Class struct {
	Name       string
	MR, NR, KR int
	Weight128  bool // exact with weights of −128 too; an operator takes the portable kernel where this is false
	// Panel returns the bytes of one packed panel of NR outputs with taps taps of k (a multiple of KR) weights each.
	Panel func(taps, k int) int
	// Pack writes one panel. See GemmS8Panel.
	Pack func(dst []byte, p *GemmS8Panel)
	Run  func(*GemmS8)
}

// GemmS8Panel is what Pack needs of up to NR output channels.
//
// Pack zero-fills channels past len(Bias) and k past K: what a kernel reads there never reaches y.
type GemmS8Panel struct {
	W     []int8  // [n][Taps][K]; none is −128 unless the class allows it
	Bias  []int32 // [n], already − zeroPoint(x)·Σw, wrapping
	Mult  []int32 // [n] Q31 mantissa, 0 or [2^30, 2^31−1]
	Shift []int32 // [n] exponent: > 0 left, ≤ 0 right; within [−31, 30]
	Taps  int
	K     int // weights of one tap, before rounding up to KR
}

// Fits reports whether the fast requantization form is exact for the channel: no left shift, and
// SRDHM(acc)+2^(e−1), or with e = 0 the sum with a zero point, stays in int32 for every reachable accumulator. accMax
// bounds |acc|.
//
// An operator takes the portable kernel for a layer with a channel that does not fit.
func Fits(mult, shift int32, accMax int64) bool {
	if shift > 0 || mult < 0 {
		return false
	}
	if shift == 0 {
		return accMax < 1<<31-128
	}
	high := (accMax*int64(mult) + 1<<30) >> 31
	return accMax <= 1<<31-1 && high+1<<(uint(-shift)-1) <= 1<<31-1
}

// GemmF32Class is one implementation of the float32 matrix product. Its panels are [NR bias][taps][k][NR] for every
// implementation, so packing is shared.
type GemmF32Class struct {
	Name   string
	MR, NR int
	Run    func(*GemmF32)
}
