package fixed

// Random is a sequence of random numbers, the same on every machine: SplitMix64 (Steele, Lea and Flood 2014). Its value is
// the seed, any number.
type Random uint64

// Next returns 64 random bits.
func (r *Random) Next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Float64 returns a number of [0, 1), a multiple of 2^−53.
func (r *Random) Float64() float64 { return float64(r.Next()>>11) / (1 << 53) }
