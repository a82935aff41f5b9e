package amd64

import (
	"encoding/binary"

	"edgerun/kernels/abi"
)

// DWConvS8VNNI is the int8 depthwise convolution for AVX-512 VNNI; weights may be −128.
var DWConvS8VNNI = abi.DWConvS8Class{
	Name: "vnni", NR: nrDW, Weight128: true,
	Panel: func(kh, kw int) int { return headDW + groupDW*((kh*kw+3)/4+rowGroupsDW(kw)*kh) },
	Pack:  packDWS8,
	Run:   DWConv64C4S8VNNI,
}

// A panel has 64 biases, four times the six vectors of constants that halfS8 counts, and groups of weights. A group is
// four taps of 64 channels, in four vectors of [16 channels][4 taps].
//
// Interleaving the bytes of four pixels within 128-bit lanes leaves channels 0-3, 16-19, 32-35 and 48-51 in the first
// vector, and so on: biases, constants and weights are in that order, and packing the sums within lanes undoes it.
//
// The last panel's channels are repeated where at most 32 or 16 are left: then lanes hold other pixels.
const (
	nrDW    = 64
	headDW  = 4*nrDW + 4*halfS8
	groupDW = 4 * nrDW
)

// rowGroupsDW is how many groups a row of the filter has for windows a pixel apart, besides those of any windows. Four
// such windows read the same pixels, in groups that begin at the first pixel, at the third (for three taps in a row) or at
// the fifth (for five), so the weights are moved instead, by 0 to 3 taps.
func rowGroupsDW(kw int) int {
	switch kw {
	case 3:
		return 2
	case 5:
		return 8
	}
	return 0
}

func packDWS8(dst []byte, p *abi.DWConvS8Panel) {
	clear(dst)
	taps, n := p.KH*p.KW, len(p.Bias)
	period := nrDW
	for period > 16 && n <= period/2 {
		period /= 2
	}
	for at := range nrDW {
		quarter, lane := at/4%4, at/16*4+at%4
		half := dst[4*nrDW+quarter*halfS8:]
		c := at % period
		if c >= n { // does not keep the panel from the form for ReLU
			binary.LittleEndian.PutUint32(half[signS8+4*lane:], 31)
			continue
		}
		w := p.W[c*taps:][:taps]
		put := func(group, i int, w int8) { dst[headDW+group*groupDW+quarter*64+lane*4+i] = byte(w) }
		sum := int32(0)
		for t, v := range w {
			sum += int32(v)
			put(t/4, t%4, v)
			row := (taps+3)/4 + t/p.KW*rowGroupsDW(p.KW)
			switch kw := t % p.KW; p.KW {
			case 3:
				put(row, kw, v)
				put(row+1, kw+1, v)
			case 5: // the groups of pixels 0-3 for each move, then those of pixels 4-7
				for move := range 4 {
					put(row+(kw+move)/4*4+move, (kw+move)%4, v)
				}
			}
		}
		// The kernel flips the top bit of x, which adds 128 to it.
		binary.LittleEndian.PutUint32(dst[quarter*64+lane*4:], uint32(p.Bias[c]-128*sum)+1<<31)
		rescaleS8(half, lane, p.Mult[c], p.Shift[c])
	}
}
