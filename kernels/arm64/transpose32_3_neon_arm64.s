#include "textflag.h"
#include "go_asm.h"

// func Transpose32x3NEON(a *abi.Transpose)
//
// CPU: Advanced SIMD (every arm64). Cols must be 3: three planes become triples. 4 triples a step, what is left one
// by one.
//
//	R1 R2 R3 planes    R4 y    R5 rows left    R6 scratch    V0 V1 V2 planes

TEXT ·Transpose32x3NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R6
	MOVD transpose_X(R6), R1
	MOVD transpose_Y(R6), R4
	MOVD transpose_Rows(R6), R5
	MOVD transpose_XStride(R6), R3
	LSL  $2, R3
	ADD  R3, R1, R2
	ADD  R3, R2, R3
	SUBS $4, R5
	BLT  tail

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	VLD1.P 16(R3), [V2.S4]
	VST3.P [V0.S4, V1.S4, V2.S4], 48(R4)
	SUBS   $4, R5
	BGE    loop

tail:
	ADDS $4, R5
	BEQ  done

one:
	MOVWU.P 4(R1), R6
	MOVW.P R6, 4(R4)
	MOVWU.P 4(R2), R6
	MOVW.P R6, 4(R4)
	MOVWU.P 4(R3), R6
	MOVW.P R6, 4(R4)
	SUBS $1, R5
	BNE  one

done:
	RET
