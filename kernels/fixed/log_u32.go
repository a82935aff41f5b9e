package fixed

import (
	"math"
	"math/bits"
)

// logCurve is how far log2(1+i/128) lies above i/128, in 2^-16.
var logCurve = func() (t [130]int32) {
	for i := range 128 {
		x := float64(float64(i) / 128) // or the quotient, a product, would be fused
		t[i] = int32(math.Floor(float64(65536*(LogF64(1+x)/math.Ln2-x)) + 0.5))
	}
	return t
}()

// LogU32 is the natural logarithm of v, times scale, through a table of 128 segments; 0 for v ≤ 1. The logarithm is off by
// up to 0.0025, for the reference scales a place in a segment by 2^-16 and not 2^-9. It wraps where the product passes
// 2^32. Source: TFLite Micro signal/src/log.cc.
func LogU32(v, scale uint32) uint32 {
	if v <= 1 {
		return 0
	}
	whole := bits.Len32(v) - 1
	frac := uint32(uint64(v-1<<whole) << 16 >> whole)
	i := frac >> 9
	curve := logCurve[i] + (logCurve[i+1]-logCurve[i])*int32(frac-i<<9)>>16
	log2 := uint32(whole)<<16 + frac + uint32(curve)
	const ln2 = 45426 // 2^16·ln 2
	ln := uint32((ln2*uint64(log2) + 1<<15) >> 16)
	return (scale*ln + 1<<15) >> 16
}
