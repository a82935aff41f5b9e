#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"
#include "lanes_arm64.h"

// func SoftmaxF32NEON(a *abi.SoftmaxF32)
//
// CPU: Advanced SIMD (every arm64). Log must be 0. Sixteen elements a step, three passes over each row: maximum,
// exponentials and their sum, quotients. The sum is fixed.Sum16: its sixteen partial sums are the lanes of V16-V19. The
// last step of a pass reads up to 60 bytes past the end, leaves out what is there and stores what there is.
//
//	R0 N%16   R1 x of the row   R2 y of it   R3 rows left   R4 N   R5 N&^15   R9 x   R10 y   R11 left   R7 lanes
//	V0-V11 scratch   V12-V15 lanes of the last step   V16-V19 sums   V20-V29 of EXP2   V30 maximum, then sum   V31 −104

#define MAXIMUM \
	FMAX_4S(1, 0, 0)  \
	FMAX_4S(3, 2, 2)  \
	FMAX_4S(2, 0, 0)  \
	FMAX_4S(0, 30, 30)

// EXPS is V4-V7 = exp(V0-V3 − V30). A NaN passes through all of it.
#define EXPS \
	FSUB_4S(30, 0, 0) \
	FSUB_4S(30, 1, 1) \
	FSUB_4S(30, 2, 2) \
	FSUB_4S(30, 3, 3) \
	FMAX_4S(31, 0, 0) \
	FMAX_4S(31, 1, 1) \
	FMAX_4S(31, 2, 2) \
	FMAX_4S(31, 3, 3) \
	EXP2(0, 1, 8, 9, 4, 5, 10, 11) \
	EXP2(2, 3, 8, 9, 6, 7, 10, 11)

#define QUOTIENTS \
	FDIV_4S(30, 4, 4) \
	FDIV_4S(30, 5, 5) \
	FDIV_4S(30, 6, 6) \
	FDIV_4S(30, 7, 7)

TEXT ·SoftmaxF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD softmaxF32_X(R0), R1
	MOVD softmaxF32_Y(R0), R2
	MOVD softmaxF32_Rows(R0), R3
	MOVD softmaxF32_N(R0), R4
	EXPCONSTANTS
	MOVD $0xc2d00000, R7
	VDUP R7, V31.S4
	AND  $~15, R4, R5
	AND  $15, R4, R0
	LANES(R0, R7, V12, V13, V14, V15)

row:
	VLD1R (R1), [V30.S4]
	MOVD  R1, R9
	CBZ   R5, maxtail
	MOVD  R5, R11

max:
	VLD1.P 64(R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	MAXIMUM
	SUBS   $16, R11
	BNE    max

maxtail:
	CBZ  R0, top
	VLD1 (R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	BIF_16B(12, 30, 0)
	BIF_16B(13, 30, 1)
	BIF_16B(14, 30, 2)
	BIF_16B(15, 30, 3)
	MAXIMUM

top:
	VEXT $8, V30.B16, V30.B16, V0.B16
	FMAX_4S(0, 30, 30)
	VEXT $4, V30.B16, V30.B16, V0.B16
	FMAX_4S(0, 30, 30)
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16
	VEOR V19.B16, V19.B16, V19.B16
	MOVD R1, R9
	MOVD R2, R10
	CBZ  R5, exptail
	MOVD R5, R11

exp:
	VLD1.P 64(R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	EXPS
	FADD_4S(4, 16, 16)
	FADD_4S(5, 17, 17)
	FADD_4S(6, 18, 18)
	FADD_4S(7, 19, 19)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	SUBS   $16, R11
	BNE    exp

exptail:
	CBZ  R0, sum
	VLD1 (R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	EXPS
	VAND V12.B16, V4.B16, V0.B16
	VAND V13.B16, V5.B16, V1.B16
	VAND V14.B16, V6.B16, V2.B16
	VAND V15.B16, V7.B16, V3.B16
	FADD_4S(0, 16, 16)
	FADD_4S(1, 17, 17)
	FADD_4S(2, 18, 18)
	FADD_4S(3, 19, 19)
	STORE_LANES(R10, R0, exp8, exp4, exp2, sum)
	FADD_4S(18, 16, 16)
	FADD_4S(19, 17, 17)
	FADD_4S(17, 16, 16)
	VEXT $8, V16.B16, V16.B16, V0.B16
	FADD_4S(0, 16, 16)
	VEXT $4, V16.B16, V16.B16, V0.B16
	FADD_4S(0, 16, 16)
	VDUP V16.S[0], V30.S4
	MOVD R2, R10
	CBZ  R5, divtail
	MOVD R5, R11

div:
	VLD1   (R10), [V4.S4, V5.S4, V6.S4, V7.S4]
	QUOTIENTS
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	SUBS   $16, R11
	BNE    div

divtail:
	CBZ  R0, next
	VLD1 (R10), [V4.S4, V5.S4, V6.S4, V7.S4]
	QUOTIENTS
	STORE_LANES(R10, R0, div8, div4, div2, next)
	ADD  R4<<2, R1, R1
	ADD  R4<<2, R2, R2
	SUBS $1, R3
	BNE  row
	RET
