#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// func SumsS8NEON(a *abi.SumsS8)
//
// CPU: Advanced SIMD (every arm64). Sixteen codes a step; the last one reads up to 15 bytes past the end and leaves out
// what is there. A square is at most 2^14.
//
//	R0 args   R1 x   R2 codes left   R3 scratch   V0 codes   V1 V2 squares   V3 pairs   V4 sums   V5 V6 sums of squares
DATA codes<>+0(SB)/8, $-1
DATA codes<>+8(SB)/8, $-1
DATA codes<>+16(SB)/8, $0
DATA codes<>+24(SB)/8, $0
GLOBL codes<>(SB), RODATA|NOPTR, $32

#define ADD16 \
	SMULL_8H(0, 0, 1)  \
	SMULL2_8H(0, 0, 2) \
	SADDLP_8H(0, 3)    \
	SADALP_4S(1, 5)    \
	SADALP_4S(2, 6)    \
	SADALP_4S(3, 4)

TEXT ·SumsS8NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	MOVD sumsS8_X(R0), R1
	MOVD sumsS8_N(R0), R2
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	SUBS $16, R2
	BLT  tail

loop:
	VLD1.P 16(R1), [V0.B16]
	ADD16
	SUBS   $16, R2
	BGE    loop

tail:
	ADDS $16, R2
	BEQ  reduce
	MOVD $codes<>+16(SB), R3
	SUB  R2, R3, R3
	VLD1 (R3), [V1.B16]
	VLD1 (R1), [V0.B16]
	VAND V1.B16, V0.B16, V0.B16
	ADD16

reduce:
	ADD_4S(5, 6, 5)
	VADDV V4.S4, V4
	VADDV V5.S4, V5
	FMOVS F4, sumsS8_Sum(R0)
	FMOVS F5, sumsS8_Squares(R0)
	RET
