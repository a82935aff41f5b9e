#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "gemv_s8_arm64.h"

// func Gemv1x32c4S8DotProd(a *abi.GemvS8)
//
// CPU: FEAT_DotProd. Weights [K/4][32][4]; K%16: steps of 4.

#define DOT32(SDOT, off) \
	FLDPQ (off+0)(R7), (F16, F17)  \
	FLDPQ (off+32)(R7), (F18, F19) \
	FLDPQ (off+64)(R7), (F20, F21) \
	FLDPQ (off+96)(R7), (F22, F23) \
	SDOT(24, 16, 0)                \
	SDOT(24, 17, 1)                \
	SDOT(24, 18, 2)                \
	SDOT(24, 19, 3)                \
	SDOT(24, 20, 4)                \
	SDOT(24, 21, 5)                \
	SDOT(24, 22, 6)                \
	SDOT(24, 23, 7)

TEXT ·Gemv1x32c4S8DotProd(SB), NOSPLIT, $0-8
	START

panel:
	MOVD gemvS8_Rows(R0), R6
	MOVD R1, R12
	MOVD R3, R13

row:
	SUMS
	ADD  $512, R2, R7
	MOVD R12, R8
	SUBS $16, R4, R9
	BLT  rest

four:
	FMOVQ.P 16(R8), F24
	DOT32(SDOT0_4S, 0)
	DOT32(SDOT1_4S, 128)
	DOT32(SDOT2_4S, 256)
	DOT32(SDOT3_4S, 384)
	ADD     $512, R7
	SUBS    $16, R9
	BGE     four

rest:
	ADDS $16, R9
	BEQ  finish

one:
	FMOVS.P 4(R8), F24
	DOT32(SDOT0_4S, 0)
	ADD     $128, R7
	SUBS    $4, R9
	BNE     one

finish:
	FINISH
	SUBS $1, R6
	BNE  row
	ADD  R14, R2
	ADD  $64, R3
	SUBS $1, R5
	BNE  panel
	RET
