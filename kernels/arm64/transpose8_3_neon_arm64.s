#include "textflag.h"
#include "go_asm.h"

// func Transpose8x3NEON(a *abi.Transpose)
//
// CPU: Advanced SIMD (every arm64). Cols must be 3: three planes become triples. 16 triples a step, what is left one
// by one.
//
//	R1 R2 R3 planes    R4 y    R5 rows left    R6 scratch    V0 V1 V2 planes

TEXT ·Transpose8x3NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R6
	MOVD transpose_X(R6), R1
	MOVD transpose_Y(R6), R4
	MOVD transpose_Rows(R6), R5
	MOVD transpose_XStride(R6), R3
	ADD  R3, R1, R2
	ADD  R3, R2, R3
	SUBS $16, R5
	BLT  tail

loop:
	VLD1.P 16(R1), [V0.B16]
	VLD1.P 16(R2), [V1.B16]
	VLD1.P 16(R3), [V2.B16]
	VST3.P [V0.B16, V1.B16, V2.B16], 48(R4)
	SUBS   $16, R5
	BGE    loop

tail:
	ADDS $16, R5
	BEQ  done

one:
	MOVBU.P 1(R1), R6
	MOVB.P R6, 1(R4)
	MOVBU.P 1(R2), R6
	MOVB.P R6, 1(R4)
	MOVBU.P 1(R3), R6
	MOVB.P R6, 1(R4)
	SUBS $1, R5
	BNE  one

done:
	RET
