#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func AdamF32NEON(a *abi.AdamF32)
//
// CPU: Advanced SIMD (every arm64). Eight weights a step; the last one reads up to 28 bytes past the ends and stores what
// there is.
//
//	R0 args   R1 w   R2 g   R3 m   R5 v   R4 weights left   R6 scratch   V0 V1 w   V2 V3 g   V4 V5 m   V6 V7 v
//	V8-V11 scratch   V16 GScale   V17 L2   V18 Shrink   V19 InvBeta1   V20 Beta2   V21 InvBeta2   V22 StepSize
//	V23 InvSqrtBias2   V24 Eps

#define CONSTANT(field, v) \
	ADD   $field, R0, R6 \
	VLD1R (R6), [v.S4]

TEXT ·AdamF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD adamF32_W(R0), R1
	MOVD adamF32_G(R0), R2
	MOVD adamF32_M(R0), R3
	MOVD adamF32_V(R0), R5
	MOVD adamF32_N(R0), R4
	CONSTANT(adamF32_GScale, V16)
	CONSTANT(adamF32_L2, V17)
	CONSTANT(adamF32_Shrink, V18)
	CONSTANT(adamF32_InvBeta1, V19)
	CONSTANT(adamF32_Beta2, V20)
	CONSTANT(adamF32_InvBeta2, V21)
	CONSTANT(adamF32_StepSize, V22)
	CONSTANT(adamF32_InvSqrtBias2, V23)
	CONSTANT(adamF32_Eps, V24)
	CBZ  R4, done

loop:
	FLDPQ   (R1), (F0, F1)
	FLDPQ.P 32(R2), (F2, F3)
	FLDPQ   (R3), (F4, F5)
	FLDPQ   (R5), (F6, F7)
	FMUL_4S(18, 0, 8)
	FMUL_4S(18, 1, 9)
	FMUL_4S(16, 2, 2)
	FMUL_4S(16, 3, 3)
	FSUB_4S(8, 0, 0)
	FSUB_4S(9, 1, 1)
	FMUL_4S(17, 0, 8)
	FMUL_4S(17, 1, 9)
	FADD_4S(8, 2, 2)
	FADD_4S(9, 3, 3)
	FSUB_4S(4, 2, 8)
	FSUB_4S(5, 3, 9)
	FMUL_4S(21, 2, 10)
	FMUL_4S(21, 3, 11)
	FMUL_4S(19, 8, 8)
	FMUL_4S(19, 9, 9)
	FMUL_4S(2, 10, 10)
	FMUL_4S(3, 11, 11)
	FMUL_4S(20, 6, 6)
	FMUL_4S(20, 7, 7)
	FADD_4S(8, 4, 4)
	FADD_4S(9, 5, 5)
	FADD_4S(10, 6, 6)
	FADD_4S(11, 7, 7)
	FSQRT_4S(6, 8)
	FSQRT_4S(7, 9)
	FMUL_4S(22, 4, 10)
	FMUL_4S(22, 5, 11)
	FMUL_4S(23, 8, 8)
	FMUL_4S(23, 9, 9)
	FADD_4S(24, 8, 8)
	FADD_4S(24, 9, 9)
	FDIV_4S(8, 10, 10)
	FDIV_4S(9, 11, 11)
	FSUB_4S(10, 0, 0)
	FSUB_4S(11, 1, 1)
	SUBS    $8, R4
	BLT     tail
	FSTPQ.P (F0, F1), 32(R1)
	FSTPQ.P (F4, F5), 32(R3)
	FSTPQ.P (F6, F7), 32(R5)
	BNE     loop
	RET

tail:
	STORE_FLOATS(V0, V1, F0, R1, R4, w4, w2, w1)
	STORE_FLOATS(V4, V5, F4, R3, R4, m4, m2, m1)
	STORE_FLOATS(V6, V7, F6, R5, R4, v4, v2, done)
	RET
