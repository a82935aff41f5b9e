package abi

import "encoding/binary"

// GemvS8 is a few rows of an int8 matrix product with int16 results, the sums of a recurrent layer's gates:
//
//	acc[m,n] = bias'[n] + Σ_k x[m,k]·w[n,k]                      (int32, exact)
//	y[m,n]   = saturate16(MBQM(acc[m,n], mult[n], shift[n]))
//
// for m in [0, Rows) and n in [0, GemvNR·Panels): columns past the last are computed on zero weights and stored. bias' already holds
// −zeroPoint(x)·Σw.
type GemvS8 struct {
	X       *int8  // K bytes, K rounded up to the class's KR, + Slack
	W       *byte  // packed panels, one behind the other
	Y       *int16 // GemvNR·Panels elements a row
	K       int    // rounded up to KR
	Panels  int    // ≥ 1
	Rows    int    // ≥ 1
	XStride int    // bytes between two rows of x, of any sign
	YStride int    // elements between two rows of y
	Most127 int    // 1: no weight is −128, so that two products fit int16
}

// GemvNR is the number of outputs of a panel of GemvS8.
const GemvNR = 32

// GemvS8Class is one implementation. Its panels are little-endian
//
//	[GemvNR]int32 bias'   [GemvNR]int32 mult   [GemvNR]int32 left   [GemvNR]int32 right   [K/KR][GemvNR][KR]int8 w
//
// with shift = left − right; bias' is less Offset·Σw, for a kernel that adds Offset to every x.
type GemvS8Class struct {
	Name   string
	KR     int
	Offset int32
	Run    func(*GemvS8)
}

// Bytes is the size of the panels of a matrix of cols rows of k weights.
func (c *GemvS8Class) Bytes(cols, k int) int {
	return (cols + GemvNR - 1) / GemvNR * GemvNR * (16 + c.Round(k))
}

// Round rounds k up to KR.
func (c *GemvS8Class) Round(k int) int { return (k + c.KR - 1) / c.KR * c.KR }

// Pack writes all panels into dst, which holds zeros: w [cols][k], and for each column a bias, already −
// zeroPoint(x)·Σw, a mantissa and an exponent within [−31, 31].
func (c *GemvS8Class) Pack(dst []byte, w []int8, bias, mult, shift []int32, k int) {
	size := GemvNR * (16 + c.Round(k))
	for n := range bias {
		panel, i := dst[n/GemvNR*size:][:size], n%GemvNR
		b := bias[n]
		for j, v := range w[n*k : (n+1)*k] {
			b -= c.Offset * int32(v)
			panel[16*GemvNR+(j/c.KR*GemvNR+i)*c.KR+j%c.KR] = byte(v)
		}
		for j, v := range [4]int32{b, mult[n], max(shift[n], 0), max(-shift[n], 0)} {
			binary.LittleEndian.PutUint32(panel[4*(j*GemvNR+i):], uint32(v))
		}
	}
}
