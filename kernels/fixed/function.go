package fixed

import "math"

// The float32 functions below compute in float64 with errors far below a float32's last place and round once, so that
// each is at most 0.501 ULP off over all float32. They have no kernels of their own.

// SqrtF32 is √x, correctly rounded; x < 0 and NaN give NaN.
func SqrtF32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// RsqrtF32 is 1/√x; ±0 give ±Inf, x < 0 and NaN give NaN.
func RsqrtF32(x float32) float32 { return float32(1 / math.Sqrt(float64(x))) }

// RoundEvenF32 rounds to the nearest integer, halves to the even one.
func RoundEvenF32(x float32) float32 { return float32(math.RoundToEven(float64(x))) }

// smallArgument is where the first three terms of a series do: the fourth one is below 2^-32 of the first.
const smallArgument = 1.0 / 1024

// Expm1F32 is e^x − 1.
func Expm1F32(x float32) float32 {
	v := float64(x)
	if v > -smallArgument && v < smallArgument {
		return float32(v + float64(v*float64(v*(0.5+float64(v/6)))))
	}
	return float32(ExpF64(v) - 1)
}

// EluF32 is x, or alpha·(e^x − 1) where x < 0, the product being rounded on its own.
func EluF32(x, alpha float32) float32 {
	if x < 0 {
		return float32(alpha * Expm1F32(x))
	}
	return x
}

// SoftplusF32 is ln(1 + e^x).
func SoftplusF32(x float32) float32 {
	v := float64(x)
	e := ExpF64(-math.Abs(v))
	log := 0.0
	if e < smallArgument {
		log = e - float64(e*float64(e*(0.5-float64(e/3))))
	} else {
		log = LogF64(1 + e)
	}
	return float32(max(v, 0) + log)
}

// MishF32 is x·tanh(ln(1 + e^x)), which is x·w/(w+2) with w = e^x·(e^x+2).
func MishF32(x float32) float32 {
	v := float64(x)
	e := ExpF64(min(v, 40)) // past 40 the factor is 1
	w := float64(e * (e + 2))
	return float32(v * float64(w/(w+2)))
}

// erfcPoly approximates (1+2z)·e^z²·erfc z in t = (z−3.75)/(z+3.75) for z ≥ 0, highest power first, within 2^-35.
// A Chebyshev expansion; the substitution is Shepherd and Laframboise's (Mathematics of Computation 36, 1981).
var erfcPoly = []float64{
	-1.035154971305019e-06, -6.3524075514465044e-06, 2.2403778618240722e-05, 4.428014524918922e-05,
	-0.00029013582247770846, 0.0002995964950345531, 0.0017556055603295073, -0.009749243345973388,
	0.02836228550964896, -0.05869273583691693, 0.09230431965568153, -0.10880401165886777,
	0.08227673860890451, 0.00358541932088614, -0.14024059858820187, 1.23751263080814,
}

// erfc is 1 − erf z for z ≥ 0, within 2^-34 of its value.
func erfc(z float64) float64 {
	z = min(z, 26) // the rest is 0 in float32
	t := (z - 3.75) / (z + 3.75)
	return ExpF64(-float64(z*z)) * float64(horner(t, erfcPoly)/(1+float64(2*z)))
}

// erfTaylor are (−1)^i/(i!·(2i+1)), highest first.
var erfTaylor = []float64{
	-1.0 / 75600, 1.0 / 9360, -1.0 / 1320, 1.0 / 216, -1.0 / 42, 1.0 / 10, -1.0 / 3, 1,
}

// ErfF32 is the error function 2/√π·∫₀ˣ e^−t² dt; it is odd.
func ErfF32(x float32) float32 {
	v := float64(x)
	if v > -0.25 && v < 0.25 {
		return float32(float64(v*(2/math.Sqrt(math.Pi))) * horner(float64(v*v), erfTaylor))
	}
	y := 1 - erfc(math.Abs(v))
	return float32(math.Copysign(y, v))
}

// GeluF64 is x·Φ(x) with the normal distribution's Φ(x) = (1 + erf(x/√2))/2, within 2^-33 of its value.
func GeluF64(v float64) float64 {
	half := float64(0.5 * erfc(math.Abs(float64(v*(math.Sqrt2/2)))))
	if v > 0 {
		half = 1 - half
	}
	return float64(v * half)
}

// GeluTanhF32 is GELU's approximation x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which is x/(1 + e^−2u).
func GeluTanhF32(x float32) float32 {
	v := float64(x)
	const scale = 2 * 0.7978845608028653559 // 2·√(2/π)
	u := float64(scale * float64(v*(1+float64(0.044715*float64(v*v)))))
	return float32(v / (1 + ExpF64(-u)))
}

// PowF32 is x^y with C's conventions: x^0 and 1^y are 1 for any x and y; a negative x to a power that is no integer is
// NaN.
func PowF32(x, y float32) float32 {
	a, b := float64(x), float64(y)
	switch {
	case b == 0 || a == 1:
		return 1
	case a != a || b != b:
		return float32(math.NaN())
	case a == -1 && math.IsInf(b, 0):
		return 1
	}
	magnitude := ExpF64(float64(b * LogF64(math.Abs(a))))
	if !math.Signbit(a) {
		return float32(magnitude)
	}
	switch whole := math.Floor(b) == b; {
	case whole && math.Abs(b) < 1<<53 && int64(b)&1 == 1:
		magnitude = -magnitude
	case !whole && a != 0 && !math.IsInf(a, 0):
		magnitude = math.NaN()
	}
	return float32(magnitude)
}

// FloorModF32 is x − y·⌊x/y⌋ without rounding: the exact remainder, with y's sign. y = 0 and infinite x give NaN.
func FloorModF32(x, y float32) float32 {
	r := math.Mod(float64(x), float64(y))
	if r != 0 && (r < 0) != (y < 0) {
		r += float64(y)
	}
	return float32(r)
}

// SumSquares16 is Sum16 over the squares of x, each rounded.
func SumSquares16(x []float32) float32 {
	var p [16]float32
	for i, v := range x {
		p[i&15] += float32(v * v)
	}
	return Reduce16(&p)
}

// InvSqrt returns m and e with 1/√v ≈ m·2^(e−31), e ≤ 0, by five Newton steps; v ≤ 1 gives 2^31−1 and 0.
// Source: TFLite GetInvSqrtQuantizedMultiplierExp with reverse shift −1.
func InvSqrt(v int32) (m, e int32) {
	if v <= 1 {
		return math.MaxInt32, 0
	}
	shift := int32(11)
	for v >= 1<<29 {
		v /= 4
		shift++
	}
	left := int32(leadingZeros(v)-1)/2 - 1
	shift -= left
	v <<= uint(2 * left)
	half := RDPOT(v>>1, 1)
	x := int32(1 << 28)
	for range 5 {
		cube := SaturateLeft(SRDHM(SRDHM(x, x), x), 6)
		x = SaturateLeft(SRDHM(402653184, x)-SRDHM(half, cube), 3)
	}
	m = SRDHM(x, 1518500250)
	if shift < 0 {
		m <<= uint(-shift)
		shift = 0
	}
	return m, -shift
}
