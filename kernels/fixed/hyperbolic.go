package fixed

import "math"

// sinhTaylor are 1/(2i+1)!, highest first: up to 1 the first one left out is below 2^-40.
var sinhTaylor = []float64{1.0 / 6227020800, 1.0 / 39916800, 1.0 / 362880, 1.0 / 5040, 1.0 / 120, 1.0 / 6, 1}

// SinhF32 is (e^x − e^−x)/2; it is odd.
func SinhF32(x float32) float32 {
	v := float64(x)
	if v > -1 && v < 1 {
		return float32(v * horner(float64(v*v), sinhTaylor))
	}
	e := ExpF64(math.Abs(v))
	return float32(math.Copysign(0.5*(e-1/e), v))
}

// CoshF32 is (e^x + e^−x)/2.
func CoshF32(x float32) float32 {
	e := ExpF64(math.Abs(float64(x)))
	return float32(0.5 * (e + 1/e))
}

// atanhTaylor are 1/(2i+1), highest first: up to ¼ the first one left out is below 2^-40.
var atanhTaylor = []float64{1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1}

// atanh is ½·ln((1+v)/(1−v)), within 2^-40 of its value; ±1 give ±Inf, past them NaN.
func atanh(v float64) float64 {
	if v > -0.25 && v < 0.25 {
		return float64(v * horner(float64(v*v), atanhTaylor))
	}
	x := math.Abs(v)
	return math.Copysign(0.5*LogF64((1+x)/(1-x)), v)
}

// AtanhF32 is atanh x; it is odd. ±1 give ±Inf, |x| > 1 gives NaN.
func AtanhF32(x float32) float32 { return float32(atanh(float64(x))) }

// AsinhF32 is asinh x; it is odd.
func AsinhF32(x float32) float32 {
	v := math.Abs(float64(x))
	root := math.Sqrt(float64(v*v) + 1)
	if v < 0.25 {
		return float32(math.Copysign(2*atanh(v/(1+root)), float64(x)))
	}
	return float32(math.Copysign(LogF64(v+root), float64(x)))
}

// AcoshF32 is acosh x; x < 1 gives NaN.
func AcoshF32(x float32) float32 {
	v := float64(x)
	switch {
	case v < 1:
		return float32(math.NaN())
	case v < 1.125:
		return float32(2 * atanh(math.Sqrt((v-1)/(v+1))))
	}
	return float32(LogF64(v + math.Sqrt((v-1)*(v+1))))
}
