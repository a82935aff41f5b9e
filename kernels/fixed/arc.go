package fixed

import "math"

// As in function.go, the float32 functions here and in hyperbolic.go compute in float64 and round once: at most 0.501 ULP
// off over all float32.

// TanF32 is tan x, for all x; it is odd. ±Inf and NaN give NaN.
func TanF32(x float32) float32 {
	if x-x != 0 {
		return float32(math.NaN())
	}
	q, r := quarterTurns(x)
	z := float64(r * r)
	s, c := float64(r*horner(z, sinTaylor)), horner(z, cosTaylor)
	if q&1 == 1 {
		return float32(-c / s)
	}
	return float32(s / c)
}

// atanTaylor are (−1)^i/(2i+1), highest first: past tan π/8 the first one left out is below 2^-43.
var atanTaylor = []float64{
	1.0 / 33, -1.0 / 31, 1.0 / 29, -1.0 / 27, 1.0 / 25, -1.0 / 23, 1.0 / 21, -1.0 / 19, 1.0 / 17,
	-1.0 / 15, 1.0 / 13, -1.0 / 11, 1.0 / 9, -1.0 / 7, 1.0 / 5, -1.0 / 3, 1,
}

// atan is atan v within 2^-42 of its value; ±Inf give ±π/2.
func atan(v float64) float64 {
	x, base := math.Abs(v), 0.0
	switch {
	case x > math.Sqrt2+1:
		x, base = -1/x, math.Pi/2
	case x > math.Sqrt2-1:
		x, base = (x-1)/(x+1), math.Pi/4
	}
	return math.Copysign(base+float64(x*horner(float64(x*x), atanTaylor)), v)
}

// AtanF32 is atan x; it is odd.
func AtanF32(x float32) float32 { return float32(atan(float64(x))) }

// AsinF32 is asin x; |x| > 1 gives NaN.
func AsinF32(x float32) float32 {
	v := float64(x)
	return float32(atan(v / math.Sqrt((1-v)*(1+v))))
}

// AcosF32 is acos x; |x| > 1 gives NaN.
func AcosF32(x float32) float32 {
	v := float64(x)
	return float32(2 * atan(math.Sqrt((1-v)/(1+v))))
}
