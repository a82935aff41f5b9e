package fixed

import (
	"math"
	"math/bits"
)

const (
	halfPiHigh = 0x1.921fb544p0 // 31 bits, so that its product with a small number is exact
	halfPiLow  = 0x1.0b4611a626331p-34
)

// twoOverPi are 64 zeros and the first bits of 2/π behind the point.
var twoOverPi = [6]uint64{0, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0}

// quarterTurns returns x as whole quarters of a turn, modulo 4, and the rest in radians, |rest| ≤ π/4. x is finite.
//
// Small x take π/2 in two parts. For large x, of which the exponent alone is many turns, the product with 2/π is formed
// from those of its bits that count modulo 4 (Payne and Hanek, 1983).
func quarterTurns(x float32) (quarter int, rest float64) {
	v := float64(x)
	if math.Abs(v) < 1<<20 {
		n := math.Floor(float64(v*(2/math.Pi)) + 0.5)
		return int(n) & 3, (v - float64(n*halfPiHigh)) - float64(n*halfPiLow)
	}
	b := math.Float32bits(x)
	m, skip := uint64(b&0x7fffff|0x800000), uint(b>>23&0xff)-88 // |x| = m·2^(skip−62): the bits before skip make multiples of 4
	k, s := skip/64, skip%64
	window := func(i uint) uint64 { return twoOverPi[k+i]<<s | twoOverPi[k+i+1]>>(64-s) }
	high, low := bits.Mul64(m, window(1))
	high += m * window(0)
	quarter = int(high >> 62)
	high, low = high<<2|low>>62, low<<2
	if high>>63 == 1 {
		quarter++ // and what follows is negative
	}
	rest = float64((float64(float64(int64(high))*0x1p-64) + float64(float64(low)*0x1p-128)) * (math.Pi / 2))
	if b>>31 == 1 {
		quarter, rest = -quarter, -rest
	}
	return quarter & 3, rest
}

// SinF32 is sin x, for all x; it is odd. ±Inf and NaN give NaN.
func SinF32(x float32) float32 { return sine(x, 0) }

// CosF32 is cos x, for all x. ±Inf and NaN give NaN.
func CosF32(x float32) float32 { return sine(x, 1) }

// sine is sin(x + quarters·π/2).
func sine(x float32, quarters int) float32 {
	if x-x != 0 {
		return float32(math.NaN())
	}
	q, r := quarterTurns(x)
	z := float64(r * r)
	var y float64
	if q += quarters; q&1 == 0 {
		y = float64(r * horner(z, sinTaylor))
	} else {
		y = horner(z, cosTaylor)
	}
	if q&2 != 0 {
		y = -y
	}
	return float32(y)
}
