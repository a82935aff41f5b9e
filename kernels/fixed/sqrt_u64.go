package fixed

import (
	"math"
	"math/bits"
)

// SqrtU64 is the square root of v to the nearest integer, but at most 65535 for v below 2^32, and 2^32 − 1.
// Source: TFLite Micro signal/src/square_root_{32,64}.cc.
func SqrtU64(v uint64) uint32 {
	top := uint64(math.MaxUint32)
	if v>>32 == 0 {
		top = math.MaxUint16
	}
	r := uint64(0)
	for bit := uint64(1) << (bits.Len64(v) / 2); bit > 0; bit >>= 1 {
		if t := r | bit; t <= math.MaxUint32 && t*t <= v {
			r = t
		}
	}
	if v-r*r > r && r < top {
		r++
	}
	return uint32(r)
}
