#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"
#include "lanes_arm64.h"

// func AttentionS8NEON(a *abi.AttentionS8)
//
// CPU: Advanced SIMD (every arm64). Eight scores a step; the last one reads up to 28 bytes past the end, leaves out what is
// there and stores what there is. Exponentials are computed, which gives the numbers of Exp; sums of up to 2^15 of them are
// exact in float32.
//
//	R0 args   R1 x   R2 left   R3 scratch
//	V0-V11 scratch   V12 maximum   V13 M   V14 −Right   V15 4095   V16 −1/512   V17 255   V18 V19 sums   V20-V29 of EXP2
//	V30 V31 lanes of the last step

// F is V4, V5 = the weights of the scores in V0, V1.
#define F \
	FCVTZS_4S(0, 0)     \
	FCVTZS_4S(1, 1)     \
	SUB_4S(0, 12, 0)    \
	SUB_4S(1, 12, 1)    \
	SMULL_2D(13, 0, 2)  \
	SMULL2_2D(13, 0, 3) \
	SMULL_2D(13, 1, 4)  \
	SMULL2_2D(13, 1, 5) \
	SRSHL_2D(14, 2, 2)  \
	SRSHL_2D(14, 3, 3)  \
	SRSHL_2D(14, 4, 4)  \
	SRSHL_2D(14, 5, 5)  \
	SQXTN_2S(2, 0)      \
	SQXTN_2S(4, 1)      \
	SQXTN2_4S(3, 0)     \
	SQXTN2_4S(5, 1)     \
	SMIN_4S(15, 0, 0)   \
	SMIN_4S(15, 1, 1)   \
	SCVTF_4S(0, 0)      \
	SCVTF_4S(1, 1)      \
	FMUL_4S(16, 0, 0)   \
	FMUL_4S(16, 1, 1)   \
	EXP2(0, 1, 2, 3, 4, 5, 6, 7) \
	FMUL_4S(17, 4, 4)   \
	FMUL_4S(17, 5, 5)   \
	FRINTN_4S(4, 4)     \
	FRINTN_4S(5, 5)

TEXT ·AttentionS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD attentionS8_X(R0), R1
	MOVD attentionS8_N(R0), R2
	MOVD attentionS8_M(R0), R3
	VDUP R3, V13.S4
	MOVD attentionS8_Right(R0), R3
	NEG  R3, R3
	VDUP R3, V14.D2
	MOVD $4095, R3
	VDUP R3, V15.S4
	MOVD $0xbb000000, R3
	VDUP R3, V16.S4
	MOVD $0x437f0000, R3
	VDUP R3, V17.S4
	VEOR V18.B16, V18.B16, V18.B16
	VEOR V19.B16, V19.B16, V19.B16
	EXPCONSTANTS
	AND  $7, R2, R3
	MOVD $lanes<>+64(SB), R4
	SUB  R3<<2, R4, R4
	VLD1 (R4), [V30.S4, V31.S4]

	VLD1R (R1), [V12.S4]
	MOVD  R1, R4
	SUBS  $8, R2, R5
	BLT   maxtail

max:
	VLD1.P 32(R4), [V0.S4, V1.S4]
	FMAX_4S(0, 12, 12)
	FMAX_4S(1, 12, 12)
	SUBS   $8, R5
	BGE    max

maxtail:
	VLD1  (R4), [V0.S4, V1.S4]
	BIF_16B(30, 12, 0)
	BIF_16B(31, 12, 1)
	FMAX_4S(0, 12, 12)
	FMAX_4S(1, 12, 12)
	VEXT  $8, V12.B16, V12.B16, V0.B16
	FMAX_4S(0, 12, 12)
	VEXT  $4, V12.B16, V12.B16, V0.B16
	FMAX_4S(0, 12, 12)
	FCVTZS_4S(12, 12)
	SUBS  $8, R2
	BLT   tail

loop:
	VLD1   (R1), [V0.S4, V1.S4]
	F
	FADD_4S(4, 18, 18)
	FADD_4S(5, 19, 19)
	VST1.P [V4.S4, V5.S4], 32(R1)
	SUBS   $8, R2
	BGE    loop

tail:
	ADDS $8, R2
	BEQ  reduce
	VLD1 (R1), [V0.S4, V1.S4]
	VAND V30.B16, V0.B16, V0.B16
	VAND V31.B16, V1.B16, V1.B16
	F
	VAND V30.B16, V4.B16, V6.B16
	VAND V31.B16, V5.B16, V7.B16
	FADD_4S(6, 18, 18)
	FADD_4S(7, 19, 19)
	STORE_FLOATS(V4, V5, F4, R1, R2, store4, store2, reduce)
	FADD_4S(19, 18, 18)
	VEXT    $8, V18.B16, V18.B16, V0.B16
	FADD_4S(0, 18, 18)
	VEXT    $4, V18.B16, V18.B16, V0.B16
	FADDS   F0, F18, F18
	FCVTZSS F18, R3
	MOVD    R3, attentionS8_Sum(R0)
	RET
