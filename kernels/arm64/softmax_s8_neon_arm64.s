#include "textflag.h"
#include "neon_arm64.h"

// The parts of SoftmaxS8NEON; see softmax_s8_arm64.go.

// func softmaxSumNEON(x *int8, n int, exp *[256]int32) (top, sum int32)
//
// CPU: Advanced SIMD (every arm64). The terms are looked up one by one: TBL finds a byte among 256 in four instructions,
// and a term has three.
TEXT ·softmaxSumNEON(SB), NOSPLIT, $0-32
	MOVD  x+0(FP), R1
	MOVD  n+8(FP), R2
	MOVD  exp+16(FP), R3
	MOVD  R1, R4
	ADD   R2, R1, R5 // end
	VMOVI $128, V0.B16
	SUBS  $16, R2, R6
	BLT   few

greatest:
	FMOVQ.P 16(R4), F1
	SUBS    $16, R6
	SMAX_16B(1, 0, 0)
	BGE     greatest
	SUB     $16, R5, R4 // the last sixteen, some of them again
	FMOVQ   (R4), F1
	SMAX_16B(1, 0, 0)
	SMAXV_B(0, 0)
	VMOV    V0.B[0], R7
	SXTB    R7, R7
	B       terms

few:
	MOVD $-128, R7

fewer:
	MOVB.P 1(R4), R8
	CMP    R7, R8
	CSEL   GT, R8, R7, R7
	CMP    R5, R4
	BNE    fewer

	// exp is not negative, so that adding half rounds halves away from zero.
terms:
	MOVW R7, top+24(FP)
	MOVD $255, R8
	SUB  R7, R8
	ADD  R8<<2, R3
	MOVD $0, R9
	TBZ  $0, R2, even
	MOVB.P 1(R1), R6
	MOVWU (R3)(R6<<2), R6
	ADD  $2048, R6
	LSR  $12, R6, R9
	CMP  R5, R1
	BEQ  summed

even:
	MOVD $0, R10

pair:
	MOVB.P 1(R1), R6
	MOVB.P 1(R1), R7
	MOVWU  (R3)(R6<<2), R6
	MOVWU  (R3)(R7<<2), R7
	ADD    $2048, R6
	ADD    $2048, R7
	ADD    R6>>12, R9
	ADD    R7>>12, R10
	CMP    R5, R1
	BNE    pair
	ADD    R10, R9

summed:
	MOVW R9, sum+28(FP)
	RET

// func softmaxCodesNEON(exp *[256]int32, r, nshift int32, codes *[512]int8)
//
// CPU: Advanced SIMD (every arm64). No product is negative, so SRSHL's halves upwards are halves away from zero.
TEXT ·softmaxCodesNEON(SB), NOSPLIT, $0-24
	MOVD  exp+0(FP), R1
	MOVD  codes+16(FP), R2
	MOVW  r+8(FP), R3
	VDUP  R3, V16.S4
	MOVW  nshift+12(FP), R3
	VDUP  R3, V17.S4
	MOVD  $-128, R3
	VDUP  R3, V18.H8
	MOVD  $16, R4

codes:
	FLDPQ   (R1), (F0, F1)
	FLDPQ   32(R1), (F2, F3)
	ADD     $64, R1
	SUBS    $1, R4
	SQRDMULH_4S(16, 0, 0)
	SQRDMULH_4S(16, 1, 1)
	SQRDMULH_4S(16, 2, 2)
	SQRDMULH_4S(16, 3, 3)
	SRSHL_4S(17, 0, 0)
	SRSHL_4S(17, 1, 1)
	SRSHL_4S(17, 2, 2)
	SRSHL_4S(17, 3, 3)
	NARROW4(18, 0, 1, 2, 3, 0)
	FMOVQ.P F0, 16(R2)
	BNE     codes
	RET
