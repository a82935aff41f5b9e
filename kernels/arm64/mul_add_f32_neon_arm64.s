#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func MulAddF32NEON(a *abi.MulAddF32)
//
// CPU: Advanced SIMD (every arm64). Columns go in steps of 16, outermost; the last one reads up to 60 bytes past the ends of
// rows and stores what there is. Sums of all rows stay in registers.
//
//	R0 args, then rows left   R1 R2 R3 a, b, c of the columns   R4 R5 R6 of this row   R7 R8 R9 4*LDA, 4*LDB, 4*LDC
//	R10 columns left   R11 Rows   R12 scratch   V0-V3 a   V4-V7 b   V16-V19 c

#define FMA16 \
	FLDPQ   (R4), (F0, F1)   \
	FLDPQ   (R5), (F4, F5)   \
	FLDPQ   32(R4), (F2, F3) \
	FLDPQ   32(R5), (F6, F7) \
	ADD     R7, R4           \
	FMLA_4S(0, 4, 16)        \
	FMLA_4S(1, 5, 17)        \
	ADD     R8, R5           \
	FMLA_4S(2, 6, 18)        \
	FMLA_4S(3, 7, 19)

#define GET16 \
	FLDPQ (R6), (F16, F17)   \
	FLDPQ 32(R6), (F18, F19)

// PUTPART stores the first R10 < 16 elements of c, which it overwrites.
#define PUTPART(low, s4, s2, s1) \
	MOVD    R6, R12           \
	TBZ     $3, R10, low      \
	FSTPQ.P (F16, F17), 32(R12) \
	VMOV    V18.B16, V16.B16  \
	VMOV    V19.B16, V17.B16  \
low:                              \
	STORE_FLOATS(V16, V17, F16, R12, R10, s4, s2, s1)

TEXT ·MulAddF32NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD mulAddF32_A(R0), R1
	MOVD mulAddF32_B(R0), R2
	MOVD mulAddF32_C(R0), R3
	MOVD mulAddF32_LDA(R0), R7
	MOVD mulAddF32_LDB(R0), R8
	MOVD mulAddF32_LDC(R0), R9
	LSL  $2, R7
	LSL  $2, R8
	LSL  $2, R9
	MOVD mulAddF32_N(R0), R10
	MOVD mulAddF32_Rows(R0), R11

column:
	MOVD R11, R0
	MOVD R1, R4
	MOVD R2, R5
	MOVD R3, R6
	CBZ  R9, sum
	CMP  $16, R10
	BLT  part

row:
	GET16
	FMA16
	FSTPQ (F16, F17), (R6)
	FSTPQ (F18, F19), 32(R6)
	ADD   R9, R6
	SUBS  $1, R0
	BNE   row

next:
	ADD  $64, R1
	ADD  $64, R2
	ADD  $64, R3
	SUBS $16, R10
	BGT  column
	RET

part:
	GET16
	FMA16
	PUTPART(low, s4, s2, s1)
	ADD  R9, R6
	SUBS $1, R0
	BNE  part
	RET

sum:
	GET16

add:
	FMA16
	SUBS  $1, R0
	BNE   add
	CMP   $16, R10
	BLT   sumpart
	FSTPQ (F16, F17), (R6)
	FSTPQ (F18, F19), 32(R6)
	B     next

sumpart:
	PUTPART(sumlow, sum4, sum2, sum1)
	RET
