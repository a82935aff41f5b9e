#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func DotF32NEON(a *abi.RowF32)
//
// CPU: Advanced SIMD (every arm64). Eight rows a step, whose elements are turned four by four, so that rows are lanes. The
// last four elements of a row read up to 12 bytes past its end. Behind the last row stands the last row again; as many
// results are stored as there are.
//
//	R0 args   R1 x   R2 x of the step   R3 y   R4 rows left   R5 bytes between rows   R6 scratch   R7 K left   R8-R15 rows
//	V0-V7 elements   V16-V23 scratch   V24 V25 sums   V26 four of x
#define TRANSPOSE \
	VTRN1 V1.S4, V0.S4, V16.S4   \
	VTRN2 V1.S4, V0.S4, V17.S4   \
	VTRN1 V3.S4, V2.S4, V18.S4   \
	VTRN2 V3.S4, V2.S4, V19.S4   \
	VTRN1 V5.S4, V4.S4, V20.S4   \
	VTRN2 V5.S4, V4.S4, V21.S4   \
	VTRN1 V7.S4, V6.S4, V22.S4   \
	VTRN2 V7.S4, V6.S4, V23.S4   \
	VTRN1 V18.D2, V16.D2, V0.D2  \
	VTRN1 V19.D2, V17.D2, V1.D2  \
	VTRN2 V18.D2, V16.D2, V2.D2  \
	VTRN2 V19.D2, V17.D2, V3.D2  \
	VTRN1 V22.D2, V20.D2, V4.D2  \
	VTRN1 V23.D2, V21.D2, V5.D2  \
	VTRN2 V22.D2, V20.D2, V6.D2  \
	VTRN2 V23.D2, V21.D2, V7.D2

#define LOAD \
	VLD1.P 16(R2), [V26.S4] \
	VLD1.P 16(R8), [V0.S4] \
	VLD1.P 16(R9), [V1.S4] \
	VLD1.P 16(R10), [V2.S4] \
	VLD1.P 16(R11), [V3.S4] \
	VLD1.P 16(R12), [V4.S4] \
	VLD1.P 16(R13), [V5.S4] \
	VLD1.P 16(R14), [V6.S4] \
	VLD1.P 16(R15), [V7.S4]

TEXT ·DotF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD rowF32_X(R0), R1
	MOVD rowF32_W(R0), R16
	MOVD rowF32_Y(R0), R3
	MOVD rowF32_N(R0), R4
	MOVD rowF32_Step(R0), R5
	LSL  $2, R5, R5
	CBZ  R4, done

rows:
	MOVD R16, R8
	CMP  $1, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R8, R9
	CMP  $2, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R9, R10
	CMP  $3, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R10, R11
	CMP  $4, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R11, R12
	CMP  $5, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R12, R13
	CMP  $6, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R13, R14
	CMP  $7, R4
	CSEL GT, R5, ZR, R6
	ADD  R6, R14, R15
	ADD  R5, R15, R16
	VEOR V24.B16, V24.B16, V24.B16
	VEOR V25.B16, V25.B16, V25.B16
	MOVD R1, R2
	MOVD rowF32_K(R0), R7
	SUBS $4, R7
	BLT  rest

loop:
	LOAD
	TRANSPOSE
	FMLA0_4S(26, 0, 24)
	FMLA0_4S(26, 4, 25)
	FMLA1_4S(26, 1, 24)
	FMLA1_4S(26, 5, 25)
	FMLA2_4S(26, 2, 24)
	FMLA2_4S(26, 6, 25)
	FMLA3_4S(26, 3, 24)
	FMLA3_4S(26, 7, 25)
	SUBS $4, R7
	BGE  loop

rest:
	ADDS $4, R7
	BEQ  store
	LOAD
	TRANSPOSE
	FMLA0_4S(26, 0, 24)
	FMLA0_4S(26, 4, 25)
	SUBS $1, R7
	BEQ  store
	FMLA1_4S(26, 1, 24)
	FMLA1_4S(26, 5, 25)
	SUBS $1, R7
	BEQ  store
	FMLA2_4S(26, 2, 24)
	FMLA2_4S(26, 6, 25)

store:
	SUBS   $8, R4
	BLT    tail
	VST1.P [V24.S4, V25.S4], 32(R3)
	BNE    rows
	RET

tail:
	STORE_FLOATS(V24, V25, F24, R3, R4, store4, store2, done)
	RET
