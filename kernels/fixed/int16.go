package fixed

import "math"

// MBQM64 is MBQM of a 64-bit accumulator, which has another arithmetic: the mantissa is rounded to 16 bits, and there is
// one rounding, halves toward +∞. It is exact for |x| < 2^47, m ≥ 0 and s in [−31, 7]; the result wraps to 32 bits.
// Source: TFLite MultiplyByQuantizedMultiplier of int64.
func MBQM64(x int64, m, s int32) int32 {
	reduced := int64(math.MaxInt16)
	if m < 0x7fff0000 {
		reduced = int64(m+1<<15) >> 16
	}
	t := uint(15 - s)
	return int32((x*reduced + 1<<(t-1)) >> t)
}

// Saturate16 limits x to int16.
func Saturate16(x int32) int16 { return int16(min(max(x, math.MinInt16), math.MaxInt16)) }

// sigmoid16 is 65536/(1 + e^(−k/24)), rounded; some entries are one above the nearest integer, as they are in the
// reference. Source: TFLite, the table of its int16 LOGISTIC and TANH.
var sigmoid16 = [256]uint16{
	32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
	43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
	51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
	57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
	61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
	63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
	64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
	64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
	65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
	65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
	65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
	65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
	65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
	65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
	65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
	65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
}

// Sigmoid16 returns what Logistic16 and Tanh16 interpolate in, for kernels: entries less 2^15, and how much the next one is
// above each; the last, which stands for all beyond, is flat.
func Sigmoid16() (base, slope [256]int16) {
	for i, v := range sigmoid16 {
		base[i] = int16(int32(v) - 1<<15)
		slope[i] = int16(sigmoid16[min(i+1, 255)] - v)
	}
	return base, slope
}

// Logistic16 is 1/(1+e^−v) in Q0.15 for v = x/12288, |x| < 2^31. Source: TFLite's int16 LOGISTIC.
func Logistic16(x int32) int16 {
	a := x
	if a < 0 {
		a = -a
	}
	r := int32(math.MaxInt16) << 10
	if u := a >> 9; u < 255 {
		lo, hi := int32(sigmoid16[u]), int32(sigmoid16[u+1])
		r = lo<<9 + (a&511)*(hi-lo)
	}
	if x >= 0 {
		r += 1 << 9
	} else {
		r = 1<<25 - r + 1<<9 - 1
	}
	return int16(r >> 10)
}

// Tanh16 is tanh v in Q0.15 for v = x/12288, |x| < 2^31. Source: TFLite's int16 TANH.
func Tanh16(x int32) int16 {
	a := x
	if a < 0 {
		a = -a
	}
	r := int32(math.MaxUint16) << 8
	if u := a >> 8; u < 255 {
		lo, hi := int32(sigmoid16[u]), int32(sigmoid16[u+1])
		r = lo<<8 + (a&255)*(hi-lo)
	}
	if x >= 0 {
		r += 1<<7 - 1<<23
	} else {
		r = 1<<23 + 1<<7 - 1 - r
	}
	return int16(r >> 8)
}

// Table16 is a function of int16 codes as 512 line segments. Source: TFLite LUTPopulate of int16.
type Table16 [513]int16

// NewTable16 samples fn over the codes of scale in and zero point zin; results have scale out and zero point zout. Each
// sample is moved by half of the error that the segment would have in its middle. All steps are float32; a half is a product to the
// compiler, and as such rounded explicitly too.
func NewTable16(fn func(float32) float32, in float32, zin int32, out float32, zout int32) *Table16 {
	least, most := float32(in*float32(math.MinInt16-zin)), float32(in*float32(math.MaxInt16-zin))
	inverse := 65536 / (float32(out*float32(math.MaxInt16-zout)) - float32(out*float32(math.MinInt16-zout)))
	step := (most - least) / 512
	half := float32(step / 2)
	code := func(v float32) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }
	t := new(Table16)
	for i := range 512 {
		at := least + float32(float32(i)*step)
		here := Round32(float32(fn(at) * inverse))
		next := float32(fn(least+float32(float32(i+1)*step)) * inverse)
		middle := Round32(float32(fn(at+half) * inverse))
		bent := Round32(float32((next+here)/2)) - middle
		t[i] = code(here - Round32(float32(bent/2)))
	}
	t[512] = code(Round32(float32(fn(most) * inverse)))
	return t
}

// At interpolates between two entries. Source: TFLite LUTLookup of int16.
func (t *Table16) At(x int16) int16 {
	j := 256 + int(x>>7)
	slope := int32(int16(t[j+1] - t[j]))
	return int16(int32(t[j]) + (slope*int32(x&127)+64)>>7)
}
