#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func QuantizeS8NEON(a *abi.QuantizeS8)
//
// CPU: Advanced SIMD (every arm64). Sixteen elements a step; the last step reads up to 60 bytes past the end of x and
// stores what there is.
//
// FCVTAS is fixed.Round32: halves away from zero; it saturates, and gives 0 for NaN. Saturating to int16 before the
// zero point is added changes no byte: the zero point is a code, and what saturates is past every code either way.
//
//	R0 args   R1 x   R3 y   R4 elements left   R6 scratch   V0-V3 elements   V16 Scale   V17 ZeroPoint

TEXT ·QuantizeS8NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  quantizeS8_X(R0), R1
	MOVD  quantizeS8_Y(R0), R3
	MOVD  quantizeS8_N(R0), R4
	ADD   $quantizeS8_Scale, R0, R6
	VLD1R (R6), [V16.S4]
	ADD   $quantizeS8_ZeroPoint, R0, R6
	VLD1R (R6), [V17.H8]
	CBZ   R4, done

loop:
	VLD1.P  64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	FDIV_4S(16, 0, 0)
	FDIV_4S(16, 1, 1)
	FDIV_4S(16, 2, 2)
	FDIV_4S(16, 3, 3)
	FCVTAS_4S(0, 0)
	FCVTAS_4S(1, 1)
	FCVTAS_4S(2, 2)
	FCVTAS_4S(3, 3)
	SQXTN_4H(0, 0)
	SQXTN_4H(2, 2)
	SQXTN2_8H(1, 0)
	SQXTN2_8H(3, 2)
	SQADD_8H(17, 0, 0)
	SQADD_8H(17, 2, 2)
	SQXTN_8B(0, 0)
	SQXTN2_16B(2, 0)
	SUBS    $16, R4
	BLT     tail
	FMOVQ.P F0, 16(R3)
	BNE     loop
	RET

tail:
	STORE_BYTES(V0, F0, R3, R4, s8, s4, s2, done)
	RET
