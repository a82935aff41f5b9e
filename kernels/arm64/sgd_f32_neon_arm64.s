#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func SGDF32NEON(a *abi.SGDF32)
//
// CPU: Advanced SIMD (every arm64). Eight weights a step; the last one reads up to 28 bytes past the ends and stores what
// there is.
//
//	R0 args   R1 w   R2 g   R3 v, or 0   R4 weights left   R5 Nesterov   R6 scratch   V0 V1 w   V2 V3 g, then the step
//	V4 V5 v   V6 V7 scratch   V16 GScale   V17 Decay   V18 Momentum   V19 LR
TEXT ·SGDF32NEON(SB), NOSPLIT, $0-8
	MOVD  a+0(FP), R0
	MOVD  sgdF32_W(R0), R1
	MOVD  sgdF32_G(R0), R2
	MOVD  sgdF32_V(R0), R3
	MOVD  sgdF32_N(R0), R4
	MOVD  sgdF32_Nesterov(R0), R5
	ADD   $sgdF32_GScale, R0, R6
	VLD1R (R6), [V16.S4]
	ADD   $sgdF32_Decay, R0, R6
	VLD1R (R6), [V17.S4]
	ADD   $sgdF32_Momentum, R0, R6
	VLD1R (R6), [V18.S4]
	ADD   $sgdF32_LR, R0, R6
	VLD1R (R6), [V19.S4]
	CBZ   R4, done

loop:
	FLDPQ.P 32(R2), (F2, F3)
	FLDPQ   (R1), (F0, F1)
	FMUL_4S(16, 2, 2)
	FMUL_4S(16, 3, 3)
	FMUL_4S(17, 0, 6)
	FMUL_4S(17, 1, 7)
	FADD_4S(6, 2, 2)
	FADD_4S(7, 3, 3)
	CBZ     R3, step
	FLDPQ   (R3), (F4, F5)
	FMUL_4S(18, 4, 4)
	FMUL_4S(18, 5, 5)
	FADD_4S(2, 4, 4)
	FADD_4S(3, 5, 5)
	CBZ     R5, velocity
	FMUL_4S(18, 4, 6)
	FMUL_4S(18, 5, 7)
	FADD_4S(6, 2, 2)
	FADD_4S(7, 3, 3)
	B       step

velocity:
	VMOV V4.B16, V2.B16
	VMOV V5.B16, V3.B16

step:
	FMUL_4S(19, 2, 2)
	FMUL_4S(19, 3, 3)
	FSUB_4S(2, 0, 0)
	FSUB_4S(3, 1, 1)
	SUBS    $8, R4
	BLT     tail
	FSTPQ.P (F0, F1), 32(R1)
	CBZ     R3, next
	FSTPQ.P (F4, F5), 32(R3)

next:
	BNE loop
	RET

tail:
	STORE_FLOATS(V0, V1, F0, R1, R4, w4, w2, w1)
	CBZ R3, done
	STORE_FLOATS(V4, V5, F4, R3, R4, v4, v2, done)
	RET
