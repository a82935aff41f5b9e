package fixed

import "math/bits"

// PCANTable is the number of entries of the table that PCANGain reads.
const PCANTable = 125

// PCANGain is a function of v that a table gives: its first entries at 0, 1 and 2, and for each power of two the three
// coefficients of a parabola. The table has PCANTable entries. Source: TFLite Micro signal/src/pcan_argc_fixed.cc.
func PCANGain(v uint32, table []int16) int16 {
	if v <= 2 {
		return table[v]
	}
	n := bits.Len32(v)
	t := table[4*n-6:][:3]
	x := int32(uint32(uint64(v)<<11>>n) & 0x3ff)
	y := (int32(t[2])*x>>5 + int32(t[1])<<5) * x
	return int16((y+1<<14)>>15 + int32(t[0]))
}

// PCANShrink compresses a signal-to-noise ratio: snr² at first, a line from 8192 on. Source: as PCANGain.
func PCANShrink(snr uint32) uint32 {
	if snr < 2<<12 {
		return snr * snr >> 20
	}
	return snr>>6 - 64
}
