package abi

// MatMulF32 adds a matrix product to C, in place:
//
//	for k ascending: c[i,j] = fma(a[i,k], b[k,j], c[i,j])
//
// for i in [0,M) and j in [0,N), with one rounding per fused multiply-add. a[i,k] is at A[i·AI + k·AK] and b[k,j] at
// B[k·LDB + j]: nothing is packed, A may be read across its rows, and with AI = AK = 0 over a single 1 the kernel adds up B's
// rows. Splitting K over several calls gives the same bits as one. C overlaps neither A nor B, and
// Slack bytes are readable behind b[K−1,N−1]; A and C are touched nowhere else. M, N and K are ≥ 1.
type MatMulF32 struct {
	A       *float32
	B       *float32
	C       *float32
	AI, AK  int // elements
	LDB     int // elements between two rows of B
	LDC     int // elements between two rows of C
	M, N, K int
}
