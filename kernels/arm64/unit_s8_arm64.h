// The activations of recurrent layers, fixed.Logistic16 and fixed.Tanh16, of 8 values. With a = |x| and q the steps between
// two entries of the table, both are base·q + (a mod q)·slope of entry a/q, all bits inverted where x < 0, and rounded.
//
//	R7 table    V16, V17 limits of sums    V18 511    V19 255    V31 2^14    V0-V7 scratch    R10-R17, R19, R20 scratch

// BROADCAST4 and BROADCAST8 fill a vector with an int32 of the arguments, and with its low half.
#define BROADCAST4(off, v) \
	ADD   $off, R0, R10 \
	VLD1R (R10), [v.S4]

#define BROADCAST8(off, v) \
	ADD   $off, R0, R10 \
	VLD1R (R10), [v.H8]

#define START(lo, hi) \
	MOVD  $·sigmoidPairs(SB), R7 \
	BROADCAST8(lo, V16)          \
	BROADCAST8(hi, V17)          \
	MOVD  $511, R10              \
	VDUP  R10, V18.H8            \
	MOVD  $255, R10              \
	VDUP  R10, V19.H8            \
	MOVD  $16384, R10            \
	VDUP  R10, V31.H8

// MULTIPLIER loads a mantissa, minus a shift to the right, and the threshold of RESCALE4.
#define MULTIPLIER(m, e, vm, vn, vt) \
	ADD   $m, R0, R10      \
	VLD1R (R10), [vm.S4]   \
	MOVW  e(R0), R11       \
	MOVD  $-2147483648, R10 \
	CMP   $0, R11          \
	CSEL  EQ, R10, ZR, R10 \
	VDUP  R10, vt.S4       \
	NEG   R11, R11         \
	VDUP  R11, vn.S4

// RESCALE is RESCALE4 for v2 and v3. Overwrites V4, V5.
#define RESCALE(m, n, t) \
	SQRDMULH_4S(m, 2, 2) \
	SQRDMULH_4S(m, 3, 3) \
	CMGT_4S(2, t, 4)     \
	CMGT_4S(3, t, 5)     \
	ADD_4S(4, 2, 2)      \
	ADD_4S(5, 3, 3)      \
	SRSHL_4S(n, 2, 2)    \
	SRSHL_4S(n, 3, 3)

// LOOKUP makes V4 the bases and V5 the slopes of entries V1. Overwrites V2, V3.
#define LOOKUP \
	VMOV  V1.D[0], R10         \
	VMOV  V1.D[1], R11         \
	AND   $0xffff, R10, R12    \
	UBFX  $16, R10, $16, R13   \
	UBFX  $32, R10, $16, R14   \
	LSR   $48, R10, R15        \
	AND   $0xffff, R11, R16    \
	UBFX  $16, R11, $16, R17   \
	UBFX  $32, R11, $16, R19   \
	LSR   $48, R11, R20        \
	MOVWU (R7)(R12<<2), R12    \
	MOVWU (R7)(R13<<2), R13    \
	MOVWU (R7)(R14<<2), R14    \
	MOVWU (R7)(R15<<2), R15    \
	MOVWU (R7)(R16<<2), R16    \
	MOVWU (R7)(R17<<2), R17    \
	MOVWU (R7)(R19<<2), R19    \
	MOVWU (R7)(R20<<2), R20    \
	ORR   R13<<32, R12, R12    \
	ORR   R15<<32, R14, R14    \
	ORR   R17<<32, R16, R16    \
	ORR   R20<<32, R19, R19    \
	VMOV  R12, V2.D[0]         \
	VMOV  R16, V3.D[0]         \
	VMOV  R14, V2.D[1]         \
	VMOV  R19, V3.D[1]         \
	VUZP1 V3.H8, V2.H8, V4.H8  \
	VUZP2 V3.H8, V2.H8, V5.H8

// GATE is a sum, limited, in V0, with its magnitude a in V1, three times that in V7, modulo 2^16, and half of it in V6.
#define GATE(x, r) \
	SQADD_8H(x, r, 0)           \
	SMAX_8H(16, 0, 0)           \
	SMIN_8H(17, 0, 0)           \
	ABS_8H(0, 1)                \
	VUSHR $1, V1.H8, V6.H8      \
	VADD  V1.H8, V1.H8, V7.H8   \
	VADD  V1.H8, V6.H8, V6.H8   \
	VADD  V1.H8, V7.H8, V7.H8

// LINE, and ROUND by the signs in V4, V5.
#define LINE9 \
	LOOKUP              \
	SSHLL9_4S(4, 2)     \
	SSHLL9_2_4S(4, 3)   \
	SMLAL_4S(7, 5, 2)   \
	SMLAL2_4S(7, 5, 3)

#define LINE8 \
	LOOKUP              \
	SSHLL8_4S(4, 2)     \
	SSHLL8_2_4S(4, 3)   \
	SMLAL_4S(7, 5, 2)   \
	SMLAL2_4S(7, 5, 3)

#define SIGNS \
	CMLT0_8H(0, 0)  \
	SXTL_4S(0, 4)   \
	SXTL2_4S(0, 5)

#define INVERT(s0, s1) \
	VEOR s0.B16, V2.B16, V2.B16 \
	VEOR s1.B16, V3.B16, V3.B16

// LOGISTIC and TANH of the sum of x and r, vector numbers; v is the name of the result, to its number.
#define LOGISTIC(x, r, to, v) \
	GATE(x, r)                  \
	VUSHR $8, V6.H8, V1.H8      \
	VAND  V18.B16, V7.B16, V7.B16 \
	LINE9                       \
	SIGNS                       \
	INVERT(V4, V5)              \
	RSHRN10_4H(2, to)           \
	RSHRN10_8H(3, to)           \
	VADD  V31.H8, v.H8, v.H8

#define TANH(x, r, to) \
	GATE(x, r)                  \
	VUSHR $7, V6.H8, V1.H8      \
	VUMIN V19.H8, V1.H8, V1.H8  \
	VAND  V19.B16, V7.B16, V7.B16 \
	LINE8                       \
	SIGNS                       \
	INVERT(V4, V5)              \
	RSHRN8_4H(2, to)            \
	RSHRN8_8H(3, to)
